// What it costs to say why a signature fails: for one request, and for a listener that is flooded with them.
import { createHmac } from "node:crypto";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "./load.js";

/**
 * A Fareplay delivery of that many bytes, signed with the secret.
 * @param {string} secret @param {number} bytes @returns {Buffer} the raw request
 */
function delivery(secret, bytes) {
  const item = {
    sku: "IPA-0.5",
    name: "Draft IPA",
    unit_price: 8.5,
    url: "https://example.com/a/b",
    note: "é",
  };
  const count = Math.max(1, Math.floor(bytes / JSON.stringify(item).length));
  const body = Buffer.from(
    JSON.stringify({ id: "evt_1", type: "order.created", data: Array(count).fill(item) }),
  );
  const head = [
    "POST /fareplay HTTP/1.1",
    "Host: 127.0.0.1",
    "Content-Type: application/json",
    "X-Fareplay-Event: order.created",
    "X-Fareplay-Delivery: evt_1",
    `X-Fareplay-Signature: sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

/**
 * Milliseconds of `verify` on a request, by whether it is right, wrong, or wrong and looked into thoroughly.
 * @param {{ bin: string, env: NodeJS.ProcessEnv, home: string, secret: string, bytes: number, rounds: number }} options
 */
export function verifyTimes({ bin, env, home, secret, bytes, rounds }) {
  const file = join(home, "diagnosed.http");
  /** @param {string} key @param {string[]} flags */
  const once = (key, flags) => {
    writeFileSync(file, delivery(key, bytes));
    const started = performance.now();
    const { status } = spawnSync(process.execPath, [bin, "verify", "--request", file, "--json", ...flags], {
      env,
    });
    if (status !== (key === secret ? 0 : 1)) throw new Error(`verify ended with ${status}`);
    return performance.now() - started;
  };
  /** @type {{ right: number[], wrong: number[], thorough: number[] }} */
  const times = { right: [], wrong: [], thorough: [] };
  for (let round = 0; round < rounds; round++) {
    times.right.push(once(secret, []));
    times.wrong.push(once("of another endpoint", []));
    if (round < 3) times.thorough.push(once("of another endpoint", ["--thorough"]));
  }
  return times;
}

/**
 * Requests a second that a listener turns away, with and without looking for the cause, turn by turn.
 * @param {{ start: (args: string[], options?: object) => Promise<{ port: number, stop: () => Promise<unknown> }>, bin: string, home: string, bytes: number, rounds: number }} options
 */
export async function floodRates({ start, bin, home, bytes, rounds }) {
  const listen = [bin, "listen", "--port", "0", "--json"];
  const own = await start(listen, { file: join(home, "flood.ndjson") });
  const plain = await start([...listen, "--no-diagnose"], { file: join(home, "plain.ndjson") });
  const bad = delivery("of another endpoint", bytes);
  /** @param {number} port @param {number} seconds */
  const rate = async (port, seconds) => {
    const result = await load({ port, connections: 20, seconds, request: () => bad });
    if (result.ok !== 0) throw new Error("a bad signature was accepted");
    return result.answered / result.seconds;
  };
  const [ratios, rates] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  await rate(own.port, 2);
  await rate(plain.port, 2);
  for (let round = 0; round < rounds; round++) {
    const mine = await rate(own.port, 3);
    ratios.push(mine / (await rate(plain.port, 3)));
    rates.push(mine);
  }
  await Promise.all([own.stop(), plain.stop()]);
  return { ratios, rates };
}
