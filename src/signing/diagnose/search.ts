import { createHash, createHmac, timingSafeEqual, verify, type KeyObject } from "node:crypto";
import { joined, signatureBytes } from "../signature.ts";
import type { Ed25519Scheme, Evidence, HmacScheme, RawHeaders } from "../types.ts";
import { charsets, endings, wrapped } from "./bodies.ts";
import type { Budget, Limits } from "./budget.ts";
import type { Candidate, Clue } from "./clues.ts";
import { contentsMisread, piecesOf, type Signed } from "./contents.ts";
import { jsonForms } from "./json-forms.ts";
import { announcedLength, evidentBodies } from "./evident.ts";
import { isDoubtful, keysAsTheyAre, keysCleaned, keysKnown, keysMisread } from "./keys.ts";
import type { Reading } from "./readings.ts";

/** A request under one scheme, with all that was read of it. */
export interface Subject {
  scheme: HmacScheme | Ed25519Scheme;
  body: Buffer;
  headers: RawHeaders;
  signatures: readonly Reading[];
  /** As the scheme has it; undefined where the time it signs is not there. */
  signed: Candidate<Signed> | undefined;
  secrets: readonly string[];
  known: readonly { secret: string; label: Evidence }[];
  /** Labels of those that are for the same provider. */
  near: ReadonlySet<Evidence>;
  /** Whether the verifier has computed the signatures of what it was given, and nothing in the request was misread. */
  isJudged: boolean;
}

interface Trial {
  key: Candidate<KeyObject>;
  body: Candidate<Buffer>;
  signed: Candidate<Signed>;
}

export interface Match {
  clues: readonly Clue[];
  signed: Signed;
}

/**
 * Tries what may have happened, the likeliest and cheapest first, until a signature matches or the budget is spent. It
 * yields after each, so that others may have their turn.
 */
export function* search(
  subject: Subject,
  limits: Limits,
  budget: Budget,
): Generator<undefined, Match | undefined> {
  const { scheme, signatures, headers } = subject;
  if (signatures.length === 0) return undefined;
  const check = scheme.kind === "hmac" ? hmacCheck(scheme, signatures) : ed25519Check(signatures);
  for (const trial of trials(subject, limits, budget)) {
    if (trial === "unkeyed") {
      const match = scheme.kind === "hmac" ? unkeyed(subject, scheme) : undefined;
      if (match !== undefined) return match;
      continue;
    }
    const { key, body, signed } = trial;
    const found = check(key.value, piecesOf(signed.value, headers, body.value), budget);
    if (found !== undefined)
      return { clues: [...found, ...signed.clues, ...key.clues, ...body.clues], signed: signed.value };
    if (budget.spent()) return undefined;
    yield;
  }
  return undefined;
}

/** Share of the signatures that the user's other secrets may take: twelve of the usual 64. */
const shareOfKnown = 0.19;

function* trials(subject: Subject, limits: Limits, budget: Budget): Generator<Trial | "unkeyed"> {
  const { scheme, headers, secrets, known, signed } = subject;
  const held: Candidate<Buffer> = { value: subject.body, clues: [] };
  const isSmall = subject.body.length <= limits.bodyBytes;
  const isPaired = subject.body.length <= limits.pairBytes;
  const own = keysAsTheyAre(scheme, secrets);
  const cleaned = keysCleaned(scheme, secrets, own);
  const others = [...keysKnown(scheme, known, own)].slice(0, Math.floor(limits.signatures * shareOfKnown));
  const misread = [...keysMisread(scheme, secrets, own)].filter(
    (key) => !cleaned.some(({ value }) => value.equals(key.value)),
  );
  // Of a rotation both secrets, of a list given by hand the first: more would leave no room for the bodies.
  const certain = cleaned.filter(({ clues }) => !clues.some(isDoubtful));
  const main = certain.length > 0 ? certain.slice(0, 1) : [...own.slice(0, 2), ...cleaned.slice(0, 1)];
  const contents = [...contentsMisread(scheme, headers, signed?.value.time)];
  if (signed === undefined) {
    for (const content of contents)
      for (const key of [...main, ...others.slice(0, 4)]) yield { key, body: held, signed: content };
    return;
  }
  const all = function* (
    keys: readonly Candidate<KeyObject>[],
    bodies: Iterable<Candidate<Buffer>>,
  ): Generator<Trial> {
    for (const body of bodies) for (const key of keys) yield { key, body, signed };
  };

  // What the verifier has tried as it is need not be tried again.
  yield* all([...(subject.isJudged ? [] : own), ...cleaned], [held]);
  const evident: Candidate<Buffer>[] = [];
  for (const body of isSmall ? evidentBodies(subject.body, headers, limits, budget) : []) {
    evident.push(body);
    yield* all(main, [body]);
  }
  // A body whose length is not the one announced was changed for certain, whatever the secret.
  const announced = announcedLength(headers);
  const isChanged = evident.length > 0 && announced !== undefined && announced !== subject.body.length;
  const likeliest = isChanged ? evident.slice(0, 2) : [held, ...evident.slice(0, 1)];
  yield* all(main.slice(0, 1), evident.slice(0, 2).flatMap(ofEndings));
  yield* all(others, likeliest);
  yield* all(misread, likeliest);
  const ends = [...endings(subject.body)];
  yield* all(main, ends);
  for (const content of contents) for (const key of main) yield { key, body: held, signed: content };
  if (!isSmall) return;
  yield "unkeyed";
  if (isChanged) yield* all([...others, ...misread], [held]);

  const bodies: Candidate<Buffer>[] = [];
  // The user's other secrets for the same provider are likelier than any other pair.
  const near = others.filter((key) => subject.near.has(key.clues[0]?.evidence ?? {})).slice(0, 2);
  for (const found of otherBodies(subject, limits, budget)) {
    const tried = [...bodies, ...evident, ...ends];
    if (tried.some(({ value }) => value.equals(found.value)) || found.value.equals(subject.body)) continue;
    yield* all(main, [found]);
    if (!isPaired) continue;
    bodies.push(found);
    if (bodies.length === commonForms) yield* all(near, [...ends.slice(0, 4), ...bodies]);
  }
  if (budget.late()) return;
  budget.singlesTried();
  if (!isPaired) return;
  yield* pairs([...others, ...misread], [...ends, ...evident, ...bodies], signed);
}

