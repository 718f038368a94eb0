import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { homeOf } from "./api-server.ts";
import { post } from "./run-servers.ts";
import { run, start, type Finished, type Place, type SpawnOptions } from "./spawn.ts";

type Document = Record<string, unknown>;

/** A real `hookline serve` whose root key the place's profile holds. */
export interface ServedPlane {
  url: string;
  rootKey: string;
  /** Runs hookline in its place. */
  run(args: readonly string[], options?: SpawnOptions): Promise<Finished>;
  /** Runs a command that has to succeed. @returns its JSON */
  json(...args: string[]): Promise<Document & { id: string }>;
  /** @returns status and body of a request with this key */
  ask(method: string, path: string, key: string, body?: object): Promise<{ status: number; body: Document }>;
}

export async function serveIn(place: Place): Promise<ServedPlane> {
  const flags = ["--port", "0", "--json", "--use", "--allow-private-targets"];
  const url = await start(["serve", ...flags], { place, deadlineMs: 60_000 }).ready();
  const { profiles } = JSON.parse(readFileSync(join(homeOf(place), "profiles.json"), "utf8")) as {
    profiles: Record<string, { key: string }>;
  };
  const rootKey = profiles["local"]?.key ?? "";
  const runHere: ServedPlane["run"] = (args, options = {}) => run(args, { place, ...options });
  return {
    url,
    rootKey,
    run: runHere,
    async json(...args) {
      const finished = await runHere([...args, "--json"]);
      expect({ ...finished, args }).toMatchObject({ args, code: 0 });
      return JSON.parse(finished.stdout) as Document & { id: string };
    },
    async ask(method, path, key, body) {
      const answer = await post(url + path, {
        method,
        headers: { "x-api-key": key, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        body: body === undefined ? "" : JSON.stringify(body),
      });
      return { status: answer.status, body: JSON.parse(answer.body.toString()) as Document };
    },
  };
}

/** Something that goes on every few milliseconds until it is stopped. */
export interface Stream {
  stop(): Promise<void>;
}

/** Does a thing again and again, each once the one before is done. @param pauseMs between two */
export function again(work: () => Promise<unknown>, pauseMs = 4): Stream {
  let goesOn = true;
  const running = (async () => {
    while (goesOn) {
      await work();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();
  // Told where it is stopped.
  running.catch(() => undefined);
  return {
    stop() {
      goesOn = false;
      return running;
    },
  };
}

/** Publishes an event of a provider every few milliseconds. `published` counts those that were taken. */
export function publishing(
  plane: ServedPlane,
  provider: string,
  type: string,
): Stream & { published: () => number } {
  let published = 0;
  const stream = again(async () => {
    const body = { provider, type, payload: `{"id":"evt_${published}","total":8.00}` };
    const { status } = await plane.ask("POST", "/v1/events", plane.rootKey, body);
    expect(status).toBe(202);
    published++;
  });
  return { ...stream, published: () => published };
}

/** Asks every few milliseconds until it is so; the test's own time limits it. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}
