import { describe, expect, test } from "vitest";
import type { Listening, ListenEvent } from "../../src/actions/listen-events.ts";
import { cells } from "../../src/ui/cells.ts";
import { showListen } from "../../src/ui/listen.ts";
import type { PrintMode } from "../../src/ui/listen-delivery.ts";
import { answered, delivery, noon, ready, refused, route, screenOf } from "./listen-events.ts";

const listening = (events: readonly ListenEvent[]): Listening => ({
  async *[Symbol.asyncIterator]() {
    for (const event of events) yield await Promise.resolve(event);
  },
  replayLast: () => Promise.resolve(false),
  inspectorPage: () => undefined,
  stop: () => undefined,
});

/** The lines that the events are told in, by a terminal of so many columns or by none. */
async function told(
  events: readonly ListenEvent[],
  options: { columns?: number; print?: PrintMode; json?: boolean } = {},
): Promise<string[]> {
  const { print = "body", ...rest } = options;
  const { output, lines } = await screenOf(rest);
  await showListen(output, { print, now: () => noon }, listening(events));
  await output.flush();
  return lines();
}

const long = "a.very.long.event.name.that.goes.on.and.on.and.never.comes.to.an.end.on.sixty.columns";
const longUrl = "http://localhost:3000/a/path/that/is/too/long/for/sixty/columns/orders";

describe("a delivery's line", () => {
  test.each([
    [60, "12:00:00  ✓ verified    fareplay  order.created  200  12 ms"],
    [80, "12:00:00  ✓ verified    fareplay  order.created  541 B  200  12 ms"],
    [
      120,
      "12:00:00  ✓ verified    fareplay  order.created  evt_01HZX3K9Q4W8T2N6B5V7C1M0RD  541 B  200  12 ms",
    ],
    [
      undefined,
      "12:00:00  ✓ verified    fareplay  order.created  evt_01HZX3K9Q4W8T2N6B5V7C1M0RD  541 B  200  12 ms",
    ],
  ])("leaves out the id, then the size, at %s columns", async (columns, line) => {
    expect(await told([delivery()], columns === undefined ? {} : { columns })).toEqual([line]);
  });

  test.each([60, 80, 120])("cuts the event in its middle at %i columns", async (columns) => {
    const [line = "", ...more] = await told([delivery({ event: long })], { columns });
    expect(more).toEqual([]);
    expect(line).toMatch(/^12:00:00 {2}✓ verified {4}fareplay {2}a\.very.*….*columns {2}200$/);
    expect(cells(line)).toBe(columns);
  });

  test("whatever it holds, it is one line that fits", async () => {
    for (const columns of [20, 40, 60, 80, 120])
      for (const event of [
        long,
        "注文が作成されました".repeat(8),
        "👩‍👩‍👧‍👦🫠".repeat(20),
        "x\u202ey\x1b[2J".repeat(9),
      ]) {
        const own = { provider: "a-provider-of-ones-own", event, duplicate: true, verified: null };
        const [line = "", ...more] = await told([delivery(own)], { columns });
        expect(more).toEqual([]);
        expect(cells(line)).toBeLessThanOrEqual(columns);
      }
  });
});

