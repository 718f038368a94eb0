import type { Cause, Evidence } from "../types.ts";

/** What a trial changed, to be a finding where the signature then matches. */
export interface Clue {
  cause: Cause;
  evidence: Evidence;
}

/** Something to try in place of what is at hand, and what that would mean. */
export interface Candidate<Value> {
  value: Value;
  clues: readonly Clue[];
}

export function candidate<Value>(value: Value, cause: Cause, evidence: Evidence): Candidate<Value> {
  return { value, clues: [{ cause, evidence }] };
}
