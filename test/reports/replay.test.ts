import { describe, expect, it } from "vitest";
import type { Pipeline } from "../../src/actions/reproduce.ts";
import type { ReplayDelivery, ReplayEvent } from "../../src/actions/replay.ts";
import { recordReplay } from "../../src/ui/report-replay.ts";

const start = (total: number): ReplayEvent => ({
  type: "start",
  url: "http://localhost:3000/hooks",
  total,
  signing: [],
});

const summary = (changes: object = {}): ReplayEvent => ({
  type: "summary",
  total: 1,
  sent: 1,
  succeeded: 1,
  failed: 0,
  durationMs: 250,
  latencyMs: undefined,
  interrupted: false,
  ...changes,
});

const again: Pipeline = [
  ["hookline", "sign", "order.created", "--out", "it's"],
  ["curl", "-i"],
];

const delivery = (changes: Partial<ReplayDelivery> = {}): ReplayDelivery => ({
  type: "delivery",
  name: "fareplay/order.created",
  provider: "fareplay",
  title: "Fareplay",
  event: "order.created",
  deliveryId: "evt_1",
  bytes: 541,
  tampering: undefined,
  outcome: { ok: true },
  status: 200,
  durationMs: 10,
  answer: undefined,
  again,
  ...changes,
});

const answered = (status: number, text = ""): Partial<ReplayDelivery> => ({
  outcome: { ok: false, reason: "status", status, accepted: "2xx" },
  status,
  answer: text === "" ? undefined : { body: Buffer.from(text), bytes: Buffer.byteLength(text) },
});

function recorded(events: Iterable<ReplayEvent>) {
  let clock = 1000;
  const recorder = recordReplay(() => (clock += 100));
  for (const event of events) recorder.watch(event);
  return recorder.report();
}

const cases = (events: Iterable<ReplayEvent>) => recorded(events).groups.flatMap((group) => group.cases);

