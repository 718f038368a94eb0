import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { Provider } from "../../src/providers/contract.ts";
import { fareplay } from "../../src/providers/fareplay.ts";
import { standardWebhooks } from "../../src/providers/standard-webhooks.ts";
import { headerValue } from "../../src/signing/headers.ts";
import { createVerifier } from "../../src/signing/verify.ts";
import { listening } from "./run-servers.ts";

/** Times that an endpoint fails a delivery at most; the schedule has more attempts. */
const mostFailures = 3;

/** Whom the events are for, by the paths of the receiver. */
export const endpoints = [
  { path: "/all", provider: fareplay, events: ["*"] },
  { path: "/orders", provider: fareplay, events: ["order.*"] },
  { path: "/standard", provider: standardWebhooks, events: ["*"] },
];
const kinds = [
  { provider: fareplay, type: "order.created", paths: ["/all", "/orders"] },
  { provider: fareplay, type: "payment.completed", paths: ["/all"] },
  { provider: standardWebhooks, type: "invoice.paid", paths: ["/standard"] },
];

/** An event as its publisher knows it. */
export interface Sample {
  marker: string;
  provider: Provider;
  type: string;
  /** Of the endpoints that are subscribed to it. */
  paths: readonly string[];
  body: string;
  isAcknowledged: boolean;
  /** As the API calls it, once that is known. */
  id: string | undefined;
  /** As the receivers are told, the same each time. */
  messageId: string | undefined;
}

/** Numbers from 0 up to, not including, 1: the same for the same text (mulberry32). */
export function seeded(text: string): () => number {
  let state = createHash("sha256").update(text).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function createSample(marker: string, random: () => number): Sample {
  const kind = kinds[Math.floor(random() * kinds.length)] ?? kinds[0];
  if (kind === undefined) throw new Error("there are no kinds of events");
  // Some are longer than a page of the database, and than a frame of its log.
  const length = Math.floor(random() * (random() < 0.05 ? 30_000 : 200));
  // Spaces, numbers and escapes that no parser and serialiser would give back the same.
  const body = `{ "id":"evt_${marker}","marker": "${marker}", "type":"${kind.type}",
    "price":8.00, "large":1E+2, "zero":-0.0, "precise":0.10000000000000000555, "a":1, "a":2,
    "text":"caf\\u00e9 café \\/ 🏌", "padding":"${"x".repeat(length)}" }`;
  return { marker, ...kind, body, isAcknowledged: false, id: undefined, messageId: undefined };
}

export interface Receiver {
  url: string;
  /** Signing secret by path, filled in as the endpoints are made. */
  secrets: Map<string, string>;
  /** How often an endpoint accepted an event. */
  accepted(sample: Sample, path: string): number;
  turnedDown(): number;
  close(): void;
}

/** Checks every request, and fails some of each event's first ones. */
export async function startReceiver(
  seed: string,
  samples: ReadonlyMap<string, Sample>,
  forged: string[],
): Promise<Receiver> {
  const secrets = new Map<string, string>();
  const verifiers = new Map<string, ReturnType<typeof createVerifier>>();
  const arrivals = new Map<string, { requests: number; accepted: number }>();
  let turnedDown = 0;

  /** @returns what is wrong with it, or whose it is */
  const check = (path: string, headers: string[], body: Buffer): string | Sample => {
    const endpoint = endpoints.find((each) => each.path === path);
    if (endpoint === undefined) return "no such endpoint";
    let verify = verifiers.get(path);
    if (verify === undefined) {
      verify = createVerifier(endpoint.provider.signatures, [secrets.get(path) ?? ""]);
      verifiers.set(path, verify);
    }
    const verdict = verify({ body, headers, now: Date.now() });
    if (!verdict.ok) return verdict.code;
    const sample = samples.get(/"marker": "([^"]*)"/.exec(body.toString())?.[1] ?? "");
    if (sample === undefined) return "nobody published it";
    if (!body.equals(Buffer.from(sample.body))) return "not the bytes that were published";
    if (!sample.paths.includes(path)) return "not subscribed to it";
    const messageId = headerValue(headers, endpoint.provider.headers.delivery ?? "");
    sample.messageId ??= messageId;
    return messageId === undefined || messageId !== sample.messageId ? `another id: ${messageId}` : sample;
  };

  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on("error", () => undefined);
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => {
      const { url: path = "", rawHeaders } = message;
      const body = Buffer.concat(chunks);
      const sample = check(path, rawHeaders, body);
      if (typeof sample === "string") {
        forged.push(`${sample}, at ${path}: ${body.toString().slice(0, 300)}`);
        response.writeHead(400).end();
        return;
      }
      const place = `${path} ${sample.marker}`;
      const arrival = arrivals.get(place) ?? { requests: 0, accepted: 0 };
      arrivals.set(place, arrival);
      const random = seeded(`${seed} ${place}`);
      const failures = random() < 0.2 ? Math.ceil(random() * mostFailures) : 0;
      const delayMs = random() * 40;
      if (++arrival.requests <= failures) {
        turnedDown++;
        fail(response, random());
        return;
      }
      arrival.accepted++;
      setTimeout(() => response.end("thanks"), delayMs);
    });
  });
  const url = `http://127.0.0.1:${await listening(server)}`;
  return {
    url,
    secrets,
    accepted: ({ marker }, path) => arrivals.get(`${path} ${marker}`)?.accepted ?? 0,
    turnedDown: () => turnedDown,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** By a status, by closing the connection, or by closing it amid the answer. */
function fail(response: ServerResponse, how: number): void {
  if (how < 0.7) response.writeHead(how < 0.4 ? 500 : 503).end("not now");
  else if (how < 0.85) response.destroy();
  else {
    response.writeHead(500, { "content-length": "100" });
    response.write("not", () => response.destroy());
  }
}
