import type { RawHeaders } from "./types.ts";

/** Every value of a header, in order; `name` is lower case. */
export function headerValues(headers: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (isHeader(headers[index], name)) values.push(headers[index + 1] ?? "");
  }
  return values;
}

/** The first value of a header, or undefined; `name` is lower case. */
export function headerValue(headers: RawHeaders, name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (isHeader(headers[index], name)) return headers[index + 1] ?? "";
  }
  return undefined;
}

/** Longest header value that is looked at, in characters. */
const maxHeaderLength = 8192;

export type Read =
  | { ok: true; value: string }
  | {
      ok: false;
      code: "header-missing" | "header-duplicated" | "header-empty" | "header-oversized" | "header-non-ascii";
      evidence: Readonly<Record<string, string | number>>;
    };

/** One header that must be there once, in printable ASCII; `name` is lower case. */
export function readHeader(headers: RawHeaders, name: string): Read {
  const values = headerValues(headers, name);
  const value = values[0];
  if (value === undefined) return { ok: false, code: "header-missing", evidence: { header: name } };
  if (values.length > 1)
    return { ok: false, code: "header-duplicated", evidence: { header: name, times: values.length } };
  if (value === "") return { ok: false, code: "header-empty", evidence: { header: name } };
  if (value.length > maxHeaderLength) {
    return {
      ok: false,
      code: "header-oversized",
      evidence: { header: name, length: value.length, most: maxHeaderLength },
    };
  }
  if (!/^[\x20-\x7e]*$/.test(value))
    return { ok: false, code: "header-non-ascii", evidence: { header: name } };
  return { ok: true, value };
}

/** A copy in which `name` stands once, with `value`: where it stood first, else at the end. */
export function withHeader(headers: RawHeaders, name: string, value: string): string[] {
  const wanted = name.toLowerCase();
  const result: string[] = [];
  let placed = false;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const own = headers[index] ?? "";
    if (!isHeader(own, wanted)) result.push(own, headers[index + 1] ?? "");
    else if (!placed) {
      result.push(name, value);
      placed = true;
    }
  }
  if (!placed) result.push(name, value);
  return result;
}

function isHeader(own: string | undefined, wanted: string): boolean {
  // The length rules out nearly every other header before any copy is made.
  return own?.length === wanted.length && (own === wanted || own.toLowerCase() === wanted);
}
