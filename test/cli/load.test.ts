import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { developmentSecret } from "./listen-process.ts";
import { closedPort, startRawServer, startServer, values } from "./run-servers.ts";
import { createPlace, ndjson, run, start } from "./spawn.ts";

interface Summary {
  sent: number;
  succeeded: number;
  failed: number;
  latency_ms: Record<string, number> | null;
  errors: { code: string; message: string; count: number }[];
  statuses: { status: number; count: number }[];
  thresholds: { text: string; actual: number | null; failed: boolean }[];
  unstarted: number;
  gave_up: boolean;
  interrupted: boolean;
  notes: string[];
  held: { count: number; max_ms: number };
}

const load = (to: string | number, ...args: string[]): string[] => [
  "replay",
  "order.created",
  "--to",
  String(to),
  ...args,
];

/** Puts load on a target as NDJSON. */
async function loaded(args: readonly string[], options: Parameters<typeof run>[1] = {}) {
  const { code, stdout, stderr } = await run([...args, "--json"], options);
  const lines = ndjson(stdout);
  const summary = lines.at(-1) as unknown as Summary & { type: string };
  const seconds = lines.slice(0, -1) as unknown as Record<string, number>[];
  return { code, stderr, summary, seconds };
}

const signatureOf = (body: Buffer, secret: string): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

describe("at a rate", () => {
  test("exactly as many as are due, each a delivery of its own, rightly signed", async () => {
    const place = createPlace();
    const secret = await developmentSecret("fareplay", { place });
    const target = await startServer();
    const { code, summary, seconds } = await loaded(load(target.port, "--for", "1500ms", "--rate", "40"), {
      place,
    });
    expect(code).toBe(0);
    expect(summary).toMatchObject({
      type: "summary",
      rate: 40,
      sent: 60,
      succeeded: 60,
      failed: 0,
      interrupted: false,
    });
    expect(summary.statuses).toEqual([{ status: 200, count: 60 }]);
    expect(seconds[0]).toMatchObject({ type: "second", at: 0, due: 40 });
    expect(seconds.reduce((sum, { started = 0 }) => sum + started, 0)).toBe(60);
    expect(target.received).toHaveLength(60);
    const ids = target.received.map(({ body, headers }) => {
      expect(values(headers, "x-fareplay-signature")).toEqual([signatureOf(body, secret)]);
      const { id } = JSON.parse(body.toString()) as { id: string };
      expect(values(headers, "x-fareplay-delivery")).toEqual([id]);
      return id;
    });
    expect(new Set(ids).size).toBe(60);
  });

  test("several payloads take turns; one that has nothing to renew goes out as it is", async () => {
    const place = createPlace();
    place.write("fareplay/plain.json", '{"nothing":"to renew"}');
    const target = await startServer();
    const { code, summary } = await loaded(
      [
        "replay",
        "./fareplay/plain.json",
        "order.created",
        "--to",
        String(target.port),
        "--for",
        "200ms",
        "--rate",
        "50",
      ],
      { place },
    );
    expect([code, summary.sent]).toEqual([0, 10]);
    const bodies = target.received.map(({ body }) => body.toString());
    expect(bodies.filter((body) => body === '{"nothing":"to renew"}')).toHaveLength(5);
    expect(new Set(bodies).size).toBe(6);
  });

  test("what waits for one of few connections waits in the figures too, and what never started is told", async () => {
    const target = await startServer((_, response) => void setTimeout(() => response.end(), 100));
    const { code, summary } = await loaded(
      load(target.port, "--for", "500ms", "--rate", "100", "--concurrency", "1"),
    );
    expect(code).toBe(1);
    expect(summary.errors).toMatchObject([{ code: "unstarted", count: summary.unstarted }]);
    expect(summary.held.count).toBeGreaterThan(0);
    expect(summary.latency_ms?.["max"]).toBeGreaterThan(1000);
    expect(summary.unstarted).toBe(50 - summary.sent);
    expect(summary.unstarted).toBeGreaterThan(30);
    expect(summary.notes.join("\n")).toMatch(/started later than due.*1 were under way/s);
    expect(summary.notes.join("\n")).toContain("due and never started");
  });
});

