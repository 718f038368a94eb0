import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startServer, values, type Answerer } from "./run-servers.ts";
import { createPlace, ndjson, run, start } from "./spawn.ts";

const secret = "a-configured-secret";
const env = { FAREPLAY_WEBHOOK_SECRET: secret };

/** A right handler, but for what is said. */
const verifying =
  (change: Answerer = (_, response) => void response.end()): Answerer =>
  (request, response, message) => {
    const expected = `sha256=${createHmac("sha256", secret).update(request.body).digest("hex")}`;
    if (values(request.headers, "x-fareplay-signature").join() !== expected)
      return void response.writeHead(401).end();
    return change(request, response, message);
  };
const refusing413: Answerer = (request, response) =>
  void response.writeHead(request.body.length > 100_000 ? 413 : 200).end();

/** Everything but what takes time or many requests. */
const few = ["--only", "accepts", "--only", "alive"];

describe("check", () => {
  test("a right handler: every check is printed, the score is full, and the exit code 0", async () => {
    const { port } = await startServer(verifying());
    const { code, stdout, stderr } = await run(["check", "--to", `${port}/hooks`, "--provider", "fareplay"], {
      env,
    });
    expect([code, stdout.includes("✗")]).toEqual([0, false]);
    expect(stdout).toContain("✓ takes order.created");
    expect(stdout).toContain("✓ takes twenty deliveries at once");
    expect(stdout).toMatch(/^30\/30 \(100 %\) · 71 requests · /m);
    expect(stderr).toContain("Fareplay is signed with the secret in FAREPLAY_WEBHOOK_SECRET");
    expect(stderr).toMatch(/34 checks of http:\/\/localhost:\d+\/hooks: 71 requests, right and forged/);
    expect(stderr).toContain("(no time is signed)");
    expect(stderr).not.toContain("staging");
  });

  test("what fails says what was sent, what came, why it matters, how to mend it and how to try it again", async () => {
    const { port } = await startServer(verifying(refusing413));
    const { code, stdout } = await run(
      ["check", "--to", String(port), "--provider", "fareplay", ...few, "--only", "large-body"],
      { env },
    );
    expect(code).toBe(1);
    expect(stdout).toContain(
      "✗ your handler answers 413 to a body of 1 MiB: it takes smaller ones alone (body-limit)",
    );
    expect(stdout).toMatch(/^ {2}fix: raise the limit/m);
    expect(stdout).toMatch(/^ {2}why: one event with many items is lost/m);
    expect(stdout).toMatch(/^ {2}sent: large-body: order.created, 1048576 bytes, evt_/m);
    expect(stdout).toMatch(/^ {2}came: 413 after /m);
    expect(stdout).toContain(
      `  again: hookline check --provider fareplay --secret env:FAREPLAY_WEBHOOK_SECRET --only large-body --to http://localhost:${port}/\n`,
    );
    expect(stdout).toMatch(/^9\/10 \(90 %\)/m);
    expect(stdout).not.toContain(secret);
  });

  test("--fail-under sets how much is enough", async () => {
    const { port } = await startServer(verifying(refusing413));
    const args = ["check", "--to", String(port), "--provider", "fareplay", ...few, "--only", "large-body"];
    const codes = await Promise.all(
      ["90", "91"].map(async (percent) => (await run([...args, "--fail-under", percent], { env })).code),
    );
    expect(codes).toEqual([0, 1]);
  });

  test("--json: a line for each check, and a summary with the causes in words", async () => {
    const { port } = await startServer((_, response) => void response.end());
    const { code, stdout, stderr } = await run(
      ["check", "--to", String(port), "--provider", "fareplay", "--only", "refuses", "--json"],
      { env },
    );
    const lines = ndjson(stdout);
    expect(code).toBe(1);
    expect(stderr).not.toContain("✗");
    expect(lines.slice(0, -1).every(({ type, area }) => type === "check" && area === "refuses")).toBe(true);
    expect(lines[0]).toMatchObject({
      id: "refuses-missing-signature",
      outcome: "failed",
      scored: true,
      status: 200,
      code: "not-refused",
      again: `hookline replay fareplay/order.created --fresh --secret env:FAREPLAY_WEBHOOK_SECRET --tamper missing --to http://localhost:${port}/`,
    });
    expect(lines.at(-1)).toMatchObject({
      type: "summary",
      passed: 0,
      total: 11,
      percent: 0,
      interrupted: false,
      causes: [
        {
          code: "no-verification",
          confidence: "proved",
          message: "your handler accepts anything: nothing is verified",
        },
      ],
    });
  });

  test("the commands that it prints do the same once more", async () => {
    const target = await startServer(verifying((_, response) => void response.writeHead(500).end()));
    const { stdout } = await run(
      ["check", "--to", `${target.port}/x`, "--provider", "fareplay", "--only", "unicode", "--json"],
      { env },
    );
    const again = String(ndjson(stdout)[0]?.["again"]);
    expect(again).toMatch(/^hookline sign fareplay\/order.created .*--set '\/data\/items\/0\/name=/);
    const [first] = target.received;
    const text = first?.body.toString("utf8") ?? "";
    expect(text).toContain("小林さん 🎉");
    expect(text).toContain('"unit_price": 8.00');

    const forged = await run(
      [
        "check",
        "--to",
        `${target.port}/x`,
        "--provider",
        "fareplay",
        "--only",
        "refuses-wrong-signature",
        "--json",
      ],
      { env },
    );
    expect(ndjson(forged.stdout)[0]).toMatchObject({ outcome: "passed", again: null });
    const slow = await run(
      ["check", "--to", `${target.port}/x`, "--provider", "fareplay", "--only", "slow-body", "--json"],
      { env },
    );
    const [, ...args] = String(ndjson(slow.stdout)[0]?.["again"]).split(" ");
    const before = target.received.length;
    expect((await run(args, { env })).code).toBe(1);
    // The delivery, twice more as its answer may be an accident, and one signed as if it were empty, to find out why.
    expect(
      target.received
        .slice(before)
        .map(({ headers }) => values(headers, "transfer-encoding"))
        .flat(),
    ).toEqual(["chunked", "chunked", "chunked", "chunked"]);
  });

  test("--event, --skip and -H choose what is sent", async () => {
    const target = await startServer(verifying());
    const { code, stdout } = await run(
      [
        ...["check", "--to", String(target.port), "--provider", "fareplay", "--event", "cart.*"],
        ...["--skip", "survives,refuses", "-H", "X-Own: 1", "--json"],
      ],
      { env },
    );
    expect(code).toBe(0);
    expect(
      ndjson(stdout)
        .map(({ id }) => id)
        .slice(0, -1),
    ).toEqual(["accepts-cart-status-changed", "accepts-cart-location-updated", "in-time", "alive"]);
    expect(target.received.map(({ headers }) => values(headers, "x-own"))).toEqual([["1"], ["1"], ["1"]]);
  });

  test("--list sends nothing, and needs no target", async () => {
    const { code, stdout } = await run(["check", "--provider", "stripe", "--list", "--json"]);
    const { data, left_out: leftOut } = JSON.parse(stdout) as {
      data: { id: string; scored: boolean }[];
      left_out: object[];
    };
    expect(code).toBe(0);
    expect(data.map(({ id }) => id)).toContain("refuses-stale-timestamp");
    expect(data.find(({ id }) => id === "content-type-text")?.scored).toBe(false);
    expect(leftOut).toContainEqual({ kind: "refuses-future-timestamp", reason: "future-accepted" });
    const people = await run(["check", "--provider", "fareplay", "--list", "--only", "answers"]);
    expect(people.stdout).toBe(
      "answers in time, and in the end\n  in-time  answers while the provider waits\n  alive    is still there in the end\n",
    );
  });

  test("a report holds every check, under its area", async () => {
    const place = createPlace();
    const { port } = await startServer((_, response) => void response.end());
    const { code } = await run(
      [
        ...["check", "--to", String(port), "--provider", "fareplay", "--only", "refuses", "--only", "alive"],
        ...["--report", "json:check.json"],
      ],
      { env, place },
    );
    const report = JSON.parse(readFileSync(join(place.cwd, "check.json"), "utf8")) as object;
    expect(code).toBe(1);
    expect(JSON.stringify(report)).toContain("refuses-missing-signature");
    expect(JSON.stringify(report)).toContain("no-verification");
  });

  test("nothing listens there: one request, and what to do", async () => {
    const { code, stdout } = await run(["check", "--to", "127.0.0.1:9", "--provider", "fareplay"], { env });
    expect(code).toBe(1);
    expect(stdout).toContain("✗ nothing can be reached there: connection refused (unreachable)");
    expect(stdout).toContain("fix: start your app, or correct --to");
    expect(stdout).toMatch(/^0\/30 \(0 %\) · 33 not run · 1 request · /m);
  });

  test("what takes connections and ends them never answered", async () => {
    const { port } = await startServer((_, response) => void response.destroy());
    const { code, stdout } = await run(["check", "--to", String(port), "--provider", "fareplay"], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ no connection gets an answer: .* \(never-answers\)$/m);
    expect(stdout).not.toContain("answered before");
  });

  test("a choice says what it sends, and of it alone what is left out", async () => {
    const { port } = await startServer(verifying());
    const to = ["check", "--to", String(port), "--provider", "fareplay"];
    const right = await run([...to, "--only", "accepts", "--event", "order.created"], { env });
    expect(right.stderr).toMatch(/: 1 request, right; up to/);
    expect(right.stderr).not.toContain("left out");
    const forged = await run([...to, "--only", "refuses"], { env });
    expect(forged.stderr).toMatch(/requests, forged$/m);
    expect(forged.stderr).toContain("left out: refuses-stale-timestamp");
  });

  test("what is noted has a reason and a way to mend it", async () => {
    const { port } = await startServer((request, response, message) =>
      values(request.headers, "content-type").length === 0
        ? void response.writeHead(401).end()
        : verifying()(request, response, message),
    );
    const { code, stdout } = await run(
      ["check", "--to", String(port), "--provider", "fareplay", "--only", "content-type-none,alive,accepts"],
      { env },
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^! not scored: takes a delivery without a Content-Type \(content-type-none\)$/m);
    expect(stdout).toContain("express.raw({ type: () => true })");
    expect(stdout).toMatch(/^9\/9 \(100 %\) · 1 noted · /m);
  });

  test("areas and ids of checks are completed", async () => {
    const complete = async (word: string) =>
      (await run(["complete", "--", "check", "--provider", "fareplay", "--only", word])).stdout;
    expect(await complete("")).toMatch(/^refuses\b[^]*^accepts-order-created\b[^]*^large-body\b/m);
    expect(await complete("alive,un")).toMatch(/^alive,unknown-event\b/m);
  });

  test("a signal ends it: what was found is told, the rest is not run", async () => {
    const target = await startServer(() => undefined);
    const checking = start(["check", "--to", String(target.port), "--provider", "fareplay", "--json"], {
      env,
    });
    await target.until(1);
    checking.kill("SIGINT");
    const { code, stdout } = await checking.finished;
    expect(code).toBe(130);
    expect(ndjson(stdout).at(-1)).toMatchObject({ type: "summary", interrupted: true, passed: 0 });
    expect(target.received).toHaveLength(1);
  });

  test.each<[args: string[], code: number, message: string]>([
    [["--to", "3000"], 2, "--provider is missing"],
    [["--provider", "fareplay"], 2, "--to is missing"],
    [["--provider", "fareply", "--to", "3000"], 4, 'no provider called "fareply"'],
    [
      ["--provider", "fareplay", "--to", "3000", "--only", "unicod"],
      2,
      '--only names no check of this provider: "unicod"',
    ],
    [["--provider", "fareplay", "--to", "3000", "--only", ""], 2, '--only names nothing: ""'],
    [["--provider", "fareplay", "--to", "3000", "--event", ","], 2, '--event names nothing: ""'],
    [
      ["--provider", "fareplay", "--to", "3000", "--event", "order.gone"],
      2,
      "--event names no event of Fareplay",
    ],
    [
      ["--provider", "fareplay", "--to", "3000", "--fail-under", "101"],
      2,
      "--fail-under takes a whole number",
    ],
    [["--provider", "fareplay", "--to", "3000", "--ca", "./none.pem"], 2, "cannot read the certificates"],
  ])("%j: exit %i", async (args, code, message) => {
    const finished = await run(["check", ...args], { env });
    expect([finished.code, finished.stdout]).toEqual([code, ""]);
    expect(finished.stderr).toContain(message);
  });
});
