import { describe, expect, test } from "vitest";
import { findCauses, type ProbeReport } from "../../../src/suites/check/causes.ts";
import { planChecks, type Check, type CheckKind } from "../../../src/suites/check/checks.ts";
import {
  latencyOf,
  outcomeOf,
  overdue,
  scoreOf,
  type CheckResult,
  type Exchange,
  type Stop,
} from "../../../src/suites/check/results.ts";
import { slack } from "../../../src/providers/slack.ts";
import type { SendResult } from "../../../src/transport/send.ts";
import { judge, judgeRefusal } from "../../../src/transport/judge.ts";

const { checks } = planChecks(slack, {
  events: ["message", "app_mention"],
  namesEvents: true,
  json: true,
  proxied: false,
});

/** An answer of that status; 0 stands for none. */
function exchange(check: Pick<Check, "area" | "event">, status: number, body = ""): Exchange {
  const expected = check.area === "refuses" ? "refused" : "accepted";
  const bytes = Buffer.from(body);
  const result: SendResult =
    status === 0
      ? { ok: false, error: "reset", message: "closed", durationMs: 3 }
      : { ok: true, status, durationMs: 3, headers: [], body: bytes, bytes: bytes.length };
  return {
    expected,
    event: check.event,
    deliveryId: "1",
    bytes: 2,
    ascii: true,
    outcome: (expected === "accepted" ? judge : judgeRefusal)(slack.ack, result),
    status: status === 0 ? undefined : status,
    durationMs: 3,
    answer: body === "" ? undefined : { body: bytes, bytes: bytes.length },
  };
}

/** A run of all checks: 200 to what is right and 401 to what is forged, but for what is said. */
function run(
  different: (check: Check) => number | undefined,
  body?: (check: Check) => string,
): CheckResult[] {
  return checks.map((check) => {
    const status = different(check) ?? (check.area === "refuses" ? 401 : 200);
    const exchanges = [exchange(check, status, body?.(check))];
    return { check, outcome: outcomeOf(check, exchanges), exchanges, notes: [], durationMs: 3 };
  });
}

const of =
  (status: number, ...kinds: readonly (CheckKind | Check["area"])[]) =>
  ({ kind, area }: Check): number | undefined =>
    kinds.includes(kind) || kinds.includes(area) ? status : undefined;

function codes(results: readonly CheckResult[], probe?: ProbeReport, stop?: Stop): string[] {
  return findCauses({ results, probe, stop }).map(({ code, explains }) => `${code} ${explains.length}`);
}

