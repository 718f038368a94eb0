import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { openInbox } from "../../src/inbox/index.ts";
import { openDatabase } from "../../src/inbox/open.ts";
import { redact } from "../../src/inbox/redact.ts";
import type { Attempt, Inbox, NewDelivery } from "../../src/inbox/types.ts";
import { createWriter } from "../../src/inbox/writer.ts";
import { startInspector, type Inspector, type InspectorOptions } from "../../src/inspector/server.ts";
import { post, values, type Response } from "../cli/run-servers.ts";

/** When what these tests record was received. */
export const receivedAt = Date.parse("2026-03-17T14:32:00Z");

/** An inspector over an inbox of its own. */
export interface TestInspector extends Inspector {
  inbox: Inbox;
  token: string;
  /** Puts deliveries into the inbox, by another connection as a listener does. @returns their numbers */
  record: (...deliveries: Partial<NewDelivery>[]) => number[];
  /** What was told of errors. */
  errors: unknown[];
  /** Asks as the page does, unless the headers say otherwise. */
  ask: (method: string, path: string, options?: AskOptions) => Promise<Answer>;
}

export interface AskOptions {
  /** `undefined` leaves one out that the page would send. */
  headers?: Readonly<Record<string, string | string[] | undefined>>;
  body?: unknown;
}

export interface Answer extends Response {
  json: Record<string, unknown>;
}

export const page = {
  "index.html": "<!doctype html><title>page</title>",
  "app.js": "'script';",
  "app.css": "body{}",
};

const open = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const close of open) await close();
  open.clear();
});

export async function openInspector(options: Partial<InspectorOptions> = {}): Promise<TestInspector> {
  const folder = mkdtempSync(join(tmpdir(), "hookline-inspector-"));
  for (const [name, content] of Object.entries(page)) writeFileSync(join(folder, name), content);
  const inbox = await openInbox(join(folder, "inbox.db"), { now: () => receivedAt });
  const database = await openDatabase(inbox.file);
  const writer = createWriter(database);
  const token = randomBytes(32).toString("base64url");
  const errors: unknown[] = [];
  const inspector = await startInspector({
    inbox,
    port: 0,
    pageFolder: folder,
    token,
    session: () => ({
      version: "1.2.3",
      listening: "http://127.0.0.1:4400",
      routes: [
        { index: 0, match: "order.*", url: "http://127.0.0.1:3000/orders" },
        { index: 1, match: null, url: "http://127.0.0.1:3001/" },
      ],
      providers: [{ id: "fareplay", title: "Fareplay", ack_timeout_ms: 5000 }],
    }),
    findings: (findings) =>
      findings.map(({ cause, confidence }) => ({
        cause,
        confidence,
        message: `is ${cause}`,
        fix: "mend it",
      })),
    redact: (_, headers) => redact(headers),
    curl: (delivery, url) => `curl ${url} # ${delivery.headers.join(" ")}`,
    replay: (_, { route }) => Promise.resolve(attempt({ kind: "replay", route: String(route) })),
    onError: (error) => void errors.push(error),
    ...options,
  });
  open.add(async () => {
    await inspector.close();
    database.close();
    await inbox.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...inspector,
    inbox,
    token,
    errors,
    record: (...deliveries) =>
      writer.write(
        deliveries.map((one) => delivery(one)),
        [],
      ),
    ask: async (method, path, { headers = {}, body } = {}) => {
      const usual: AskOptions["headers"] = {
        authorization: `Bearer ${token}`,
        ...(method === "POST"
          ? { origin: inspector.url.slice(0, -1), "content-type": "application/json" }
          : {}),
      };
      const all = Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== undefined);
      const answer = await post(`${inspector.url.slice(0, -1)}${path}`, {
        method,
        headers: Object.fromEntries(all) as Record<string, string | string[]>,
        body: body === undefined ? "" : asBody(body),
      });
      const isJson = values(answer.headers, "content-type")[0] === "application/json" && method !== "HEAD";
      return {
        ...answer,
        json: isJson ? (JSON.parse(answer.body.toString("utf8")) as Record<string, unknown>) : {},
      };
    },
  };
}

