import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { InspectorProblem } from "./problem.ts";

export interface Reply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array;
}

/** On every answer: nothing is kept, framed, sniffed, read by another origin, or run but the page's own script. */
export const guards: Readonly<Record<string, string>> = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
  "X-Frame-Options": "DENY",
  // All that ask a person for something; the clipboard stays, as the page copies.
  "Permissions-Policy":
    "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), serial=(), hid=()",
};

export function json(body: unknown, status = 200): Reply {
  return { status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

export function plainText(body: string): Reply {
  return { status: 200, headers: { "Content-Type": "text/plain; charset=utf-8" }, body };
}

/** Bytes that no browser is to take for anything but a file. */
export function download(body: Uint8Array, name: string): Reply {
  const headers = {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": `attachment; filename="${name}"`,
  };
  return { status: 200, headers, body };
}

export function problemReply({ status, code, message, nextSteps, headers }: InspectorProblem): Reply {
  const reply = json({ error: { code, message, next_steps: nextSteps } }, status);
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

export function write(response: ServerResponse, { status, headers, body }: Reply): void {
  const content = typeof body === "string" ? Buffer.from(body) : body;
  const all: OutgoingHttpHeaders = { ...guards, ...headers, "Content-Length": content.length };
  response.writeHead(status, all).end(content);
}

/** A whole answer where there is no response to write to: what came was no request. */
export function lastWords(status: string): string {
  const lines = Object.entries({ ...guards, Connection: "close", "Content-Length": "0" });
  return `HTTP/1.1 ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
