import { createSecretKey, type KeyObject } from "node:crypto";
import { readSecret } from "../secrets.ts";
import type { Ed25519Scheme, HmacScheme } from "../types.ts";
import { candidate, type Candidate, type Clue } from "./clues.ts";
import { textsCopied } from "./secret-copies.ts";
import { base64Bytes, encodings, hexBytes, prefixed } from "./secret-spellings.ts";

export { isDoubtful, textsCopied } from "./secret-copies.ts";

type Scheme = HmacScheme | Ed25519Scheme;
type KeyCandidate = Candidate<KeyObject>;

/** The secrets as the scheme reads them; those it cannot read are left out. */
export function keysAsTheyAre(scheme: Scheme, secrets: readonly string[]): KeyCandidate[] {
  return secrets.flatMap((secret) => keyOf(scheme, secret, []));
}

/** The secrets without what was evidently copied along, and those that the scheme cannot read as it could. */
export function keysCleaned(
  scheme: Scheme,
  secrets: readonly string[],
  own: readonly KeyCandidate[],
): KeyCandidate[] {
  const tried = own.map(({ value }) => value);
  const found: KeyCandidate[] = [];
  for (const secret of secrets.slice(0, 4)) {
    const texts = [...textsCopied(secret), { value: secret, clues: [] }];
    for (const { value, clues } of texts) {
      if (value === secret && own.length > 0 && secrets.length === 1) continue;
      const asItIs = keyOf(scheme, value, []);
      const spelt = asItIs.length > 0 ? [{ value, clues: [] }] : [...prefixed(scheme, value)];
      for (const one of spelt) {
        for (const key of keyOf(scheme, one.value, [...clues, ...one.clues])) {
          if ([...tried, ...found.map((other) => other.value)].some((other) => isSame(other, key.value)))
            continue;
          found.push(key);
        }
      }
    }
  }
  return found;
}

/** Every other key that the same secrets may have been turned into, by whoever signed or by whoever copied them. */
export function* keysMisread(
  scheme: Scheme,
  secrets: readonly string[],
  own: readonly KeyCandidate[],
): Generator<KeyCandidate> {
  const tried: KeyObject[] = own.map(({ value }) => value);
  for (const secret of secrets) {
    for (const found of misreadings(scheme, secret)) {
      if (tried.some((key) => isSame(key, found.value))) continue;
      tried.push(found.value);
      yield found;
    }
  }
}

function* misreadings(scheme: Scheme, secret: string): Generator<KeyCandidate> {
  const copied = textsCopied(secret);
  for (const { value, clues } of copied) yield* keyOf(scheme, value, clues);
  const texts = [...copied, { value: secret, clues: [] }];
  for (const { value, clues } of texts) {
    for (const other of prefixed(scheme, value))
      yield* keyOf(scheme, other.value, [...clues, ...other.clues]);
    yield* encodedOnceMore(scheme, value, clues);
    if (scheme.kind === "ed25519") continue;
    for (const other of encodings(scheme, value))
      yield { value: createSecretKey(other.value), clues: [...clues, ...other.clues] };
  }
  // A base64 decoder drops what the signer may have had around the text.
  if (scheme.kind === "ed25519" || scheme.secret.encoding !== "raw") return;
  for (const { value, clues } of texts.slice(0, texts.length > 1 ? 2 : 1)) {
    for (const [around, clue] of signersOwn) yield* keyOf(scheme, around(value), [...clues, clue]);
  }
}

const end = (characters: string): Clue => ({
  cause: "secret-whitespace",
  evidence: { side: "signer", where: "end", characters },
});
const quoted = (quotes: string): Clue => ({ cause: "secret-quoted", evidence: { side: "signer", quotes } });
/** What the signer's own copy of the secret may have around it. */
const signersOwn: readonly (readonly [around: (secret: string) => string, clue: Clue])[] = [
  [(secret) => `${secret}\n`, end("newline")],
  [(secret) => `"${secret}"`, quoted("double")],
  [(secret) => `${secret}\r\n`, end("newline")],
  [(secret) => `${secret} `, end("space")],
  [(secret) => `'${secret}'`, quoted("single")],
];

function keyOf(scheme: Scheme, secret: string, clues: readonly Clue[]): KeyCandidate[] {
  const texts = scheme.kind === "hmac" ? [{ text: secret, clues }] : edSpellings(scheme, secret, clues);
  return texts.flatMap((spelling) => {
    const key = readSecret(scheme, spelling.text);
    return key.ok ? [{ value: key.key, clues: spelling.clues }] : [];
  });
}

/** A secret whose form is base64, encoded once more as a whole: what `kubectl get secret -o yaml` shows. */
function encodedOnceMore(scheme: Scheme, secret: string, clues: readonly Clue[]): KeyCandidate[] {
  if (scheme.kind === "hmac" && scheme.secret.encoding === "raw") return [];
  const text = base64Bytes(secret)?.toString("latin1").trim() ?? "";
  // Without a prefix it is what the scheme reads in base64 twice.
  const prefixes =
    scheme.kind === "hmac"
      ? [scheme.secret.prefix ?? ""]
      : [scheme.secret.privatePrefix, scheme.secret.publicPrefix];
  if (!/^[\w+/=-]{16,}$/.test(text) || !prefixes.some((prefix) => prefix !== "" && text.startsWith(prefix)))
    return [];
  const clue: Clue = { cause: "secret-encoding", evidence: { expected: "base64", used: "base64 of it" } };
  return keyOf(scheme, text, [...clues, clue]);
}

/** A key for Ed25519 as it is, and where its base64 part is hex or of the other alphabet, as it should be. */
function edSpellings(
  scheme: Ed25519Scheme,
  secret: string,
  clues: readonly Clue[],
): { text: string; clues: readonly Clue[] }[] {
  const prefix = [scheme.secret.privatePrefix, scheme.secret.publicPrefix].find((own) =>
    secret.startsWith(own),
  );
  if (prefix === undefined) return [];
  const bare = secret.slice(prefix.length);
  const respelt = (bytes: Buffer | undefined, used: string) =>
    bytes === undefined
      ? []
      : [
          {
            text: prefix + bytes.toString("base64"),
            clues: [...clues, { cause: "secret-encoding", evidence: { expected: "base64", used } } as const],
          },
        ];
  const hex = hexBytes(bare);
  if (hex !== undefined) return respelt(hex, "hex");
  if (/[-_]/.test(bare)) return respelt(base64Bytes(bare), "base64url");
  return [{ text: secret, clues }];
}

/** Secrets of the user that were not asked for: as the scheme reads them, each told by its label. */
export function* keysKnown(
  scheme: Scheme,
  known: readonly { secret: string; label: Clue["evidence"] }[],
  own: readonly KeyCandidate[],
): Generator<KeyCandidate> {
  const tried = own.map(({ value }) => value);
  for (const { secret, label } of known) {
    for (const { value } of keyOf(scheme, secret, [])) {
      if (tried.some((key) => isSame(key, value))) continue;
      tried.push(value);
      yield candidate(value, "other-known-secret", label);
    }
  }
}

function isSame(a: KeyObject, b: KeyObject): boolean {
  return a.type === b.type && a.equals(b);
}
