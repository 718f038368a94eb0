import type { CheckKind } from "./checks.ts";
import { refusalCauses } from "./refusal-causes.ts";
import type { CheckResult, Exchange, Stop } from "./results.ts";

/** What is wrong with a handler. Those that a diagnosis of requests knows too have its codes. */
export type HandlerCause =
  | "body-reserialised"
  | "body-empty"
  | "body-charset"
  | "body-newline"
  | "secret-encoding"
  | "secret-prefix"
  | "secret-whitespace"
  | "secret-quoted"
  | "other-known-secret"
  | "wrong-secret"
  | "algorithm"
  | "signed-content"
  | "header-encoding"
  | "timestamp-unit"
  /** Compares the header, its prefix included, with the bare signature. */
  | "prefix-kept"
  /** Wants a prefix that the provider does not write. */
  | "prefix-expected"
  /** The variable with the secret is empty, or not there, where the handler runs. */
  | "secret-unset"
  /** Takes whatever comes. */
  | "no-verification"
  /** Takes a request without a signature, and checks those that have one. */
  | "signature-optional"
  /** Compares a part of the signature. */
  | "partial-comparison"
  | "body-unsigned"
  /** Verifies requests of some events or forms, and takes others as they come. */
  | "verified-in-part"
  /** Answers 5xx where a signature is not as long as the right one. */
  | "length-throws"
  | "missing-header-throws"
  | "malformed-throws"
  /** Answers 5xx to every forged request. */
  | "refusal-throws"
  /** Answers 5xx to forged requests of some events or forms. */
  | "forgery-throws"
  | "timestamp-unchecked"
  | "future-unchecked"
  | "timestamp-unsigned"
  | "refusal-status"
  | "unreachable"
  | "not-found"
  | "redirected"
  | "status-not-accepted"
  | "hangs"
  | "too-slow"
  | "errors"
  | "event-refused"
  | "duplicate-refused"
  | "order-assumed"
  | "unknown-event-refused"
  | "unicode-broken"
  | "body-limit"
  | "chunked-unread"
  | "content-type-strict"
  | "breaks-under-load"
  | "crashed"
  /** Closes every connection without an answer. */
  | "never-answers"
  /** Answers 429. */
  | "rate-limited"
  /** Answers 5xx now and then, whatever is sent. */
  | "unsteady";

export type CauseEvidence = Readonly<Record<string, string | number | boolean>>;

/** Something that is wrong, as data, and the failed checks it is behind. */
export interface RootCause {
  code: HandlerCause;
  /** "proved": it was tried, or the answers show it; "likely": nothing else was found. */
  confidence: "proved" | "likely";
  evidence: CauseEvidence;
  /** Ids of checks. */
  explains: readonly string[];
}

/** One mistake that made a variation of a right delivery be accepted. */
export interface ProbeClue {
  cause: HandlerCause;
  evidence: CauseEvidence;
}

/** What came of trying why a right delivery is refused. */
export interface ProbeReport {
  /** Id of the check whose delivery it was. */
  check: string;
  tried: number;
  /** The mistakes that together have it accepted; empty where nothing does. */
  found: readonly ProbeClue[];
  /** Statuses that wrong signatures got with those mistakes made: one as long as the right one, and a shorter one. */
  refusals?: { sameLength: number | undefined; otherLength: number | undefined };
  /** The slow body was accepted signed as if it were empty. */
  chunkedIsEmpty?: boolean;
}

export interface Observations {
  results: readonly CheckResult[];
  probe: ProbeReport | undefined;
  stop: Stop | undefined;
}

/** What failed checks have in common, what explains most first; each failed check is explained by one at least. */
export function findCauses({ results, probe, stop }: Observations): RootCause[] {
  const failed = results.filter(({ outcome }) => outcome === "failed");
  if (failed.length === 0 && stop === undefined) return [];
  const everything = everywhere(results, stop);
  if (everything !== undefined) return [everything];
  const causes: RootCause[] = [
    ...ofStop(results, stop),
    ...ofProbe(failed, results, probe),
    ...refusalCauses(results, probe),
  ];
  const explained = new Set(causes.flatMap(({ explains }) => explains));
  for (const cause of [...ofBodies(failed), ...ofEvents(failed, results)]) {
    const explains = cause.explains.filter((id) => !explained.has(id));
    if (explains.length > 0) causes.push({ ...cause, explains });
    for (const id of explains) explained.add(id);
  }
  for (const result of failed) {
    if (!explained.has(result.check.id)) causes.push(ofItself(result, probe, unsteadyIn(results)));
  }
  const merged = merge(causes.map((cause) => doubted(cause, results)));
  return merged
    .map((cause, index) => ({ cause, index }))
    .sort((a, b) => b.cause.explains.length - a.cause.explains.length || a.index - b.index)
    .map(({ cause }) => cause);
}

