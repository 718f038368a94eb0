import { EXIT, HooklineError } from "../errors.ts";
import type { SignatureScheme } from "../signing/types.ts";
import type { EventSource, EventType, Provider } from "./contract.ts";
import { commonHeaders, providerSchema } from "./custom-schema.ts";
import { builtInProviders } from "./index.ts";
import { bodySchema } from "./json-schema.ts";
import { plainWords, type Problem, problemsOf, unsafeKeys, written } from "./problems.ts";

const idPattern = /^[a-z][a-z0-9-]{0,39}$/;

function refuse(id: string, problems: readonly Problem[]): never {
  const lines = problems.map(({ path, text }) => `  ${written(path)}: ${text}`);
  throw new HooklineError(
    "provider-invalid",
    `the provider ${JSON.stringify(id)} cannot be used:\n${lines.join("\n")}`,
    {
      exitCode: EXIT.usage,
      nextSteps: [
        "correct it in hookline.json; a complete one to compare: hookline providers show stripe --json",
      ],
    },
  );
}

/**
 * A user's own provider, from plain data (JSON) with the fields of {@link Provider}; the schema of an event's body is
 * a JSON Schema. All but `signatures` have defaults: `title` the id; `identify` the headers of the signatures;
 * `eventFrom` the header, else the pointer given for the event's type, else the URL's path; `dedupe` the body; an
 * answer of 2xx within 10 s; no retries, no events; `secretEnv` the id in upper case with `_WEBHOOK_SECRET`. With
 * `base`, the id of a built-in provider whose webhooks it receives, all that is missing is the base's, but for the
 * title and `identify` (a receiver has none).
 *
 * @throws {HooklineError} `provider-invalid`, exit 2, naming every problem and where it is.
 */
export function defineProvider(id: string, input: unknown): Provider {
  if (!idPattern.test(id))
    refuse(id, [
      { path: [], text: "its name must be 1 to 40 lower-case letters, digits and hyphens, a letter first" },
    ]);
  if (builtInProviders.some((provider) => provider.id === id))
    refuse(id, [{ path: [], text: "its name is that of a built-in provider; choose another" }]);

  const unsafe = unsafeKeys(input);
  if (unsafe.length > 0) refuse(id, unsafe);
  const parsed = providerSchema().safeParse(input, { error: plainWords });
  if (!parsed.success) refuse(id, parsed.error.issues.flatMap(problemsOf));
  const { events: givenEvents, base: baseId, signatures, ...given } = parsed.data;

  const problems: Problem[] = [];
  const base = builtInProviders.find((provider) => provider.id === baseId && provider.base === undefined);
  if (baseId !== undefined && base === undefined)
    problems.push({ path: ["base"], text: "must be a built-in provider that sends webhooks of its own" });
  if (baseId !== undefined && (given.identify?.length ?? 0) > 0)
    problems.push({ path: ["identify"], text: "cannot be given with base: the headers name the base" });
  if (baseId === undefined && signatures === undefined)
    problems.push({ path: ["signatures"], text: "is missing" });

  const title = given.title ?? id;
  const events = new Map<string, EventType>();
  for (const [name, { description, schema }] of Object.entries(givenEvents ?? {})) {
    const inherited = base && Object.hasOwn(base.events, name) ? base.events[name] : undefined;
    const event: EventType = { ...inherited, description: description ?? `An event of ${title}.` };
    if (schema !== undefined) {
      const built = bodySchema(schema, ["events", name, "schema"]);
      if (Array.isArray(built)) problems.push(...built);
      else event.schema = () => built;
    }
    events.set(name, event);
  }
  if (problems.length > 0) refuse(id, problems);

  const own = {
    id,
    title,
    // Events of its own are all it has, unless it says otherwise.
    ...(givenEvents && { events: nullPrototype(events), otherEvents: given.otherEvents ?? false }),
  };
  if (base)
    return { ...base, ...given, ...(signatures && { signatures }), ...own, base: base.id, identify: [] };
  const schemes = signatures ?? [];
  return {
    headers: {},
    identify: headersOf(schemes),
    eventFrom: eventSources(given),
    envelope: {},
    dedupe: "body",
    ack: { timeoutMs: 10_000, success: "2xx" },
    retry: { delaysMs: [] },
    events: {},
    secretEnv: `${id.toUpperCase().replaceAll("-", "_")}_WEBHOOK_SECRET`,
    ...given,
    signatures: schemes,
    ...own,
  };
}

/** Names such as `constructor` find nothing that is not there. */
function nullPrototype(events: ReadonlyMap<string, EventType>): Record<string, EventType> {
  const record = Object.create(null) as Record<string, EventType>;
  for (const [name, event] of events) record[name] = event;
  return record;
}

function headersOf(schemes: readonly SignatureScheme[]): string[] {
  const names = schemes.flatMap((scheme) => ("header" in scheme && scheme.header ? [scheme.header] : []));
  return [...new Set(names)].filter((name) => !commonHeaders.has(name));
}

function eventSources({ headers, envelope }: Partial<Pick<Provider, "headers" | "envelope">>): EventSource[] {
  const sources: EventSource[] = [];
  if (headers?.event !== undefined) sources.push({ from: "header", header: headers.event });
  if (envelope?.type !== undefined) sources.push({ from: "pointer", pointer: envelope.type });
  return sources.length > 0 ? sources : [{ from: "path" }];
}
