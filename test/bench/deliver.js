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
  const payload = readFileSync(
    new URL("../../fixtures/fareplay/order.created.json", import.meta.url),
    "utf8",
  );
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

/**
 * Fills a control plane's database up to so many deliveries, each of an event of its own with one attempt: one in a
 * hundred has failed, the others have succeeded.
 * @param {string} home @param {number} amount
 */
export async function fill(home, amount) {
  const { default: Libsql } = await import("libsql");
  const database = new Libsql(`${home}/hookline.db`);
  database.exec("pragma synchronous = off; pragma cache_size = -200000; pragma temp_store = memory");
  const { accountId, endpointId } = /** @type {{ accountId: string, endpointId: string }} */ (
    database.prepare("select account_id as accountId, id as endpointId from endpoints limit 1").get()
  );
  const { stored, last } = /** @type {{ stored: number, last: number }} */ (
    database.prepare("select count(*) as stored, coalesce(max(changed), 0) as last from deliveries").get()
  );
  const payload = readFileSync(new URL("../../fixtures/fareplay/order.created.json", import.meta.url));
  const numbers = `with recursive n (i) as (select ${stored} union all select i + 1 from n where i + 1 < ${amount})`;
  // As ids of long ago, which what is published now comes after.
  const id = (/** @type {string} */ prefix) => `'${prefix}_01a' || printf('%023d', i)`;
  const status = "case when i % 100 = 0 then 'failed' else 'succeeded' end";
  database.exec("begin immediate");
  if (stored < amount) {
    database
      .prepare(
        `insert into events (account_id, id, provider, type, message_id, created_at, payload)
         ${numbers} select ?, ${id("evt")}, 'fareplay', 'order.created', 'evt_' || i, 1, ? from n`,
      )
      .run([accountId, payload]);
    database
      .prepare(
        `insert into deliveries (account_id, id, event_id, endpoint_id, provider, event_type, status, attempts_made,
           automatic_made, created_at, due_at, scheduled_at, is_manual, has_succeeded, worker, changed)
         ${numbers} select ?, ${id("dlv")}, ${id("evt")}, ?, 'fareplay', 'order.created', ${status}, 1, 1, 1, null,
           null, 0, i % 100 <> 0, null, ${last} + i + 1 from n`,
      )
      .run([accountId, endpointId]);
    database
      .prepare(
        `insert into attempts (account_id, delivery_id, number, kind, started_at, duration_ms, status, error, message,
           answer_bytes, answer)
         ${numbers} select ?, ${id("dlv")}, 1, 'automatic', 1, 2.5, 200, null, null, 0, x'' from n`,
      )
      .run([accountId]);
  }
  database.exec("commit");
  database.exec("pragma wal_checkpoint(truncate)");
  database.close();
}
