import { parsePath } from "../payloads/path.ts";
import type { Patterns } from "./patterns.ts";
import type { CallExpectation, StubAnswer, SuiteExpect, ValueMatch } from "./schema.ts";
import { isSame, parseBody, readAt, toJson, type Parsed } from "./values.ts";
import { expand, expandPattern, expandText, type Variables } from "./variables.ts";

/** A message that something is expected of: an answer, or a call. */
export interface Message {
  /** Names and values alternately. */
  headers: readonly string[];
  body: Buffer;
  /** Length of the body; more than there is of it where it was cut. */
  bytes: number;
}

/** One expectation that was not met. */
export interface Mismatch {
  /** `header X-Order`, `body data.id`, `text`, `path`. */
  subject: string;
  kind:
    | "missing"
    | "present"
    | "different"
    | "no-match"
    /** The pattern takes too long to try. */
    | "slow"
    | "invalid-pattern"
    /** The body is no JSON, is nested beyond sense, or is longer than what is kept of it. */
    | "not-json"
    | "too-deep"
    | "cut";
  /** A text as it is, any other value as JSON; of `no-match` the pattern. */
  expected?: string;
  actual?: string;
}

/** What a value has to be; all that is said has to hold. */
export interface Matcher {
  equals?: unknown;
  matches?: string;
  exists?: boolean;
}

/** What is expected of a message, its short forms written out. */
export interface Expected {
  header: Readonly<Record<string, Matcher>>;
  body: Readonly<Record<string, Matcher>>;
  text?: Matcher;
}

export interface ExpectedCall extends Expected {
  method?: string;
  path: Matcher;
}

/**
 * Writes short forms out: before variables are put in, as one may hold an object that looks like `{exists: true}`, and
 * come from an answer.
 */
export function expected({
  header = {},
  body = {},
  text,
}: Pick<SuiteExpect, "header" | "body" | "text">): Expected {
  return {
    header: matchers(header),
    body: matchers(body),
    ...(text === undefined ? {} : { text: matcher(text) }),
  };
}

export function expectedCall(call: CallExpectation): ExpectedCall {
  return {
    ...expected(call),
    path: matcher(call.path),
    ...(call.method === undefined ? {} : { method: call.method }),
  };
}

export function expectedPath({ path }: StubAnswer): Matcher {
  return matcher(path);
}

const matchers = (matches: Readonly<Record<string, ValueMatch>>): Record<string, Matcher> =>
  Object.fromEntries(Object.entries(matches).map(([name, match]) => [name, matcher(match)]));

function matcher(match: ValueMatch): Matcher {
  return typeof match === "object" && match !== null && !Array.isArray(match) ? match : { equals: match };
}

/** Puts variables in their places. @throws HooklineError `variable-missing`, `variable-too-long` */
export function filled(wanted: Expected, variables: Variables): Expected {
  const { header, body, text } = wanted;
  return {
    header: filledMatchers(header, variables),
    body: filledMatchers(body, variables),
    ...(text === undefined ? {} : { text: filledMatcher(text, variables) }),
  };
}

export function filledCall({ path, method, ...wanted }: ExpectedCall, variables: Variables): ExpectedCall {
  return {
    ...filled(wanted, variables),
    path: filledMatcher(path, variables),
    ...(method === undefined ? {} : { method }),
  };
}

const filledMatchers = (
  wanted: Readonly<Record<string, Matcher>>,
  variables: Variables,
): Record<string, Matcher> =>
  Object.fromEntries(
    Object.entries(wanted).map(([name, match]) => [
      expandText(name, variables),
      filledMatcher(match, variables),
    ]),
  );

export function filledMatcher({ matches, ...match }: Matcher, variables: Variables): Matcher {
  return {
    ...expand(match, variables),
    ...(matches === undefined ? {} : { matches: expandPattern(matches, variables) }),
  };
}

