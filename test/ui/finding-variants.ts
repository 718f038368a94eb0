import type { FindingData } from "../../src/actions/verify.ts";

type Evidence = FindingData["evidence"];

const stacks = [
  "aws",
  "nextjs",
  "netlify",
  "cloudflare",
  "azure",
  "google",
  "python",
  "php",
  "node",
  "node or php",
  "cgi",
];

const header = "x-acme-signature";
const each = (name: string, values: readonly string[], evidence: Evidence = {}): Evidence[] =>
  values.map((value) => ({ ...evidence, [name]: value }));
const withStacks = (evidence: Evidence): Evidence[] => [evidence, ...each("stack", stacks, evidence)];

const stripe = { provider: "stripe", title: "Stripe" };
const endpoint = {
  provider: "fareplay",
  title: "Fareplay",
  source: "endpoint",
  endpoint: "ep_01m80ayazj33kyxt6gcz0pxcm8",
  url: "https://hooks.example.com/fareplay",
};

/** What every cause can rest on, one entry for each sentence that may come of it. */
export const variants: Record<FindingData["cause"], readonly Evidence[]> = {
  "secret-missing": [{}],
  "secret-malformed": [{}],
  "secret-short": [{ bytes: 12, least: 24 }],
  "wrong-secret": [
    { secrets: 1, bytes: 541, complete: true },
    { secrets: 2, bytes: 4200, complete: true },
    { secrets: 1, bytes: 5_000_000, complete: false },
    { secrets: 1, bytes: 541, complete: true, api_key: true },
    { secrets: 1, bytes: 5_000_000, complete: false, thorough: true },
    { secrets: 1, bytes: 541, complete: true, unset: "FAREPLAY_WEBHOOK_SECRET" },
  ],
  "other-known-secret": [
    { ...stripe, source: "flag", name: "STRIPE_SECRET" },
    { ...stripe, source: "flag" },
    { ...stripe, source: "environment", name: "STRIPE_WEBHOOK_SECRET" },
    { ...stripe, source: "environment", name: "STRIPE_WEBHOOK_SECRET_PREVIOUS", previous: true },
    { ...stripe, source: "env-file", name: "STRIPE_WEBHOOK_SECRET" },
    { ...stripe, source: "project", name: "SHOP_WEBHOOK_SECRET" },
    { ...stripe, source: "development" },
    endpoint,
    { ...endpoint, previous: true },
  ],
  "secret-whitespace": [
    { side: "yours", where: "start", characters: "space" },
    { side: "yours", where: "end", characters: "newline" },
    { side: "yours", where: "end", characters: "white space" },
    { side: "yours", where: "both ends", characters: "space" },
    { side: "yours", where: "inside", characters: "newline" },
    { side: "yours", where: "inside", characters: "invisible characters" },
    { side: "yours", where: "end", characters: "invisible characters" },
    { side: "signer", where: "end", characters: "newline" },
    { side: "signer", where: "end", characters: "space" },
  ],
  "secret-quoted": [
    ...each("quotes", ["double", "single", "back", "curly", "angle", "one"], { side: "yours" }),
    ...each("quotes", ["double", "single"], { side: "signer" }),
  ],
  "secret-encoding": [
    ...each("used", ["hex", "base64", "base64 twice", "its base64 form", "its hex form"], {
      expected: "text",
    }),
    ...each("used", ["text", "hex", "base64", "base64 twice", "base64url", "base64 of it"], {
      expected: "base64",
    }),
  ],
  "secret-prefix": [
    { prefix: "whsec_", yours: "with", signer: "without" },
    { prefix: "whsec_", yours: "without", signer: "with" },
    { prefix: "whsec_", yours: "with", signer: "part of the key" },
    { prefix: "NAME=", yours: "with", signer: "without" },
    { prefix: "", yours: "with", signer: "without" },
    { prefix: "whsec_", yours: "twice", signer: "with" },
  ],
  "body-reserialised": [
    ...withStacks({ signed: "json.dumps", arrived: "JSON.stringify" }),
    { signed: "JSON.stringify, 2 spaces", arrived: "JSON.stringify" },
    { signed: "compact, two decimals", arrived: "compact" },
    { signed: "json.dumps, unicode kept, keys sorted", arrived: "json.dumps, compact" },
    { signed: "Go's json.Marshal", arrived: "System.Text.Json" },
    { signed: "escaped for HTML", arrived: "spaced" },
    { signed: "JSON.stringify, tabs", arrived: "json_encode, pretty" },
    { signed: "4 spaces, one decimal" },
    { bytes: 541, content_length: 560 },
    { bytes: 541, content_length: 560, arrived: "JSON.stringify", stack: "node" },
    { bytes: 541, arrived: "keys sorted" },
    { bytes: 541, arrived: "JSON.stringify", stack: "node", numbers: "rounded" },
    { bytes: 15, arrived: "[object Object]" },
    { bytes: 15, content_length: 560, arrived: "[object Object]" },
  ],
  "body-newline": [
    ...each("newline", ["LF", "CRLF", "white space"], { change: "added" }),
    ...each("newline", ["LF", "CRLF"], { change: "lost" }),
    { change: "became CRLF", newline: "LF" },
    { change: "became LF", newline: "CRLF" },
    { change: "all lost", newline: "LF" },
  ],
  "body-charset": [
    ...withStacks({ signed: "UTF-8", arrived: "ISO-8859-1" }),
    { signed: "UTF-8", arrived: "UTF-8 read as Windows-1252" },
    { signed: "Windows-1252", arrived: "UTF-8" },
    { signed: "UTF-16", arrived: "ASCII" },
    { signed: "NFC", arrived: "NFD" },
    { bytes: 545, content_length: 541, replacement_characters: 2 },
    { bytes: 545, replacement_characters: 1, stack: "node" },
  ],
  "body-bom": each("change", ["added", "lost"]),
  "body-encoded": [
    ...["base64", "gzip", "br", "deflate", "a JSON string", "a gateway's event", "a form", "percent"].map(
      (encoding) => ({ encoding, change: "added" }),
    ),
    { encoding: "HTML entities", change: "added" },
    ...each("stack", ["aws", "netlify"], { encoding: "base64", change: "added" }),
    ...["base64", "a form", "percent"].map((encoding) => ({ encoding, change: "removed" })),
    ...each("stack", stacks, { encoding: "a form", change: "removed" }),
    { encoding: "gzip", change: "removed", bytes: 541, content_length: 312 },
    { encoding: "br", change: "removed", bytes: 541 },
  ],
  "body-empty": [
    { bytes: 0 },
    { bytes: 2, content_length: 541, body: "{}" },
    ...withStacks({ bytes: 0, content_length: 541 }),
  ],
  "body-truncated": [{ bytes: 512 }, { bytes: 512, content_length: 1024 }],
  tampered: [
    { seen: "signature", bytes: 541 },
    { seen: "delivery", bytes: 541 },
  ],
  "header-missing": [
    { header },
    { header: "x-acme-time", holds: "time" },
    { header, beside: "X-Hub-Signature", algorithm: "sha1" },
  ],
  "header-renamed": [
    { header, found: "HTTP_X_ACME_SIGNATURE", stack: "cgi" },
    { header: "authorization", found: "x-amzn-Remapped-Authorization", stack: "aws" },
    { header, found: "X-Forwarded-X-Acme-Signature" },
    { header, found: "X_Acme_Signature" },
    { header, found: "Acme-Signature", stack: "node" },
  ],
  "header-duplicated": [{ header, times: 2 }],
  "header-empty": [{ header }],
  "header-oversized": [{ header, length: 9000, most: 8192 }],
  "header-non-ascii": [{ header }],
  "header-malformed": [
    { header },
    { header, what: "prefix-missing", prefix: "sha256=" },
    { header, what: "prefix-doubled", prefix: "sha256=" },
    { header, what: "prefix-case", prefix: "sha256=", found: "SHA256=" },
    { header, what: "prefix-other", prefix: "v1=", found: "sig=" },
    { header: "authorization", what: "prefix-other", prefix: "Bearer" },
    { header, what: "prefix-added", found: "sha256=" },
    ...each("what", ["quotes", "spaces", "separator", "url-encoded", "other-text"], { header }),
    ...each("what", ["fraction", "date"], { header: "x-acme-time" }),
    ...each("what", ["no-time", "no-signature"], { header }),
  ],
  "header-encoding": [
    ...each("found", ["upper-case hex", "base64", "base64 of hex"], { header, expected: "hex" }),
    ...each("found", ["hex", "base64url", "base64 without its padding", "base64 of hex"], {
      header,
      expected: "base64",
    }),
    { header: "authorization", expected: "base64", found: "text" },
    { header: "authorization", expected: "text", found: "base64" },
  ],
  "timestamp-missing": [{ header }],
  "timestamp-malformed": [{ header }, { header, times: 2 }],
  "timestamp-expired": [
    { header, timestamp: 1_700_000_000, now: 1_700_000_412, skew_seconds: 412, tolerance_seconds: 300 },
    { header, timestamp: 1_700_000_000, now: 1_700_011_520, skew_seconds: 11_520, tolerance_seconds: 300 },
  ],
  "timestamp-future": [
    { header, timestamp: 1_700_000_412, now: 1_700_000_000, skew_seconds: 412, tolerance_seconds: 300 },
    { header, timestamp: 1_700_691_200, now: 1_700_000_000, skew_seconds: 691_200, tolerance_seconds: 900 },
  ],
  "timestamp-unit": [
    { header, expected: "s", signed: "ms", timestamp: "1700000000000" },
    { header, expected: "ms", signed: "s", timestamp: "1700000000" },
    { header, expected: "s", signed: "us", timestamp: "1700000000000000" },
    { header, expected: "s", signed: "ns", timestamp: "1700000000000000000" },
    { header, expected: "s", signed: "s" },
    { header, expected: "s", signed: "ms" },
    { header, expected: "ms", signed: "s" },
  ],
  algorithm: [
    { expected: "sha256", found: "sha1" },
    { expected: "sha256", found: "md5" },
    { expected: "sha1", found: "sha256" },
    ...each("unkeyed", ["body", "secret and body", "body and secret"], {
      expected: "sha256",
      found: "sha256",
    }),
  ],
  "signed-content": [
    { expected: "{timestamp}.{body}", found: "{body}" },
    { expected: "{header:webhook-id}.{timestamp}.{body}", found: "{timestamp}.{body}" },
    { expected: "{body}", found: "{timestamp}.{body}", header: "X-Acme-Time" },
  ],
  "other-provider": [{ ...stripe, header: "stripe-signature" }],
  "signature-mismatch": [{}],
  unsigned: [{}],
};