describe("findCauses", () => {
  test("nothing failed: nothing is wrong", () => {
    expect(codes(run(() => undefined))).toEqual([]);
  });

  test.each<[name: string, results: CheckResult[], expected: string[]]>([
    ["all forged ones are accepted", run(of(200, "refuses")), ["no-verification 11"]],
    [
      "the form of a signature is looked at",
      run(
        of(
          200,
          ...([
            "refuses-wrong-signature",
            "refuses-wrong-ending",
            "refuses-other-secret",
            "refuses-tampered-body",
          ] as const),
        ),
      ),
      ["no-verification 4"],
    ],
    [
      "the time is not looked at",
      run(of(200, "refuses-stale-timestamp", "refuses-future-timestamp")),
      ["timestamp-unchecked 1", "future-unchecked 1"],
    ],
    ["the time is not signed", run(of(200, "refuses-redated-signature")), ["timestamp-unsigned 1"]],
    ["the body is not signed", run(of(200, "refuses-tampered-body")), ["body-unsigned 1"]],
    [
      "an empty one breaks it, where a missing one is refused",
      run(of(500, "refuses-empty-signature")),
      ["malformed-throws 1"],
    ],
    [
      "a missing one breaks it",
      run(of(500, "refuses-missing-signature", "refuses-empty-signature")),
      ["missing-header-throws 2"],
    ],
    ["other events are taken unverified", run(of(200, "refuses-every-event")), ["verified-in-part 1"]],
    ["other forms break it", run(of(500, "refuses-every-form")), ["forgery-throws 1"]],
    ["an empty secret is taken too", run(of(200, "refuses-empty-secret")), ["secret-unset 1"]],
    ["malformed ones break it", run(of(500, "refuses-malformed-signature")), ["malformed-throws 1"]],
    [
      "others than as long as the right one break it",
      run(of(502, "refuses-malformed-signature", "refuses-truncated-signature", "refuses-empty-signature")),
      ["length-throws 3"],
    ],
    ["all forged ones break it", run(of(500, "refuses")), ["refusal-throws 11"]],
    ["a refusal that is none", run(of(302, "refuses-wrong-signature")), ["refusal-status 1"]],
    ["no such path", run(() => 404), ["not-found 27"]],
    ["a redirect", run(() => 301), ["redirected 27"]],
    ["too large", run(of(413, "large-body")), ["body-limit 1"]],
    ["one check alone", run(of(500, "unknown-event")), ["unknown-event-refused 1"]],
  ])("%s", (_, results, expected) => {
    const found = codes(results);
    // Those that are not scored are explained by nothing.
    expect(found.map((line) => line.split(" ")[0])).toEqual(expected.map((line) => line.split(" ")[0]));
    const failed = results.filter(({ outcome }) => outcome === "failed");
    const explained = new Set(
      findCauses({ results, probe: undefined, stop: undefined }).flatMap((one) => one.explains),
    );
    expect([...explained].sort()).toEqual(failed.map(({ check }) => check.id).sort());
  });

  test("a mistake that was proved explains what was refused in the same way, and no more", () => {
    const results = run((check) =>
      check.kind === "large-body" ? 413 : check.area === "refuses" ? undefined : 401,
    );
    const probe: ProbeReport = {
      check: "accepts-message",
      tried: 3,
      found: [{ cause: "body-reserialised", evidence: { signed: "", arrived: "JSON.stringify" } }],
    };
    const causes = findCauses({ results, probe, stop: undefined });
    expect(causes.map(({ code, confidence }) => [code, confidence])).toEqual([
      ["body-reserialised", "proved"],
      ["body-limit", "proved"],
    ]);
    expect(causes[0]?.explains).not.toContain("large-body");
  });

  test("where nothing is found, what is likely is told by the status", () => {
    const probe: ProbeReport = { check: "accepts-message", tried: 9, found: [] };
    const likely = (status: number) =>
      findCauses({
        results: run((check) => (check.area === "refuses" ? undefined : status)),
        probe,
        stop: undefined,
      })[0];
    expect(likely(401)).toMatchObject({ code: "wrong-secret", confidence: "likely" });
    expect(likely(500)).toMatchObject({ code: "errors", confidence: "likely" });
  });

  test("an event that is refused is so wherever it comes", () => {
    const results = run((check) => (check.event === "message" ? 400 : undefined)).map((result) =>
      result.check.kind === "twenty-at-once"
        ? {
            ...result,
            outcome: "failed" as const,
            exchanges: [exchange({ area: "accepts", event: "message" }, 400), ...result.exchanges],
          }
        : result,
    );
    expect(findCauses({ results, probe: undefined, stop: undefined })).toMatchObject([
      { code: "event-refused", explains: ["accepts-message", "twenty-at-once"] },
    ]);
  });

  test("success by another body: forged requests are told apart, but not by the status", () => {
    const results = run(of(200, "refuses"), ({ area }) => (area === "refuses" ? "no" : "ok"));
    expect(findCauses({ results, probe: undefined, stop: undefined })[0]).toMatchObject({
      code: "no-verification",
      evidence: { told_apart: true },
    });
  });

  test.each<[stop: Stop, code: string]>([
    [{ reason: "unreachable", error: "refused", message: "connection refused" }, "unreachable"],
    [
      { reason: "no-answers", times: 3, message: "no answer in time", why: "timeouts", answeredBefore: true },
      "hangs",
    ],
    [
      { reason: "no-answers", times: 3, message: "connection refused", why: "errors", answeredBefore: true },
      "crashed",
    ],
    [
      { reason: "no-answers", times: 3, message: "answered too late", why: "late", answeredBefore: true },
      "too-slow",
    ],
    [
      { reason: "no-answers", times: 2, message: "closed", why: "errors", answeredBefore: false },
      "never-answers",
    ],
    [{ reason: "rate-limited", after: 13 }, "rate-limited"],
    [{ reason: "too-long", limitMs: 1000 }, "too-slow"],
  ])("ended before: %j", (stop, code) => {
    const results = run(() => undefined).map((result, index) =>
      index < 5 ? result : { ...result, outcome: "not-run" as const, exchanges: [] },
    );
    const [first] = findCauses({ results, probe: undefined, stop });
    expect(first).toMatchObject({ code });
    expect(first?.explains).toHaveLength(checks.slice(5).filter(({ scored }) => scored).length);
  });
});

