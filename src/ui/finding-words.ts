import type { FindingData } from "../actions/verify.ts";
import { safeLine } from "./safe.ts";

export type Cause = FindingData["cause"];
export type Evidence = FindingData["evidence"];

/** What is said of a cause: lower-case first letter, no full stop at the end. */
export interface Sentences {
  /**
   * What was found.
   * @param isFirst whether no other finding of the same request stands before it
   */
  message: (evidence: Evidence, isFirst: boolean) => string;
  /** What to do about it. */
  fix: (evidence: Evidence) => string;
}

/** Text of the evidence, harmless and short; empty where there is none. */
export function text(evidence: Evidence, name: string, max = 60): string {
  const value = evidence[name];
  return typeof value === "string" ? safeLine(value, max) : "";
}

/** A number of the evidence; undefined where there is none. */
export function amount(evidence: Evidence, name: string): number | undefined {
  const value = evidence[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** What a table says of a text of the evidence; undefined where it says nothing. */
export function pick<Entry>(table: Readonly<Record<string, Entry>>, key: string): Entry | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** `541 bytes`, `1 byte`. */
export function byteCount(size: number): string {
  return size === 1 ? "1 byte" : `${size} bytes`;
}

/** For whom a provider is described wrongly in the project file: what to correct there. */
export function orInProject(what: string): string {
  return `; for a provider of your own, correct ${what} in hookline.json`;
}
