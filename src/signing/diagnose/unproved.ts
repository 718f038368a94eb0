import type { Evidence, Finding, RawHeaders, Verdict } from "../types.ts";
import { usualLimits, type Budget } from "./budget.ts";
import { findRenamed } from "./headers.ts";
import type { DiagnoseInput } from "./input.ts";
import { isDoubtful, textsCopied } from "./keys.ts";
import { changeSince, isSameContent, likelyTampered } from "./intact.ts";
import type { Subject } from "./search.ts";
import { symptomOf } from "./symptoms.ts";

type Failed = Extract<Verdict, { ok: false }>;

/** What is left to say where nothing made a signature match. */
export function unproved(
  verdict: Failed,
  subject: Subject | undefined,
  other: Finding | undefined,
  budget: Budget,
  input: DiagnoseInput & { body: Buffer },
): Finding[] {
  const { body, headers, intact, limits = usualLimits } = input;
  // Where the time is up, nothing is parsed any more.
  const most = budget.late() ? 0 : limits.bodyBytes;
  const symptom = symptomOf(body, headers, most);
  const symptoms = symptom === undefined ? [] : [symptom];
  if (intact?.by === "signature") {
    const change = changeSince(intact, body, most);
    // Without the body that was right, what else may have happened to it comes first.
    if (change !== undefined) return change.confidence === "proved" ? [change] : [...symptoms, change];
  }
  const [own] = verdict.findings;
  const wrongSecret: Finding = {
    cause: "wrong-secret",
    confidence: "likely",
    evidence: {
      secrets: input.secrets.length,
      bytes: body.length,
      complete: subject === undefined || budget.complete(),
      ...(limits.signatures > usualLimits.signatures ? { thorough: true } : {}),
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
      const tampered =
        intact?.body === undefined || isSameContent(intact.body, body, most)
          ? []
          : [likelyTampered("delivery", body)];
      const defects = secretDefects(input.secrets);
      return [...tampered, ...(subject === undefined ? [] : symptoms), ...defects, wrongSecret];
    }
    case "secret-malformed":
      return [...secretDefects(input.secrets), ...symptoms, ...verdict.findings];
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
  return /^(?:sk|rk|pk)_(?:live|test)_|^(?:ghp|gho|github_pat|xox[a-z]|shpat|fjr|hlk|pat)[_-]/.test(
    secret.trim(),
  );
}

/** What the secrets have around them that no vendor gives out, though without it the signature does not match either. */
function secretDefects(secrets: readonly string[]): Finding[] {
  const clues = secrets.slice(0, 4).flatMap((secret) => textsCopied(secret)[0]?.clues ?? []);
  return clues
    .filter(
      (clue, index) => !isDoubtful(clue) && clues.findIndex(({ cause }) => cause === clue.cause) === index,
    )
    .map((clue) => ({ ...clue, confidence: "likely" }));
}
