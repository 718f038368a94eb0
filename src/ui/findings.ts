import type { FindingData } from "../actions/verify.ts";
import { bodySentences } from "./finding-bodies.ts";
import { headerSentences } from "./finding-headers.ts";
import { secretSentences } from "./finding-secrets.ts";
import type { Cause, Sentences } from "./finding-words.ts";
import type { Theme } from "./theme.ts";

/** A finding with its sentences, as `--json` carries it. */
export interface RenderedFinding extends FindingData {
  /** What was found. */
  message: string;
  /** What to do about it. */
  fix: string;
}

/** The sentences of every cause; the causes themselves are found in `signing/`. */
const sentences: Record<Cause, Sentences> = { ...secretSentences, ...bodySentences, ...headerSentences };

/** @param index among the findings of its request, best first */
export function renderFinding(finding: FindingData, index = 0): RenderedFinding {
  const { message, fix } = sentences[finding.cause];
  return { ...finding, message: message(finding.evidence, index === 0), fix: fix(finding.evidence) };
}

/** For people: what was found, and the cause in brackets, as `--json` has it. */
export function findingLine(theme: Theme, { message, cause, confidence }: RenderedFinding): string {
  const likely = confidence === "likely" ? `${theme.yellow("likely:")} ` : "";
  return `${likely}${message} ${theme.dim(`(${cause})`)}`;
}

/** For people: what to do about it. */
export function fixLine(theme: Theme, { fix }: RenderedFinding): string {
  return `${theme.dim("fix:")} ${fix}`;
}