describe("as many as the target takes", () => {
  test("so many at once, and the figures say what that hides", async () => {
    let underWay = 0;
    let most = 0;
    const target = await startServer((_, response) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay--;
        response.end();
      }, 20);
    });
    const { code, stdout, stderr } = await run(load(target.port, "--for", "500ms", "--concurrency", "3"));
    expect(code).toBe(0);
    expect(most).toBe(3);
    expect(stdout).toMatch(/^\d+ sent · \d+ succeeded · 0 failed · /);
    expect(stdout).toMatch(/^p99\.9 +\d+ ms {2}█+$/m);
    expect(stderr).toContain("note: 3 at once: a slow target slows the load");
    expect(stderr).toContain("--rate");
  });

  test("with --tamper success is to be refused", async () => {
    const target = await startServer((_, response) => void response.writeHead(401).end());
    const { code, summary } = await loaded(
      load(target.port, "--for", "200ms", "--rate", "50", "--tamper", "signature,body"),
    );
    expect([code, summary.sent, summary.failed]).toEqual([0, 10, 0]);
  });
});

describe("targets that fail", () => {
  test("some 500s: exit 1 without conditions; with them, as they say", async () => {
    let turn = 0;
    const target = await startServer(
      (_, response) => void response.writeHead(turn++ % 5 === 0 ? 500 : 200).end(),
    );
    const args = load(target.port, "--for", "200ms", "--rate", "50");
    const plain = await loaded(args);
    expect(plain.code).toBe(1);
    expect(plain.summary.errors).toEqual([
      { code: "status-5xx", count: 2, message: "answered 500: Fareplay takes only 2xx as success" },
    ]);
    const met = await run([...args, "--fail-if", "errors>50%", "--fail-if", "errors>=2"]);
    expect(met.code).toBe(1);
    expect(met.stdout).toMatch(/^✓ errors>50% {2}it does not hold: errors were 20 %$/m);
    expect(met.stdout).toMatch(/^✗ errors>=2 {2}it holds: errors were 2$/m);
    const unmet = await loaded([...args, "--fail-if", "errors>50%", "--fail-if", "max>20s"]);
    expect(unmet.code).toBe(0);
    expect(unmet.summary.thresholds).toEqual([
      { text: "errors>50%", actual: 20, failed: false },
      { text: "max>20s", actual: expect.any(Number) as number, failed: false },
    ]);
  });

  test("nobody there: it ends early, and no condition makes that good", async () => {
    const { code, summary } = await loaded(
      load(await closedPort(), "--for", "60s", "--concurrency", "5", "--fail-if", "p99>500ms"),
    );
    expect(code).toBe(1);
    expect(summary).toMatchObject({ gave_up: true, succeeded: 0, latency_ms: null });
    expect(summary.sent).toBeGreaterThanOrEqual(100);
    expect(summary.sent).toBeLessThan(110);
    expect(summary.errors).toEqual([{ code: "refused", message: "connection refused", count: summary.sent }]);
    expect(summary.thresholds).toEqual([{ text: "p99>500ms", actual: null, failed: true }]);
  });

  test("it dies on the way: the rest are failures, to the end", async () => {
    let turn = 0;
    const target = await startServer((_, response, { socket }) => {
      if (++turn > 20) socket.destroy();
      else response.end();
    });
    const { code, summary } = await loaded(load(target.port, "--for", "500ms", "--rate", "100"));
    expect(code).toBe(1);
    expect(summary).toMatchObject({ sent: 50, succeeded: 20, failed: 30, gave_up: false });
    expect(summary.errors).toMatchObject([{ code: "reset", count: 30 }]);
  });

  test("one that hangs took at least as long as was waited", async () => {
    const target = await startServer(() => undefined);
    const { code, summary } = await loaded(
      load(target.port, "--for", "200ms", "--rate", "50", "--timeout", "300ms"),
    );
    expect(code).toBe(1);
    expect(summary).toMatchObject({ sent: 10, succeeded: 0, errors: [{ code: "timeout", count: 10 }] });
    expect(summary.latency_ms?.["min"]).toBeGreaterThanOrEqual(299);
  });

  test("one that begins to answer and breaks off", async () => {
    const target = await startRawServer(() => "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf");
    const { code, summary } = await loaded(load(target.port, "--for", "100ms", "--rate", "50"));
    expect(code).toBe(1);
    expect(summary.errors).toEqual([
      { code: "reset", count: 5, message: "answered 200, but its body broke off" },
    ]);
    expect(summary.latency_ms).not.toBeNull();
  });

  test("one that hangs, and then resets, took as long as it hung", async () => {
    let turn = 0;
    const target = await startServer((_, response, { socket }) => {
      if (++turn % 5 === 0) setTimeout(() => socket.resetAndDestroy(), 600);
      else response.end();
    });
    const { code, summary } = await loaded(
      load(target.port, "--for", "200ms", "--rate", "50", "--fail-if", "p99>500ms"),
    );
    expect(code).toBe(1);
    expect(summary.errors).toMatchObject([{ code: "reset", count: 2 }]);
    expect(summary.latency_ms?.["max"]).toBeGreaterThan(590);
  });

  test("one that speaks no HTTP", async () => {
    const target = await startRawServer(() => "220 mail.example.com ESMTP\r\n");
    const { summary } = await loaded(load(target.port, "--for", "100ms", "--rate", "50"));
    expect(summary.errors).toEqual([{ code: "protocol", count: 5, message: "its answer is not HTTP" }]);
  });
});

