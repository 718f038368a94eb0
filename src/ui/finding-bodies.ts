import { decodeBase64, verifyForm, verifyRaw, verifyUndecoded, verifyUnparsed } from "./finding-stacks.ts";
import { amount, byteCount, pick, text, type Cause, type Evidence, type Sentences } from "./finding-words.ts";
import { bytes, count } from "./format.ts";

/** What is said of bodies that are not the bytes that were signed. */
export const bodySentences = {
  "body-reserialised": { message: reserialised, fix: verifyUnparsed },
  "body-newline": { message: newline, fix: newlineFix },
  "body-charset": { message: charset, fix: charsetFix },
  "body-bom": {
    message: ({ change }) =>
      change === "lost"
        ? "the byte order mark at the start of the body was lost; the signature covers it"
        : "a byte order mark was added at the start of the body; the signature does not cover it",
    fix: ({ change }) =>
      change === "lost"
        ? "verify the bytes as they came: `request.text()`, `TextDecoder` and Python's `utf-8-sig` drop the mark"
        : "save and send the body as UTF-8 without a byte order mark (in PowerShell `-Encoding utf8NoBOM`)",
  },
  "body-encoded": { message: encoded, fix: encodedFix },
  "body-empty": { message: empty, fix: emptyFix },
  "body-truncated": {
    message(evidence) {
      const size = amount(evidence, "bytes");
      const announced = amount(evidence, "content_length");
      if (size === undefined) return "the end of the body is missing";
      return announced === undefined
        ? `the end of the body is missing: its JSON breaks off after ${byteCount(size)}`
        : `the end of the body is missing: ${size} of ${byteCount(announced)} arrived`;
    },
    fix: () =>
      "look for a limit on the size of bodies or a connection that was cut, and capture the whole body",
  },
  tampered: {
    message(evidence) {
      const size = amount(evidence, "bytes");
      const body = size === undefined ? "body" : `body (${bytes(size)})`;
      return evidence["seen"] === "signature"
        ? "this signature was verified with another body; this one was tampered with"
        : `this delivery was verified before; its ${body} or its signature was changed since`;
    },
    fix: () =>
      "do not act on it; find who stands between the provider and you: a proxy, a tunnel, or someone who sends it again",
  },
} satisfies Partial<Record<Cause, Sentences>>;

/** The size of the body beside the one that was announced: `541 bytes where content-length says 560`. */
function sizes(evidence: Evidence): string | undefined {
  const size = amount(evidence, "bytes");
  const announced = amount(evidence, "content_length");
  if (size === undefined || announced === undefined) return undefined;
  return `${byteCount(size)} where content-length says ${announced}`;
}

function reserialised(evidence: Evidence): string {
  const arrived = text(evidence, "arrived");
  const size = sizes(evidence);
  if (arrived === "[object Object]")
    return "the body is the text [object Object]: parsed JSON was turned into text by mistake";
  const signed = text(evidence, "signed");
  if (signed === "") {
    const how = arrived === "" ? "" : ` (${formText(arrived)})`;
    const numbers = evidence["numbers"] === "rounded" ? ", which rounded its large whole numbers" : "";
    return `the JSON was parsed and written again${how}${numbers}${size === undefined ? "" : `: ${size}`}`;
  }
  return arrived === ""
    ? `the JSON was written again in another way; it was signed ${formText(signed)}`
    : `the JSON was written again in another way: signed ${formText(signed)}; arrived ${formText(arrived)}`;
}

const writers = new Set([
  "JSON.stringify",
  "JSON.stringify or json_encode",
  "json.dumps",
  "json_encode",
  "Go's json.Marshal",
  "System.Text.Json",
]);

const formDetails: Readonly<Record<string, string>> = {
  compact: "without spaces",
  spaced: "with a space after commas and colons",
  tabs: "indented by tabs",
  pretty: "pretty-printed",
  "escaped for HTML": "with `<`, `>` and `&` escaped",
  "keys sorted": "with its keys sorted",
  "unicode kept": "with non-ASCII characters unescaped",
  "one decimal": "with one decimal",
  "two decimals": "with two decimals",
};

/** How JSON was written, after "signed" or "arrived": `as JSON.stringify writes it, indented by 2 spaces`. */
function formText(name: string): string {
  return name
    .split(", ")
    .map((part, index) => {
      if (index === 0 && writers.has(part)) return `as ${part} writes it`;
      const indent = /^\d+ spaces$/.test(part) ? `indented by ${part}` : undefined;
      return indent ?? pick(formDetails, part) ?? part;
    })
    .join(", ");
}

function newline(evidence: Evidence): string {
  const kind = text(evidence, "newline");
  const change = text(evidence, "change");
  if (change === "all lost") return "the line breaks in the body were taken out; the signature covers them";
  if (change.startsWith("became "))
    return `the line breaks in the body became ${change.slice(7)}; they were signed as ${kind || "others"}`;
  if (kind === "white space")
    return change === "lost"
      ? "white space around the body was lost; the signature covers it"
      : "white space was added around the body; the signature does not cover it";
  const what = `a line break${kind === "" ? "" : ` (${kind})`} at the end of the body`;
  return change === "lost"
    ? `${what} was lost; the signature covers it`
    : `${what} was added; the signature does not cover it`;
}

