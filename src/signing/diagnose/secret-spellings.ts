import type { Ed25519Scheme, HmacScheme } from "../types.ts";
import { candidate, type Candidate } from "./clues.ts";

/** Fewest characters a text must have to be tried as the encoding of a key. */
const shortestEncoded = 16;

/** The secret with its prefix taken off, put before it, or given once in place of twice. */
export function* prefixed(scheme: HmacScheme | Ed25519Scheme, secret: string): Generator<Candidate<string>> {
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
      yield candidate(
        secret.slice(at),
        "secret-prefix",
        secret.slice(0, at).replaceAll(prefix, "") === ""
          ? { prefix, yours: "twice", signer: "with" }
          : { prefix: safePrefix(secret.slice(0, at)), yours: "with", signer: "without" },
      );
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
export function* encodings(scheme: HmacScheme, secret: string): Generator<Candidate<Buffer>> {
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
  const decoded = base64Bytes(bare);
  const how = /[-_]/.test(bare) ? "base64url" : "base64";
  yield* used(decoded, how);
  // `echo` puts a line break behind what is then encoded.
  yield* used(withoutBreak(decoded), how);
  const twice = base64Bytes(decoded?.toString("latin1").trim() ?? "");
  yield* used(twice, "base64 twice");
  if (encoding === "base64") return;
  for (const text of hasPrefix ? [bare, secret] : [secret]) {
    yield* used(Buffer.from(Buffer.from(text).toString("base64")), "its base64 form");
    yield* used(Buffer.from(Buffer.from(text).toString("hex")), "its hex form");
  }
}

export function hexBytes(text: string): Buffer | undefined {
  return text.length >= shortestEncoded && /^(?:[0-9a-f]{2})+$/i.test(text)
    ? Buffer.from(text, "hex")
    : undefined;
}

export function base64Bytes(text: string): Buffer | undefined {
  // Node's decoder takes both alphabets.
  return text.length >= shortestEncoded && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text)
    ? Buffer.from(text, "base64")
    : undefined;
}

function withoutBreak(bytes: Buffer | undefined): Buffer | undefined {
  if (bytes?.at(-1) !== 10) return undefined;
  return bytes.subarray(0, bytes.at(-2) === 13 ? -2 : -1);
}