test("a signal ends it, with what was measured until then", async () => {
  const place = createPlace();
  const target = await startServer((_, response) => {
    if (target.received.length < 20) response.end();
  });
  const args = load(target.port, "--for", "60s", "--rate", "200", "--fail-if", "errors>1%");
  const reports = ["--report", "junit:load.xml", "--report", "markdown:load.md"];
  const hookline = start([...args, ...reports, "--json"], { place });
  await target.until(30);
  hookline.kill("SIGINT");
  const { code, stdout } = await hookline.finished;
  expect(code).toBe(130);
  const summary = ndjson(stdout).at(-1) as unknown as Summary;
  expect(summary).toMatchObject({ type: "summary", interrupted: true, succeeded: 19, failed: 0, errors: [] });
  expect(summary.notes.join("\n")).toMatch(/\d+ requests were under way when it ended/);
  expect(summary.notes[0]).toMatch(/^it was interrupted after .* of 1 min$/);
  expect(readFileSync(join(place.cwd, "load.xml"), "utf8")).toMatch(/tests="2" failures="1"/);
  expect(readFileSync(join(place.cwd, "load.md"), "utf8")).toMatch(/^## .*✗ interrupted, 1 passed$/m);
});

describe("usage", () => {
  test.each<[name: string, args: string[], message: RegExp]>([
    [
      "a condition that cannot be read",
      ["--for", "1s", "--fail-if", "p99=1"],
      /--fail-if cannot read "p99=1"/,
    ],
    ["--times beside --for", ["--for", "1s", "--times", "5"], /--times and --for exclude each other/],
    ["--ramp longer than --for", ["--for", "1s", "--ramp", "2s"], /--ramp is longer than --for/],
    ["--ramp alone", ["--ramp", "2s"], /--ramp belongs to --for/],
    ["--fail-if alone", ["--fail-if", "errors>1"], /--fail-if belongs to --for/],
    ["longer than a day", ["--for", "25h"], /--for takes a duration up to 24h/],
    ["no duration", ["--for", "soon"], /--for takes a duration/],
  ])("%s: exit 2, and nothing is sent", async (_, args, message) => {
    const target = await startServer();
    const { code, stderr, stdout } = await run(load(target.port, ...args));
    expect([code, stdout, target.received]).toEqual([2, "", []]);
    expect(stderr).toMatch(message);
  });
});

test("--report writes figures and conditions", async () => {
  const place = createPlace();
  const target = await startServer();
  const { code } = await run(
    load(
      `${target.port}/hooks?x=<script>`,
      ...["--for", "200ms", "--rate", "50", "--fail-if", "errors>1%"],
      ...["--report", "html:load.html", "--report", "json:load.json"],
    ),
    { place },
  );
  expect(code).toBe(0);
  const page = readFileSync(join(place.cwd, "load.html"), "utf8");
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain("errors&#62;1%");
  expect(existsSync(join(place.cwd, "load.json"))).toBe(true);
});
