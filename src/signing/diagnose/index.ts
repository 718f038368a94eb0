import { headerValue, headerValues } from "../headers.ts";
import { parseContent, signedHeaders } from "../content.ts";
import { readSecret } from "../secrets.ts";
import { outsideTolerance } from "../timestamp.ts";
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
} from "../types.ts";
import { verdictsOf, verify, type VerifyInput } from "../verify.ts";
import { createBudget, usualLimits, type Budget, type Limits } from "./budget.ts";
import type { Clue } from "./clues.ts";
import { readTimePatiently } from "./contents.ts";
import { diagnoseCredential } from "./credentials.ts";
import { findRenamed } from "./headers.ts";
import { jsonForms } from "./json-forms.ts";
import { readSignatures, type Reading } from "./readings.ts";
import { search, type Match, type Subject } from "./search.ts";
import { stackOf } from "./stack.ts";
import { symptomOf } from "./symptoms.ts";
import { unitFinding } from "./units.ts";

export { thoroughLimits, usualLimits, type Limits } from "./budget.ts";

/** A secret of the user beside those that were tried. */
export interface KnownSecret {
  secret: string;
  /** Id of the provider it is for. */
  provider: string;
  /** What tells the user which one it is, for evidence: `source`, `name`, `endpoint`, `previous`. */
  label: Evidence;
}

/** A provider whose request it may be instead. */
export interface OtherProvider {
  id: string;
  title: string;
  signatures: readonly SignatureScheme[];
  /** Headers that name it, lower case. */
  identify: readonly string[];
}

export interface DiagnoseInput extends VerifyInput {
  schemes: readonly SignatureScheme[];
  secrets: readonly string[];
  known?: readonly KnownSecret[];
  others?: readonly OtherProvider[];
  /**
   * The same delivery was seen before and was right: with this very signature over another body, or under the same id.
   */
  intact?: "signature" | "delivery" | undefined;
  limits?: Limits;
  /** Milliseconds that only go forward. */
  clock: () => number;
}

type Failed = Extract<Verdict, { ok: false }>;
type Judged = ReturnType<typeof verdictsOf>[number];

/**
 * Of the schemes that came equally far, first those that the secrets are for: a provider's `whsec_` is none of its
 * `whpk_`. A scheme whose header is not there says nothing where another's is.
 */
function byFit(verdicts: readonly Judged[], { secrets, headers }: DiagnoseInput): Judged[] {
  const present = verdicts.filter(({ scheme }) => !lacksHeader(scheme, headers));
  const isFit = ({ scheme }: Judged): number =>
    (hasPrefix(scheme, headers) ? 0 : 2) + (secrets.some((secret) => isFor(scheme, secret)) ? 0 : 1);
  if (verdicts[0]?.verdict.ok === true) return [...verdicts];
  return [...(present.length > 0 ? present : verdicts)].sort((a, b) => isFit(a) - isFit(b));
}

/** Whether the header says that it is signed under this scheme. */
function hasPrefix(scheme: SignatureScheme, headers: RawHeaders): boolean {
  const prefix = "prefix" in scheme ? (scheme.prefix ?? "") : "";
  return prefix !== "" && headerValues(headers, headerOf(scheme)).some((value) => value.slice(0, 8192).includes(prefix));
}

function isFor(scheme: SignatureScheme, secret: string): boolean {
  if (readSecret(scheme, secret).ok) return true;
  if (scheme.kind === "ed25519")
    return secret.includes(scheme.secret.privatePrefix) || secret.includes(scheme.secret.publicPrefix);
  return scheme.kind === "hmac" && scheme.secret.prefix !== undefined && secret.includes(scheme.secret.prefix);
}

/**
 * Why a request does not verify: what was found, best first; empty where it verifies. A finding is "proved" where the
 * signature matches once it is undone, or where the request itself shows it; two that only together make it match are
 * both proved. What cannot be undone is "likely" at most, told from the evidence. Never throws on bad input.
 */
export function diagnose(input: DiagnoseInput): Finding[] {
  const body = Buffer.from(input.body.buffer, input.body.byteOffset, input.body.byteLength);
  const verdicts = byFit(verdictsOf(input.schemes, input.secrets, input), input);
  const [first] = verdicts;
  if (first === undefined || first.verdict.ok) return [];
  const limits = input.limits ?? usualLimits;
  const judged = verdicts.filter(({ verdict }) => !verdict.ok && verdict.code === "signature-mismatch").length;
  const signatures = limits.signatures - judged * input.secrets.length;
  const budget = createBudget({ ...limits, signatures }, input.clock);
  const other = input.schemes.every((scheme) => lacksHeader(scheme, input.headers)) ? otherProvider(input, budget) : undefined;
  if (other?.confidence === "proved") return [other, ...timeOf(input, other)];

  let telling: Subject | undefined;
  for (const { scheme, verdict } of verdicts) {
    if (verdict.ok || scheme.kind === "none") continue;
    if (scheme.kind === "bearer" || scheme.kind === "basic") {
      const clues = credentialClues(scheme, input);
      if (clues !== undefined && clues.length > 0) return clues.map(proved);
      continue;
    }
    const { subject, clues } = subjectOf(scheme, body, verdict, input);
    telling ??= subject;
    const match = search(subject, limits, budget);
    if (match === undefined) continue;
    return matched({ ...match, clues: [...clues, ...match.clues] }, subject, verdict, input);
  }
  return unproved(first.verdict, telling, other, budget, { ...input, body });
}

