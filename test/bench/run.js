// Prints how fast hookline is, as ratios to a peer measured in the same run. `npm run bench [-- name…]`
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deliveredPerSecond, fill, publishRequest, startControlPlane, startSink } from "./deliver.js";
import { floodRates, verifyTimes } from "./diagnose.js";
import { inboxTimes } from "./inbox.js";
import { fareplayRequests, load } from "./load.js";
import { accuracy, topRates } from "./replay-load.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const bin = join(here, "../../bin/hookline.js");
const home = mkdtempSync(join(tmpdir(), "hookline-bench-"));
const secret = "bench_0123456789abcdef0123456789abcdef";
const env = { PATH: process.env["PATH"], HOME: home, HOOKLINE_HOME: home, FAREPLAY_WEBHOOK_SECRET: secret };
const rounds = 5;

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
/** @param {number[]} values @param {number} [digits] */
const spread = (values, digits = 2) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

/**
 * Starts a server and waits for the line that tells its port.
 * @param {string[]} args of node
 * @param {{ file?: string, log?: string, home?: string }} [options] where its standard output and error go, if not here
 */
async function start(args, { file, log, home: own = home } = {}) {
  const out = file === undefined ? "pipe" : openSync(file, "w");
  const child = spawn(process.execPath, args, {
    env: { ...env, HOOKLINE_HOME: own },
    stdio: ["ignore", out, log === undefined ? "inherit" : openSync(log, "w")],
  });
  const port = await new Promise((/** @type {(port: number) => void} */ resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`${args.join(" ")} ended with ${code}`)));
    /** @param {string} text */
    const look = (text) => {
      const end = text.indexOf("\n");
      if (end >= 0) resolve(/** @type {{ port: number }} */ (JSON.parse(text.slice(0, end))).port);
      return end >= 0;
    };
    if (file === undefined)
      child.stdout?.once("data", (/** @type {Buffer} */ chunk) => look(chunk.toString()));
    else {
      const timer = setInterval(() => look(readFileSync(file, "utf8")) && clearInterval(timer), 20);
    }
  });
  const stop = () =>
    new Promise((resolve) => {
      child.removeAllListeners("exit");
      child.on("exit", resolve);
      child.kill("SIGTERM");
    });
  return { port, pid: child.pid ?? 0, stop };
}

/** @param {number} port @param {number} connections @param {number} seconds */
async function perSecond(port, connections, seconds) {
  const result = await load({
    port,
    connections,
    seconds,
    request: await fareplayRequests(secret, "/fareplay"),
  });
  if (result.ok !== result.answered)
    throw new Error(`${result.answered - result.ok} requests were not accepted`);
  return result.answered / result.seconds;
}

/**
 * The rate of one server over that of another, turn by turn.
 * @param {string} title @param {number} goal
 * @param {() => ReturnType<typeof start>} ours @param {() => ReturnType<typeof start>} theirs
 */
async function compareServers(title, goal, ours, theirs) {
  const [a, b] = [await ours(), await theirs()];
  const [ratios, rates] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  await perSecond(a.port, 20, 2);
  await perSecond(b.port, 20, 2);
  for (let round = 0; round < rounds; round++) {
    const own = await perSecond(a.port, 20, 3);
    ratios.push(own / (await perSecond(b.port, 20, 3)));
    rates.push(own);
  }
  await Promise.all([a.stop(), b.stop()]);
  say(`${title}: ${spread(ratios)}×  goal ≥ ${goal}×  (${Math.round(median(rates))}/s)`);
}

