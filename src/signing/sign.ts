import { HooklineError } from "../errors.ts";
import { parseContent, signedHeaders, signedPieces } from "./content.ts";
import { headerValue, headerValues, readHeader } from "./headers.ts";
import { readSecret, type Key } from "./secrets.ts";
import { computeSignature } from "./signature.ts";
import type { RawHeaders, SignatureScheme, TimestampSource } from "./types.ts";

export interface SignInput {
  body: Uint8Array;
  /** First the current one; the others sign too where the scheme can carry several signatures. */
  secrets: readonly string[];
  /** Headers already set: those the scheme signs must be among them, and a timestamp given here is used. */
  headers: RawHeaders;
  /** Unix milliseconds. */
  now: number;
}

/** Prepares a scheme and its secrets once, for signing many requests. */
export interface Signer {
  /**
   * The headers to add to a request so that it is signed.
   * @throws HooklineError `sign-header-missing`, `sign-header-malformed`, `timestamp-malformed`
   */
  (this: void, input: Omit<SignInput, "secrets">): string[];
}

/**
 * Signs a request: returns the headers to add.
 * @throws HooklineError `secret-missing`, `secret-malformed`, `sign-header-missing`, `sign-header-malformed`,
 * `timestamp-malformed`
 */
export function sign(scheme: SignatureScheme, input: SignInput): string[] {
  return createSigner(scheme, input.secrets)(input);
}

/** @throws HooklineError `secret-missing` or `secret-malformed` where a secret cannot sign */
export function createSigner(scheme: SignatureScheme, secrets: readonly string[]): Signer {
  if (scheme.kind === "none") return () => [];
  if (scheme.kind === "bearer") {
    const value = (scheme.prefix ?? "Bearer ") + usable(scheme, secrets[0]).secret;
    return () => [scheme.header ?? "authorization", value];
  }
  if (scheme.kind === "basic") {
    const value = `Basic ${Buffer.from(usable(scheme, secrets[0]).secret, "utf8").toString("base64")}`;
    return () => ["authorization", value];
  }

  const current = scheme.separator === undefined ? secrets.slice(0, 1) : secrets;
  const keys = current.map((secret) => usable(scheme, secret));
  if (keys.length === 0) usable(scheme, undefined);
  const content = parseContent(scheme.content);
  const needed = signedHeaders(content);
  // An optional prefix is left out: the vendor's own requests may come without it.
  const prefix = scheme.prefixOptional === true ? "" : (scheme.prefix ?? "");
  const { header, separator = "", timestamp } = scheme;

  return ({ body, headers, now }) => {
    for (const name of needed) requireSignable(headers, name);
    const time = timestamp === undefined ? undefined : timestampText(timestamp, headers, now);
    const pieces = signedPieces(content, body, time, headers);
    const items = keys.map((key) => prefix + computeSignature(scheme, key, pieces));
    if (timestamp?.item !== undefined) items.unshift(timestamp.item + (time ?? ""));
    const added = [header, items.join(separator)];
    if (
      timestamp !== undefined &&
      timestamp.item === undefined &&
      headerValue(headers, timestamp.header) === undefined
    ) {
      added.unshift(timestamp.header, time ?? "");
    }
    return added;
  };
}

function timestampText(source: TimestampSource, headers: RawHeaders, now: number): string {
  const given = source.item === undefined ? headerValues(headers, source.header) : [];
  if (given.length > 1) throw unsignable(source.header);
  const text = given[0] ?? String(Math.floor(source.unit === "s" ? now / 1000 : now));
  if (!/^(0|[1-9]\d{0,14})$/.test(text)) {
    throw new HooklineError("timestamp-malformed", `cannot sign with the timestamp ${JSON.stringify(text)}`, {
      nextSteps: [
        `give ${source.header} as whole Unix ${source.unit === "s" ? "seconds" : "milliseconds"}, not before 1970`,
      ],
    });
  }
  return text;
}

/** What a receiver would refuse to read is not signed. */
function requireSignable(headers: RawHeaders, name: string): void {
  const read = readHeader(headers, name);
  if (read.ok) return;
  if (read.code !== "header-missing" && read.code !== "header-empty") throw unsignable(name);
  throw new HooklineError(
    "sign-header-missing",
    `the signature covers the header ${name}, which is not set`,
    {
      nextSteps: [`set it with -H '${name}: …'`],
    },
  );
}

function unsignable(name: string): HooklineError {
  return new HooklineError(
    "sign-header-malformed",
    `the signature covers the header ${name}, whose value no receiver can read`,
    { nextSteps: [`set ${name} once, in printable ASCII of at most 8192 characters`] },
  );
}

function usable(scheme: SignatureScheme, secret: string | undefined): Extract<Key, { ok: true }> {
  const key = readSecret(scheme, secret ?? "");
  if (key.ok && key.canSign) return key;
  const code = key.ok ? "secret-malformed" : key.code;
  throw new HooklineError(code, secretProblem(scheme, code, key.ok), {
    nextSteps: ["check the secret where your provider shows it, and copy it whole"],
  });
}

function secretProblem(scheme: SignatureScheme, code: string, isPublicKey: boolean): string {
  if (code === "secret-missing") return "the signing secret is empty";
  if (isPublicKey) return "the secret is a public key, which verifies but cannot sign";
  if (scheme.kind === "ed25519") {
    return `the signing secret is not a key of this scheme: it should be ${scheme.secret.privatePrefix}<base64 of 32 bytes>`;
  }
  if (scheme.kind === "bearer") return "the secret cannot stand in a header: it must be printable ASCII";
  const prefix = scheme.kind === "hmac" ? (scheme.secret.prefix ?? "") : "";
  return `the signing secret is not ${prefix}<base64>, which this scheme needs`;
}
