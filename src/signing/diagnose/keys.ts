import { createSecretKey, type KeyObject } from "node:crypto";
import { readSecret } from "../secrets.ts";
import type { Ed25519Scheme, HmacScheme } from "../types.ts";
import { candidate, type Candidate, type Clue } from "./clues.ts";

type Scheme = HmacScheme | Ed25519Scheme;
type KeyCandidate = Candidate<KeyObject>;

/** Fewest characters a text must have to be tried as the encoding of a key. */
const shortestEncoded = 16;

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

// What `\s` leaves out: zero-width characters, the word joiner and NUL come along with copied text.
const blank = /[\s\u200b-\u200d\u2060\0]/;
const allBlanks = /[\s\u200b-\u200d\u2060\0]+/g;
const quotePairs: Readonly<Record<string, readonly [close: string, name: string]>> = {
  '"': ['"', "double"],
  "'": ["'", "single"],
  "`": ["`", "back"],
  "\u201c": ["\u201d", "curly"],
  "\u2018": ["\u2019", "curly"],
  "\u00ab": ["\u00bb", "angle"],
};

/** The secret without what came along when it was copied, the cleanest first. */
export function textsCopied(secret: string): Candidate<string>[] {
  const found: Candidate<string>[] = [{ value: secret, clues: [] }];
  for (let index = 0; index < found.length && found.length < 10; index++) {
    const { value, clues } = found[index] ?? { value: "", clues: [] };
    for (const step of cleanings(value)) {
      if (step.value === "" || found.some((one) => one.value === step.value)) continue;
      found.push({ value: step.value, clues: [...clues, ...step.clues] });
    }
  }
  return found.slice(1).reverse();
}

/** Words with spaces between them make a secret too. */
export function isDoubtful({ evidence }: Clue): boolean {
  return evidence["where"] === "inside" && evidence["characters"] === "space";
}

