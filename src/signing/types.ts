/**
 * Header names and values alternately, as they stood on the wire: `["Host", "x", "Accept", "y"]` (the shape of
 * Node's `rawHeaders`). Order, case and repetition are kept; values are latin1 strings, one character a byte.
 */
export type RawHeaders = readonly string[];

export type HmacAlgorithm = "sha1" | "sha256" | "sha384" | "sha512";

/** Where the time a request was signed at stands, and how far it may lie from now. */
export interface TimestampSource {
  /** Header that carries it, lower case. */
  header: string;
  /** Start of the item that carries it, where the header holds several (`t=` in Stripe's). */
  item?: string;
  unit: "s" | "ms";
  /** Seconds a timestamp may lie in the past (and, unless `future` is "accept", in the future). */
  toleranceSeconds: number;
  /** Whether a timestamp ahead of the receiver's clock by more than the tolerance passes. Default "reject". */
  future?: "reject" | "accept";
}

/** How the bytes of the key come out of the secret as the user holds it. */
export interface SecretFormat {
  /** "raw": the UTF-8 bytes of the whole text. "base64": decoded, after the prefix if there is one. */
  encoding: "raw" | "base64";
  /** With base64: stripped before decoding where present (`whsec_`). With raw: only shapes generated secrets. */
  prefix?: string;
  /** A key of fewer bytes verifies, but with a warning. */
  minBytes?: number;
}

interface HeaderSignature {
  /** Header that carries the signature or signatures, lower case. */
  header: string;
  /** Start of each signature in the header: `sha256=`, `v1,`, `v1=`. */
  prefix?: string;
  /** A signature without the prefix is accepted too. */
  prefixOptional?: boolean;
  /** Separates several signatures (and other items) in the one header. */
  separator?: string;
  /** What is signed: literal text around `{body}`, `{timestamp}` and `{header:NAME}`. */
  content: string;
  timestamp?: TimestampSource;
}

export interface HmacScheme extends HeaderSignature {
  kind: "hmac";
  algorithm: HmacAlgorithm;
  encoding: "hex" | "base64";
  secret: SecretFormat;
}

/** Signed with a private key (`whsk_<base64 of the 32-byte seed, or of seed and public key>`), verified with that or the public one (`whpk_<base64>`). */
export interface Ed25519Scheme extends HeaderSignature {
  kind: "ed25519";
  encoding: "hex" | "base64";
  secret: { privatePrefix: string; publicPrefix: string };
}

/** The secret itself travels in a header. */
export interface BearerScheme {
  kind: "bearer";
  /** Default `authorization`. */
  header?: string;
  /** Default `Bearer `. */
  prefix?: string;
}

/** `user:password` travels in `Authorization`. */
export interface BasicScheme {
  kind: "basic";
}

/** Nothing is signed. */
export interface NoneScheme {
  kind: "none";
}

/** How a provider proves that a request is its own: plain data, so that a user's provider has all a built-in one has. */
export type SignatureScheme = HmacScheme | Ed25519Scheme | BearerScheme | BasicScheme | NoneScheme;

export type VerdictCode =
  | "secret-missing"
  | "secret-malformed"
  | "header-missing"
  | "header-duplicated"
  | "header-empty"
  | "header-oversized"
  | "header-non-ascii"
  | "header-malformed"
  | "timestamp-missing"
  | "timestamp-malformed"
  | "timestamp-expired"
  | "timestamp-future"
  | "signature-mismatch"
  /** The scheme signs nothing, so nothing can be verified. */
  | "unsigned";

/** What only a diagnosis finds out: `diagnose` tells what each rests on. */
type DiagnosedCause =
  | "wrong-secret"
  | "other-known-secret"
  | "secret-whitespace"
  | "secret-quoted"
  | "secret-encoding"
  | "secret-prefix"
  | "body-reserialised"
  | "body-newline"
  | "body-charset"
  | "body-bom"
  | "body-encoded"
  | "body-empty"
  | "body-truncated"
  | "header-renamed"
  | "header-encoding"
  | "timestamp-unit"
  | "algorithm"
  | "signed-content"
  | "other-provider"
  | "tampered";

export type Cause = VerdictCode | DiagnosedCause | "secret-short";

/** Header names, lengths, forms, times (Unix seconds); never a secret or a whole expected signature. */
export type Evidence = Readonly<Record<string, string | number | boolean>>;

/** One thing found about a request, as data; its sentences live in `ui/`. */
export interface Finding {
  cause: Cause;
  /** "proved": the signature matches once this is undone, or the request itself shows it (a header that is not there). */
  confidence: "proved" | "likely";
  evidence: Evidence;
}

export type Verdict =
  | {
      ok: true;
      /** Index into the schemes tried. */
      scheme: number;
      /** Index into the secrets tried. */
      secretIndex: number;
      /** Unix seconds the request was signed at, where the scheme says. */
      timestamp?: number;
      warnings: readonly Finding[];
    }
  | { ok: false; code: VerdictCode; findings: readonly Finding[] };
