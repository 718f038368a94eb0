import { headerValue } from "../headers.ts";
import type { RawHeaders } from "../types.ts";
import type { Clue } from "./clues.ts";

/** What proxies, gateways and frameworks put before a header's name, in lower case with hyphens. */
const decorations = [
  "x-amzn-remapped-",
  "x-forwarded-",
  "x-original-",
  "x-proxy-",
  "forwarded-",
  "original-",
  "http-",
  "x-",
];

export interface Renamed {
  /** The headers, with those that were found under other names given under their own as well. */
  headers: RawHeaders;
  clues: readonly Clue[];
}

/**
 * Looks for headers that are not there under other names: `HTTP_X_SIGNATURE`, `X-Forwarded-X-Signature`, `Signature`.
 * @param names lower case
 * @param foreign names, lower case, that belong to others and so are no copies
 */
export function findRenamed(
  headers: RawHeaders,
  names: readonly string[],
  foreign: ReadonlySet<string>,
): Renamed {
  const found: string[] = [];
  const clues: Clue[] = [];
  for (const name of new Set(names)) {
    if ((headerValue(headers, name) ?? "") !== "") continue;
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const own = headers[index] ?? "";
      const value = headers[index + 1] ?? "";
      if (value === "" || foreign.has(own.toLowerCase()) || !isCopy(own, name)) continue;
      found.push(name, value);
      clues.push({ cause: "header-renamed", evidence: { header: name, found: own.slice(0, 100) } });
      break;
    }
  }
  return found.length === 0
    ? { headers, clues: [] }
    : { headers: [...withoutEmpty(headers, found), ...found], clues };
}

/** Whether a header's name is one that something on the way has made of `name`, which is lower case. */
export function isCopy(own: string, name: string): boolean {
  const plain = own.slice(0, 200).toLowerCase().replaceAll(/[_ ]/g, "-");
  const core = name.startsWith("x-") ? name.slice(2) : name;
  if (plain.replaceAll("-", "") === name.replaceAll("-", "")) return true;
  let bare = plain;
  for (let round = 0; round < 3; round++) {
    if (bare === name || (bare === core && (core.includes("-") || round > 0))) return true;
    const decoration = decorations.find((start) => bare.startsWith(start));
    if (decoration === undefined) return false;
    bare = bare.slice(decoration.length);
  }
  return bare === name || bare === core;
}

/** An empty header would count as a second one of the name that was found elsewhere. */
function withoutEmpty(headers: RawHeaders, found: readonly string[]): string[] {
  const names = new Set(found.filter((_, index) => index % 2 === 0));
  return headers.filter((_, index) => !names.has((headers[index - (index % 2)] ?? "").toLowerCase()));
}
