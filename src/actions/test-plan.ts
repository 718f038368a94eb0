import { readDuration } from "../config/units.ts";
import { HooklineError, isHooklineError } from "../errors.ts";
import type { Edit } from "../payloads/edit.ts";
import { literalReader } from "../suites/literals.ts";
import { parsePlace, type Place } from "../suites/capture.ts";
import type { Patterns } from "../suites/patterns.ts";
import {
  expected,
  expectedCall,
  expectedPath,
  filled,
  filledCall,
  filledMatcher,
  type Expected,
  type ExpectedCall,
} from "../suites/expectations.ts";
import type { Problem, StubAnswer, SuiteStep } from "../suites/schema.ts";
import type { StubReply } from "../suites/stub.ts";
import { groups, leftOut, stepNames, type Choice, type LeftOut } from "../suites/select.ts";
import { toJson } from "../suites/values.ts";
import { expand, expandText, usesIn, type Variables } from "../suites/variables.ts";
import { isLoopback, parseTarget } from "../transport/target.ts";
import { prepare, type HeaderOverride, type PreparedPayload } from "./prepare.ts";
import { suiteError, type SuiteFile } from "./test-files.ts";
import { formProblems, sendProblem } from "./test-problems.ts";
import { captures, unknown, unknownVariables } from "./test-uses.ts";
import { resolveVariables } from "./test-variables.ts";
import type { Workspace } from "./workspace.ts";

/** What flags say of every suite. */
export interface PlanOptions extends Choice {
  to?: string;
  provider?: string;
  /** Given by `--var`. */
  variables: ReadonlyMap<string, string>;
  /** Of the stub; undefined where there is none. */
  stubUrl: string | undefined;
}

export interface SuitePlan {
  source: SuiteFile;
  name: string;
  url: URL;
  replies: readonly StubReply[];
  variables: Map<string, unknown>;
  steps: readonly PlannedStep[];
  /** The steps that run, group by group; those of a group are sent at once. */
  groups: readonly (readonly PlannedStep[])[];
  isNarrowed: boolean;
}

export interface PlannedStep {
  name: string;
  line: number;
  step: SuiteStep;
  parallel?: boolean;
  leftOut: LeftOut | undefined;
  delayMs: number | undefined;
  withinMs: number | undefined;
  /** Undefined where the provider's own rule counts. */
  status: readonly (string | number)[] | undefined;
  /** What is expected of the answers, with what is known by now. */
  expected(variables: Variables): Expected;
  calls: readonly PlannedCall[];
  capture: readonly { name: string; where: string; place: Place }[];
  /** Ready before anything is sent, unless it waits for what other steps capture. */
  prepared: readonly PreparedPayload[];
  /** Who signs it, where the payload does not say. */
  provider: string | undefined;
  /** How the payloads are edited, and what headers they get, with what is known by now. */
  changes(variables: Variables): Changes;
  /** Prepares it with what is known by now. */
  prepare(changes: Changes): Promise<PreparedPayload[]>;
  /** Whether `prepare` has to be called, as captured values are in it. */
  isDynamic: boolean;
}

export interface PlannedCall {
  times: number;
  /** Whether more may come. */
  orMore: boolean;
  /** Milliseconds that it is waited for. */
  withinMs: number;
  expected(variables: Variables): ExpectedCall;
}

/** How long calls are waited for, and how long there may be none, where the suite does not say. */
const callsWithinMs = 5000;
const noCallsWithinMs = 1000;

/** What is done to payloads. */
export interface Changes {
  edits: readonly Edit[];
  headers: readonly HeaderOverride[];
}

/**
 * Checks what a suite means, and prepares what it sends: whatever can be wrong is told before anything is sent.
 * @throws HooklineError `suite-invalid`, `target-missing`, and what secrets can throw
 */