describe("below it", () => {
  const reserialised = {
    cause: "body-reserialised",
    confidence: "proved",
    evidence: { signed: "json.dumps", arrived: "JSON.stringify", stack: "node" },
  } as const;

  test.each([60, 80, 120])("everything wraps between words and keeps its indent at %i", async (columns) => {
    const rejected = delivery({
      verified: false,
      accepted: false,
      status: 401,
      code: "signature-mismatch",
      findings: [reserialised],
    });
    const [, ...below] = await told([rejected, delivery({ forwards: [refused()], status: 502 })], {
      columns,
    });
    for (const line of below) expect(cells(line)).toBeLessThanOrEqual(columns);
    const text = below.filter((line) => line.startsWith("  ")).map((line) => line.slice(2));
    expect(text.every((line) => !line.startsWith(" ") && !line.endsWith(" "))).toBe(true);
    const whole = await told([rejected, delivery({ forwards: [refused()], status: 502 })]);
    const words = (lines: readonly string[]): string[] => lines.join(" ").trim().split(/\s+/);
    expect(words(text)).toEqual(words(whole.filter((line) => line.startsWith("  "))));
  });

  const body = Buffer.from(JSON.stringify({ list: Array.from({ length: 80 }, (_, index) => index) }));

  test("a long body is folded on a terminal, and the way to all of it is said", async () => {
    const lines = await told([ready({ recording: false }), delivery({ body })], { columns: 80 });
    expect(lines.filter((line) => line.startsWith("  │ "))).toHaveLength(25);
    expect(lines.at(-1)).toBe("  │ … 60 more lines (--print full shows all)");
    const recorded = await told([ready(), delivery({ body })], { columns: 80 });
    expect(recorded.at(-1)).toBe("  │ … 60 more lines (hookline inbox show last)");
  });

  test.each([
    ["a pipe", {}],
    ["--print full", { columns: 80, print: "full" as const }],
  ])("it is not for %s", async (_, options) => {
    const lines = await told([delivery({ body })], options);
    expect(lines.filter((line) => line.startsWith("  │ "))).toHaveLength(84);
  });

  test("a line of a body that is too long is cut, on a terminal only", async () => {
    const wide = Buffer.from(JSON.stringify({ text: "商品".repeat(50), plain: "x".repeat(100) }));
    for (const columns of [60, 80]) {
      const cut = (await told([delivery({ body: wide })], { columns })).filter((line) => line.includes("…"));
      expect(cut).toHaveLength(2);
      for (const line of cut) expect([columns, columns - 1]).toContain(cells(line));
    }
    expect((await told([delivery({ body: wide })])).join()).not.toContain("…");
    expect((await told([delivery({ body: wide })], { columns: 60, print: "full" })).join()).not.toContain(
      "…",
    );
  });

  test("--print full shows headers, but no credentials", async () => {
    const names = ["Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-API-Key"];
    const headers = [...names.flatMap((name) => [name, "t0ken"]), "X-Other", "shown"];
    const text = (await told([delivery({ headers })], { print: "full" })).join("\n");
    expect(text).not.toContain("t0ken");
    for (const name of names) expect(text).toContain(`  │ ${name}: [redacted]`);
    expect(text).toContain("  │ X-Other: shown");
  });
});

describe("how the app took it", () => {
  test.each([
    ["a success says nothing", [answered(204)], []],
    ["a failure", [answered(500, { body: "oops" })], ["  your app answered 500", "  │ oops"]],
    [
      "no answer",
      [refused()],
      [
        "  your app: nothing listens at localhost:3000 (connect ECONNREFUSED 127.0.0.1:3000)",
        "  is it running, and on that port?",
      ],
    ],
    [
      "late, and no success for that alone",
      [answered(200, { ok: false, allowedMs: 5 })],
      ["  slow: 12 ms, and Fareplay gives up after 5 ms"],
    ],
    [
      "a status that this provider does not take",
      [answered(202, { ok: false })],
      ["  your app answered 202", "  Fareplay takes another status as success"],
    ],
  ])("one target: %s", async (_, forwards, below) => {
    expect((await told([delivery({ forwards })])).slice(1)).toEqual(below);
  });

  const several = [
    answered(200, { route: "order.*", url: longUrl }),
    answered(500, { route: "fareplay/*", url: "http://localhost:3001/", body: '{"error":1}', allowedMs: 5 }),
    refused({ route: "*", url: "http://localhost:3002/" }),
  ];

  test("several: a line for each, and below it what went wrong", async () => {
    expect((await told([delivery({ forwards: several })])).slice(1)).toEqual([
      `  → order.*  ${longUrl}  200  12 ms`,
      "  → fareplay/*  http://localhost:3001/  500  12 ms",
      "    slow: 12 ms, and Fareplay gives up after 5 ms",
      "    │ {",
      '    │   "error": 1',
      "    │ }",
      "  → *  http://localhost:3002/  refused  1 ms",
      "    nothing listens at localhost:3000 (connect ECONNREFUSED 127.0.0.1:3000)",
      "    is it running, and on that port?",
    ]);
  });

  test("a narrow terminal cuts the URL in its middle", async () => {
    const lines = await told([delivery({ forwards: several })], { columns: 60 });
    expect(lines[1]).toBe("  → order.*  http://localhost:3000…sixty/columns/orders  200");
    for (const line of lines) expect(cells(line)).toBeLessThanOrEqual(60);
  });

  test.each([
    [true, "↻ 12:00:00 replayed fareplay order.created (signed anew)"],
    [false, "↻ 12:00:00 replayed fareplay order.created (with the headers it came with)"],
  ])("a replay, signed anew: %s", async (signed, line) => {
    const [provider, event] = ["fareplay", "order.created"];
    const forwards = [answered(200), refused({ route: "*" })];
    const lines = await told([{ type: "replayed", id: "dlv_1", provider, event, signed, forwards }]);
    expect(lines.slice(0, 3)).toEqual([
      line,
      "  → http://localhost:3000/webhooks  200  12 ms",
      "  → *  http://localhost:3000/webhooks  refused  1 ms",
    ]);
  });
});

