import { headerValue, headerValues } from "../headers.ts";
import { readSecret } from "../secrets.ts";
import { outsideTolerance } from "../timestamp.ts";
import type { BasicScheme, BearerScheme, Finding, RawHeaders, SignatureScheme, Verdict } from "../types.ts";
import { verdictsOf, verify } from "../verify.ts";
import { createBudget, usualLimits, type Budget } from "./budget.ts";
import type { Clue } from "./clues.ts";
import { diagnoseCredential } from "./credentials.ts";
import { findRenamed } from "./headers.ts";
import type { DiagnoseInput } from "./input.ts";
import { jsonForms } from "./json-forms.ts";
import { search, type Match, type Subject } from "./search.ts";
import { stackOf } from "./stack.ts";
import { headerOf, isLike, lacksHeader, subjectOf } from "./subject.ts";
import { unitFinding } from "./units.ts";
import { unproved } from "./unproved.ts";

export { thoroughLimits, usualLimits, type Limits } from "./budget.ts";
export type { DiagnoseInput, Intact, KnownSecret } from "./input.ts";

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
  return (
    prefix !== "" &&
    headerValues(headers, headerOf(scheme)).some((value) => value.slice(0, 8192).includes(prefix))
  );
}

function isFor(scheme: SignatureScheme, secret: string): boolean {
  if (scheme.kind === "ed25519")
    return secret.includes(scheme.secret.privatePrefix) || secret.includes(scheme.secret.publicPrefix);
  if (readSecret(scheme, secret).ok) return true;
  return (
    scheme.kind === "hmac" && scheme.secret.prefix !== undefined && secret.includes(scheme.secret.prefix)
  );
}

/**
 * Why a request does not verify: what was found, best first; empty where it verifies. A finding is "proved" where the
 * signature matches once it is undone, or where the request itself shows it; two that only together make it match are
 * both proved. What cannot be undone is "likely" at most, told from the evidence. Never throws on bad input.
 */
export function diagnose(input: DiagnoseInput): Finding[] {
  const steps = diagnoseInSteps(input);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps of a few milliseconds at most, for whoever has others to attend to. */
export function* diagnoseInSteps(input: DiagnoseInput): Generator<undefined, Finding[]> {
  const body = Buffer.from(input.body.buffer, input.body.byteOffset, input.body.byteLength);
  const verdicts = byFit(verdictsOf(input.schemes, input.secrets, input), input);
  const [first] = verdicts;
  if (first === undefined || first.verdict.ok) return [];
  const limits = input.limits ?? usualLimits;
  const judged = verdicts.filter(
    ({ verdict }) => !verdict.ok && verdict.code === "signature-mismatch",
  ).length;
  const signatures = limits.signatures - judged * input.secrets.length;
  const budget = createBudget({ ...limits, signatures }, input.clock);
  const other = input.schemes.every((scheme) => lacksHeader(scheme, input.headers))
    ? otherProvider(input, budget)
    : undefined;
  if (other?.[0]?.confidence === "proved") return other;

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
    const match = yield* search(subject, limits, budget);
    if (match === undefined) continue;
    return matched({ ...match, clues: [...clues, ...match.clues] }, subject, verdict, input);
  }
  return unproved(first.verdict, telling, other?.[0], budget, { ...input, body });
}

/** The provider whose headers these are: proved where its signature matches; then what its verdict says of the time. */
function otherProvider(
  { others = [], known = [], secrets, ...input }: DiagnoseInput,
  budget: Budget,
): Finding[] | undefined {
  let likely: Finding[] | undefined;
  for (const { id, title, identify, signatures } of others) {
    if (signatures.length === 0 || signatures === input.schemes) continue;
    const header = identify.find((name) => headerValue(input.headers, name) !== undefined);
    if (header === undefined || signatures.every((scheme) => lacksHeader(scheme, input.headers))) continue;
    if (!isLike({ id, title, identify, signatures }, { ...input, secrets })) continue;
    const own = known.filter(({ provider }) => provider === id).map(({ secret }) => secret);
    const verdict = verify(signatures, [...own, ...secrets].slice(0, 4).filter(budget.take), input);
    const isRight = verdict.ok || verdict.code === "timestamp-expired" || verdict.code === "timestamp-future";
    const evidence = { provider: id, title, header };
    if (isRight)
      return [
        { cause: "other-provider", confidence: "proved", evidence },
        ...(verdict.ok ? [] : verdict.findings),
      ];
    likely ??= [{ cause: "other-provider", confidence: "likely", evidence }];
  }
  return likely;
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
    .filter(
      (clue, index) => clues.findIndex((other) => subjectOfClue(other) === subjectOfClue(clue)) === index,
    )
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
function besideMissing(
  { clues }: Match,
  { scheme }: Subject,
  { headers }: DiagnoseInput,
): Finding | undefined {
  const [renamed, algorithm] = ["header-renamed", "algorithm"].map((cause) =>
    clues.find((clue) => clue.cause === cause),
  );
  if (clues.length > 3 || renamed === undefined || algorithm === undefined || !lacksHeader(scheme, headers))
    return undefined;
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

/** What is said once: a cause of one header, or all that is known of it. */
function subjectOfClue({ cause, evidence }: Clue): string {
  return `${cause} ${String(evidence["header"] ?? JSON.stringify(evidence))}`;
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
