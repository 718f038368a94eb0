// `replay --for`: whether its latencies are true, and how much load it can make.
import { spawn, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Runs hookline with load on a port.
 * @param {{ bin: string, env: NodeJS.ProcessEnv, port: number, flags: string[] }} options
 * @returns {Promise<any>} its summary
 */
async function loadOf({ bin, env, port, flags }) {
  const args = [bin, "replay", "order.created", "--to", `127.0.0.1:${port}/`, ...flags, "--json"];
  const { stdout } = await run(process.execPath, args, env);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}

/**
 * @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ stdout: string }>}
 */
function run(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "ignore"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve({ stdout }) : reject(new Error(`${command} ${args.join(" ")} ended with ${code}`)),
    );
  });
}

/**
 * The 99th percentile as hookline reports it, as the target itself measured it, and as arithmetic has it.
 * @param {{ start: (args: string[]) => Promise<{ port: number, stop: () => Promise<unknown> }>, here: string, bin: string, env: NodeJS.ProcessEnv, service: number, share: number, seconds: number }} options
 *   service: milliseconds that the target serves each request; share: of its capacity
 */
export async function accuracy({ start, here, bin, env, service, share, seconds }) {
  const target = await start([join(here, "queue-target.js"), String(service)]);
  const rate = (share * 1000) / service;
  // The first request of a process is slow by itself, on either side.
  await loadOf({ bin, env, port: target.port, flags: ["--for", "1s", "--rate", "20"] });
  await fetch(`http://127.0.0.1:${target.port}/truth`);
  const flags = ["--for", `${seconds}s`, "--rate", String(rate)];
  const summary = await loadOf({ bin, env, port: target.port, flags });
  const truth = /** @type {number[]} */ (await (await fetch(`http://127.0.0.1:${target.port}/truth`)).json());
  await target.stop();
  const amount = truth.length;
  const index = Math.ceil(0.99 * amount) - 1;
  return {
    amount,
    rate,
    reported: Number(summary.latency_ms.p99),
    measured: truth[index] ?? NaN,
    computed: service + index * Math.max(0, service - 1000 / rate),
  };
}

/** wrk's script: one request, signed once, sent again and again. @param {string} file @param {string} secret */
function writeWrkScript(file, secret) {
  const body = readFileSync(new URL("../../fixtures/fareplay/order.created.json", import.meta.url), "utf8");
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const headers = {
    "content-type": "application/json",
    "user-agent": "Fareplay-Webhooks/1.0",
    "x-fareplay-event": "order.created",
    "x-fareplay-delivery": "evt_9xKmL3nPqR",
    "x-fareplay-signature": `sha256=${signature}`,
  };
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`);
  writeFileSync(file, [`wrk.method = "POST"`, `wrk.body = [==[${body}]==]`, ...lines, ""].join("\n"));
}

/**
 * Requests a second of each load generator on the same sink, with so many connections.
 * @param {{ here: string, bin: string, env: NodeJS.ProcessEnv, home: string, secret: string, port: number, connections: number, seconds: number }} options
 * @returns {Record<"hookline" | "autocannon" | "wrk", (() => Promise<number>) | undefined>} undefined where it is not installed
 */
export function topRates({ here, bin, env, home, secret, port, connections, seconds }) {
  const flags = ["--for", `${seconds}s`, "--concurrency", String(connections)];
  const script = join(home, "wrk.lua");
  writeWrkScript(script, secret);
  const wrk = async () => {
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, `http://127.0.0.1:${port}/`];
    return Number(/Requests\/sec:\s*([\d.]+)/.exec((await run("wrk", args, env)).stdout)?.[1]);
  };
  return {
    /** Renews and signs each request. */
    hookline: async () => Number((await loadOf({ bin, env, port, flags })).achieved_rate),
    /** Signs each request; their bodies are the same. */
    autocannon: async () => {
      const args = [join(here, "autocannon-load.js"), port, connections, seconds].map(String);
      return Number((await run(process.execPath, args, env)).stdout);
    },
    /** Sends what was signed once. */
    wrk: spawnSync("wrk", ["--version"], { env }).error === undefined ? wrk : undefined,
  };
}
