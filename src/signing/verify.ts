import { createHash, timingSafeEqual } from "node:crypto";
import { parseContent, signedHeaders, signedPieces } from "./content.ts";
import { readHeader } from "./headers.ts";
import { readSecret, type Key } from "./secrets.ts";
import { checkEd25519, computeSignature, joined, signatureLength } from "./signature.ts";
import { outsideTolerance, readTimestamp, seconds } from "./timestamp.ts";
import type {
  BasicScheme,
  BearerScheme,
  Ed25519Scheme,
  Evidence,
  Finding,
  HmacScheme,
  RawHeaders,
  SignatureScheme,
  Verdict,
  VerdictCode,
} from "./types.ts";

export interface VerifyInput {
  body: Uint8Array;
  headers: RawHeaders;
  /** Unix milliseconds. */
  now: number;
  /** Seconds, in place of the scheme's own; "off" checks no time. */
  tolerance?: number | "off" | undefined;
}

type Verifier = (input: VerifyInput) => Verdict;

/** Most signatures tried in one header. */
const maxSignatures = 32;

/** Where a check can fail, in the order it is made. */
const stages: readonly (readonly VerdictCode[])[] = [
  ["unsigned"],
  ["header-missing"],
  ["header-duplicated", "header-empty", "header-oversized", "header-non-ascii"],
  ["header-malformed"],
  ["timestamp-missing", "timestamp-malformed"],
  // Then come the other headers that are signed, see `stageOf`.
  [],
  ["secret-missing"],
  ["secret-malformed"],
  ["signature-mismatch"],
  ["timestamp-future", "timestamp-expired"],
];
const signedHeaderStage = 5;

/**
 * Whether a request is signed with one of the secrets under one of the schemes. Works on raw bytes, compares in
 * constant time, never throws on bad input. An `ok` verdict says the signature and its age are good; it says nothing
 * of the body's form.
 */
export function verify(
  schemes: readonly SignatureScheme[],
  secrets: readonly string[],
  input: VerifyInput,
): Verdict {
  return createVerifier(schemes, secrets)(input);
}

/** Prepares schemes and secrets once, for verifying many requests. */
export function createVerifier(schemes: readonly SignatureScheme[], secrets: readonly string[]): Verifier {
  const verifiers = schemes.map((scheme, index) => verifierOf(scheme, index, secrets));
  return (input) => {
    let furthest: Verdict | undefined;
    let reached = -1;
    for (const [index, check] of verifiers.entries()) {
      const verdict = check(input);
      if (verdict.ok) return verdict;
      const stage = stageOf(verdict, schemes[index]);
      if (stage <= reached) continue;
      furthest = verdict;
      reached = stage;
    }
    return furthest ?? failed("unsigned", {});
  };
}

/** The verdict of each scheme by itself, the one that got furthest first. */
export function verdictsOf(
  schemes: readonly SignatureScheme[],
  secrets: readonly string[],
  input: VerifyInput,
): { scheme: SignatureScheme; verdict: Verdict }[] {
  return schemes
    .map((scheme) => {
      const verdict = verify([scheme], secrets, input);
      return { scheme, verdict, stage: verdict.ok ? Infinity : stageOf(verdict, scheme) };
    })
    .sort((a, b) => b.stage - a.stage);
}

/** How far a failed check got: of several schemes' verdicts the one that got furthest is the telling one. */
function stageOf(verdict: Extract<Verdict, { ok: false }>, scheme: SignatureScheme | undefined): number {
  const own = scheme !== undefined && "header" in scheme ? scheme.header : undefined;
  const { header } = verdict.findings[0]?.evidence ?? {};
  if (verdict.code.startsWith("header-") && own !== undefined && header !== own) return signedHeaderStage;
  return stages.findIndex((codes) => codes.includes(verdict.code));
}

function verifierOf(scheme: SignatureScheme, index: number, secrets: readonly string[]): Verifier {
  switch (scheme.kind) {
    case "hmac":
    case "ed25519":
      return signatureVerifier(scheme, index, secrets);
    case "bearer":
    case "basic":
      return credentialVerifier(scheme, index, secrets);
    case "none":
      return () => failed("unsigned", {});
  }
}