/** Checks a message. @returns what is not as expected, in the order of the suite */
export function checkMessage(
  { header, body, text }: Expected,
  message: Message,
  patterns: Patterns,
): Mismatch[] {
  const found = Object.entries(header).flatMap(([name, match]) =>
    checkHeader(name, match, message, patterns),
  );
  if (Object.keys(body).length > 0) found.push(...checkBody(body, message, patterns));
  if (text !== undefined) {
    if (message.bytes > message.body.length) found.push({ subject: "text", kind: "cut" });
    else found.push(...checkBodyText(text, textOf(message.body), patterns));
  }
  return found;
}

/** An empty body is a text where an empty one is expected, and else none. */
function checkBodyText(wanted: Matcher, text: string, patterns: Patterns): Mismatch[] {
  const isExpected = wanted.exists === undefined && checkText("text", wanted, text, patterns).length === 0;
  return text === "" && isExpected ? [] : checkText("text", wanted, text === "" ? undefined : text, patterns);
}

/** A header that is there more than once fits where one of its values does. */
function checkHeader(name: string, match: Matcher, { headers }: Message, patterns: Patterns): Mismatch[] {
  const subject = `header ${name}`;
  const values = valuesOf(headers, name);
  if (values.length === 0) return checkText(subject, match, undefined, patterns);
  const results = values.map((value) => checkText(subject, match, value, patterns));
  return results.find((result) => result.length === 0) ?? results[0] ?? [];
}

function checkBody(
  wanted: Readonly<Record<string, Matcher>>,
  { body, bytes }: Message,
  patterns: Patterns,
): Mismatch[] {
  const parsed: Parsed | { problem: "cut" } = bytes > body.length ? { problem: "cut" } : parseBody(body);
  if ("problem" in parsed)
    return [
      {
        subject: "body",
        kind: parsed.problem,
        ...(parsed.problem === "cut" ? {} : { actual: textOf(body) }),
      },
    ];
  return Object.entries(wanted).flatMap(([path, match]) => {
    const actual = readAt(parsed.json, parsePath(path));
    return checkValue(`body ${path}`, match, actual, patterns);
  });
}

function checkValue(subject: string, match: Matcher, actual: unknown, patterns: Patterns): Mismatch[] {
  const shown = actual === undefined ? {} : { actual: written(actual) };
  if (match.exists === false) return actual === undefined ? [] : [{ subject, kind: "present", ...shown }];
  if (actual === undefined) {
    const wanted = "equals" in match ? { expected: written(match.equals) } : patternOf(match.matches);
    return [{ subject, kind: "missing", ...wanted }];
  }
  if ("equals" in match && !isSame(match.equals, actual))
    return [{ subject, kind: "different", expected: written(match.equals), ...shown }];
  return match.matches === undefined ? [] : tryPattern(subject, match.matches, written(actual), patterns);
}

/** Checks a text, such as a header or a path. @param actual undefined where there is none */
export function checkText(
  subject: string,
  match: Matcher,
  actual: string | undefined,
  patterns: Patterns,
): Mismatch[] {
  // A variable may stand for a number, which is text here.
  const wanted = "equals" in match ? { ...match, equals: written(match.equals) } : match;
  return checkValue(subject, wanted, actual, patterns);
}

function tryPattern(subject: string, pattern: string, actual: string, patterns: Patterns): Mismatch[] {
  const fit = patterns.try(written(pattern), actual);
  if (fit === "fits") return [];
  const kind = fit === "differs" ? "no-match" : fit === "slow" ? "slow" : "invalid-pattern";
  return [{ subject, kind, expected: written(pattern), actual }];
}

const patternOf = (pattern: string | undefined): { expected?: string } =>
  pattern === undefined ? {} : { expected: pattern };

/** A text as it is, any other value as JSON. */
export function written(value: unknown): string {
  return typeof value === "string" ? value : toJson(value);
}

const utf8 = new TextDecoder();

export function textOf(body: Uint8Array): string {
  return utf8.decode(body);
}

/** Every value of a header, whatever the case of its name. */
export function valuesOf(headers: readonly string[], name: string): string[] {
  const wanted = name.toLowerCase();
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === wanted);
}

/** `200`, `2xx`, or one of a list. */
export function isStatus(wanted: readonly (string | number)[], status: number): boolean {
  return wanted.some((one) => one === status || one === `${Math.floor(status / 100)}xx`);
}