/** The body with its ends changed besides. */
function ofEndings({ value, clues }: Candidate<Buffer>): Candidate<Buffer>[] {
  return [...endings(value)].map((ending) => ({ value: ending.value, clues: [...clues, ...ending.clues] }));
}

/** Forms of JSON that are tried before other character encodings. */
const commonForms = 8;

function* otherBodies({ body }: Subject, limits: Limits, budget: Budget): Generator<Candidate<Buffer>> {
  const forms = jsonForms(body, limits.jsonValues)?.all(budget.late);
  for (let count = 0; count < commonForms; count++) {
    const next = forms?.next();
    if (next?.done === false) yield next.value;
  }
  if (budget.late()) return;
  yield* charsets(body);
  if (forms !== undefined) yield* forms;
  if (!budget.late()) yield* wrapped(body);
}

/** Two mistakes at once, the likeliest of both first: a square of the lists, walked along its diagonals. */
function* pairs(
  keys: readonly Candidate<KeyObject>[],
  bodies: readonly Candidate<Buffer>[],
  signed: Candidate<Signed>,
): Generator<Trial> {
  for (let sum = 0; sum < keys.length + bodies.length - 1; sum++) {
    for (let index = Math.max(0, sum - bodies.length + 1); index <= sum && index < keys.length; index++) {
      const [key, body] = [keys[index], bodies[sum - index]];
      if (key !== undefined && body !== undefined) yield { key, body, signed };
    }
  }
}

type Check = (
  key: KeyObject,
  pieces: readonly (string | Uint8Array)[],
  budget: Budget,
) => readonly Clue[] | undefined;

const algorithms: Readonly<Record<number, string>> = {
  16: "md5",
  20: "sha1",
  28: "sha224",
  32: "sha256",
  48: "sha384",
  64: "sha512",
};

/** The length of a signature tells its algorithm. */
function hmacCheck(scheme: HmacScheme, signatures: readonly Reading[]): Check {
  const lengths = lengthsOf(scheme, signatures);
  return (key, pieces, budget) => {
    for (const length of lengths) {
      const algorithm = algorithms[length];
      if (algorithm === undefined) continue;
      if (!budget.take()) return undefined;
      const hmac = createHmac(algorithm, key);
      for (const piece of pieces) {
        if (typeof piece === "string") hmac.update(piece, "latin1");
        else hmac.update(piece);
      }
      const found = equalTo(hmac.digest(), signatures);
      if (found !== undefined) return [...found.clues, ...algorithmClues(scheme, algorithm)];
    }
    return undefined;
  };
}

/** The scheme's own length alone where a signature has it: what else stands there belongs to another scheme. */
function lengthsOf(scheme: HmacScheme, signatures: readonly Reading[]): number[] {
  const own = signatureBytes(scheme);
  const lengths = new Set(signatures.map(({ bytes }) => bytes.length));
  return lengths.has(own) ? [own] : [...lengths];
}

function algorithmClues(scheme: HmacScheme, found: string): Clue[] {
  return found === scheme.algorithm
    ? []
    : [{ cause: "algorithm", evidence: { expected: scheme.algorithm, found } }];
}

function ed25519Check(signatures: readonly Reading[]): Check {
  const own = signatures.filter(({ bytes }) => bytes.length === 64);
  return (key, pieces, budget) => {
    const message = joined(pieces);
    for (const { bytes, clues } of own) {
      if (!budget.take()) return undefined;
      if (verify(null, message, key, bytes)) return clues;
    }
    return undefined;
  };
}

/** A plain hash in place of an HMAC: of the body alone, or with the secret before or behind it. */
function unkeyed({ signatures, secrets, body }: Subject, scheme: HmacScheme): Match | undefined {
  const secret = Buffer.from(secrets[0] ?? "");
  for (const [pieces, what] of [
    [[body], "body"],
    [[secret, body], "secret and body"],
    [[body, secret], "body and secret"],
  ] as const) {
    for (const length of lengthsOf(scheme, signatures)) {
      const algorithm = algorithms[length];
      if (algorithm === undefined) continue;
      const hash = createHash(algorithm);
      for (const piece of pieces) hash.update(piece);
      const found = equalTo(hash.digest(), signatures);
      if (found === undefined) continue;
      const clue: Clue = {
        cause: "algorithm",
        evidence: { expected: scheme.algorithm, found: algorithm, unkeyed: what },
      };
      return { clues: [...found.clues, clue], signed: { content: [], time: undefined } };
    }
  }
  return undefined;
}

function equalTo(digest: Buffer, signatures: readonly Reading[]): Reading | undefined {
  return signatures.find(({ bytes }) => bytes.length === digest.length && timingSafeEqual(bytes, digest));
}