function asBody(body: unknown): string | Uint8Array {
  return typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
}

export function delivery(more: Partial<NewDelivery> = {}): NewDelivery {
  const body = more.body === undefined ? Buffer.from(`{"price":8.00}`) : more.body;
  return {
    id: "dlv_1",
    receivedAt,
    provider: "fareplay",
    event: "order.created",
    deliveryId: "evt_1",
    verified: true,
    code: null,
    accepted: true,
    secrets: [],
    duplicate: false,
    method: "POST",
    target: "/fareplay?a=1",
    bytes: body?.length ?? 0,
    status: 200,
    durationMs: 12.5,
    headers: ["Host", "127.0.0.1:4400", "Cookie", "secret-cookie", "X-A", "1", "x-a", "2"],
    findings: [],
    attempts: [attempt()],
    ...more,
    body,
  };
}

export function attempt(more: Partial<Attempt> = {}): Attempt {
  return {
    kind: "forward",
    url: "http://127.0.0.1:3001/",
    route: null,
    startedAt: receivedAt + 3,
    durationMs: 9.25,
    ok: true,
    status: 200,
    error: null,
    message: null,
    headers: ["Content-Type", "text/plain", "Set-Cookie", "secret-session"],
    answer: Buffer.from("fine"),
    answerBytes: 4,
    ...more,
  };
}

/** What every answer has to carry, whatever it answers. */
export function expectGuarded(headers: readonly string[]): void {
  expect(values(headers, "content-security-policy")).toEqual([
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  ]);
  expect(values(headers, "x-content-type-options")).toEqual(["nosniff"]);
  expect(values(headers, "referrer-policy")).toEqual(["no-referrer"]);
  expect(values(headers, "cross-origin-opener-policy")).toEqual(["same-origin"]);
  expect(values(headers, "cross-origin-resource-policy")).toEqual(["same-origin"]);
  expect(values(headers, "cache-control")).toEqual(["no-store"]);
  expect(values(headers, "x-frame-options")).toEqual(["DENY"]);
  expect(values(headers, "permissions-policy")[0]).toMatch(/camera=\(\), microphone=\(\)/);
  const names = headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  expect(names.filter((name) => name.startsWith("access-control-") || name === "set-cookie")).toEqual([]);
}

/** What every refusal has to be: JSON of the house's form, that says nothing of the inside. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  const { error } = answer.json as { error: Record<string, unknown> };
  expect([answer.status, error["code"]]).toEqual([status, code]);
  expect(Object.keys(error)).toEqual(["code", "message", "next_steps"]);
  expect(answer.body.toString("utf8")).not.toMatch(/node_modules|\.ts\b|\\n +at |secret/);
  expect(answer.body.length).toBeLessThan(1000);
  expectGuarded(answer.headers);
}

/** Server-sent events, as they come. */
export interface Events {
  headers: string[];
  /** All that was sent. */
  text(): string;
  /** Waits until the text is so. */
  until(isSo: (text: string) => boolean): Promise<void>;
  /** Settles when the server has ended it. */
  ended: Promise<void>;
  close(): void;
}

export function follow({ url, token }: TestInspector): Promise<Events> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}api/stream`, {
      headers: { authorization: `Bearer ${token}` },
      agent: false,
    });
    request.on("error", reject);
    request.on("response", (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        return reject(new Error(`the stream was answered with ${response.statusCode}`));
      }
      let text = "";
      let looks: (() => void)[] = [];
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        for (const look of looks) look();
      });
      response.on("error", () => undefined);
      const ended = new Promise<void>((end) => response.on("close", end));
      resolve({
        headers: response.rawHeaders,
        text: () => text,
        until: (isSo) =>
          new Promise((done) => {
            const look = (): void => {
              if (!isSo(text)) return;
              looks = looks.filter((other) => other !== look);
              done();
            };
            looks.push(look);
            look();
          }),
        ended,
        close: () => request.destroy(),
      });
    });
    request.end();
  });
}
