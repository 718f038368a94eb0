import { connect, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { listenJson } from "./listen-process.ts";
import { fareplayHeaders, listening, post, startServer } from "./run-servers.ts";
import { ndjson, run, start } from "./spawn.ts";

const secret = "a-configured-secret";
const env = { FAREPLAY_WEBHOOK_SECRET: secret };
const signed = (event: string) => ({ headers: fareplayHeaders("{}", secret, { event }), body: "{}" });

describe("--exit-after, --for and --expect", () => {
  test("rejected ones do not count towards --exit-after", async () => {
    const listener = await listenJson(["--exit-after", "2"], { env });
    const url = `${listener.url}/fareplay`;
    await post(url, signed("order.created"));
    await post(url, { body: "forged" });
    await post(url, { method: "GET", body: "" });
    await post(url, signed("order.accepted"));
    const { code, stdout } = await listener.finished;
    expect(code).toBe(0);
    expect(ndjson(stdout).at(-1)).toMatchObject({ received: 4, verified: 2, rejected: 2 });
  });

  test("under load exactly so many are accepted; the others get 503 or no connection", async () => {
    const target = await startServer((_, response) => void setTimeout(() => response.end(), 50));
    const listener = await listenJson([String(target.port), "--exit-after", "7"]);
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        post(`${listener.url}/fareplay`, { body: `{"n":${index}}` }).then(
          ({ status }) => status,
          () => 0,
        ),
      ),
    );
    const { code, stdout } = await listener.finished;
    expect(code).toBe(0);
    const told = ndjson(stdout);
    expect(told.filter(({ type }) => type === "delivery")).toHaveLength(7);
    expect(told.at(-1)).toMatchObject({ type: "stopped", received: 7, unverified: 7, rejected: 0 });
    expect(target.received).toHaveLength(7);
    expect(outcomes.filter((status) => status === 200)).toHaveLength(7);
    expect(outcomes.filter((status) => ![200, 503, 0].includes(status))).toEqual([]);
  });

  test("--for ends it, however short", async () => {
    const { code, stdout } = await run(["listen", "--port", "0", "--for", "1ms", "--json"]);
    expect(code).toBe(0);
    expect(ndjson(stdout).map(({ type }) => type)).toEqual(["ready", "stopped"]);
  });

  test("--expect: 0 where all were accepted, 1 naming what was not", async () => {
    const met = await listenJson(
      ["--exit-after", "2", "--expect", "fareplay/order.created", "--expect", "fareplay/*"],
      { env },
    );
    await post(`${met.url}/fareplay`, signed("order.created"));
    await post(`${met.url}/fareplay`, signed("order.accepted"));
    expect((await met.finished).code).toBe(0);

    // A rejected delivery meets nothing, and stopping by a signal forgives nothing.
    const unmet = await listenJson(["--expect", "fareplay/order.created", "--expect", "fynn/*"], { env });
    await post(`${unmet.url}/fareplay`, { body: "{}", headers: { "x-fareplay-event": "order.created" } });
    await unmet.deliveries(1);
    const { code, stdout, stderr } = await unmet.stop();
    expect(code).toBe(1);
    expect(ndjson(stdout).at(-1)).toMatchObject({ unmet: ["fareplay/order.created", "fynn/*"] });
    expect(stderr).toContain("fareplay/order.created");
    expect(stderr).toContain("fynn/*");
  });

  test.each([
    ["--expect", "fareplay", '"fareplay" is not an expectation'],
    ["--expect", "/order.created", '"/order.created" is not an expectation'],
    ["--exit-after", "0", "--exit-after takes"],
    ["--for", "soon", "--for takes"],
    ["--port", "65536", "--port takes"],
    ["--max-body", "0", "--max-body takes"],
    ["--print", "everything", "--print takes"],
    ["--timeout", "0s", "--timeout takes"],
  ])("%s %s is a usage error", async (flag, value, message) => {
    const { code, stdout, stderr } = await run(["listen", "--port", "0", flag, value, "--json"]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    const { error } = JSON.parse(stderr) as { error: { message: string; next_steps: string[] } };
    expect(error.message).toContain(message);
    expect(error.next_steps.length).toBeGreaterThan(0);
  });
});