/** Where answers depend on chance, what is behind a 5xx is not certain, and may be chance again. */
function doubted(cause: RootCause, results: readonly CheckResult[]): RootCause {
  const status = Number(cause.evidence["status"] ?? 0);
  const times = unsteadyIn(results);
  if (times === 0 || status < 500) return cause;
  const alike = results
    .flatMap(({ exchanges }) => exchanges)
    .filter(({ unsteady }) => unsteady?.first === status);
  const isChance = cause.code === "unsteady" || alike.length > 1;
  return isChance
    ? { ...cause, code: "unsteady", confidence: "likely", evidence: { status, times } }
    : { ...cause, confidence: "likely" };
}

/** How many requests got a 5xx that the very same did not get again. */
function unsteadyIn(results: readonly CheckResult[]): number {
  return results.flatMap(({ exchanges }) => exchanges).filter(({ unsteady }) => unsteady !== undefined)
    .length;
}

/** Of one code and evidence there is one cause, which explains what each of them does. */
function merge(causes: readonly RootCause[]): RootCause[] {
  const merged = new Map<string, RootCause>();
  for (const cause of causes) {
    const key = cause.code + JSON.stringify(cause.evidence);
    const before = merged.get(key);
    merged.set(
      key,
      before === undefined
        ? cause
        : { ...before, explains: [...new Set([...before.explains, ...cause.explains])] },
    );
  }
  return [...merged.values()];
}

/** Of those that count. */
const ids = (results: readonly CheckResult[]): string[] =>
  results.filter(({ check }) => check.scored).map(({ check }) => check.id);

/** What is wrong wherever one looks: the address, what answers there, the status of every answer. */
function everywhere(results: readonly CheckResult[], stop: Stop | undefined): RootCause | undefined {
  const bad = ids(results.filter(({ outcome }) => outcome === "failed" || outcome === "not-run"));
  if (stop?.reason === "unreachable") {
    const { error, message } = stop;
    return { code: "unreachable", confidence: "proved", evidence: { error, message }, explains: bad };
  }
  const exchanges = results.flatMap((result) => result.exchanges);
  const statuses = new Set(exchanges.map(({ status }) => status));
  const [status] = statuses;
  if (statuses.size !== 1 || status === undefined) return undefined;
  const evidence = { status };
  if (status === 404 || status === 405 || status === 410)
    return { code: "not-found", confidence: "proved", evidence, explains: bad };
  if (status >= 300 && status < 400)
    return { code: "redirected", confidence: "proved", evidence, explains: bad };
  return undefined;
}

function ofStop(results: readonly CheckResult[], stop: Stop | undefined): RootCause[] {
  if (stop === undefined) return [];
  if (stop.reason === "too-long") {
    const { limitMs } = stop;
    return [
      {
        code: "too-slow",
        confidence: "proved",
        evidence: { limit_ms: limitMs },
        explains: ids(results.filter(({ outcome }) => outcome === "not-run")),
      },
    ];
  }
  if (stop.reason === "rate-limited") {
    const limited = results.filter(
      ({ outcome, exchanges }) =>
        outcome === "not-run" || (outcome === "failed" && exchanges.some(({ status }) => status === 429)),
    );
    const evidence = { status: 429, after: stop.after };
    return [{ code: "rate-limited", confidence: "proved", evidence, explains: ids(limited) }];
  }
  if (stop.reason !== "no-answers") return [];
  const unanswered = results.filter(
    ({ outcome, exchanges, notes }) =>
      (outcome === "not-run" && notes.length === 0) ||
      exchanges.some(({ outcome: of }) => !of.ok && (isNoAnswer(of.reason) || of.reason === "late")),
  );
  const { times, message, why, answeredBefore } = stop;
  const code = (
    { timeouts: "hangs", late: "too-slow", errors: answeredBefore ? "crashed" : "never-answers" } as const
  )[why];
  const [first] = ids(unanswered);
  const evidence = { times, message, ...(code === "crashed" && first !== undefined ? { since: first } : {}) };
  return [{ code, confidence: "proved", evidence, explains: ids(unanswered) }];
}

function isNoAnswer(reason: string): boolean {
  return !["status", "late", "not-refused", "broke"].includes(reason);
}