describe("an app that breaks at times", () => {
  const unsteady = (results: readonly CheckResult[]): CheckResult[] =>
    results.map((result) => ({
      ...result,
      exchanges: result.exchanges.map((one) =>
        result.check.kind === "accepts-event" ? { ...one, unsteady: { first: 503, then: 200 } } : one,
      ),
    }));

  test("has no cause that is certain by a 5xx", () => {
    const found = (results: CheckResult[]) =>
      findCauses({ results: unsteady(results), probe: undefined, stop: undefined }).map(
        ({ code, confidence }) => `${code} ${confidence}`,
      );
    expect(found(run(of(500, "refuses-missing-signature")))).toEqual(["missing-header-throws likely"]);
    expect(found(run(of(503, "unicode", "refuses-every-form")))).toEqual(["unsteady likely"]);
    expect(found(run(of(503, "twenty-at-once")))).toEqual(["unsteady likely"]);
    expect(found(run(of(413, "large-body")))).toEqual(["body-limit proved"]);
  });
});

describe("what a run comes to", () => {
  test("checks that are not scored do not count, those that were not run do", () => {
    const results = run(of(500, "content-type-text", "unicode")).map((result) =>
      result.check.kind === "alive" ? { ...result, outcome: "not-run" as const } : result,
    );
    const scored = checks.filter((check) => check.scored).length;
    const score = scoreOf(results);
    expect(score).toMatchObject({ passed: scored - 2, total: scored });
    expect(score.percent).toBe(Math.floor(((scored - 2) * 100) / scored));
    expect(results.find(({ check }) => check.kind === "content-type-text")?.outcome).toBe("noted");
  });

  test("100 per cent means all", () => {
    const results = Array.from({ length: 300 }, () => run(() => undefined)).flat();
    const [failed] = run(of(500, "accepts"));
    expect(scoreOf([...results, failed as CheckResult]).percent).toBe(99);
  });

  test("times are of accepted deliveries that were sent as fast as could be", () => {
    const [accepts = checks[0] as Check] = checks;
    const took = (durationMs: number, more: Partial<Exchange> = {}): Exchange => ({
      ...exchange(accepts, 200),
      durationMs,
      ...more,
    });
    const late = took(9_000, { outcome: { ok: false, reason: "late", allowedMs: 3_000 } });
    const log = [
      ...Array.from({ length: 100 }, (_, index) => took(index + 1)),
      took(5_000, { slow: true }),
      took(5_000, { expected: "refused" }),
      late,
    ];
    expect(latencyOf(log)).toEqual({ p50Ms: 50, p95Ms: 95, maxMs: 100 });
    expect(overdue(log)).toEqual([late]);
    expect(latencyOf([late])).toBeUndefined();
  });
});
