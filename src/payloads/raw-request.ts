import { HooklineError } from "../errors.ts";

/** A request as it was captured. */
export interface RawRequest {
  method: string;
  /** Path and query. */
  target: string;
  headers: string[];
  body: Buffer;
  /** All that stands behind the head; longer than the body where Content-Length says less. */
  rest: Buffer;
}

/**
 * Reads a raw HTTP/1.1 request (RFC 9112): request line, headers, empty line, body. The lines of the head may end in
 * LF alone, as editors leave them. The body is what Content-Length says, else all that follows; a chunked one is
 * put together.
 * @throws HooklineError `request-malformed`
 */
export function parseRawRequest(bytes: Buffer): RawRequest {
  const head = /\r?\n\r?\n/.exec(bytes.toString("latin1", 0, 262_144));
  const text = bytes.toString("latin1", 0, head?.index ?? bytes.length);
  const [requestLine = "", ...lines] = text.split(/\r?\n/);
  const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/1\.[01]$/.exec(requestLine);
  if (parts === null) throw malformed('its first line is not like "POST /path HTTP/1.1"');
  const headers: string[] = [];
  for (const line of lines) {
    if (line === "" && head === null) continue;
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (field === null) throw malformed(`this line is no header: ${JSON.stringify(line.slice(0, 80))}`);
    headers.push(field[1] ?? "", field[2] ?? "");
  }
  const rest = head === null ? Buffer.alloc(0) : bytes.subarray(head.index + head[0].length);
  return { method: parts[1] ?? "", target: parts[2] ?? "", headers, body: bodyOf(headers, rest), rest };
}

function bodyOf(headers: readonly string[], rest: Buffer): Buffer {
  const value = (name: string): string | undefined =>
    headers.find((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === name);
  if (/\bchunked\s*$/i.test(value("transfer-encoding") ?? "")) return unchunked(rest);
  const length = value("content-length");
  if (length === undefined) return rest;
  if (!/^\d{1,15}$/.test(length)) throw malformed("its Content-Length is no number");
  return rest.subarray(0, Number(length));
}

function unchunked(rest: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const line = /^([0-9a-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n/i.exec(rest.toString("latin1", at, at + 1024));
    if (line === null)
      throw malformed(
        "its chunked body is broken (was it already put together? then drop Transfer-Encoding)",
      );
    const size = parseInt(line[1] ?? "", 16);
    const start = at + line[0].length;
    if (size === 0) return Buffer.concat(chunks);
    if (start + size > rest.length) throw malformed("its chunked body ends too early");
    chunks.push(rest.subarray(start, start + size));
    at = start + size;
    if (rest[at] === 13) at++;
    if (rest[at] === 10) at++;
  }
}

function malformed(why: string): HooklineError {
  return new HooklineError("request-malformed", `this is not a raw HTTP/1.1 request: ${why}`, {
    nextSteps: ["give the request as it was on the wire, or the parts with -H 'Name: value' and --body FILE"],
  });
}
