import type { FindingData } from "../actions/verify.ts";
import { safeLine } from "./safe.ts";

type Cause = FindingData["cause"];
type Evidence = FindingData["evidence"];

/** A finding with its sentences, as `--json` carries it. */
export interface RenderedFinding extends FindingData {
  /** What was found. */
  message: string;
  /** What to do about it. */
  fix: string;
}

interface Sentences {
  message: (evidence: Evidence) => string;
  fix: (evidence: Evidence) => string;
}

const header = (evidence: Evidence): string => safeLine(String(evidence["header"] ?? "the signature"), 100);

/** The sentences of every cause; the causes themselves are found in `signing/`. */
const sentences: Record<Cause, Sentences> = {
  "secret-missing": {
    message: () => "there is no signing secret to check against",
    fix: () => "give the endpoint's signing secret with --secret env:NAME",
  },
  "secret-malformed": {
    message: () => "the signing secret is not of the form this scheme needs",
    fix: () => "copy it whole from where the provider shows it, prefix included",
  },
  "secret-short": {
    message: ({ bytes, least }) =>
      `the secret decodes to ${bytes} bytes, fewer than the ${least} the standard asks for`,
    fix: () => "rotate to a secret of 24 to 64 bytes",
  },
  "header-missing": {
    message: (evidence) => `the request has no ${header(evidence)} header`,
    fix: () =>
      "check that the provider signs for this endpoint, and that nothing in front of you drops the header",
  },
  "header-duplicated": {
    message: (evidence) =>
      `the request has ${evidence["times"]} ${header(evidence)} headers, and which one counts is open`,
    fix: () => "find what adds the second one: a proxy, or middleware that copies headers",
  },
  "header-empty": {
    message: (evidence) => `the ${header(evidence)} header is empty`,
    fix: () => "check that the provider has a secret set for this endpoint",
  },
  "header-oversized": {
    message: ({ length, most, ...evidence }) =>
      `the ${header(evidence)} header is ${length} characters long; more than ${most} are not looked at`,
    fix: () => "no provider sends a header of that size: find what grew it",
  },
  "header-non-ascii": {
    message: (evidence) => `the ${header(evidence)} header holds characters no signature has`,
    fix: () => "find what changed the header on its way",
  },
  "header-malformed": {
    message: (evidence) =>
      `the ${header(evidence)} header holds no signature of the form this provider sends`,
    fix: () => "compare it with the form shown by `hookline providers show`: prefix, encoding and length",
  },
  "timestamp-missing": {
    message: (evidence) => `the time of signing is missing from ${header(evidence)}`,
    fix: () => "check that nothing in front of you drops or rewrites the header",
  },
  "timestamp-malformed": {
    message: (evidence) => `the time of signing in ${header(evidence)} is not a whole number`,
    fix: () => "the header takes Unix seconds, digits alone",
  },
  "timestamp-expired": {
    message: ({ skew_seconds, tolerance_seconds }) =>
      `the signature is right but was made ${skew_seconds} s ago; ${tolerance_seconds} s are allowed`,
    fix: () => "check this machine's clock; for a request captured earlier use --at TIME or --tolerance off",
  },
  "timestamp-future": {
    message: ({ skew_seconds, tolerance_seconds }) =>
      `the signature is right but dated ${skew_seconds} s in the future; ${tolerance_seconds} s are allowed`,
    fix: () =>
      "check this machine's clock; for a request captured elsewhere use --at TIME or --tolerance off",
  },
  "signature-mismatch": {
    message: () => "the signature is well formed but not this secret's over these bytes",
    fix: () =>
      "either the secret is another endpoint's, or the body is not the raw bytes that were sent (parsed and written again, or tampered with)",
  },
  unsigned: {
    message: () => "this provider signs nothing, so nothing can be verified",
    fix: () => "if it does sign, describe its scheme under `signatures` in hookline.json",
  },
};

export function renderFinding(finding: FindingData): RenderedFinding {
  const { message, fix } = sentences[finding.cause];
  return { ...finding, message: message(finding.evidence), fix: fix(finding.evidence) };
}