/** @type {Record<string, () => Promise<void>>} */
const benches = {
  async "start-up"() {
    const commands = [
      ...[
        "demo",
        "listen",
        "replay",
        "sign",
        "verify",
        "snippet",
        "fixtures",
        "providers",
        "secrets",
        "keys",
        "endpoints",
      ],
      ...["events", "deliveries", "activity", "login", "logout", "whoami", "profiles", "serve"],
    ];
    const request = join(home, "request.http");
    const signed = spawnSync(process.execPath, [bin, "sign", "order.created", "--json"], {
      env,
      encoding: "utf8",
    });
    const { headers } = /** @type {{ headers: Record<string, string> }} */ (JSON.parse(signed.stdout));
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const body = readFileSync(join(here, "../../fixtures/fareplay/order.created.json"), "latin1");
    const { writeFileSync } = await import("node:fs");
    writeFileSync(request, `POST /fareplay HTTP/1.1\r\n${head.join("")}\r\n${body}`, "latin1");
    for (let key = 0; key < 20; key++) {
      spawnSync(process.execPath, [bin, "keys", "create", "--name", `key ${key}`, "--scope", "keys:read"], {
        env,
      });
    }
    /** @param {string[]} args */
    const once = (args) => {
      const started = performance.now();
      const { status } = spawnSync(process.execPath, args, { env });
      if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`);
      return performance.now() - started;
    };
    /** @type {[string, number, string[]][]} */
    const cases = [
      ["--version", 1.4, [bin, "--version"]],
      ["--help", 1.8, [bin, "--help"]],
      ...commands.map(
        (name) => /** @type {[string, number, string[]]} */ ([`${name} --help`, 1.8, [bin, name, "--help"]]),
      ),
      ["verify of one request", 2.2, [bin, "verify", "--request", request]],
      ["keys list, embedded, of 20 keys", 5, [bin, "keys", "list"]],
    ];
    for (const [title, goal, args] of cases) {
      const ratios = [];
      for (let round = 0; round < 15; round++) ratios.push(once(args) / once(["-e", "0"]));
      say(`${title}: ${spread(ratios)}× bare node  goal ≤ ${goal}×`);
    }
  },

  "listen, verifying": () =>
    compareServers(
      "listen, verifying 1 KB deliveries, NDJSON to a file, against bare node:http with the same HMAC",
      0.7,
      () =>
        start([bin, "listen", "--port", "0", "--json", "--no-record"], { file: join(home, "out.ndjson") }),
      () => start([join(here, "peers.js"), "verify"]),
    ),

  "listen, recording": () =>
    compareServers(
      "listen, verifying and recording 1 KB deliveries, against the same with --no-record",
      0.7,
      () => start([bin, "listen", "--port", "0", "--json"], { file: join(home, "recording.ndjson") }),
      () =>
        start([bin, "listen", "--port", "0", "--json", "--no-record"], { file: join(home, "out.ndjson") }),
    ),

  async inbox() {
    for (const amount of [10_000, 1_000_000]) {
      const found = await inboxTimes({ bin, env, home: join(home, `inbox-${amount}`), amount, rounds });
      /** @param {number} bytes */
      const mib = (bytes) => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
      say(
        `inbox of ${amount} deliveries of 1 KB (${mib(found.size)}), start included: list ${spread(found.list, 0)} ms, ` +
          `--provider ${spread(found.provider, 0)}, --failed ${spread(found.failed, 0)}, --since 1s ${spread(found.recent, 0)}, ` +
          `--text found near the end ${spread(found.textNew, 0)}, --text not found ${spread(found.textNone, 0)}, ` +
          `show ${spread(found.show, 0)}; prune a tenth ${found.pruneTenth.toFixed(0)} ms, ` +
          `down to 10,000 ${found.pruneRest.toFixed(0)} ms (${mib(found.after)} left)`,
      );
    }
  },

  async "listen, forwarding"() {
    const sink = await start([join(here, "peers.js"), "sink"]);
    await compareServers(
      "listen, forwarding, against bare node:http with the same HMAC and undici's Pool",
      0.75,
      () =>
        start([bin, "listen", String(sink.port), "--port", "0", "--json", "--no-record"], {
          file: join(home, "out.ndjson"),
        }),
      () => start([join(here, "peers.js"), "forward", String(sink.port)]),
    );
    await sink.stop();
  },

  async replay() {
    const sink = await start([join(here, "peers.js"), "sink"]);
    for (const connections of [1, 10, 50]) {
      const amount = connections === 1 ? 8000 : 30_000;
      const ours = ["--times", String(amount), "--concurrency", String(connections)];
      const [ratios, rates] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
      for (let round = 0; round < rounds; round++) {
        const own = await rateOf(
          [bin, "replay", "order.created", "--to", `127.0.0.1:${sink.port}/`, ...ours],
          amount,
        );
        const theirs = [String(sink.port), String(connections), String(amount)];
        ratios.push(own / (await rateOf([join(here, "autocannon.js"), ...theirs], amount)));
        rates.push(own);
      }
      say(
        `replay, signing each request, ${connections} at once, against autocannon signing each: ${spread(ratios)}×` +
          `${connections === 50 ? "  goal ≥ 1.3×" : ""}  (${Math.round(median(rates))}/s)`,
      );
    }
    await sink.stop();
  },

  async "load, accuracy"() {
    // Of a longer service the errand through two processes is a smaller part.
    for (const service of [20, 50]) {
      for (const share of [0.8, 1.2]) {
        const [measured, computed] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
        let last;
        for (let round = 0; round < rounds; round++) {
          last = await accuracy({ start, here, bin, env, service, share, seconds: 500 / service });
          measured.push((last.reported / last.measured - 1) * 100);
          computed.push((last.reported / last.computed - 1) * 100);
        }
        say(
          `replay --rate at ${share * 100} % of the capacity of a target that serves one request in ${service} ms: ` +
            `reported p99 off what the target measured by ${spread(measured)} %, off what arithmetic says by ` +
            `${spread(computed)} %  goal within 5 %  (${last?.reported.toFixed(1)}, ${last?.measured.toFixed(1)} and ` +
            `${last?.computed.toFixed(1)} ms of ${last?.amount} requests)`,
        );
      }
    }
  },

  async "load, top rate"() {
    const sink = await start([join(here, "peers.js"), "sink"]);
    for (const connections of [10, 50]) {
      const tools = topRates({ here, bin, env, home, secret, port: sink.port, connections, seconds: 4 });
      for (const peer of /** @type {const} */ (["autocannon", "wrk"])) {
        const theirs = tools[peer];
        if (theirs === undefined) {
          say(`replay --for against ${peer}: skipped, it is not installed`);
          continue;
        }
        const [ratios, rates] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
        for (let round = 0; round < rounds; round++) {
          const own = (await tools.hookline?.()) ?? NaN;
          ratios.push(own / (await theirs()));
          rates.push(own);
        }
        say(
          `replay --for, renewing and signing each request, ${connections} at once, against ${peer}: ${spread(ratios)}×  (${Math.round(median(rates))}/s)`,
        );
      }
    }
    await sink.stop();
  },

  async deliver() {
    const sink = await startSink();
    const planes = { start, bin, env };
    const ours = await startControlPlane({ ...planes, home: join(home, "deliver"), urls: [`${sink.port}/`] });
    const theirs = await start([join(here, "peers.js"), "deliver", String(sink.port)]);
    const request = publishRequest(ours.key);
    const amount = 10_000;
    const [ratios, rates] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
    for (let round = -1; round < rounds; round++) {
      const own = await deliveredPerSecond({ port: ours.port, sink, request, amount });
      const floor = await deliveredPerSecond({ port: theirs.port, sink, request, amount });
      // The first warms up.
      if (round < 0) continue;
      ratios.push(own / floor);
      rates.push(own);
    }
    say(
      `published → delivered, against node:http, grouped commits of an insert and an update, and undici's Pool: ${spread(ratios)}×  goal ≥ 0.5×  (${Math.round(median(rates))}/s)`,
    );
    await Promise.all([ours.stop(), theirs.stop()]);
    sink.stop();
  },

  async "deliver, growing"() {
    const sink = await startSink();
    const folder = join(home, "growing");
    for (const stored of [1000, 100_000, 1_000_000]) {
      // The first makes the account and the endpoint that the rows are of.
      const planes = { start, bin, env, home: folder, urls: stored === 1000 ? [`${sink.port}/`] : [] };
      if (stored === 1000) await (await startControlPlane(planes)).stop();
      await fill(folder, stored);
      const ours = await startControlPlane({ ...planes, urls: [] });
      const request = publishRequest(ours.key);
      const rates = [];
      for (let round = -1; round < rounds; round++) {
        const rate = await deliveredPerSecond({ port: ours.port, sink, request, amount: 5000 });
        if (round >= 0) rates.push(rate);
      }
      await ours.stop();
      const times = [];
      for (let round = 0; round < 9; round++) {
        const started = performance.now();
        const { status } = spawnSync(
          process.execPath,
          [bin, "deliveries", "list", "--status", "failed", "--json"],
          { env: { ...env, HOOKLINE_HOME: folder } },
        );
        if (status !== 0) throw new Error(`deliveries list ended with ${status}`);
        times.push(performance.now() - started);
      }
      say(
        `with ${stored} stored deliveries: published → delivered ${spread(rates, 0)}/s; deliveries list --status failed ${spread(times, 0)} ms, start included`,
      );
    }
    sink.stop();
  },

  async "deliver, one hanging"() {
    const sink = await startSink();
    /** @param {string[]} urls @param {string} name */
    const rateOf = async (urls, name) => {
      const ours = await startControlPlane({ start, bin, env, home: join(home, name), urls });
      const request = publishRequest(ours.key);
      const answering = urls.filter((url) => !url.endsWith("/hang")).length;
      const rates = [];
      for (let round = -1; round < rounds; round++) {
        const options = { port: ours.port, sink, request, amount: 1000, each: answering };
        const rate = await deliveredPerSecond(options);
        if (round >= 0) rates.push(rate / answering);
      }
      await ours.stop();
      return rates;
    };
    const ten = Array.from({ length: 10 }, (_, index) => `${sink.port}/${index}`);
    const all = await rateOf(ten, "ten");
    const nine = await rateOf([...ten.slice(0, 9), `${sink.port}/hang`], "nine");
    say(
      `each of nine endpoints beside one that hangs, against each of ten that answer: ${(median(nine) / median(all)).toFixed(2)}×  (${spread(nine, 0)}/s and ${spread(all, 0)}/s)`,
    );
    sink.stop();
  },

  async "listen, flooded"() {
    for (const bytes of [1024, 200_000]) {
      const { ratios, rates } = await floodRates({ start, bin, home, bytes, rounds });
      say(
        `listen, flooded with bad signatures over ${bytes} bytes, against the same with --no-diagnose: ${spread(ratios)}×  (${Math.round(median(rates))}/s)`,
      );
    }
  },

  "verify, diagnosing"() {
    for (const bytes of [1024, 256 * 1024 - 1000, 5 * 1024 * 1024]) {
      const { right, wrong, thorough } = verifyTimes({ bin, env, home, secret, bytes, rounds: 9 });
      say(
        `verify of ${bytes} bytes: right ${spread(right, 0)} ms, wrong ${spread(wrong, 0)} ms, wrong and --thorough ${spread(thorough, 0)} ms, start included`,
      );
    }
    return Promise.resolve();
  },

  async memory() {
    const listener = await start([bin, "listen", "--port", "0", "--json", "--print", "none"]);
    const resident = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${listener.pid}/status`, "utf8"))?.[1]) / 1024;
    const request = await fareplayRequests(secret, "/fareplay");
    let sent = 0;
    for (const upTo of [1000, 20_000, 40_000, 60_000, 80_000, 100_000]) {
      const from = sent;
      await load({
        port: listener.port,
        connections: 20,
        amount: upTo - sent,
        request: (n) => request(from + n),
      });
      sent = upTo;
      say(`listen --print none, resident after ${sent} deliveries: ${resident().toFixed(1)} MiB`);
    }
    await listener.stop();
  },
};

const wanted = process.argv.slice(2);
say(`node ${process.version}, median (least–most)`);
try {
  for (const [name, run] of Object.entries(benches)) {
    if (wanted.length === 0 || wanted.some((word) => name.includes(word))) await run();
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}

/**
 * Requests a second over the whole life of a process, its start included.
 * @param {string[]} args @param {number} amount
 */
function rateOf(args, amount) {
  return new Promise((/** @type {(rate: number) => void} */ resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, args, { env, stdio: "ignore" });
    child.on("exit", (code) => {
      if (code === 0) resolve((amount / (performance.now() - started)) * 1000);
      else reject(new Error(`${args.join(" ")} ended with ${code}`));
    });
  });
}