function headerOf(scheme: SignatureScheme): string {
  return "header" in scheme && scheme.header !== undefined ? scheme.header : "authorization";
}

function lacksHeader(scheme: SignatureScheme, headers: RawHeaders): boolean {
  return scheme.kind !== "none" && (headerValue(headers, headerOf(scheme)) ?? "") === "";
}

/** The provider whose headers these are: proved where its signature matches. */
function otherProvider({ others = [], known = [], secrets, ...input }: DiagnoseInput, budget: Budget): Finding | undefined {
  let likely: Finding | undefined;
  for (const { id, title, identify, signatures } of others) {
    if (signatures.length === 0 || signatures === input.schemes) continue;
    const header = identify.find((name) => headerValue(input.headers, name) !== undefined);
    if (header === undefined || signatures.every((scheme) => lacksHeader(scheme, input.headers))) continue;
    if (!isLike({ id, title, identify, signatures }, { ...input, secrets })) continue;
    const own = known.filter(({ provider }) => provider === id).map(({ secret }) => secret);
    const verdict = verify(signatures, [...own, ...secrets].slice(0, 4).filter(budget.take), input);
    const isRight = verdict.ok || verdict.code === "timestamp-expired" || verdict.code === "timestamp-future";
    const evidence = { provider: id, title, header };
    if (isRight) return { cause: "other-provider", confidence: "proved", evidence };
    likely ??= { cause: "other-provider", confidence: "likely", evidence };
  }
  return likely;
}

/** Whether the headers have the form of that provider's; no signature is computed for it. */
function isLike({ signatures }: OtherProvider, { body, headers, now }: DiagnoseInput): boolean {
  const verdict = verify(signatures, [], { body, headers, now });
  return !verdict.ok && verdict.code === "secret-missing";
}

/** What another provider's own verdict says of the time. */
function timeOf({ others = [], known = [], secrets, ...input }: DiagnoseInput, { evidence }: Finding): Finding[] {
  const provider = others.find(({ id }) => id === evidence["provider"]);
  if (provider === undefined) return [];
  const own = known.filter((one) => one.provider === provider.id).map(({ secret }) => secret);
  const verdict = verify(provider.signatures, [...own, ...secrets].slice(0, 4), input);
  return verdict.ok ? [] : [...verdict.findings];
}