function signatureVerifier(
  scheme: HmacScheme | Ed25519Scheme,
  index: number,
  secrets: readonly string[],
): Verifier {
  const keys = secrets.map((secret) => readSecret(scheme, secret));
  const content = parseContent(scheme.content);
  const needed = signedHeaders(content);
  const length = signatureLength(scheme);
  const shape = scheme.encoding === "hex" ? /^[0-9a-f]+$/ : /^[A-Za-z0-9+/]+={0,2}$/;

  return ({ body, headers, now, tolerance }) => {
    const header = readHeader(headers, scheme.header);
    if (!header.ok) return failed(header.code, header.evidence);
    const items = scheme.separator === undefined ? [header.value] : header.value.split(scheme.separator);
    const signatures = items
      .map((item) => unprefixed(item, scheme, length))
      .filter((item): item is string => item?.length === length && shape.test(item))
      .slice(0, maxSignatures);
    if (signatures.length === 0) return failed("header-malformed", { header: scheme.header });

    const time = readTimestamp(scheme.timestamp, headers, items);
    if (!time.ok) return failed(time.code, time.evidence);
    for (const name of needed) {
      const signed = readHeader(headers, name);
      if (!signed.ok) return failed(signed.code, signed.evidence);
    }

    if (!keys.some((key) => key.ok)) return unusable(keys);
    const pieces = signedPieces(content, body, time.text, headers);
    const secretIndex = keys.findIndex((key) => key.ok && signatures.some(matcher(scheme, key, pieces)));
    const key = keys[secretIndex];
    if (key?.ok !== true) {
      return failed(
        "signature-mismatch",
        { header: scheme.header, signatures: signatures.length, bytes: body.length },
        "likely",
      );
    }
    const outside = outsideTolerance(scheme.timestamp, time.text, now, tolerance);
    if (outside !== undefined) return failed(outside.code, outside.evidence);
    return accepted(index, secretIndex, key, scheme, seconds(scheme.timestamp, time.text));
  };
}

function matcher(
  scheme: HmacScheme | Ed25519Scheme,
  key: Extract<Key, { ok: true }>,
  pieces: readonly (string | Uint8Array)[],
): (signature: string) => boolean {
  if (scheme.kind === "ed25519") {
    const message = joined(pieces);
    return (signature) => checkEd25519(scheme, key, message, signature);
  }
  const expected = Buffer.from(computeSignature(scheme, key, pieces), "latin1");
  return (signature) => timingSafeEqual(Buffer.from(signature, "latin1"), expected);
}

function credentialVerifier(
  scheme: BearerScheme | BasicScheme,
  index: number,
  secrets: readonly string[],
): Verifier {
  const name = scheme.kind === "bearer" ? (scheme.header ?? "authorization") : "authorization";
  const prefix = scheme.kind === "bearer" ? (scheme.prefix ?? "Bearer ") : "Basic ";
  const keys = secrets.map((secret) => readSecret(scheme, secret));
  const expected = keys.map((key) =>
    key.ok
      ? sha256(scheme.kind === "basic" ? Buffer.from(key.secret, "utf8").toString("base64") : key.secret)
      : undefined,
  );
  return ({ headers }) => {
    const header = readHeader(headers, name);
    if (!header.ok) return failed(header.code, header.evidence);
    if (header.value.slice(0, prefix.length).toLowerCase() !== prefix.toLowerCase()) {
      return failed("header-malformed", { header: name });
    }
    // Digests are compared, so that lengths may differ without showing in the time taken.
    const given = sha256(header.value.slice(prefix.length));
    const secretIndex = expected.findIndex(
      (digest) => digest !== undefined && timingSafeEqual(digest, given),
    );
    const key = keys[secretIndex];
    if (key?.ok === true) return accepted(index, secretIndex, key, scheme, undefined);
    if (!keys.some((candidate) => candidate.ok)) return unusable(keys);
    return failed("signature-mismatch", { header: name }, "likely");
  };
}

/** A signature without its prefix, or undefined where the item is none. */
function unprefixed(item: string, scheme: HmacScheme | Ed25519Scheme, length: number): string | undefined {
  const { prefix = "", prefixOptional = false } = scheme;
  // A bare signature may begin like the prefix: its length tells.
  if (prefixOptional && item.length === length) return item;
  return item.startsWith(prefix) ? item.slice(prefix.length) : undefined;
}

/** Why none of the secrets can be used. */
function unusable(keys: readonly Key[]): Verdict {
  const malformed = keys.some((key) => !key.ok && key.code === "secret-malformed");
  return failed(malformed ? "secret-malformed" : "secret-missing", {});
}

function accepted(
  index: number,
  secretIndex: number,
  key: Extract<Key, { ok: true }>,
  scheme: SignatureScheme,
  timestamp: number | undefined,
): Verdict {
  const least = scheme.kind === "hmac" ? (scheme.secret.minBytes ?? 0) : 0;
  const warnings: Finding[] =
    key.bytes < least
      ? [{ cause: "secret-short", confidence: "proved", evidence: { bytes: key.bytes, least } }]
      : [];
  return {
    ok: true,
    scheme: index,
    secretIndex,
    ...(timestamp === undefined ? {} : { timestamp }),
    warnings,
  };
}

function failed(
  code: VerdictCode,
  evidence: Evidence,
  confidence: Finding["confidence"] = "proved",
): Verdict {
  return { ok: false, code, findings: [{ cause: code, confidence, evidence }] };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