describe("the head", () => {
  const all = ready({
    target: "http://localhost:3000/webhooks",
    routes: [route("order.*", longUrl), route("fikafi/*", "http://localhost:3001/")],
    inspector: `http://127.0.0.1:4401/#token=${"t".repeat(43)}`,
    registered: [
      { id: "we_1", provider: "fareplay", url: "https://x.example.com/fareplay", profile: "local" },
    ],
  });

  test("says what goes where, and what else it does", async () => {
    expect(await told([all])).toEqual([
      "● listening on http://127.0.0.1:4400",
      `  order.*  → ${longUrl}`,
      "  fikafi/* → http://localhost:3001/",
      "  all else → http://localhost:3000/webhooks",
      "  each provider has its own path: http://127.0.0.1:4400/fareplay, http://127.0.0.1:4400/fikafi …",
      "  from outside: cloudflared tunnel --url http://127.0.0.1:4400   or   ssh -R 80:localhost:4400 localhost.run",
      "  registered: we_1 at local, fareplay → https://x.example.com/fareplay",
      "  recorded: hookline inbox list",
      `  inspector: ${all.inspector}`,
    ]);
    expect(await told([ready({ recording: false, target: "http://localhost:3000/" })])).toEqual([
      "● listening on http://127.0.0.1:4400 → http://localhost:3000/",
      expect.stringContaining("each provider"),
      expect.stringContaining("from outside"),
      "  not recorded",
    ]);
  });

  test("fits 60 columns, but for the inspector's address, which is never cut", async () => {
    const lines = await told([all], { columns: 60 });
    expect(lines.slice(0, 3)).toEqual([
      "● listening on http://127.0.0.1:4400",
      "  order.*  → http://localhost:3000/a…or/sixty/columns/orders",
      "  fikafi/* → http://localhost:3001/",
    ]);
    expect(lines.filter((line) => cells(line) > 60)).toEqual([`  inspector: ${all.inspector}`]);
  });

  test("names no keys where nobody can press them", async () => {
    expect((await told([all], { columns: 80 })).join()).not.toContain("quit");
  });
});

test("as NDJSON", async () => {
  const stopped = { received: 1, verified: 1, rejected: 0, unverified: 0, duplicates: 0, unmet: [] };
  const forwards = [answered(200, { route: "order.*" }), refused()];
  const events: ListenEvent[] = [
    ready({ routes: [route("order.*", longUrl)], inspector: "http://127.0.0.1:4401/#token=t" }),
    delivery({ forwards }),
    delivery(),
    { type: "replayed", id: "dlv_1", provider: undefined, event: undefined, signed: false, forwards },
    { type: "stopped", ...stopped },
  ];
  const lines = (await told(events, { json: true })).filter((line) => line.startsWith("{"));
  const forwarded = [
    {
      to: "http://localhost:3000/webhooks",
      route: "order.*",
      ok: true,
      status: 200,
      duration_ms: 12,
      error: null,
    },
    {
      to: "http://localhost:3000/webhooks",
      route: null,
      ok: false,
      status: null,
      duration_ms: 1,
      error: "refused",
    },
  ];
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      type: "ready",
      url: "http://127.0.0.1:4400",
      urls: ["http://127.0.0.1:4400"],
      port: 4400,
      target: null,
      routes: [{ match: "order.*", to: longUrl }],
      recording: true,
      inspector_url: "http://127.0.0.1:4401/#token=t",
      registered: [],
    },
    expect.objectContaining({ type: "delivery", forwarded }),
    expect.objectContaining({ type: "delivery", forwarded: [] }),
    { type: "replayed", id: "dlv_1", provider: null, event: null, signed: false, forwarded },
    { type: "stopped", ...stopped },
  ]);
});