const newlineFixes: Readonly<Record<string, string>> = {
  added:
    "leave it out where the body is saved or sent: `printf %s` in place of `echo`, an editor that adds no last line",
  lost: "keep the body as it is and trim nothing; with curl use `--data-binary @file`, as `-d @file` drops line breaks",
  "all lost": "with curl use `--data-binary @file`: `-d @file` takes line breaks out",
  "became CRLF":
    "keep the bytes as they are: Git (`core.autocrlf`), text-mode transfers and Windows editors change line breaks",
  "became LF":
    "read the body in binary: Git (`core.autocrlf`) and whatever reads it as text change line breaks",
};

function newlineFix(evidence: Evidence): string {
  if (text(evidence, "newline") === "white space")
    return "send and save the body exactly as it was signed, with nothing around it";
  return pick(newlineFixes, text(evidence, "change")) ?? verifyRaw(evidence);
}

function charset(evidence: Evidence): string {
  const lost = amount(evidence, "replacement_characters");
  if (lost !== undefined) {
    const size = sizes(evidence);
    return `bytes were lost when the body was read as text: it has ${count(lost, "replacement character", "replacement characters")} (U+FFFD)${size === undefined ? "" : ` and is ${size}`}`;
  }
  const signed = text(evidence, "signed") || "another encoding";
  const arrived = text(evidence, "arrived");
  if (arrived === "") return `the text of the body was signed in ${signed} and arrived in another`;
  if (/^NF/.test(signed))
    return `accented letters were signed in the Unicode form ${signed} and arrived in the form ${arrived}`;
  const misread = /^(.+) read as (.+)$/.exec(arrived);
  return misread === null
    ? `the text of the body was signed in ${signed} and arrived in ${arrived}`
    : `the body is ${misread[1]} that was read as ${misread[2]} and written again: letters beyond ASCII are garbled`;
}

function charsetFix(evidence: Evidence): string {
  const signed = text(evidence, "signed");
  if (/^NF/.test(signed)) return "pass the text on without normalising it, and verify the bytes as they came";
  return /^(?:ISO-8859-1|Windows-1252|UTF-16)$/.test(signed)
    ? `have the signer sign the bytes it sends, in UTF-8 and not ${signed}; if something converts the body on its way, verify before that`
    : verifyUndecoded(evidence);
}

const compression = /^(?:gzip|x-gzip|br|deflate|zstd)$/;

const arrivals: Readonly<Record<string, string>> = {
  base64: "the body arrived in base64; the signature covers what it decodes to",
  "a JSON string":
    "the body arrived as a JSON string with the JSON in it; the signature covers that JSON alone",
  "a gateway's event": "a gateway's event arrived with the body in it; the signature covers that body alone",
  "a form": "the body arrived as a form; the signature covers the value of its field alone",
  percent: "the body arrived percent-encoded; the signature covers it decoded",
  "HTML entities":
    "the body arrived with HTML entities such as `&quot;`; the signature covers it without them",
};

const departures: Readonly<Record<string, string>> = {
  base64: "the signature covers the body in base64; it arrived decoded",
  "a form": "the signature covers a form with the JSON as a field; the JSON alone arrived",
  percent: "the signature covers the body percent-encoded; it arrived decoded",
};

function encoded(evidence: Evidence): string {
  const encoding = text(evidence, "encoding");
  const isCompression = compression.test(encoding);
  if (evidence["change"] !== "removed")
    return isCompression
      ? `the body arrived compressed (${encoding}); the signature covers it uncompressed`
      : (pick(arrivals, encoding) ?? "the body arrived encoded; the signature covers it decoded");
  return isCompression
    ? `content-encoding says ${encoding}, but the body arrived uncompressed; the signature covers the compressed bytes`
    : (pick(departures, encoding) ?? "the signature covers the body encoded; it arrived decoded");
}

const decodings: Readonly<Record<string, string>> = {
  "a JSON string":
    "pass the text on as it is: somewhere `JSON.stringify` or `json.dumps` is called on text that is JSON already",
  "a gateway's event":
    "verify the event's own `body`, decoded from base64 where `isBase64Encoded` is true, with the event's `headers`",
  "a form":
    "verify the value of the form's field once it is decoded, or have the sender use application/json",
  "HTML entities":
    "verify the body before anything escapes it for HTML, such as a template or a filter against scripts",
  percent: "percent-decode the body before you verify it, or find what sends it on as a form",
};

function encodedFix(evidence: Evidence): string {
  const encoding = text(evidence, "encoding");
  const isCompression = compression.test(encoding);
  if (evidence["change"] !== "removed") {
    if (encoding === "base64") return decodeBase64(evidence);
    return isCompression
      ? "decompress the body before you verify it, or turn compression off where it is added"
      : (pick(decodings, encoding) ?? verifyRaw(evidence));
  }
  if (isCompression)
    return "verify the compressed bytes, before a proxy, a gateway or the framework decompresses them";
  return encoding === "base64"
    ? "have the signer sign the body it sends, not its base64 text; if a gateway decodes the body, verify before that"
    : verifyForm(evidence);
}

function empty(evidence: Evidence): string {
  const body = text(evidence, "body", 20);
  const announced = amount(evidence, "content_length");
  const what = body === "" ? "the body is empty" : `the body is only \`${body}\``;
  return announced === undefined ? what : `${what}, but content-length says ${announced}`;
}

function emptyFix(evidence: Evidence): string {
  if (evidence["content_length"] === undefined && evidence["stack"] === undefined)
    return "give the body that was sent (--body FILE); in your app, verify before anything else reads it";
  return `something read the body first; ${verifyRaw(evidence)}`;
}
