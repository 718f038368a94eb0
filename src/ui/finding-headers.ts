import { readRenamed } from "./finding-stacks.ts";
import {
  amount,
  orInProject,
  pick,
  text,
  type Cause,
  type Evidence,
  type Sentences,
} from "./finding-words.ts";
import { duration } from "./format.ts";

/** What is said of headers, of the time and of how the signature was made. */
export const headerSentences = {
  "header-missing": {
    message(evidence) {
      const missing = `the request has no ${headerName(evidence)} header`;
      const beside = text(evidence, "beside");
      if (beside !== "")
        return `${missing}; secret and body are right, as ${beside} (${text(evidence, "algorithm") || "another algorithm"}) tells`;
      return evidence["holds"] === "time" ? `${missing}, which holds the time of signing` : missing;
    },
    fix: ({ holds }) =>
      holds === "time"
        ? "check that nothing in front of you drops the header, and that it was captured with the others"
        : "check that the provider signs for this endpoint, and that nothing in front of you drops the header",
  },
  "header-renamed": {
    message(evidence) {
      const found = text(evidence, "found");
      return `the request has no ${headerName(evidence)} header; ${found === "" ? "another" : found} holds what belongs there`;
    },
    fix: (evidence) => readRenamed(headerName(evidence), text(evidence, "found")),
  },
  "header-duplicated": {
    message: (evidence) =>
      `the request has ${amount(evidence, "times") ?? "several"} ${headerName(evidence)} headers, and nothing says which one counts`,
    fix: () => "find what adds the second one: a proxy, or middleware that copies headers",
  },
  "header-empty": {
    message: (evidence) => `the ${headerName(evidence)} header is empty`,
    fix: () => "check that the provider has a secret set for this endpoint",
  },
  "header-oversized": {
    message(evidence) {
      const length = amount(evidence, "length");
      const long = length === undefined ? "too long" : `${length} characters long`;
      return `the ${headerName(evidence)} header is ${long}; more than ${amount(evidence, "most") ?? 8192} are not looked at`;
    },
    fix: () => "no provider sends a header of that size: find what makes it so long",
  },
  "header-non-ascii": {
    message: (evidence) => `the ${headerName(evidence)} header holds characters no signature has`,
    fix: () => "find what changed the header on its way",
  },
  "header-malformed": { message: malformed, fix: malformedFix },
  "header-encoding": { message: digestEncoding, fix: digestEncodingFix },
  "timestamp-missing": {
    message: (evidence) => `the time of signing is missing from ${headerName(evidence)}`,
    fix: () => "check that nothing in front of you drops or rewrites the header",
  },
  "timestamp-malformed": {
    message: (evidence) =>
      amount(evidence, "times") === undefined
        ? `the time of signing in ${headerName(evidence)} is not a whole number`
        : `${headerName(evidence)} holds ${amount(evidence, "times")} times of signing, and nothing says which one counts`,
    fix: ({ times }) =>
      times === undefined
        ? "the time of signing is Unix time, in digits alone"
        : "find what joins two headers into one: a proxy, or middleware that copies headers",
  },
  "timestamp-expired": {
    message: (evidence, isFirst) =>
      `the signature ${isFirst ? "is right but " : ""}was made ${skew(evidence)} ago; ${tolerance(evidence)}`,
    fix: () => "check this machine's clock; for a request captured earlier use --at TIME or --tolerance off",
  },
  "timestamp-future": {
    message: (evidence, isFirst) =>
      `the signature is ${isFirst ? "right but " : ""}dated ${skew(evidence)} in the future; ${tolerance(evidence)}`,
    fix: () =>
      "check this machine's clock; for a request captured elsewhere use --at TIME or --tolerance off",
  },
  "timestamp-unit": { message: unit, fix: unitFix },
  algorithm: { message: algorithm, fix: algorithmFix },
  "signed-content": {
    message(evidence) {
      const header = text(evidence, "header");
      const time = header === "" ? "" : ` with the time from the ${header} header`;
      return `the signature covers ${template(evidence, "found")}${time}; this provider's covers ${template(evidence, "expected")}`;
    },
    fix: (evidence) => `have the signer sign ${template(evidence, "expected")}${orInProject("`content`")}`,
  },
  "other-provider": {
    message(evidence) {
      const title = text(evidence, "title", 40) || text(evidence, "provider", 40) || "unknown";
      return `the request is another provider's (${title}): it has the ${headerName(evidence)} header`;
    },
    fix(evidence) {
      const provider = text(evidence, "provider", 40) || "PROVIDER";
      return `verify it with --provider ${provider}; \`hookline listen\` takes it at the path /${provider}`;
    },
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
} satisfies Partial<Record<Cause, Sentences>>;

function headerName(evidence: Evidence): string {
  return text(evidence, "header") || "signature";
}

function template(evidence: Evidence, name: string): string {
  const shown = text(evidence, name, 70);
  return shown === "" ? "something else" : `\`${shown}\``;
}

const wrappings: Readonly<Record<string, (prefix: string, found: string) => string>> = {
  "prefix-missing": (prefix) => `lacks ${prefix}`,
  "prefix-doubled": (prefix) => `has ${prefix} twice`,
  "prefix-case": (prefix, found) => `begins with ${found} in place of ${prefix}`,
  "prefix-other": (prefix, found) => `begins with ${found} in place of ${prefix}`,
  "prefix-added": (_, found) => `begins with ${found}, which this provider does not write`,
  quotes: () => "has quotes around its value",
  spaces: () => "has spaces in its value that do not belong there",
  separator: () => "has a comma, semicolon or space too many beside the signature",
  "url-encoded": () => "is percent-encoded",
  "other-text": () => "holds other text around the signature",
  fraction: () => "holds a time with a fraction in place of a whole number",
  date: () => "holds a date in place of Unix time",
  "no-time": () => "holds no time of signing",
};

function malformed(evidence: Evidence): string {
  const wrapping = pick(wrappings, text(evidence, "what"));
  const header = headerName(evidence);
  if (wrapping === undefined)
    return `the ${header} header holds no signature of the form this provider sends`;
  const found = text(evidence, "found", 40);
  return `the ${header} header ${wrapping(prefixOf(evidence), found === "" ? "another text" : `\`${found}\``)}`;
}

/** How a header's value is to be written, by what is not as it should be. */
const writings: Readonly<Record<string, (prefix: string) => string>> = {
  "prefix-missing": (prefix) =>
    `write ${prefix} before the value, and cut nothing off on its way${orInProject("`prefix`")}`,
  "prefix-doubled": (prefix) => `write ${prefix} once: the library that signs may add it already`,
  "prefix-case": (prefix) => `write ${prefix} exactly so`,
  "prefix-other": (prefix) => `write ${prefix} there${orInProject("`prefix`")}`,
  "prefix-added": () => `write the signature alone${orInProject("`prefix`")}`,
  quotes: () => "write the value without quotes; in a shell or in YAML a second pair becomes part of it",
  spaces: () => "write the value without these spaces; copying from a log or a console can add them",
  separator: () => "write the signature alone, with nothing before or behind it",
  "url-encoded": () => "find what encodes the header on its way, or decode it once (`decodeURIComponent`)",
  "other-text": () => "write the signature alone, with no text before or behind it",
  fraction: () => `write Unix time as a whole number; in seconds: ${timeNow("s")}`,
  date: () => `write Unix time; in seconds: ${timeNow("s")}`,
  "no-time": () => "capture the header whole: the time belongs in it beside the signature",
};

function malformedFix(evidence: Evidence): string {
  const writing = pick(writings, text(evidence, "what"));
  return writing === undefined
    ? "compare it with the form shown by `hookline providers show`: prefix, encoding and length"
    : writing(prefixOf(evidence));
}

function prefixOf(evidence: Evidence): string {
  const prefix = text(evidence, "prefix", 40);
  return prefix === "" ? "the provider's prefix" : `the prefix \`${prefix}\``;
}