describe("recordReplay", () => {
  it("gathers one case for each payload, however often it was sent, in groups by provider", () => {
    const fynn: Pipeline = [["hookline"]];
    const other = { name: "./a.json", provider: "fynn", again: fynn };
    const report = recorded([
      start(5),
      delivery(),
      delivery(other),
      delivery({ durationMs: 5, ...answered(500, '{"error":"no"}') }),
      delivery(other),
      delivery({ durationMs: 7, ...answered(500, "another") }),
      summary(),
    ]);
    expect(report).toMatchObject({
      title: "hookline replay",
      target: "http://localhost:3000/hooks",
      startedAt: 1100,
      durationMs: 250,
      interrupted: false,
    });
    expect(report.groups.map(({ name, durationMs }) => [name, durationMs])).toEqual([
      ["fareplay", 22],
      ["fynn", 20],
    ]);
    expect(report.groups[0]?.cases).toEqual([
      {
        name: "fareplay/order.created",
        outcome: "failed",
        durationMs: 22,
        failures: [
          {
            code: "status",
            message: "answered 500: Fareplay takes only 2xx as success (2 of 3 deliveries)",
            why: "to Fareplay this delivery failed, and it sends it again",
            fix: "answer 2xx once the delivery is stored",
          },
        ],
        request: {
          method: "POST",
          url: "http://localhost:3000/hooks",
          bytes: 541,
          command: String.raw`hookline sign order.created --out 'it'\''s' | curl -i`,
        },
        answer: { status: 500, durationMs: 5, text: '{"error":"no"}' },
      },
    ]);
    expect(report.groups[1]?.cases[0]).toMatchObject({ name: "./a.json", outcome: "passed", failures: [] });
  });

  it("names a case by how it was made wrong, and numbers those of one name", () => {
    const one = (name: string, tampering?: ReplayDelivery["tampering"]) =>
      delivery({ name, tampering, again: [[name]] });
    const names = cases([one("a"), one("a"), one("a", "body"), one("a", "body"), one("b"), one("a")]).map(
      ({ name }) => name,
    );
    expect(names).toEqual(["a", "a #2", "a (body)", "a (body) #2", "b", "a #3"]);
  });

  it("keeps five kinds of failures and counts the others, of a million deliveries as of ten", () => {
    function* many() {
      yield start(1_000_000);
      for (let index = 0; index < 1_000_000; index++) yield delivery(answered(500 + (index % 8)));
    }
    const [one] = cases(many());
    expect(one?.failures.map(({ code, message }) => [code, message.replace(/:.*\(/, " (")])).toEqual([
      ...[500, 501, 502, 503, 504].map((status) => [
        "status",
        `answered ${status} (125000 of 1000000 deliveries)`,
      ]),
      ["other", "375000 failures of other kinds"],
    ]);
  });

  it.each<[string, Partial<ReplayDelivery>, RegExp]>([
    ["a redirect", answered(302), /^answered 302: Fareplay follows no redirect$/],
    [
      "a status that is not the one",
      { outcome: { ok: false, reason: "status", status: 204, accepted: [200] }, status: 204 },
      /^answered 204: Fareplay takes only 200 as success$/,
    ],
    [
      "what was taken for right",
      { tampering: "body", outcome: { ok: false, reason: "not-refused", status: 200 }, status: 200 },
      /^answered 200 to a request whose body is not the one that was signed: it was taken for right$/,
    ],
    [
      "what was not found",
      { tampering: "missing", outcome: { ok: false, reason: "not-refused", status: 404 }, status: 404 },
      /^answered 404 to a request without a signature, which says that nothing is there, not that the signature is$/,
    ],
    [
      "what broke",
      { tampering: "secret", outcome: { ok: false, reason: "broke", status: 500 }, status: 500 },
      /^answered 500 to a request signed with another secret: it broke over it$/,
    ],
    [
      "what was late",
      { outcome: { ok: false, reason: "late", allowedMs: 5000 } },
      /^answered too late: Fareplay gives up after 5 s$/,
    ],
    [
      "silence",
      {
        outcome: { ok: false, reason: "timeout", message: "no answer", allowedMs: 10_000 },
        status: undefined,
      },
      /^no answer: Fareplay gives up after 10 s$/,
    ],
    [
      "nobody there",
      { outcome: { ok: false, reason: "refused", message: "connection refused" }, status: undefined },
      /^connection refused$/,
    ],
  ])("tells %s", (_, changes, message) => {
    const [one] = cases([delivery(changes)]);
    expect(one?.outcome).toBe("failed");
    expect(one?.failures).toHaveLength(1);
    expect(one?.failures[0]?.message).toMatch(message);
    expect(one?.failures[0]?.code).toBe(changes.outcome?.ok === false ? changes.outcome.reason : "");
    expect(one?.answer?.status).toBe(
      changes.status ?? (changes.outcome?.ok === false && "status" in changes ? null : 200),
    );
  });

  it("takes nothing that a signal broke off for a failure, and says that cases are missing", () => {
    const aborted: Partial<ReplayDelivery> = {
      outcome: { ok: false, reason: "aborted", message: "interrupted" },
      status: undefined,
    };
    const report = recorded([
      start(3),
      delivery(),
      delivery(aborted),
      delivery({ name: "b", again: [["b"]], ...aborted }),
      summary({ interrupted: true }),
    ]);
    expect(report.interrupted).toBe(true);
    expect(
      report.groups[0]?.cases.map(({ name, outcome, durationMs }) => [name, outcome, durationMs]),
    ).toEqual([
      ["fareplay/order.created", "passed", 10],
      ["b", "skipped", 0],
    ]);
    expect(report.groups[0]?.cases[1]?.note).toBe("interrupted before it was answered");
    expect(recorded([start(1)])).toMatchObject({ interrupted: true, groups: [], durationMs: 100 });
  });

  it("makes what came from outside harmless", () => {
    const text = "::error::x\n##[error]y\u001b[31m\0\u202e";
    const [one] = cases([delivery({ name: text, title: text, provider: null, ...answered(400, text) })]);
    for (const said of [one?.name ?? "", one?.failures[0]?.message ?? "", one?.answer?.text ?? ""]) {
      expect(said).not.toMatch(/^::|##\[|[\0\u001b\u202e]/);
    }
    expect(one?.name).not.toContain("\n");
    expect(recorded([delivery({ provider: null })]).groups[0]?.name).toBe("unknown");
  });

  it.each<[string, NonNullable<ReplayDelivery["answer"]>, string]>([
    ["a binary one", { body: Buffer.from([0xff, 0xfe]), bytes: 2 }, "(binary, 2 B)"],
    [
      "a long one",
      { body: Buffer.from("x".repeat(9000)), bytes: 9000 },
      `${"x".repeat(3999)}…\n(9.0 kB in all)`,
    ],
    [
      "one whose head ends within a character",
      { body: Buffer.from("a🐎").subarray(0, 3), bytes: 1_000_000 },
      "a\n(1.0 MB in all)",
    ],
    ["one whose head is whole", { body: Buffer.from("aé"), bytes: 100 }, "aé\n(100 B in all)"],
  ])("keeps the head of an answer: %s", (_, answer, text) => {
    expect(cases([delivery({ ...answered(500), answer })])[0]?.answer?.text).toBe(text);
  });
});
