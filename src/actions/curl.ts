import type { RawHeaders } from "../signing/types.ts";

/** What curl sends of its own accord, in place of a header that is not given. */
const curlsOwn = ["content-type", "user-agent"];

/**
 * A command that sends a POST with these headers and no others, its arguments unquoted.
 * @param headers as text
 * @param data curl's own arguments for the body: `--data-binary`, `@file`
 */
export function curlArguments(url: string, headers: RawHeaders, data: readonly string[]): string[] {
  const given = new Set<string>();
  const lines: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    given.add(name.toLowerCase());
    // curl takes `Name:` for leaving a header out, and `Name;` for an empty one.
    const value = headers[index + 1] ?? "";
    lines.push("-H", value === "" ? `${name};` : `${name}: ${value}`);
  }
  for (const name of curlsOwn) if (!given.has(name)) lines.push("-H", `${name}:`);
  // Without -g curl reads these as patterns of several URLs.
  const literal = /[[\]{}]/.test(url) ? ["-g"] : [];
  return ["curl", "-i", ...literal, "-X", "POST", url, ...lines, ...data];
}

/** Header values are latin1 on the wire; what they mean is mostly UTF-8. */
export function headerText(value: string): string {
  return Buffer.from(value, "latin1").toString("utf8");
}