/** Why right deliveries are refused. */
function ofProbe(
  failed: readonly CheckResult[],
  results: readonly CheckResult[],
  probe: ProbeReport | undefined,
): RootCause[] {
  const refused = failed.filter(({ exchanges }) => exchanges.some(isRefusedRight));
  const narrow = refused.flatMap(({ exchanges }) => exchanges.filter(isRefusedRight));
  const unaccepted = narrow.filter(({ status = 0 }) => status >= 200 && status < 300);
  if (unaccepted.length > 0 && unaccepted.length === narrow.length) {
    const [{ outcome, status = 0 } = {}] = unaccepted;
    const accepted =
      outcome?.ok === false && outcome.reason === "status" && outcome.accepted !== "2xx"
        ? outcome.accepted.join(", ")
        : "2xx";
    return [
      {
        code: "status-not-accepted",
        confidence: "proved",
        evidence: { status, accepted },
        explains: ids(refused),
      },
    ];
  }
  if (probe === undefined) return [];
  const accepts = results.filter(({ check }) => check.area === "accepts" && check.kind === "accepts-event");
  const all = accepts.length > 0 && accepts.every(({ outcome }) => outcome === "failed");
  const probed = failed.find(({ check }) => check.id === probe.check);
  const status = probed?.exchanges.find(isRefusedRight)?.status ?? 0;
  if (probe.found.length > 0) {
    // What is refused in the same way is refused for the same reason.
    const alike = refused.filter(({ exchanges }) => exchanges.some((one) => one.status === status));
    return probe.found.map(({ cause, evidence }) => ({
      code: cause,
      confidence: "proved",
      evidence,
      explains: ids(alike),
    }));
  }
  if (!all) return [];
  const code = status >= 500 ? "errors" : "wrong-secret";
  return [{ code, confidence: "likely", evidence: { status, tried: probe.tried }, explains: ids(refused) }];
}

function isRefusedRight({ expected, outcome }: Exchange): boolean {
  return expected === "accepted" && !outcome.ok && outcome.reason === "status";
}

/** Where text beyond ASCII is refused, so is every delivery that has some. */
function ofBodies(failed: readonly CheckResult[]): RootCause[] {
  if (!failed.some(({ check }) => check.kind === "unicode")) return [];
  const explained = failed.filter(({ exchanges }) => areRefused(exchanges, ({ ascii }) => !ascii));
  const status = explained[0]?.exchanges.find(isRefusedRight)?.status ?? 0;
  return [{ code: "unicode-broken", confidence: "likely", evidence: { status }, explains: ids(explained) }];
}

/** Where an event is refused, so is it wherever it comes again. */
function ofEvents(failed: readonly CheckResult[], results: readonly CheckResult[]): RootCause[] {
  const refused = failed.filter(
    ({ check, exchanges }) => check.kind === "accepts-event" && exchanges.some(isRefusedRight),
  );
  const accepts = results.filter(({ check }) => check.kind === "accepts-event");
  if (refused.length === 0 || refused.length === accepts.length) return [];
  const events = new Set(refused.map(({ check }) => check.event));
  const status = refused[0]?.exchanges.find(isRefusedRight)?.status ?? 0;
  const explained = failed.filter(
    ({ check, exchanges }) =>
      ["accepts-event", "out-of-order", "twenty-at-once"].includes(check.kind) &&
      areRefused(exchanges, ({ event }) => events.has(event)),
  );
  const names = [...events].join(", ");
  return [
    {
      code: "event-refused",
      confidence: "proved",
      evidence: { status, events: names },
      explains: ids(explained),
    },
  ];
}

/** Whether right deliveries were refused, and only such ones. */
function areRefused(exchanges: readonly Exchange[], are: (exchange: Exchange) => boolean): boolean {
  const refused = exchanges.filter(isRefusedRight);
  return refused.length > 0 && refused.every(are);
}

const own: Partial<Record<CheckKind, HandlerCause>> = {
  duplicates: "duplicate-refused",
  "out-of-order": "order-assumed",
  "unknown-event": "unknown-event-refused",
  "unicode-escaped": "unicode-broken",
  "large-body": "body-limit",
  "slow-body": "chunked-unread",
  "content-type-charset": "content-type-strict",
  "twenty-at-once": "breaks-under-load",
  "in-time": "too-slow",
  alive: "crashed",
};

/** What a failed check that nothing else explains says by itself. */
function ofItself(
  { check, exchanges }: CheckResult,
  probe: ProbeReport | undefined,
  unsteady: number,
): RootCause {
  const bad = exchanges.find(({ outcome }) => !outcome.ok);
  const status = bad?.status;
  const reason = bad === undefined || bad.outcome.ok ? "" : bad.outcome.reason;
  const explains = [check.id];
  const evidence: CauseEvidence = status === undefined ? {} : { status };
  if (reason === "late" || reason === "timeout" || check.kind === "in-time")
    return { code: "too-slow", confidence: "proved", evidence: {}, explains };
  if (check.area === "refuses") return { code: "refusal-status", confidence: "proved", evidence, explains };
  if (check.kind === "twenty-at-once" && unsteady > 0 && (status ?? 0) >= 500)
    return { code: "unsteady", confidence: "likely", evidence: { ...evidence, times: unsteady }, explains };
  const code = own[check.kind] ?? "errors";
  const proved =
    (check.kind === "large-body" && status === 413) ||
    (check.kind === "content-type-charset" && status === 415) ||
    (check.kind === "slow-body" && (probe?.chunkedIsEmpty === true || status === 411)) ||
    ["duplicates", "unknown-event", "twenty-at-once", "alive"].includes(check.kind);
  return { code, confidence: proved ? "proved" : "likely", evidence, explains };
}
