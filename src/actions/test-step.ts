import { relative, resolve } from "node:path";
import { isHooklineError } from "../errors.ts";
import { diffBodies } from "../inbox/diff.ts";
import { redact, redacted, redactedNames } from "../inbox/redact.ts";
import { capture, type Captured } from "../suites/capture.ts";
import type { Claims, Wanted } from "../suites/calls.ts";
import {
  checkMessage,
  checkText,
  isStatus,
  written,
  type Expected,
  type ExpectedCall,
  type Mismatch,
} from "../suites/expectations.ts";
import type { Patterns } from "../suites/patterns.ts";
import { pathFor, type Stub, type StubCall } from "../suites/stub.ts";
import { judge, judgeRefusal } from "../transport/judge.ts";
import type { Sender, SendResult } from "../transport/send.ts";
import { maskDeep, type Mask } from "./mask.ts";
import type { PreparedPayload } from "./prepare.ts";
import { reproduce } from "./reproduce.ts";
import { wait } from "./wait.ts";
import type { Changes, PlannedCall, PlannedStep, SuitePlan } from "./test-plan.ts";
import type { Difference, StepDelivery, StepFailure } from "./test-events.ts";

/** What the steps of a suite share. */
export interface StepContext {
  plan: SuitePlan;
  sender: Sender;
  patterns: Patterns;
  /** Set where there is a stub. */
  stub: { server: Stub; claims: Claims } | undefined;
  cwd: string;
  timeoutMs: number | undefined;
  signal: AbortSignal;
  mask: Mask;
  /** How the app that was started ended; undefined while it runs, or where none was. */
  appEnded: () => Promise<string | undefined>;
}

export interface StepOutcome {
  sent: number;
  failures: StepFailure[];
  moreFailures: number;
  delivery: StepDelivery | undefined;
  /** Ended by the signal. */
  interrupted: boolean;
}

const mostFailures = 100;
/** Bytes of an answer that are shown, and calls that are listed. */
const shownBytes = 20_000;
const shownCalls = 5;
/** Milliseconds without a call after which no more is waited for, and in all. */
const settleMs = 100;
const mostSettleMs = 1000;

/** Sends a step's deliveries one after the other, checks each answer, waits for the calls, and captures values. */
export async function runStep(context: StepContext, step: PlannedStep): Promise<StepOutcome> {
  const { plan, stub, signal } = context;
  const outcome: StepOutcome = {
    sent: 0,
    failures: [],
    moreFailures: 0,
    delivery: undefined,
    interrupted: false,
  };
  const fail = (failure: StepFailure): void => {
    if (outcome.failures.length < mostFailures) outcome.failures.push(maskDeep(failure, context.mask));
    else outcome.moreFailures++;
  };
  const wanted: { call: PlannedCall; expected: ExpectedCall; wanted: Wanted }[] = [];
  try {
    const changes = step.changes(plan.variables);
    const prepared = step.isDynamic ? await step.prepare(changes) : step.prepared;
    const expected = step.expected(plan.variables);
    const from = stub?.server.calls.length ?? 0;
    for (const call of step.calls) {
      const expectedCall = call.expected(plan.variables);
      const check = (one: StubCall): readonly Mismatch[] => checkCall(expectedCall, one, context.patterns);
      const claim = stub?.claims.want({ times: call.times, orMore: call.orMore, from, check });
      if (claim !== undefined) wanted.push({ call, expected: expectedCall, wanted: claim });
    }
    const answer = await sendAll(context, step, { prepared, changes }, expected, outcome, fail);
    // Where nothing answered, that is all there is to say.
    if (answer !== undefined && !signal.aborted) await awaitCalls(context, wanted, from, fail);
    if (answer !== undefined && !signal.aborted) captureAll(context, step, answer, wanted, fail);
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    fail({ kind: "error", code: error.code, message: error.message });
  } finally {
    for (const one of wanted) one.wanted.close();
  }
  const isUnanswered =
    outcome.sent > 0 && outcome.failures.length > 0 && outcome.delivery?.status === undefined;
  const how = isUnanswered ? await context.appEnded() : undefined;
  if (how !== undefined) fail({ kind: "app-ended", how });
  outcome.interrupted = signal.aborted;
  return outcome;
}

