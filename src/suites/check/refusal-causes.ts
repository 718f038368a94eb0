import type { CauseEvidence, HandlerCause, ProbeReport, RootCause } from "./causes.ts";
import type { Check, CheckKind } from "./checks.ts";
import type { CheckResult, Exchange } from "./results.ts";

/** What a forged request came to. */
type Fate = "refused" | "accepted" | "broke" | "other" | undefined;

const whole: readonly CheckKind[] = [
  "refuses-wrong-signature",
  "refuses-wrong-ending",
  "refuses-other-secret",
  "refuses-tampered-body",
];
/** Wrong in the usual way, and unusual in another. */
const further: readonly CheckKind[] = ["refuses-every-event", "refuses-every-form"];
const shorter: readonly CheckKind[] = ["refuses-truncated-signature", "refuses-malformed-signature"];

/** What is wrong with how forged requests are refused. */
export function refusalCauses(results: readonly CheckResult[], probe: ProbeReport | undefined): RootCause[] {
  const refuses = results.filter(({ check, outcome }) => check.area === "refuses" && outcome !== "not-run");
  const fates = new Map<CheckKind, Fate>(refuses.map((result) => [result.check.kind, fateOf(result)]));
  const scored = refuses.filter(({ check }) => check.scored);
  const causes: RootCause[] = [];
  const explained = new Set<string>();
  const add = (
    code: HandlerCause,
    evidence: CauseEvidence,
    of: (check: Check, fate: Fate) => boolean,
  ): void => {
    const explains = scored
      .filter(({ check }) => of(check, fates.get(check.kind)) && !explained.has(check.id))
      .map(({ check }) => check.id);
    if (explains.length === 0) return;
    for (const id of explains) explained.add(id);
    causes.push({ code, confidence: "proved", evidence, explains });
  };
  const fate = (kind: CheckKind): Fate => fates.get(kind);
  const among = (kinds: readonly CheckKind[]): Fate[] => kinds.map(fate).filter((one) => one !== undefined);
  const is =
    (wanted: Fate, ...kinds: readonly CheckKind[]) =>
    (check: Check, of: Fate): boolean =>
      of === wanted && kinds.includes(check.kind);

  const wrong = among(whole);
  if (wrong.length > 1 && wrong.every((one) => one === "accepted")) {
    const evidence = {
      // How much is looked at: nothing, whether there is a signature, or whether it has the form of one.
      looks:
        fate("refuses-truncated-signature") !== "accepted"
          ? "form"
          : fate("refuses-missing-signature") !== "accepted"
            ? "presence"
            : "none",
      told_apart: isToldApart(results),
    };
    add("no-verification", evidence, (_, of) => of === "accepted");
  }
  if (fate("refuses-wrong-ending") === "accepted" || fate("refuses-truncated-signature") === "accepted") {
    const start = fate("refuses-wrong-ending") === "accepted";
    add("partial-comparison", { start }, (check, of) =>
      is(
        "accepted",
        "refuses-wrong-ending",
        "refuses-truncated-signature",
        "refuses-empty-signature",
        // To a check of what is given, what is missing is as good as empty.
        ...(start || fate("refuses-empty-signature") !== "accepted"
          ? []
          : (["refuses-missing-signature"] as const)),
      )(check, of),
    );
  }
  for (const kind of further) {
    const taken = exchangesOf(refuses, kind).filter((one) => fateOfExchange(one) === "accepted");
    if (taken.length > 0) add("verified-in-part", partOf(taken), is("accepted", kind));
  }
  const [emptySecret] = exchangesOf(refuses, "refuses-empty-secret").filter(
    (one) => fateOfExchange(one) === "accepted",
  );
  const isUnset = probe?.found.find(({ cause }) => cause === "secret-unset");
  if (emptySecret !== undefined)
    add(
      "secret-unset",
      isUnset?.evidence ?? { value: "", also: true },
      is("accepted", "refuses-empty-secret"),
    );
  add("signature-optional", {}, is("accepted", "refuses-missing-signature", "refuses-empty-signature"));
  add("body-unsigned", {}, is("accepted", "refuses-tampered-body"));
  add("timestamp-unchecked", {}, is("accepted", "refuses-stale-timestamp"));
  add("future-unchecked", {}, is("accepted", "refuses-future-timestamp"));
  add("timestamp-unsigned", {}, is("accepted", "refuses-redated-signature"));

  const status = (kinds: readonly CheckKind[]): number =>
    refuses
      .find(({ check }) => kinds.includes(check.kind) && fate(check.kind) === "broke")
      ?.exchanges.find(({ outcome }) => !outcome.ok)?.status ?? 500;
  const { sameLength, otherLength } = probe?.refusals ?? {};
  // With the other mistakes made, a wrong signature of the right length is refused and a shorter one is not.
  const isProbed = isRefusal(sameLength) && (otherLength ?? 0) >= 500;
  const isSeen =
    among(whole).some((one) => one === "refused") && fate("refuses-truncated-signature") === "broke";
  const all = among([...whole, ...shorter]);
  if (isSeen || isProbed) {
    const evidence = { status: isProbed ? (otherLength ?? 500) : status(shorter) };
    add(
      "length-throws",
      evidence,
      (check, of) =>
        of === "broke" &&
        (isProbed
          ? check.kind !== "refuses-missing-signature"
          : [...shorter, "refuses-empty-signature"].includes(check.kind)),
    );
  } else if (all.length > 1 && all.every((one) => one === "broke")) {
    add("refusal-throws", { status: status([...whole, ...shorter]) }, (_, of) => of === "broke");
  }
  const empty: CheckKind = "refuses-empty-signature";
  const missing: CheckKind = "refuses-missing-signature";
  // One that is refused where it is missing is looked for: what breaks over an empty one is not that it is not there.
  if (fate(missing) === "broke")
    add("missing-header-throws", { status: status([missing]) }, is("broke", missing, empty));
  const formless = [...shorter, empty];
  add("malformed-throws", { status: status(formless) }, is("broke", ...formless));
  for (const kind of further) {
    const broken = exchangesOf(refuses, kind).filter((one) => fateOfExchange(one) === "broke");
    const evidence = { status: broken[0]?.status ?? 500, ...partOf(broken) };
    if (broken.length > 0) add("forgery-throws", evidence, is("broke", kind));
  }
  return causes;
}

