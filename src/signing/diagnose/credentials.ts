import { createHash, timingSafeEqual } from "node:crypto";
import type { BasicScheme, BearerScheme, Evidence } from "../types.ts";
import type { Clue } from "./clues.ts";
import { textsCopied } from "./keys.ts";

/**
 * Why a header does not carry the secret itself, as `bearer` and `basic` want it: what was copied along, another secret
 * of the user, or how the header is written.
 */
export function diagnoseCredential(
  scheme: BearerScheme | BasicScheme,
  header: string,
  value: string,
  secrets: readonly string[],
  known: readonly { secret: string; label: Evidence }[],
): readonly Clue[] | undefined {
  const prefix = scheme.kind === "bearer" ? (scheme.prefix ?? "Bearer ") : "Basic ";
  const spelled = (secret: string): string =>
    scheme.kind === "basic" ? Buffer.from(secret).toString("base64") : secret;
  for (const given of givenIn(header, value, prefix)) {
    const matches = (text: string): boolean => isEqual(given.text, text);
    for (const secret of secrets) {
      if (matches(spelled(secret))) return given.clues;
      if (scheme.kind === "basic" && matches(secret))
        return [...given.clues, encoded(header, "base64", "text")];
      for (const { value: text, clues } of textsCopied(secret))
        if (matches(spelled(text))) return [...given.clues, ...clues];
      if (prefix !== "" && secret.startsWith(prefix) && matches(spelled(secret.slice(prefix.length))))
        return [
          ...given.clues,
          { cause: "secret-prefix", evidence: { prefix, yours: "with", signer: "without" } },
        ];
      if (scheme.kind === "bearer" && matches(Buffer.from(secret).toString("base64")))
        return [...given.clues, encoded(header, "text", "base64")];
    }
    for (const { secret, label } of known)
      if (matches(spelled(secret))) return [...given.clues, { cause: "other-known-secret", evidence: label }];
  }
  return undefined;
}

/** The credential as it may stand in the header. */
function givenIn(header: string, value: string, prefix: string): { text: string; clues: readonly Clue[] }[] {
  const malformed = (what: string): Clue[] => [
    { cause: "header-malformed", evidence: { header, what, prefix: prefix.trim() } },
  ];
  const found: { text: string; clues: readonly Clue[] }[] = [];
  const bare = value.trim();
  const word = prefix.trim().toLowerCase();
  if (prefix !== "" && value.slice(0, prefix.length).toLowerCase() === prefix.toLowerCase()) {
    const text = value.slice(prefix.length);
    found.push({ text, clues: [] });
    if (text.slice(0, prefix.length).toLowerCase() === prefix.toLowerCase())
      found.push({ text: text.slice(prefix.length).trim(), clues: malformed("prefix-doubled") });
    const unwrapped = text.trim().replace(/^(["'])(.*)\1$/, "$2");
    if (unwrapped !== text)
      found.push({ text: unwrapped, clues: malformed(unwrapped === text.trim() ? "spaces" : "quotes") });
    return found;
  }
  if (prefix === "") found.push({ text: value, clues: [] });
  const other = /^[A-Za-z][\w-]{0,20}[ :=]+(?=\S)/.exec(bare)?.[0];
  if (other !== undefined) {
    const what = other.trim().toLowerCase() === word ? "spaces" : "prefix-other";
    found.push({ text: bare.slice(other.length), clues: malformed(what) });
  }
  found.push({
    text: bare.replace(/^(["'])(.*)\1$/, "$2"),
    clues: malformed(prefix === "" ? "quotes" : "prefix-missing"),
  });
  return found;
}

function encoded(header: string, expected: string, found: string): Clue {
  return { cause: "header-encoding", evidence: { header, expected, found } };
}

/** Digests are compared, so that lengths may differ without showing in the time taken. */
function isEqual(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