/** @returns the last answer, or undefined where none came */
async function sendAll(
  context: StepContext,
  step: PlannedStep,
  { prepared: all, changes }: { prepared: readonly PreparedPayload[]; changes: Changes },
  expected: Expected,
  outcome: StepOutcome,
  fail: (failure: StepFailure) => void,
): Promise<Captured | undefined> {
  const { plan, sender, signal, mask } = context;
  const { times = 1 } = step.step;
  const path = plan.url.pathname + plan.url.search;
  const total = all.length * times;
  let last: Captured | undefined;
  let hasFailed = false;
  for (const prepared of all) {
    const again = maskDeep(againOf(context, prepared, changes, step), mask);
    for (let time = 0; time < times && !signal.aborted; time++) {
      if (step.delayMs !== undefined) await wait(step.delayMs, signal);
      if (signal.aborted) break;
      const { payload, tampering } = prepared;
      const { headers, body, deliveryId } = prepared.next();
      const allowedMs = step.withinMs ?? payload.provider.ack.timeoutMs;
      // An answer that comes too late is told from none.
      const timeoutMs = context.timeoutMs ?? Math.max(allowedMs, payload.provider.ack.timeoutMs);
      const result = await sender.send({ method: "POST", path, headers, body, timeoutMs });
      if (signal.aborted) break;
      outcome.sent++;
      const number = total === 1 ? {} : { delivery: outcome.sent };
      const failures = check(context, step, prepared, expected, result);
      for (const failure of failures) fail({ ...number, ...failure });
      if (result.ok)
        last = { status: result.status, headers: result.headers, body: result.body, bytes: result.bytes };
      if (hasFailed) continue;
      hasFailed = failures.length > 0;
      outcome.delivery = {
        name: shownName(context, prepared),
        provider: payload.provider.id,
        title: payload.provider.title,
        deliveryId,
        tampering,
        bytes: body.length,
        status: result.ok ? result.status : undefined,
        durationMs: result.durationMs,
        answer: result.ok
          ? { body: mask(result.body).subarray(0, shownBytes), bytes: result.bytes }
          : undefined,
        again,
      };
    }
  }
  return last;
}

/** What is not as it has to be with one answer. */
function check(
  { patterns }: StepContext,
  step: PlannedStep,
  { payload, tampering }: PreparedPayload,
  expected: Expected,
  result: SendResult,
): StepFailure[] {
  const { provider } = payload;
  const ack = { ...provider.ack, timeoutMs: step.withinMs ?? provider.ack.timeoutMs };
  if (!result.ok || step.status === undefined) {
    const outcome = (tampering === undefined ? judge : judgeRefusal)(ack, result);
    if (!outcome.ok) {
      const failure: StepFailure = { kind: "outcome", outcome, title: provider.title, tampering };
      // What else was expected of an answer that is refused already helps to see why; of none nothing is known.
      return result.ok ? [failure, ...messageFailures(expected, result, patterns)] : [failure];
    }
  }
  if (!result.ok) return [];
  const failures: StepFailure[] = [];
  if (step.status !== undefined && !isStatus(step.status, result.status))
    failures.push({ kind: "status", expected: step.status, actual: result.status });
  if (step.status !== undefined && result.durationMs > ack.timeoutMs)
    failures.push({ kind: "late", allowedMs: ack.timeoutMs, actualMs: result.durationMs });
  return [...failures, ...messageFailures(expected, result, patterns)];
}

function messageFailures(
  expected: Expected,
  result: SendResult & { ok: true },
  patterns: Patterns,
): StepFailure[] {
  return checkMessage(expected, result, patterns).map((mismatch) => ({
    kind: "mismatch",
    mismatch: withoutCredentials(mismatch),
    differences: differencesOf(mismatch),
  }));
}

function checkCall(expected: ExpectedCall, call: StubCall, patterns: Patterns): Mismatch[] {
  const { method, path } = expected;
  const wrong: Mismatch[] =
    method === undefined || method === call.method
      ? []
      : [{ subject: "method", kind: "different", expected: method, actual: call.method }];
  return [
    ...wrong,
    ...checkText("path", path, pathFor(path, call.target), patterns),
    ...checkMessage(expected, { ...call, bytes: call.body.length }, patterns),
  ];
}

