import { Writable } from "node:stream";
import type { Forward, ListenDelivery, ListenReady } from "../../src/actions/listen-events.ts";
import type { Route } from "../../src/actions/routes.ts";
import { createOutput, type Output } from "../../src/ui/output.ts";
import { createTheme } from "../../src/ui/theme.ts";

/** Noon of the machine's own day, so that the time of day is the same everywhere. */
export const noon = new Date(2026, 2, 17, 12, 0, 0).getTime();

export const route = (match: string, url: string): Route => ({
  match,
  target: { url: new URL(url), open: false },
  timeoutMs: 30_000,
});

export const ready = (own: Partial<ListenReady> = {}): ListenReady => ({
  type: "ready",
  urls: ["http://127.0.0.1:4400"],
  port: 4400,
  target: undefined,
  routes: [],
  paths: ["fareplay", "fikafi", "stripe"],
  recording: true,
  inspector: undefined,
  registered: [],
  ...own,
});

export const delivery = (own: Partial<ListenDelivery> = {}): ListenDelivery => ({
  type: "delivery",
  id: "dlv_1",
  provider: "fareplay",
  title: "Fareplay",
  event: "order.created",
  deliveryId: "evt_01HZX3K9Q4W8T2N6B5V7C1M0RD",
  verified: true,
  code: null,
  findings: [],
  origin: undefined,
  secretEnv: "FAREPLAY_WEBHOOK_SECRET",
  accepted: true,
  duplicate: false,
  method: "POST",
  target: "/fareplay",
  headers: [],
  body: undefined,
  bytes: 541,
  forwards: [],
  status: 200,
  durationMs: 12,
  receivedAt: noon,
  ...own,
});

export const answered = (status: number, own: Partial<Forward> & { body?: string } = {}): Forward => {
  const { body = "", ...rest } = own;
  return {
    route: null,
    url: "http://localhost:3000/webhooks",
    result: {
      ok: true,
      durationMs: 12,
      status,
      headers: [],
      body: Buffer.from(body),
      bytes: body.length,
    },
    ok: status < 300,
    ...rest,
  };
};

export const refused = (own: Partial<Forward> = {}): Forward => ({
  route: null,
  url: "http://localhost:3000/webhooks",
  result: {
    ok: false,
    error: "refused",
    message: "nothing listens at localhost:3000 (connect ECONNREFUSED 127.0.0.1:3000)",
    durationMs: 1,
  },
  ok: false,
  ...own,
});

export interface Shown {
  output: Output;
  /** What both streams got, in order. */
  text: () => string;
  lines: () => string[];
}

/** An output whose two streams are one screen, of so many columns where it is a terminal. */
export async function screenOf(options: {
  columns?: number;
  json?: boolean;
  interactive?: boolean;
}): Promise<Shown> {
  const { columns, json = false, interactive = false } = options;
  let written = "";
  const stream = (): Writable & { columns?: number; isTTY?: boolean } =>
    Object.assign(
      new Writable({
        decodeStrings: true,
        write(chunk: Buffer, _encoding, done) {
          written += chunk.toString();
          done();
        },
      }),
      columns === undefined ? {} : { columns, isTTY: true },
    );
  const theme = await createTheme(0);
  const output = createOutput(
    { stdout: stream(), stderr: stream() },
    { json, quiet: false, interactive, out: theme, err: theme, onClosed: () => undefined },
  );
  return { output, text: () => written, lines: () => written.split("\n").slice(0, -1) };
}
