import * as z from "zod";
import { plainWords, problemsOf, unsafeKeys, type Problem } from "../providers/problems.ts";
import { closest } from "../providers/closest.ts";
import { tamperings } from "../transport/tamper.ts";

export type { Problem } from "../providers/problems.ts";

// Compiling a schema costs more than it saves on one small file.
z.config({ jitless: true });

const namePattern = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const headerPattern = /^(?!__proto__$)[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const headerValuePattern = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;
/** `data.items[0].name`, `data["key.with.dots"]`, or a JSON Pointer: as `parsePath` of the payloads reads it. */
const pathPattern =
  /^(?!__proto__$)(?:(?:\/(?:[^~]|~[01])*)|(?:(?:[^.[\]"/][^.[\]"]*|\[(?:0|[1-9]\d*)\]|\["(?:[^"\\]|\\.)*"\])(?:\.[^.[\]"]+|\[(?:0|[1-9]\d*)\]|\["(?:[^"\\]|\\.)*"\])*))$/;
/** Where a captured value stands; what follows `body` is a path. */
const wherePattern =
  /^(?:status|text|body(?:[.[/].+)?|header\.[!#$%&'*+.^_`|~0-9A-Za-z-]+|calls\[(?:0|[1-9]\d{0,3})\]\.(?:method|path|text|body(?:[.[/].+)?|header\.[!#$%&'*+.^_`|~0-9A-Za-z-]+))$/;

const text = z.string().regex(/\S/, "must not be empty").max(2000);
const name = z.string().regex(namePattern, "is no name: it takes letters, digits and _, a letter first");
const path = z
  .string()
  .max(500)
  .regex(pathPattern, 'is no path: write data.items[0].name, data["key.with.dots"] or /data/items/0/name');
const header = z.string().regex(headerPattern, "is no header name: it takes letters, digits and hyphens");
const headerValue = z
  .string()
  .max(8000)
  .regex(headerValuePattern, "must not hold line breaks or other control characters");
const duration = z.string().regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, "takes a duration such as 500ms, 30s or 2m");
const method = z
  .string()
  .regex(/^[A-Z]{1,20}$/, "takes a method in capital letters, such as POST")
  .describe("HTTP method; any where it is left out");
const times = (least: number) => z.int().min(least).max(1000);

const pattern = z
  .string()
  .min(1)
  .max(1000)
  .describe("Regular expression (JavaScript, flag u) that fits somewhere in it");
const exists = z.boolean().describe("Whether it has to be there");

/** At least one of the fields: in zod, and in the JSON Schema. */
const notEmpty = <Schema extends z.ZodType>(schema: Schema) =>
  schema
    .refine((value) => Object.keys(value as object).length > 0, "must say equals, matches or exists")
    .meta({ minProperties: 1 });

const textMatcher = notEmpty(
  z.strictObject({
    equals: z.string().exactOptional().describe("The whole text"),
    matches: pattern.exactOptional(),
    exists: exists.exactOptional(),
  }),
);
const textMatch = z.union([z.string(), textMatcher], {
  error: "takes a text, or an object with equals, matches or exists",
});
const valueMatcher = notEmpty(
  z.strictObject({
    equals: z.unknown().exactOptional().describe("Any JSON value; the order of an object's names is free"),
    matches: pattern.exactOptional(),
    exists: exists.exactOptional(),
  }),
);
const valueMatch = z.union(
  [z.string(), z.number(), z.boolean(), z.null(), z.array(z.unknown()), valueMatcher],
  { error: "takes a text, a number, true, false, null, a list, or an object with equals, matches or exists" },
);

const headerMatches = z
  .record(header, textMatch)
  .describe("Headers by name, each equal to a text or as {equals, matches, exists} says");
const bodyMatches = z
  .record(path, valueMatch)
  .describe(
    "Values of a JSON body by path, each equal to a value or as {equals, matches, exists} says; an object is compared with {equals: {…}}",
  );
const textBody = textMatch.describe("The body as text: equal to a text, or as {equals, matches} says");

const statusForms = "takes a status such as 200, or a class such as 2xx";
const status = z.union([z.int().min(100).max(599), z.string().regex(/^[1-5]xx$/, statusForms)], {
  error: statusForms,
});

const atLeast = z.strictObject({
  atLeast: times(0).describe("So many have to come, and more may; 0: they may come, or not"),
});

const call = z.strictObject({
  method: method.exactOptional(),
  path: textMatch.describe("Path that is called, with its query only where a ? stands in it"),
  times: z
    .union([times(0), atLeast], { error: "takes a number, or an object with atLeast" })
    .exactOptional()
    .describe(
      "How many such calls have to come, and no more (default 1); 0: none may come while `within` lasts; {atLeast: 1}: that many or more",
    ),
  within: duration
    .exactOptional()
    .describe("How long they are waited for once the step was answered (default 5s; 1s where times is 0)"),
  header: headerMatches.exactOptional(),
  body: bodyMatches.exactOptional(),
  text: textBody.exactOptional(),
});

const expect = z.strictObject({
  status: z
    .union([status, z.array(status).min(1)], {
      error: "takes a status such as 200, a class such as 2xx, or a list of them",
    })
    .exactOptional()
    .describe(
      "Status, class (2xx) or list of them. Left out, the provider's own rule of success counts; of a step with tamper, a 4xx that refuses it",
    ),
  within: duration
    .exactOptional()
    .describe("How long the answer may take (default: as long as the provider waits)"),
  header: headerMatches.exactOptional(),
  body: bodyMatches.exactOptional(),
  text: textBody.exactOptional(),
  calls: z
    .array(call)
    .exactOptional()
    .describe("What your app in turn sends to the stub; no call counts for two of them"),
});

const step = z.strictObject({
  name: text.exactOptional().describe("What the step proves; shown in place of the payload's name"),
  send: text.describe(
    "Payload: an event (order.created, fareplay/order.created), a provider (all its events), or a file or folder below the suite's own folder (./order.json)",
  ),
  provider: text.exactOptional().describe("Whose webhook it is, where the payload's name does not say"),
  set: z
    .record(path, z.unknown())
    .exactOptional()
    .describe("Values to set in the payload, by path; every other byte stays as it was"),
  unset: z.array(path).exactOptional().describe("Paths of values to remove from the payload"),
  fresh: z.boolean().exactOptional().describe("Renew the envelope's id and time"),
  headers: z
    .record(header, z.union([headerValue, z.null()]))
    .exactOptional()
    .describe("Headers to add or replace; null leaves one out"),
  times: times(1)
    .exactOptional()
    .describe("How often it is sent, one after the other; each answer is checked"),
  delay: duration.exactOptional().describe("How long to wait before it is sent"),
  tamper: z
    .enum(tamperings)
    .exactOptional()
    .describe("Make it wrong in this way, so that it has to be refused"),
  parallel: z
    .boolean()
    .exactOptional()
    .describe("Send it at once with the steps beside it that say the same"),
  expect: expect.exactOptional().describe("What has to come of it"),
  capture: z
    .record(
      name,
      z
        .string()
        .max(500)
        .regex(
          wherePattern,
          "takes status, text, body.PATH, header.NAME, or the same of a call: calls[0].body.PATH",
        ),
    )
    .exactOptional()
    .describe("Values of the answer, or of a call, that later steps use as {{name}}"),
  tags: z
    .array(z.string().regex(/^[^\s,]{1,100}$/, "must be one word, without commas"))
    .exactOptional()
    .describe("Words to choose steps by: --tag, --skip-tag"),
  only: z.boolean().exactOptional().describe("Run only the steps that say this; in CI the run fails then"),
  skip: z
    .union([z.boolean(), text], { error: "takes true, or a reason" })
    .exactOptional()
    .describe("Leave the step out; a text says why"),
});

const stubAnswer = z.strictObject({
  method: method.exactOptional(),
  path: textMatch.describe("Path that is called, with its query only where a ? stands in it"),
  status: z.int().min(200).max(599).exactOptional().describe("Default 200"),
  headers: z.record(header, headerValue).exactOptional().describe("Headers of the answer"),
  body: z.unknown().exactOptional().describe("A text goes out as it is, anything else as JSON; default {}"),
});

const port = z.int().min(0).max(65_535);

const stub = z.strictObject({
  port: port.exactOptional().describe("Port on 127.0.0.1; any free one where left out"),
  answers: z
    .array(stubAnswer)
    .exactOptional()
    .describe("What is answered, the first that fits; else 200 and {}"),
});

/** The form of a suite. What is known only where it runs (payloads, providers, variables) is checked there. */
const suiteSchema = z.strictObject({
  $schema: z
    .string()
    .exactOptional()
    .describe("This schema, for editors: ./node_modules/hookline/dist/suite.schema.json"),
  name: text.exactOptional().describe("What the suite is about; its file's name where left out"),
  to: text
    .exactOptional()
    .describe("Your handler, on this machine: 3000, 3000/path or a URL; --to comes first"),
  provider: text.exactOptional().describe("Whose webhooks they are, where payloads and steps do not say"),
  variables: z
    .record(
      name,
      z.union([z.string(), z.number(), z.boolean(), z.null()], {
        error: "takes a text, a number, true, false, or null",
      }),
    )
    .exactOptional()
    .describe(
      "Variables and their defaults, used as {{name}}; null: has to be given, by --var NAME=VALUE or HOOKLINE_VAR_NAME",
    ),
  stub: stub
    .exactOptional()
    .describe("A server that stands in for what your app calls; its URL is {{stub}}, and HOOKLINE_STUB_URL"),
  parallel: z.boolean().exactOptional().describe("Send all steps at once"),
  steps: z.array(step).min(1).max(10_000).describe("What is sent, in this order"),
});

export type Suite = z.output<typeof suiteSchema>;
export type SuiteStep = Suite["steps"][number];
export type SuiteExpect = NonNullable<SuiteStep["expect"]>;
export type CallExpectation = NonNullable<SuiteExpect["calls"]>[number];
export type StubAnswer = NonNullable<NonNullable<Suite["stub"]>["answers"]>[number];
export type ValueMatch = z.output<typeof valueMatch>;

/** Reads what a suite says. @returns it, or every problem that it has */
export function parseSuite(input: unknown): { data: Suite } | { problems: Problem[] } {
  const unsafe = unsafeKeys(input);
  if (unsafe.length > 0) return { problems: unsafe };
  const parsed = suiteSchema.safeParse(input, { error: plainWords });
  if (parsed.success) return { data: parsed.data };
  const problems = parsed.error.issues.flatMap(suiteProblems);
  // Of what has a mistake inside it is not told as well that it is none of what it could be.
  const isAbove = (one: Problem, other: Problem): boolean =>
    one.path.length < other.path.length && one.path.every((part, index) => part === other.path[index]);
  return { problems: problems.filter((one) => !problems.some((other) => isAbove(one, other))) };
}

/** A field that is not known, with the one that was likely meant. */
function withHint({ path: at, text: said }: Problem): Problem {
  const near = closest(String(at.at(-1)), Object.keys(fieldsAt(at.slice(0, -1))))[0];
  return { path: at, text: near === undefined ? said : `${said}; did you mean ${near}?` };
}

/** The fields of the object at a path. */
function fieldsAt(at: readonly PropertyKey[]): object {
  const [first, , third, fourth, fifth, sixth] = at;
  if (first === undefined) return suiteSchema.shape;
  if (first === "stub")
    return at.length === 1 ? stub.shape : at.length === 3 ? stubAnswer.shape : matcherFields;
  if (at.length === 2) return step.shape;
  if (third !== "expect") return {};
  if (fourth === undefined) return expect.shape;
  if (fourth === "calls" && at.length === 5) return call.shape;
  return fourth === "calls" && typeof fifth === "number" && sixth === "times" ? atLeast.shape : matcherFields;
}

const matcherFields = valueMatcher.shape;

/** Of the forms that a value can have, the one meant is the one that fails last. */
function suiteProblems(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys") return problemsOf(issue).map(withHint);
  if (issue.code !== "invalid_union") return problemsOf(issue);
  const inner = issue.errors.flat();
  const deepest = inner.reduce((most, { path: at }) => Math.max(most, at.length), 0);
  const found = inner.filter(
    ({ path: at, code }) => at.length === deepest && (deepest > 0 || code !== "invalid_type"),
  );
  if (found.length === 0 || (deepest === 0 && found.every(({ code }) => code !== "unrecognized_keys")))
    return [{ path: issue.path, text: issue.message }];
  return found.flatMap((one) =>
    suiteProblems(one).map((problem) => ({ ...problem, path: [...issue.path, ...problem.path] })),
  );
}

/** The same as a JSON Schema (draft 7, which editors read), with a description of each property. */
export function suiteJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(suiteSchema, { io: "input", target: "draft-7" });
  return {
    $schema,
    $id: "https://unpkg.com/hookline/dist/suite.schema.json",
    title: "A suite of hookline test",
    ...schema,
  };
}