/** A request under a scheme, read with more patience than the verifier has; the clues tell what that took. */
function subjectOf(
  scheme: HmacScheme | Ed25519Scheme,
  body: Buffer,
  verdict: Failed,
  input: DiagnoseInput,
): { subject: Subject; clues: readonly Clue[] } {
  const { headers: given, secrets, known = [], others = [] } = input;
  const content = parseContent(scheme.content);
  const { timestamp } = scheme;
  const needed = [scheme.header, ...(timestamp === undefined ? [] : [timestamp.header]), ...signedHeaders(content)];
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
  const beside = elsewhere.find(({ value }) => timestamp?.item !== undefined && value.includes(timestamp.item));
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
      near: new Set(known.filter(({ provider }) => !others.some(({ id }) => id === provider)).map(({ label }) => label)),
      isJudged:
        verdict.code === "signature-mismatch" && signatures.every((one) => one.clues.length === 0),
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

function credentialClues(
  scheme: BearerScheme | BasicScheme,
  { headers: given, secrets, known = [], others = [] }: DiagnoseInput,
): readonly Clue[] | undefined {
  const name = headerOf(scheme);
  const foreign = new Set(others.flatMap(({ identify }) => identify));
  foreign.delete(name);
  const { headers, clues } = findRenamed(given, [name], foreign);
  const value = headerValue(headers, name)?.slice(0, 8192);
  if (value === undefined || value === "") return undefined;
  const found = diagnoseCredential(scheme, name, value, secrets, known);
  return found === undefined ? undefined : [...clues, ...found];
}

function proved({ cause, evidence }: Clue): Finding {
  return { cause, confidence: "proved", evidence };
}

/** The findings of a match: what had to be undone, and how the time lies. */
function matched(match: Match, subject: Subject, verdict: Failed, input: DiagnoseInput): Finding[] {
  const { body, scheme } = subject;
  const older = besideMissing(match, subject, input);
  if (older !== undefined) return [older];
  const found = match.clues.find(({ cause }) => cause === "algorithm")?.evidence["found"];
  const clues = match.clues.filter(
    // A prefix that names the algorithm in use is no mistake of its own.
    ({ cause, evidence }) => !(cause === "header-malformed" && evidence["found"] === `${String(found)}=`),
  );
  const findings = clues
    .filter((clue, index) => clues.findIndex(({ cause }) => cause === clue.cause) === index)
    .map((clue) => proved(withStack(clue, body, input.headers)));
  const { time } = match.signed;
  const outside = outsideTolerance(scheme.timestamp, time, input.now, input.tolerance);
  if (outside !== undefined && !findings.some(({ cause }) => cause === "timestamp-unit")) {
    const unit = unitFinding(scheme.timestamp, time, input.now);
    findings.push(unit ?? proved({ cause: outside.code, evidence: outside.evidence }));
  }
  return findings.length === 0 ? [...verdict.findings] : findings;
}

/**
 * Under another name stands a signature that is right but made with another algorithm: one that the sender adds for
 * older receivers, which tells that secret and body are right and that the header itself was lost.
 */
function besideMissing({ clues }: Match, { scheme }: Subject, { headers }: DiagnoseInput): Finding | undefined {
  const [renamed, algorithm] = ["header-renamed", "algorithm"].map((cause) => clues.find((clue) => clue.cause === cause));
  if (clues.length > 3 || renamed === undefined || algorithm === undefined || !lacksHeader(scheme, headers)) return undefined;
  return {
    cause: "header-missing",
    confidence: "proved",
    evidence: {
      header: scheme.header,
      beside: renamed.evidence["found"] ?? "",
      algorithm: algorithm.evidence["found"] ?? "",
    },
  };
}

/** What was done to a body points to where. */
function withStack({ cause, evidence }: Clue, body: Buffer, headers: RawHeaders): Clue {
  if (!cause.startsWith("body-") && cause !== "header-renamed") return { cause, evidence };
  const arrived = cause === "body-reserialised" ? jsonForms(body)?.own() : undefined;
  const stack = stackOf(headers, arrived);
  return {
    cause,
    evidence: {
      ...evidence,
      ...(arrived === undefined ? {} : { arrived }),
      ...(stack === undefined ? {} : { stack }),
    },
  };
}

/** What is left to say where nothing made a signature match. */
function unproved(
  verdict: Failed,
  subject: Subject | undefined,
  other: Finding | undefined,
  budget: Budget,
  input: DiagnoseInput & { body: Buffer },
): Finding[] {
  const { body, headers, intact, limits = usualLimits } = input;
  if (intact === "signature")
    return [{ cause: "tampered", confidence: "proved", evidence: { seen: "signature", bytes: body.length } }];
  const [own] = verdict.findings;
  const header = own?.evidence["header"];
  const wrongSecret: Finding = {
    cause: "wrong-secret",
    confidence: "likely",
    evidence: {
      secrets: input.secrets.length,
      bytes: body.length,
      complete: subject === undefined || budget.complete(),
      ...(input.secrets.some(isApiKey) ? { api_key: true } : {}),
    },
  };
  switch (verdict.code) {
    case "header-missing":
    case "header-empty": {
      const renamed = subject === undefined ? [] : renamedIn(subject, headers);
      if (renamed.length > 0) return [...renamed, wrongSecret];
      return [...(other === undefined ? [] : [other]), ...verdict.findings];
    }
    case "timestamp-missing": {
      const isItem = subject?.scheme.timestamp?.item !== undefined;
      const evidence: Evidence = { ...own?.evidence, ...(isItem ? { what: "no-time" } : { holds: "time" }) };
      return [{ cause: isItem ? "header-malformed" : "header-missing", confidence: "proved", evidence }];
    }
    case "header-malformed": {
      const clue = subject?.signatures[0]?.clues[0];
      if (clue !== undefined) return [{ ...clue, confidence: "likely" }, wrongSecret];
      const evidence: Evidence = { ...own?.evidence, what: "no-signature" };
      return [{ cause: "header-malformed", confidence: "proved", evidence }];
    }
    case "signature-mismatch": {
      const tampered: Finding[] =
        intact === "delivery" && header !== undefined
          ? [{ cause: "tampered", confidence: "likely", evidence: { seen: "delivery", bytes: body.length } }]
          : [];
      const isSigned = subject !== undefined;
      const symptom = isSigned ? symptomOf(body, headers, limits.bodyBytes) : undefined;
      return [...tampered, ...(symptom === undefined ? [] : [symptom]), wrongSecret];
    }
    default:
      return [...verdict.findings];
  }
}

function renamedIn({ scheme, headers }: Subject, given: RawHeaders): Finding[] {
  const { clues } = findRenamed(given, [scheme.header], new Set());
  return headers === given ? [] : clues.map((clue) => ({ ...clue, confidence: "likely" as const }));
}

/** Keys to an API are often taken for the secret that signs its webhooks. */
function isApiKey(secret: string): boolean {
  return /^(?:sk|rk|pk)_(?:live|test)_|^(?:ghp|gho|github_pat|xox[a-z]|shpat|fjr|hlk|pat)[_-]/.test(secret.trim());
}
