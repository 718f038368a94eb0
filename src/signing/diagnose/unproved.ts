import type { Evidence, Finding, RawHeaders, Verdict } from "../types.ts";
import { usualLimits, type Budget } from "./budget.ts";
import { findRenamed } from "./headers.ts";
import type { DiagnoseInput } from "./input.ts";
import { isDoubtful, textsCopied } from "./keys.ts";
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
      const symptom = isSigned ? symptomOf(body, headers, most) : undefined;
      const defects = secretDefects(input.secrets);
      return [...tampered, ...(symptom === undefined ? [] : [symptom]), ...defects, wrongSecret];
    }
    case "secret-malformed": {
      const symptom = symptomOf(body, headers, most);
      const defects = secretDefects(input.secrets);
      return [...defects, ...(symptom === undefined ? [] : [symptom]), ...verdict.findings];
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