const encodingNames: Readonly<Record<string, string>> = {
  text: "plain text",
  "base64 of hex": "hex and then in base64",
};

function digestEncoding(evidence: Evidence): string {
  const found = text(evidence, "found") || "another encoding";
  const expected =
    found === "upper-case hex" ? "lower-case hex" : text(evidence, "expected") || "something else";
  const asText = (form: string): string => pick(encodingNames, form) ?? form;
  return `the value of the ${headerName(evidence)} header is in ${asText(found)}; this provider's is in ${asText(expected)}`;
}

function digestEncodingFix(evidence: Evidence): string {
  const found = text(evidence, "found");
  const project = found === "hex" || found === "base64" ? orInProject("`encoding`") : "";
  if (evidence["expected"] === "text") return "send the secret itself in the header, not its base64 form";
  if (found === "text") return "send `user:password` in base64, not as it is";
  if (evidence["expected"] === "hex")
    return found === "upper-case hex"
      ? "have the signer write it in lower case: `.toLowerCase()`, in Python `.lower()`"
      : `have the signer write the digest in hex: \`.digest("hex")\`, in Python \`.hexdigest()\`${project}`;
  if (found === "base64 of hex")
    return 'have the signer encode the digest itself, not its hex text: `.digest("base64")`, in Python `b64encode(h.digest())`';
  return `have the signer write the digest in base64: \`.digest("base64")\`, in Python \`b64encode(h.digest())\`${project}`;
}

