import { ndjson, run, start, type Finished, type SpawnOptions } from "./spawn.ts";

/** One delivery as `listen --json` tells it. */
export interface Delivery {
  type: "delivery";
  id: string;
  provider: string | null;
  event: string | null;
  delivery_id: string | null;
  verified: boolean | null;
  code: string | null;
  findings: { cause: string; message: string; fix: string }[];
  duplicate: boolean;
  bytes: number;
  forwarded: {
    to: string;
    route: string | null;
    ok: boolean;
    status: number | null;
    duration_ms: number;
    error: string | null;
  }[];
  status: number;
  duration_ms: number;
  received_at: string;
}

export interface Listener {
  url: string;
  /** Waits for so many deliveries in all. @returns them */
  deliveries(count: number): Promise<Delivery[]>;
  /** Stops it with SIGTERM. */
  stop(): Promise<Finished>;
  kill(signal: NodeJS.Signals): void;
  finished: Promise<Finished>;
  stdout(): string;
  stderr(): string;
  until: ReturnType<typeof start>["until"];
}

/** Starts `hookline listen --json` on a free port. */
export async function listenJson(
  args: readonly string[] = [],
  options: SpawnOptions = {},
): Promise<Listener> {
  return listen(["--json", ...args], options);
}

/** Starts `hookline listen` on a free port. Only with `--record` among its arguments it records: that takes its time. */
export async function listen(args: readonly string[] = [], options: SpawnOptions = {}): Promise<Listener> {
  const record = args.includes("--record") ? [] : ["--no-record"];
  const listener = start(["listen", "--port", "0", ...record, ...args], options);
  const url = await listener.ready();
  return {
    ...listener,
    url,
    async deliveries(count) {
      const whole = (text: string): Delivery[] =>
        ndjson(text.slice(0, text.lastIndexOf("\n") + 1)).filter(
          ({ type }) => type === "delivery",
        ) as unknown as Delivery[];
      await listener.until(`${count} deliveries`, (out) => whole(out).length >= count);
      return whole(listener.stdout());
    },
    stop() {
      listener.kill("SIGTERM");
      return listener.finished;
    },
  };
}

/** The development secret of the place's home. */
export async function developmentSecret(provider: string, options: SpawnOptions = {}): Promise<string> {
  return (await run(["secrets", provider], options)).stdout.trim();
}