export async function planSuite(
  workspace: Workspace,
  source: SuiteFile,
  patterns: Patterns,
  options: PlanOptions,
): Promise<SuitePlan> {
  const { suite, content, folder } = source;
  const { variables, problems } = resolveVariables(suite, options, workspace.host.environment);
  // Of a value that has to be given its own line says how; no form would help.
  const missing = new Set(problems);
  const out = leftOut(suite.steps, options);
  const names = stepNames(suite.steps);
  const { findPlaces } = await import("../config/project-places.ts");
  const places = findPlaces(
    content,
    suite.steps.map((_, index) => ["steps", index]),
  );
  problems.push(...formProblems(suite, workspace.registry, patterns));
  suite.steps.forEach(({ send }, index) => {
    const text = sendProblem(send, folder);
    if (text !== undefined) problems.push({ path: ["steps", index, "send"], text });
  });
  const steps = suite.steps.map((step, index) => ({ step, index, leftOut: out[index], ...parallelOf(step) }));
  const running = groups(
    steps.filter((one) => one.leftOut === undefined),
    suite.parallel === true,
  );
  problems.push(...unknownVariables(running, variables, captures(suite.steps)));
  const answers = suite.stub?.answers ?? [];
  problems.push(...unknown(answers, ["stub", "answers"], variables, new Map()));
  const url = targetOf(source, variables, options, problems);
  if (problems.length > 0 || url === undefined)
    throw await suiteError(source, problems, problems.every((one) => missing.has(one)) ? [] : undefined);

  const literalOf = literalReader(content);
  const host = { ...workspace.host, cwd: folder };
  const own: Workspace = { ...workspace, host };
  const provider = (step: SuiteStep): string | undefined =>
    options.provider ?? step.provider ?? suite.provider;
  const planned: PlannedStep[] = [];
  for (const { step, index, leftOut: why } of steps) {
    const changes = (known: Variables): Changes => ({
      edits: editsOf(step, known, (path) => literalOf(["steps", index, "set", path])),
      headers: headersOf(step, known),
    });
    const prepareStep = (made: Changes): Promise<PreparedPayload[]> =>
      prepare(own, requestOf(step, provider(step), made));
    const isDynamic = usesIn([step.set, step.unset, step.headers]).some(({ name }) => !variables.has(name));
    let prepared: readonly PreparedPayload[] = [];
    if (why === undefined) {
      try {
        // What waits for a captured value is at least looked up.
        prepared = await prepareStep(isDynamic ? { edits: [], headers: [] } : changes(variables));
      } catch (error) {
        const problem = problemOf(error);
        if (problem === undefined) throw error;
        const at =
          problem.path[0] === "set" ? await placeOfEdit(step, changes(variables), prepareStep) : problem.path;
        problems.push({ ...problem, path: ["steps", index, ...at] });
      }
    }
    planned.push({
      name: names[index] ?? "",
      line: places[index]?.line ?? 1,
      step,
      ...parallelOf(step),
      leftOut: why,
      delayMs: milliseconds(step.delay),
      withinMs: milliseconds(step.expect?.within),
      status: step.expect?.status === undefined ? undefined : [step.expect.status].flat(),
      expected: (known) => filled(expected(step.expect ?? {}), known),
      calls: (step.expect?.calls ?? []).map(({ times = 1, within, ...call }) => ({
        ...(typeof times === "number" ? { times, orMore: false } : { times: times.atLeast, orMore: true }),
        withinMs: milliseconds(within) ?? (times === 0 ? noCallsWithinMs : callsWithinMs),
        expected: (known) => filledCall(expectedCall(call), known),
      })),
      capture: Object.entries(step.capture ?? {}).map(([name, where]) => ({
        name,
        where,
        place: parsePlace(where),
      })),
      prepared,
      provider: provider(step),
      changes,
      prepare: prepareStep,
      isDynamic,
    });
  }
  if (problems.length > 0) throw await suiteError(source, problems);
  return {
    source,
    name: suite.name ?? source.ownName,
    url,
    replies: answers.map((answer) => replyOf(answer, variables)),
    variables,
    steps: planned,
    groups: groups(
      planned.filter((one) => one.leftOut === undefined),
      suite.parallel === true,
    ),
    isNarrowed: suite.steps.some(({ only }) => only === true),
  };
}

const parallelOf = ({ parallel }: SuiteStep): { parallel?: boolean } =>
  parallel === undefined ? {} : { parallel };

function requestOf(
  { send, fresh = false, tamper }: SuiteStep,
  provider: string | undefined,
  { edits, headers }: Changes,
): Parameters<typeof prepare>[1] {
  return {
    what: [send],
    edits,
    fresh,
    headers,
    ...(provider === undefined ? {} : { provider }),
    ...(tamper === undefined ? {} : { tamper: [tamper] }),
  };
}