/** Waits until all calls came that have to, and for a moment whether more do. */
async function awaitCalls(
  context: StepContext,
  wanted: readonly { call: PlannedCall; expected: ExpectedCall; wanted: Wanted }[],
  from: number,
  fail: (failure: StepFailure) => void,
): Promise<void> {
  const { stub, signal } = context;
  if (stub === undefined || wanted.length === 0) return;
  const started = performance.now();
  await Promise.all(
    wanted.map(async ({ call, wanted: one }) => {
      // That none comes only time can tell.
      const isDone = (): boolean =>
        call.times === 0 && !call.orMore ? one.actual() > 0 : one.actual() >= call.times;
      while (!isDone() && !signal.aborted) {
        const left = started + call.withinMs - performance.now();
        if (left <= 0) return;
        await wait(left, signal, stub.server.watch);
      }
    }),
  );
  const isCounted = ({ call: { times, orMore } }: { call: PlannedCall }): boolean => times > 0 && !orMore;
  const isMet = ({ call, wanted: one }: { call: PlannedCall; wanted: Wanted }): boolean =>
    call.orMore ? one.actual() >= call.times : one.actual() === call.times;
  if (wanted.every(isMet) && wanted.some(isCounted)) await untilQuiet(stub.server, signal);
  if (signal.aborted) return;
  for (const one of wanted) {
    if (isMet(one)) continue;
    const { call, expected } = one;
    fail({
      kind: "calls",
      call: nameOf(expected),
      wanted: call.times,
      orMore: call.orMore,
      actual: one.wanted.actual(),
      withinMs: call.withinMs,
      others: one.wanted
        .others()
        .filter(({ mismatches }) => mismatches.length > 0)
        .slice(0, shownCalls)
        .map(({ call: other, mismatches }) => ({
          call: `${other.method} ${other.target}`,
          mismatches: mismatches.map(withoutCredentials),
        })),
    });
  }
  // A step that counts calls has to say all that others count: one that does not is a surplus one of theirs.
  const late = wanted.some(isCounted) ? stub.claims.late(from) : [];
  for (const { method, target } of late.slice(0, shownCalls))
    fail({ kind: "late-call", call: `${method} ${target}` });
}

/** Waits until no call came for a moment. */
async function untilQuiet({ calls, watch }: Stub, signal: AbortSignal): Promise<void> {
  const end = performance.now() + mostSettleMs;
  let until = performance.now() + settleMs;
  for (let seen = calls.length; performance.now() < until && !signal.aborted;) {
    await wait(until - performance.now(), signal, watch);
    if (calls.length > seen) until = Math.min(end, performance.now() + settleMs);
    seen = calls.length;
  }
}

/** `POST /orders` */
function nameOf({ method, path }: ExpectedCall): string {
  return `${method === undefined ? "" : `${method} `}${path.equals === undefined ? `a path like ${path.matches ?? "any"}` : written(path.equals)}`;
}

function captureAll(
  { plan }: StepContext,
  { capture: places }: PlannedStep,
  answer: Captured,
  wanted: readonly { wanted: Wanted }[],
  fail: (failure: StepFailure) => void,
): void {
  if (places.length === 0) return;
  const calls = wanted.flatMap(({ wanted: one }) => one.calls());
  for (const { name, where, place } of places) {
    const call = place.call === undefined ? undefined : calls[place.call];
    const message =
      place.call === undefined ? answer : call && { ...call, path: call.target, bytes: call.body.length };
    const value = message === undefined ? undefined : capture(place, message);
    if (value === undefined) fail({ kind: "capture", name, where });
    else plan.variables.set(name, value);
  }
}

/** A header that carries a credential is told to be different, and no more. */
function withoutCredentials(mismatch: Mismatch): Mismatch {
  const [, name] = /^header (.+)$/.exec(mismatch.subject) ?? [];
  if (name === undefined || redactedNames(redact([name, ""])).length === 0) return mismatch;
  const { expected, actual, ...rest } = mismatch;
  return {
    ...rest,
    ...(expected === undefined ? {} : { expected: redacted }),
    ...(actual === undefined ? {} : { actual: redacted }),
  };
}

/** Where two objects or lists differ; none for simpler values, which are shown whole. */
function differencesOf({ subject, kind, expected = "", actual = "" }: Mismatch): Difference[] {
  if (subject.startsWith("header ")) return [];
  if (kind !== "different" || !/^[[{]/.test(expected) || !/^[[{]/.test(actual)) return [];
  const { kind: read, differences } = diffBodies(Buffer.from(expected), Buffer.from(actual));
  return read === "json"
    ? differences.filter(({ op }) => op === "added" || op === "removed" || op === "changed")
    : [];
}

function againOf(
  context: StepContext,
  prepared: PreparedPayload,
  { edits, headers }: Changes,
  { step, provider }: PlannedStep,
): StepDelivery["again"] {
  const payload = { ...prepared.payload, name: shownName(context, prepared) };
  return reproduce(
    { ...prepared, payload },
    {
      url: context.plan.url,
      edits,
      headers,
      fresh: step.fresh === true,
      ...(provider === undefined ? {} : { provider }),
    },
  );
}

/** A file as it is named from the current folder. */
function shownName({ plan, cwd }: StepContext, { payload }: PreparedPayload): string {
  if (payload.source !== "file") return payload.name;
  const below = relative(cwd, resolve(plan.source.folder, payload.name)).replaceAll("\\", "/");
  return below.startsWith("../") ? below : `./${below}`;
}
