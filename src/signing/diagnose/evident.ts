import { headerValue } from "../headers.ts";
import type { RawHeaders } from "../types.ts";
import { charsets, endings, unwrapped } from "./bodies.ts";
import type { Budget, Limits } from "./budget.ts";
import type { Candidate } from "./clues.ts";
import { jsonForms } from "./json-forms.ts";

type Body = Candidate<Buffer>;

/** Most bodies that are tried before all others. */
const most = 10;

/** Bytes that the body had on the wire, as far as the request says. */
export function announcedLength(headers: RawHeaders): number | undefined {
  const text = headerValue(headers, "content-length");
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * What the body must have been, told by itself or by its length: what is evidently wrapped, and every other form that
 * has just as many bytes as were announced.
 */
export function evidentBodies(body: Buffer, headers: RawHeaders, limits: Limits, budget: Budget): Body[] {
  const found: Body[] = [];
  const take = (bodies: Iterable<Body>, wanted: (body: Body) => boolean): void => {
    for (const one of bodies) {
      if (found.length >= most || budget.late()) return;
      if (wanted(one) && !one.value.equals(body) && !found.some(({ value }) => value.equals(one.value))) found.push(one);
    }
  };
  const wrappings = [...unwrapped(body, headers, limits.decompressedBytes)];
  take(wrappings, isAround);
  const withoutBom = ({ clues }: Body): boolean =>
    clues[0]?.cause === "body-bom" && clues[0].evidence["change"] === "added";
  const announced = announcedLength(headers);
  if (announced === undefined || announced === body.length) {
    take(endings(body), withoutBom);
    return found;
  }
  const fits = ({ value }: Body): boolean => value.length === announced;
  take(endings(body), fits);
  take(charsets(body), fits);
  take(wrappings, fits);
  take(jsonForms(body)?.ofLength(announced, budget.late) ?? [], fits);
  take(twice(body, headers, limits), fits);
  take(endings(body), withoutBom);
  return found;
}

/** Whether something was put around the body on its way. */
export function isAround({ clues }: Body): boolean {
  return clues[0]?.cause === "body-encoded" && clues[0].evidence["change"] === "added";
}

/** Two things that happened to the ends of the body, or one of them to what was wrapped. */
function* twice(body: Buffer, headers: RawHeaders, limits: Limits): Generator<Body> {
  const inner = function* (bodies: Iterable<Body>): Generator<Body> {
    for (const { value, clues } of bodies)
      for (const ending of endings(value)) yield { value: ending.value, clues: [...clues, ...ending.clues] };
  };
  yield* inner(endings(body));
  for (const ending of endings(body))
    for (const { value, clues } of unwrapped(ending.value, headers, limits.decompressedBytes))
      yield { value, clues: [...clues, ...ending.clues] };
}
