// Published → delivered: hookline's control plane against a bare floor that does as little as can be done durably.
import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { load } from "./load.js";

/** Answers 200 to everything but on /hang, where it never answers, and tells when so many have come. */
export async function startSink() {
  let received = 0;
  let wanted = Infinity;
  let reached = () => {};
  /** @type {Set<import("node:http").ServerResponse>} */
  const hanging = new Set();
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === "/hang") {
      hanging.add(response);
      return;
    }
    request.on("end", () => {
      response.writeHead(200, { "content-length": 0 }).end();
      if (++received >= wanted) reached();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    /** @param {number} more @returns {Promise<void>} */
    until(more) {
      wanted = received + more;
      return new Promise((resolve) => (reached = resolve));
    },
    stop() {
      for (const response of hanging) response.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** An order as an application publishes it, and its whole request. @param {string} key */
export function publishRequest(key) {
  const payload = readFileSync(new URL("../../fixtures/fareplay/order.created.json", import.meta.url), "utf8");
  const body = JSON.stringify({ provider: "fareplay", type: "order.created", payload });
  const head = [
    "POST /v1/events HTTP/1.1",
    "Host: 127.0.0.1",
    "Content-Type: application/json",
    `X-Api-Key: ${key}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  const request = Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
  return () => request;
}

/**
 * Deliveries a second, from the first publish to the last delivery.
 * @param {{ port: number, sink: Awaited<ReturnType<typeof startSink>>, request: () => Buffer, amount: number, each?: number }} options
 */
export async function deliveredPerSecond({ port, sink, request, amount, each = 1 }) {
  const started = performance.now();
  const all = sink.until(amount * each);
  const { ok } = await load({ port, connections: 50, amount, request });
  if (ok !== amount) throw new Error(`${amount - ok} events were not taken`);
  await all;
  return (amount * each) / ((performance.now() - started) / 1000);
}

/**
 * A control plane with its endpoints.
 * @param {{ start: (args: string[], options?: object) => Promise<{ port: number, pid: number, stop: () => Promise<unknown> }>, bin: string, env: NodeJS.ProcessEnv, home: string, urls: string[] }} options
 */
export async function startControlPlane({ start, bin, env, home, urls }) {
  const { mkdirSync } = await import("node:fs");
  mkdirSync(home, { recursive: true });
  const own = { ...env, HOOKLINE_HOME: home };
  for (const url of urls) {
    const made = spawnSync(
      process.execPath,
      [bin, "endpoints", "create", "--url", url, "--provider", "fareplay", "--events", "*", "--json"],
      { env: own, encoding: "utf8" },
    );
    if (made.status !== 0) throw new Error(made.stderr);
  }
  const made = spawnSync(
    process.execPath,
    [bin, "keys", "create", "--name", "bench", "--scope", "events:*,deliveries:*", "--json"],
    { env: own, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(made.stderr);
  const { key } = /** @type {{ key: string }} */ (JSON.parse(made.stdout));
  const args = [bin, "serve", "--port", "0", "--allow-private-targets", "--json"];
  const server = await start(args, { home, log: `${home}/serve.log` });
  return { ...server, key };
}