function skew(evidence: Evidence): string {
  return span(amount(evidence, "skew_seconds"), "some time");
}

function tolerance(evidence: Evidence): string {
  const allowed = amount(evidence, "tolerance_seconds");
  return `${span(allowed, "less")} ${allowed === undefined ? "is" : "are"} allowed`;
}

/** Seconds for people: `412 s`, and from ten minutes on `3 h 12 min`. */
function span(seconds: number | undefined, otherwise: string): string {
  if (seconds === undefined) return otherwise;
  return seconds < 600 ? `${seconds} s` : duration(seconds * 1000);
}

const unitNames: Readonly<Record<string, string>> = {
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
};

function unit(evidence: Evidence): string {
  const nameOf = (name: string): string => pick(unitNames, text(evidence, name)) ?? "another unit";
  const header = headerName(evidence);
  const timestamp = text(evidence, "timestamp", 25);
  // Without its text, the time stands in the header in the other unit than it was signed in.
  return timestamp === ""
    ? `the ${header} header holds the time in ${evidence["signed"] === "s" ? "milliseconds" : "seconds"}, but it was signed in ${nameOf("signed")}`
    : `the time in ${header} (${timestamp}) is in ${nameOf("signed")}; this provider's is in ${nameOf("expected")}`;
}

function unitFix(evidence: Evidence): string {
  const expected = evidence["expected"] === "ms" ? "ms" : "s";
  const signed = text(evidence, "signed");
  const isKnown = evidence["timestamp"] !== undefined && (signed === "s" || signed === "ms");
  return `send and sign it in ${unitNames[expected]}: ${timeNow(expected)}${isKnown ? orInProject("`unit`") : ""}`;
}

/** Code for the time now. */
function timeNow(name: "s" | "ms"): string {
  return name === "ms"
    ? "`Date.now()`, in Python `int(time.time() * 1000)`"
    : "`Math.floor(Date.now() / 1000)`, in Python `int(time.time())`";
}

function algorithm(evidence: Evidence): string {
  const found = text(evidence, "found", 20) || "another algorithm";
  const unkeyed = text(evidence, "unkeyed");
  if (unkeyed === "")
    return `the signature is an HMAC with ${found}; this provider's is with ${text(evidence, "expected", 20) || "another"}`;
  return unkeyed === "body"
    ? `the signature is a plain ${found} hash of the body; the secret has no part in it`
    : `the signature is a plain ${found} hash of ${unkeyed} joined together, not an HMAC`;
}

function algorithmFix(evidence: Evidence): string {
  const expected = text(evidence, "expected", 20) || "sha256";
  const isSupported = /^sha(?:1|256|384|512)$/.test(text(evidence, "found"));
  const project = isSupported && evidence["unkeyed"] === undefined ? orInProject("`algorithm`") : "";
  return `have the signer use \`createHmac("${expected}", secret)\`, in Python \`hmac.new(secret, message, "${expected}")\`${project}`;
}