/** Waits until nothing listens there any more; what only connects is no request. */
async function untilClosed(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const connects = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => resolve(false));
      socket.on("connect", () => {
        socket.destroy();
        resolve(true);
      });
    });
  while (await connects()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("signals", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)(
    "%s lets what is in flight finish, sums up and exits 0",
    async (signal) => {
      let release: () => void = () => undefined;
      const target = await startServer((_, response) => {
        release = () => response.writeHead(201).end("done");
      });
      const listener = await listenJson([String(target.port)]);
      const answer = post(`${listener.url}/fareplay`);
      await target.until(1);
      listener.kill(signal);
      await untilClosed(listener.url);
      release();
      expect((await answer).status).toBe(201);
      const { code, stdout, stderr } = await listener.finished;
      expect(code).toBe(0);
      expect(ndjson(stdout).map(({ type }) => type)).toContain("delivery");
      expect(ndjson(stdout).at(-1)).toMatchObject({ type: "stopped", unverified: 1 });
      expect(stderr).toContain("1 delivery: 0 verified · 1 unverified · 0 rejected");
    },
  );

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("a second %s ends it at once with %i", async (signal, code) => {
    const target = await startServer(() => undefined);
    const listener = await listenJson([String(target.port)]);
    const answer = post(`${listener.url}/fareplay`).catch((error: unknown) => error);
    await target.until(1);
    const started = performance.now();
    listener.kill(signal);
    // Once the port is closed, the first one is known to have been heard.
    await untilClosed(listener.url);
    listener.kill(signal);
    expect((await listener.finished).code).toBe(code);
    expect(performance.now() - started).toBeLessThan(4500);
    expect(await answer).toBeInstanceOf(Error);
  });

  test("what never ends is given up after five seconds, its sender told, and the exit code is 0", async () => {
    const target = await startServer(() => undefined);
    const listener = await listenJson([String(target.port)]);
    const answer = post(`${listener.url}/fareplay`).catch((error: unknown) => error);
    await target.until(1);
    const { code, stdout, stderr } = await listener.stop();
    expect(code).toBe(0);
    expect(stderr).toContain(
      "waiting up to 5 s for 1 delivery without an answer; Ctrl-C once more ends at once",
    );
    expect(ndjson(stdout).slice(1)).toMatchObject([
      { type: "stopping", under_way: 1, grace_ms: 5000 },
      { type: "delivery", forwarded: [{ status: null, error: "aborted" }] },
      { type: "stopped", received: 1 },
    ]);
    expect(await answer).toMatchObject({ status: 502 });
  });
});

describe("the port", () => {
  test("taken is an error that says what to do", async () => {
    const server = createServer();
    const port = await listening(server);
    try {
      const { code, stdout, stderr } = await run(["listen", "--port", String(port)]);
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toContain(`port ${port} on 127.0.0.1 is taken`);
      expect(stderr).toMatch(/next: .*--port/);
    } finally {
      server.close();
    }
  });

  test("0 is any free one, and two listeners get different ones", async () => {
    const [one, other] = await Promise.all([listenJson(), listenJson()]);
    expect(one.url).not.toBe(other.url);
    expect((await post(one.url)).status).toBe(200);
  });

  test("an address that is none of this machine's", async () => {
    const { code, stderr } = await run(["listen", "--port", "0", "--host", "192.0.2.1"]);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot listen on 192.0.2.1");
  });
});

describe("a reader that goes away", () => {
  test("ends it quietly", async () => {
    const listener = start(["listen", "--port", "0", "--json", "--quiet"], {
      // Like `| head -1`: the first line is read, then the pipe is closed.
      reader: (stdout) => {
        stdout.once("data", (chunk: Buffer) => {
          url = String((JSON.parse(chunk.toString()) as { url: string }).url);
          stdout.destroy();
          heard();
        });
      },
    });
    let url = "";
    let heard: () => void = () => undefined;
    await new Promise<void>((resolve) => (heard = resolve));
    // It learns of it by the next line it writes.
    while (
      await post(`${url}/fareplay`).then(
        () => true,
        () => false,
      )
    );
    const { code, stderr } = await listener.finished;
    expect(code).toBe(0);
    expect(stderr).toBe("");
  });
});