/** The text without one thing that is around it or within. */
function* cleanings(text: string): Generator<Candidate<string>> {
  const ends = trimmed(text);
  if (ends.value !== text) {
    yield ends;
    return;
  }
  const [first = "", last = ""] = [text.slice(0, 1), text.slice(-1)];
  const [close, quotes] = (Object.hasOwn(quotePairs, first) ? quotePairs[first] : undefined) ?? [];
  if (text.length > 2 && close === last && quotes !== undefined)
    yield candidate(text.slice(1, -1), "secret-quoted", { side: "yours", quotes });
  else if (/^["'`]|["'`]$/.test(text))
    yield candidate(text.replace(/^["'`]|["'`]$/g, ""), "secret-quoted", { side: "yours", quotes: "one" });
  const together = text.replace(allBlanks, "");
  if (together !== text)
    yield candidate(together, "secret-whitespace", {
      side: "yours",
      where: "inside",
      characters: blanksOf(text),
    });
  const line = /^(?:export\s+)?[A-Z][A-Z0-9_]{0,99}=(?=[^=])/.exec(text)?.[0];
  if (line !== undefined)
    yield candidate(text.slice(line.length), "secret-prefix", {
      prefix: "NAME=",
      yours: "with",
      signer: "without",
    });
}

function trimmed(text: string): Candidate<string> {
  let start = 0;
  let end = text.length;
  while (start < end && blank.test(text[start] ?? "")) start++;
  while (end > start && blank.test(text[end - 1] ?? "")) end--;
  const value = text.slice(start, end);
  if (value === text || value === "") return { value: text, clues: [] };
  const where = start === 0 ? "end" : end === text.length ? "start" : "both ends";
  const characters = blanksOf(text.slice(0, start) + text.slice(end));
  return candidate(value, "secret-whitespace", { side: "yours", where, characters });
}

function blanksOf(text: string): string {
  const found = (text.match(allBlanks) ?? []).join("");
  if (/^[\r\n]+$/.test(found)) return "newline";
  if (/^ +$/.test(found)) return "space";
  return /^\s+$/.test(found) ? "white space" : "invisible characters";
}

/** The secret with its prefix taken off, put before it, or given once in place of twice. */
function* prefixed(scheme: Scheme, secret: string): Generator<Candidate<string>> {
  const own =
    scheme.kind === "ed25519"
      ? [scheme.secret.privatePrefix, scheme.secret.publicPrefix]
      : scheme.secret.prefix === undefined
        ? []
        : [scheme.secret.prefix];
  for (const prefix of own) {
    // Whatever stands before the prefix, or the prefix twice: `v1,whsec_…` is how some hand it out.
    const at = secret.lastIndexOf(prefix);
    if (at > 0)
      yield candidate(secret.slice(at), "secret-prefix", {
        prefix: safePrefix(secret.slice(0, at)),
        yours: "with",
        signer: "without",
      });
  }
  const has = own.find((prefix) => secret.startsWith(prefix));
  if (has === undefined)
    for (const prefix of own)
      yield candidate(prefix + secret, "secret-prefix", { prefix, yours: "without", signer: "with" });
  else if (scheme.kind === "hmac" && scheme.secret.encoding === "raw")
    yield candidate(secret.slice(has.length), "secret-prefix", {
      prefix: has,
      yours: "with",
      signer: "without",
    });
  const foreign = /^[A-Za-z][A-Za-z0-9]{1,11}[_=:,-](?=.{8})/.exec(secret)?.[0];
  if (foreign === undefined || own.includes(foreign)) return;
  const bare = secret.slice(foreign.length);
  const clue = { prefix: safePrefix(foreign), yours: "with", signer: "without" };
  yield candidate(bare, "secret-prefix", clue);
}

/** A prefix is named only where it is a word, which no secret is made of. */
function safePrefix(text: string): string {
  return /^(?:(?:whsec|whsk|whpk|v1a?|sha\d{1,3}|sk|pk|secret|key|hmac)[_=:,-])+$/.test(text) ? text : "";
}

/** The keys that another reading of the text gives. */
function* encodings(scheme: HmacScheme, secret: string): Generator<Candidate<Buffer>> {
  const { encoding, prefix = "" } = scheme.secret;
  const expected = encoding === "raw" ? "text" : "base64";
  const hasPrefix = prefix !== "" && secret.startsWith(prefix);
  const bare = hasPrefix ? secret.slice(prefix.length) : secret;
  const used = (key: Buffer | undefined, how: string): Candidate<Buffer>[] =>
    key === undefined || key.length === 0 ? [] : [candidate(key, "secret-encoding", { expected, used: how })];
  if (encoding === "base64") {
    yield* used(Buffer.from(bare), "text");
    if (hasPrefix || prefix !== "")
      yield candidate(Buffer.from(prefix + bare), "secret-prefix", {
        prefix,
        yours: hasPrefix ? "with" : "without",
        signer: "part of the key",
      });
  }
  yield* used(hexBytes(bare), "hex");
  yield* used(base64Bytes(bare), /[-_]/.test(bare) ? "base64url" : "base64");
  const twice = base64Bytes(base64Bytes(bare)?.toString("latin1") ?? "");
  yield* used(twice, "base64 twice");
  if (encoding === "base64") return;
  for (const text of hasPrefix ? [bare, secret] : [secret]) {
    yield* used(Buffer.from(Buffer.from(text).toString("base64")), "its base64 form");
    yield* used(Buffer.from(Buffer.from(text).toString("hex")), "its hex form");
  }
}

function hexBytes(text: string): Buffer | undefined {
  return text.length >= shortestEncoded && /^(?:[0-9a-f]{2})+$/i.test(text)
    ? Buffer.from(text, "hex")
    : undefined;
}

function base64Bytes(text: string): Buffer | undefined {
  // Node's decoder takes both alphabets.
  return text.length >= shortestEncoded && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text)
    ? Buffer.from(text, "base64")
    : undefined;
}

function keyOf(scheme: Scheme, secret: string, clues: readonly Clue[]): KeyCandidate[] {
  const texts = scheme.kind === "hmac" ? [{ text: secret, clues }] : edSpellings(scheme, secret, clues);
  return texts.flatMap((spelling) => {
    const key = readSecret(scheme, spelling.text);
    return key.ok ? [{ value: key.key, clues: spelling.clues }] : [];
  });
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
