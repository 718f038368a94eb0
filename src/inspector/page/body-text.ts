/** A byte order mark is kept: it is one of the bytes that are signed. */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A body as text; undefined where it is no UTF-8, or holds NUL as no text does. */
export function textOf(body: Uint8Array): string | undefined {
  if (body.includes(0)) return undefined;
  try {
    return strict.decode(body);
  } catch {
    return undefined;
  }
}

/**
 * Lines of sixteen bytes: offset, the bytes, what of them is printable ASCII.
 * @param from offset of the first byte, a multiple of 16
 */
export function hexLines(body: Uint8Array, from: number, to: number): string {
  const lines: string[] = [];
  for (let offset = from; offset < Math.min(to, body.length); offset += 16) {
    const bytes = [...body.subarray(offset, Math.min(offset + 16, to))];
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0"));
    const left = hex.slice(0, 8).join(" ").padEnd(23);
    const right = hex.slice(8).join(" ").padEnd(23);
    const ascii = bytes
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·"))
      .join("");
    lines.push(`${offset.toString(16).padStart(8, "0")}  ${left}  ${right}  ${ascii}`);
  }
  return lines.join("\n");
}

/** The value of a header; undefined where it is not there. Names in any case. */
function headerValue(
  headers: readonly (readonly [name: string, value: string])[],
  name: string,
): string | undefined {
  return headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
}

/** Parameters of a form, in their order; undefined where the headers say that the body is none. */
export function formParameters(
  headers: readonly (readonly [name: string, value: string])[],
  text: string | undefined,
): [name: string, value: string][] | undefined {
  const type = headerValue(headers, "content-type") ?? "";
  if (text === undefined || !/^\s*application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return undefined;
  return [...new URLSearchParams(text)];
}

/** What a textarea makes of a body: it knows line feeds alone. */
export const asEdited = (text: string): string => text.replace(/\r\n?/g, "\n");

/**
 * An edited body as bytes, with the line breaks of the one it was made from where those were all CRLF.
 * @param text as the textarea has it
 */
export function editedBytes(text: string, original: string): Uint8Array {
  const isCrlf = /\r\n/.test(original) && !/(^|[^\r])\n|\r(?!\n)/.test(original);
  return new TextEncoder().encode(isCrlf ? text.replaceAll("\n", "\r\n") : text);
}

/** For any length: spreading a long list into a call overflows the stack. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(binary);
}