/** Whether forged requests, though accepted, get another body than right ones, which all get the same. */
function isToldApart(results: readonly CheckResult[]): boolean {
  const bodies = (expected: Exchange["expected"]): Set<string> =>
    new Set(
      results
        .flatMap(({ exchanges }) => exchanges)
        .filter((one) => one.expected === expected && (one.status ?? 0) >= 200 && (one.status ?? 0) < 300)
        .map(({ answer }) => answer?.body.toString("latin1") ?? ""),
    );
  const [right, forged] = [bodies("accepted"), bodies("refused")];
  return right.size === 1 && forged.size > 0 && [...right].every((body) => !forged.has(body));
}

function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500;
}

function exchangesOf(refuses: readonly CheckResult[], kind: CheckKind): readonly Exchange[] {
  return refuses.find(({ check }) => check.kind === kind)?.exchanges ?? [];
}

/** Events or forms that requests were of. */
function partOf(exchanges: readonly Exchange[]): CauseEvidence {
  const forms = exchanges.flatMap(({ form }) => form ?? []);
  const events = exchanges.flatMap(({ event }) => event ?? []);
  return forms.length > 0 ? { forms: forms.join(",") } : { events: events.join(", ") };
}

/** The worst that any of its requests came to. */
function fateOf({ exchanges }: CheckResult): Fate {
  const fates = exchanges.map(fateOfExchange);
  return (["accepted", "broke", "other", "refused"] as const).find((one) => fates.includes(one));
}

function fateOfExchange({ outcome, status = 0 }: Exchange): Fate {
  if (outcome.ok) return "refused";
  if (outcome.reason === "broke") return "broke";
  return outcome.reason === "not-refused" && status < 300 ? "accepted" : "other";
}
