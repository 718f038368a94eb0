import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Event, NewEndpoint } from "../../src/remote/contract.ts";
import { createSample, endpoints, seeded, startReceiver, type Sample } from "./crash-receiver.ts";
import {
  checkFile,
  createApi,
  identify,
  judge,
  noProblems,
  reportOf,
  settled,
  settleMs,
  type CrashPlan,
  type CrashReport,
  type Problems,
} from "./crash-report.ts";
import { createPlace, disk, start, type Place, type Started } from "./spawn.ts";

/** Milliseconds that a start takes about: up to then a kill may come into it. */
const startUpMs = 400;
const longestLifeMs = 1500;
/** Kills of the very first start, which makes the database. */
const firstKills = 2;
const publishers = 16;
/** Milliseconds that a publisher waits at most between two events. */
const longestPauseMs = 25;
/** Milliseconds after which a publisher gives an event up. */
const giveUpMs = 20_000;
/** Events that a run has acknowledged at least, however slow the machine is. */
const leastAcknowledged = 50;
/** Acknowledged events that are published once more at the end. */
const mostAskedAgain = 100;
const retryDelays = "200ms,500ms,1s,2s,5s,5s";

/** Below the ports that systems hand out: no other socket gets it while the server is down. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}

/** The publishers of a run, and what they were told. */
function createPublishers(seed: string, problems: Problems) {
  const samples = new Map<string, Sample>();
  const counts = { answersLost: 0, answersRepeated: 0 };

  const publish = async (
    { url, key }: { url: string; key: string },
    sample: Sample,
    timeoutMs = 10_000,
  ): Promise<"acknowledged" | "refused" | "unanswered"> => {
    const { marker, provider, type, body } = sample;
    try {
      const response = await fetch(`${url}/v1/events`, {
        method: "POST",
        headers: { "x-api-key": key, "content-type": "application/json", "idempotency-key": marker },
        body: JSON.stringify({ provider: provider.id, type, payload: body }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.status === 503) return "unanswered";
      if (!response.ok) {
        problems.refused.push(`${marker}: ${response.status} ${await response.text()}`);
        return "refused";
      }
      // From here on it must not be lost, whether or not the rest of the answer comes.
      sample.isAcknowledged = true;
      if (response.headers.has("idempotency-replayed")) counts.answersRepeated++;
      const { id } = (await response.json()) as Event;
      if (sample.id !== undefined && sample.id !== id)
        problems.repeated.push(`${marker} is ${sample.id} and ${id}`);
      sample.id = id;
    } catch {
      counts.answersLost++;
    }
    return sample.isAcknowledged ? "acknowledged" : "unanswered";
  };

  return {
    samples,
    counts,
    publish,
    /** Every second one repeats what was not acknowledged, the others go on to the next event. */
    async run(
      this: void,
      number: number,
      api: { url: string; key: string },
      isOver: () => boolean,
    ): Promise<void> {
      const random = seeded(`${seed} publisher ${number}`);
      const isPatient = number % 2 === 0;
      for (let count = 0; !isOver(); count++) {
        const sample = createSample(`p${number}-${count}`, random);
        samples.set(sample.marker, sample);
        const since = performance.now();
        // Some hang up early: their answers are lost even while the server lives.
        let answer = await publish(api, sample, random() < 0.05 ? Math.floor(random() * 10) : undefined);
        while (isPatient && answer === "unanswered" && performance.now() - since < giveUpMs) {
          await sleep(20 + random() * 50);
          answer = await publish(api, sample);
        }
        if (isPatient && answer === "unanswered") problems.refused.push(`${sample.marker}: given up`);
        await sleep(random() * longestPauseMs);
      }
    },
  };
}

/**
 * Kills a server by SIGKILL, and starts it on the same database and port, again and again while events are published,
 * and finds out what became of each. That takes the process alone: what the kernel was given still reaches the disk, so
 * nothing is said about a loss of power.
 */
export async function runCrashes(plan: CrashPlan): Promise<CrashReport> {
  const { rounds, seed, hasSurvivor } = plan;
  const place = createPlace(disk);
  const problems = noProblems();
  const { samples, counts, publish, run } = createPublishers(seed, problems);
  const receiver = await startReceiver(seed, samples, problems.forged);
  const random = seeded(`${seed} kills`);
  const running = new Set<Started>();
  let isOver = false;
  let publishing: Promise<unknown> = Promise.resolve();

  const startServer = (port: number): Started => {
    const deadlineMs = settleMs + 2 * giveUpMs + rounds * 5000;
    const server = start(serveArguments(place, port), { place, deadlineMs });
    running.add(server);
    return server;
  };
  const end = async (server: Started, signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    server.kill(signal);
    const { code, stderr } = await server.finished;
    running.delete(server);
    // One that fails by itself was not killed.
    if (code !== (signal === "SIGKILL" ? null : 0)) problems.broken.push(`ended with ${code}: ${stderr}`);
    problems.broken.push(...stderr.split("\n").filter((line) => line.includes('"event":"failed"')));
  };

  try {
    const ports = [await freePort(), ...(hasSurvivor ? [await freePort()] : [])];
    const [port = 0, otherPort] = ports;
    for (let kill = 0; kill < firstKills; kill++) {
      const server = startServer(port);
      await sleep(random() * startUpMs);
      await end(server, "SIGKILL");
    }
    let server = startServer(port);
    await server.ready();
    const survivor = otherPort === undefined ? undefined : startServer(otherPort);
    await survivor?.ready();

    const key = readFileSync(join(place.cwd, "root.key"), "utf8").trim();
    const places = ports.map((each) => ({ url: `http://127.0.0.1:${each}`, key }));
    /** The one that is there at the end. */
    const lasting = { url: `http://127.0.0.1:${otherPort ?? port}`, key };
    const api = createApi(lasting);
    const pathOf = new Map<string | null, string>();
    for (const { path, provider, events } of endpoints) {
      const body = { provider: provider.id, events, url: receiver.url + path };
      const { id, secret } = await api.post<NewEndpoint>("/v1/endpoints", body);
      pathOf.set(id, path);
      receiver.secrets.set(path, secret ?? "");
    }

    publishing = Promise.all(
      Array.from({ length: publishers }, (_, number) =>
        run(number, places[(number >> 1) % places.length] ?? lasting, () => isOver),
      ),
    );
    for (let round = 0; round < rounds; round++) {
      // Every fourth comes while the server starts.
      if (round % 4 === 3) await sleep(random() * startUpMs);
      else {
        await server.ready();
        await sleep(random() * longestLifeMs);
      }
      await end(server, "SIGKILL");
      server = startServer(port);
    }
    await server.ready();
    const acknowledged = (): Sample[] => [...samples.values()].filter(({ isAcknowledged }) => isAcknowledged);
    const since = performance.now();
    while (acknowledged().length < leastAcknowledged && performance.now() - since < giveUpMs) await sleep(50);
    isOver = true;
    await publishing;
    // What the dead have left is the survivor's.
    if (survivor !== undefined) await end(server, "SIGKILL");

    const deliveries = await settled(api);
    await identify(api, samples, problems);
    judge(samples, deliveries, pathOf, receiver, problems);
    for (const sample of acknowledged().slice(0, mostAskedAgain)) await publish(lasting, sample);
    await end(survivor ?? server, "SIGTERM");
    await checkFile(join(place.cwd, "crash.db"), problems);
    return reportOf(plan, samples, receiver, problems, counts);
  } finally {
    isOver = true;
    for (const server of running) server.kill("SIGKILL");
    await Promise.allSettled([publishing, ...[...running].map(({ finished }) => finished)]);
    receiver.close();
  }
}

function serveArguments({ cwd }: Place, port: number): string[] {
  return [
    ...["serve", "--json", "--port", String(port), "--db", "crash.db", "--allow-private-targets"],
    ...["--retry-delays", retryDelays, "--root-key-file", join(cwd, "root.key")],
  ];
}