/** @param literalOf the literal of a value of `set`, as it is written in the file */
function editsOf(
  { set = {}, unset = [] }: SuiteStep,
  variables: Variables,
  literalOf: (path: string) => string | undefined,
): Edit[] {
  const sets = Object.entries(set).map(([path, value]): Edit => {
    const literal = usesIn(value).length > 0 ? undefined : literalOf(path);
    return {
      op: "set",
      path: expandText(path, variables),
      value: literal ?? toJson(expand(value, variables)),
    };
  });
  return [...sets, ...unset.map((path): Edit => ({ op: "unset", path: expandText(path, variables) }))];
}

function headersOf({ headers = {} }: SuiteStep, variables: Variables): HeaderOverride[] {
  return Object.entries(headers).map(([name, value]) => ({
    name,
    value: value === null ? null : headerText(name, expandText(value, variables)),
  }));
}

/** Header values are latin1 on the wire: text goes out as its UTF-8 bytes. @throws HooklineError `header-invalid` */
function headerText(name: string, text: string): string {
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text))
    throw new HooklineError(
      "header-invalid",
      `the value of ${name} holds a line break or another control character`,
    );
  return Buffer.from(text, "utf8").toString("latin1");
}

/** @throws HooklineError `header-invalid` */
function replyOf(answer: StubAnswer, variables: Variables): StubReply {
  const { method, status = 200, headers = {}, body = {} } = answer;
  return {
    ...(method === undefined ? {} : { method }),
    path: filledMatcher(expectedPath(answer), variables),
    status,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, headerText(name, expandText(value, variables))]),
    ),
    body: expand(body, variables),
  };
}

function milliseconds(text: string | undefined): number | undefined {
  const reading = text === undefined ? undefined : readDuration(text);
  return reading !== undefined && "value" in reading ? reading.value : undefined;
}

/** The suite's own target leads to this machine: a repository must not be able to send your deliveries elsewhere. */
function targetOf(
  { suite, shown }: SuiteFile,
  variables: Variables,
  { to }: PlanOptions,
  problems: Problem[],
): URL | undefined {
  if (to !== undefined) return parseTarget(to).url;
  if (suite.to === undefined)
    throw new HooklineError("target-missing", `nothing says where ${shown} is to be sent`, {
      nextSteps: [
        "give the URL of your handler: --to 3000/webhooks",
        'or write it into the suite: "to": "3000/webhooks"',
      ],
    });
  const missing = unknown(suite.to, ["to"], variables, new Map());
  problems.push(...missing);
  if (missing.length > 0) return undefined;
  try {
    const { url } = parseTarget(expandText(suite.to, variables));
    if (isLoopback(url) && !url.hostname.endsWith(".localhost")) return url;
    problems.push({
      path: ["to"],
      text: "may only name this machine (localhost or 127.0.0.1), as a suite comes with a repository; give any other target yourself: --to URL",
    });
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    problems.push({
      path: ["to"],
      text: `is no target: ${error.message.replace(/^.*" is not a target: /s, "")}`,
    });
  }
  return undefined;
}

/** Which edit it is that cannot be made: the first with which it fails. */
async function placeOfEdit(
  { set = {} }: SuiteStep,
  changes: Changes,
  prepareStep: (changes: Changes) => Promise<unknown>,
): Promise<PropertyKey[]> {
  const sets = Object.keys(set);
  for (const [index] of changes.edits.entries()) {
    try {
      await prepareStep({ ...changes, edits: changes.edits.slice(0, index + 1) });
    } catch {
      const path = sets[index];
      return path === undefined ? ["unset", index - sets.length] : ["set", path];
    }
  }
  return ["set"];
}

/** A mistake of the suite, found as a payload was prepared; undefined for one that is not the suite's. */
function problemOf(error: unknown): Problem | undefined {
  if (!isHooklineError(error)) return undefined;
  const { code, message } = error;
  if (code.startsWith("tamper-")) return { path: ["tamper"], text: `cannot be done: ${message}` };
  if (code.startsWith("edit-")) return { path: ["set"], text: `cannot be done: ${message}` };
  if (code === "no-envelope") return { path: ["fresh"], text: `cannot be done: ${message}` };
  if (code === "header-invalid") return { path: ["headers"], text: `cannot be sent: ${message}` };
  return /^(payload-|provider-unknown$|request-malformed$)/.test(code)
    ? { path: ["send"], text: `cannot be sent: ${message}` }
    : undefined;
}
