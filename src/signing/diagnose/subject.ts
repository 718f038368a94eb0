import { headerValue, headerValues } from "../headers.ts";
import { parseContent, signedHeaders } from "../content.ts";
import type { Ed25519Scheme, HmacScheme, RawHeaders, SignatureScheme, Verdict } from "../types.ts";
import { verify } from "../verify.ts";
import type { Clue } from "./clues.ts";
import { readTimePatiently } from "./contents.ts";
import { findRenamed } from "./headers.ts";
import type { DiagnoseInput, OtherProvider } from "./input.ts";
import { readSignatures, type Reading } from "./readings.ts";
import type { Subject } from "./search.ts";

/** The header that carries the signature or the credential. */
export function headerOf(scheme: SignatureScheme): string {
  return "header" in scheme && scheme.header !== undefined ? scheme.header : "authorization";
}

/** Whether the request cannot be one of the scheme, as its header is not there or empty. */
export function lacksHeader(scheme: SignatureScheme, headers: RawHeaders): boolean {
  return scheme.kind !== "none" && (headerValue(headers, headerOf(scheme)) ?? "") === "";
}

/** Whether the headers have the form of that provider's; no signature is computed for it. */
export function isLike({ signatures }: OtherProvider, { body, headers, now }: DiagnoseInput): boolean {
  const verdict = verify(signatures, [], { body, headers, now });
  return !verdict.ok && verdict.code === "secret-missing";
}

/** A request under a scheme, read with more patience than the verifier has; the clues tell what that took. */
export function subjectOf(
  scheme: HmacScheme | Ed25519Scheme,
  body: Buffer,
  verdict: Extract<Verdict, { ok: false }>,
  input: DiagnoseInput,
): { subject: Subject; clues: readonly Clue[] } {
  const { headers: given, secrets, known = [], others = [] } = input;
  const content = parseContent(scheme.content);
  const { timestamp } = scheme;
  const needed = [
    scheme.header,
    ...(timestamp === undefined ? [] : [timestamp.header]),
    ...signedHeaders(content),
  ];
  const foreign = new Set(others.filter((other) => isLike(other, input)).flatMap(({ identify }) => identify));
  for (const name of needed) foreign.delete(name);
  const { headers, clues } = findRenamed(given, needed, foreign);
  const values = headerValues(headers, scheme.header);
  const doubled: Clue[] =
    values.length > 1
      ? [{ cause: "header-duplicated", evidence: { header: scheme.header, times: values.length } }]
      : [];
  const elsewhere = values.join("") === "" ? readElsewhere(scheme, headersElsewhere(headers, foreign)) : [];
  const signatures =
    values.join("") === ""
      ? elsewhere.map(({ reading }) => reading)
      : values.slice(0, 4).flatMap((value) => readSignatures(scheme, scheme.header, value));
  // Where the time stands beside the signature, it stands under that other name too.
  const beside = elsewhere.find(
    ({ value }) => timestamp?.item !== undefined && value.includes(timestamp.item),
  );
  const timed = beside === undefined ? headers : [scheme.header, beside.value];
  const time = timestamp === undefined ? undefined : readTimePatiently(timestamp, timed, scheme.separator);
  const isTimeless = timestamp !== undefined && time === undefined;
  return {
    subject: {
      scheme,
      body,
      headers,
      signatures,
      signed: isTimeless ? undefined : { value: { content, time: time?.value }, clues: time?.clues ?? [] },
      secrets,
      known,
      near: new Set(
        known.filter(({ provider }) => !others.some(({ id }) => id === provider)).map(({ label }) => label),
      ),
      isJudged: verdict.code === "signature-mismatch" && signatures.every((one) => one.clues.length === 0),
    },
    clues: [...clues, ...doubled],
  };
}

/** Headers of names that nobody knows, in which a signature may stand. */
function headersElsewhere(headers: RawHeaders, foreign: ReadonlySet<string>): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < headers.length && found.length < 100; index += 2) {
    const own = headers[index] ?? "";
    const name = own.toLowerCase();
    if (foreign.has(name) || /^(authorization|cookie|proxy-authorization|x-api-key)$/.test(name)) continue;
    found.push([own.slice(0, 100), headers[index + 1] ?? ""]);
  }
  return found;
}

function readElsewhere(
  scheme: HmacScheme | Ed25519Scheme,
  elsewhere: readonly (readonly [string, string])[],
): { reading: Reading; value: string }[] {
  const found = elsewhere.flatMap(([name, value]) => {
    const clue: Clue = { cause: "header-renamed", evidence: { header: scheme.header, found: name } };
    return readSignatures(scheme, scheme.header, value).map(({ bytes, clues }) => ({
      reading: { bytes, clues: [clue, ...clues] },
      value,
    }));
  });
  return found.slice(0, 8);
}
