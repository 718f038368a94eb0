import { headerValue } from "../headers.ts";
import type { RawHeaders } from "../types.ts";
import { charsets, endings, unwrapped, wrapped } from "./bodies.ts";
import type { Budget, Limits } from "./budget.ts";
import type { Candidate } from "./clues.ts";
import { jsonForms } from "./json-forms.ts";

type Body = Candidate<Buffer>;

/** Most bodies that are tried before all others. */
const most = 10;
/** Bytes of the largest body to which two things are done. */
const mostForTwice = 32 * 1024;

/** Bytes that the body had on the wire, as far as the request says. */
export function announcedLength(headers: RawHeaders): number | undefined {
  const text = headerValue(headers, "content-length");
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * What the body must have been, told by itself or by its length: what is evidently wrapped, and every other form that
 * has just as many bytes as were announced. Each is made when it is asked for.
 */
export function* evidentBodies(
  body: Buffer,
  headers: RawHeaders,
  limits: Limits,
  budget: Budget,
): Generator<Body> {
  const found: Buffer[] = [body];
  const announced = announcedLength(headers);
  const isChanged = announced !== undefined && announced !== body.length;
  const fits = ({ value }: Body): boolean => isChanged && value.length === announced;
  const sources: readonly (readonly [() => Iterable<Body>, (body: Body) => boolean])[] = [
    [() => unwrapped(body, headers, limits.decompressedBytes), () => true],
    [() => endings(body), (one) => fits(one) || (!isChanged && isWithoutBom(one))],
    [() => charsets(body), fits],
    [
      () => (isChanged ? (jsonForms(body, limits.jsonValues)?.ofLength(announced, budget.late) ?? []) : []),
      fits,
    ],
    [() => (isChanged && announced > body.length ? wrapped(body) : []), fits],
    [() => (isChanged && body.length <= mostForTwice ? twice(body, headers, limits) : []), fits],
    [() => endings(body), isWithoutBom],
  ];
  for (const [source, isWanted] of sources) {
    for (const one of budget.late() ? [] : source()) {
      if (isWanted(one) && !found.some((value) => value.equals(one.value))) {
        found.push(one.value);
        yield one;
      }
      if (found.length > most || budget.late()) break;
    }
  }
}

function isWithoutBom({ clues: [clue] }: Body): boolean {
  return clue?.cause === "body-bom" && clue.evidence["change"] === "added";
}

/** Two things that happened to the ends of the body, or one of them to what was wrapped. */
function* twice(body: Buffer, headers: RawHeaders, limits: Limits): Generator<Body> {
  const ends = [...endings(body)];
  for (const { value, clues } of ends)
    for (const ending of endings(value)) yield { value: ending.value, clues: [...clues, ...ending.clues] };
  for (const ending of ends)
    for (const { value, clues } of [
      ...unwrapped(ending.value, headers, limits.decompressedBytes),
      ...wrapped(ending.value),
    ])
      yield { value, clues: [...clues, ...ending.clues] };
}
