import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { diagnose } from "../../../src/signing/diagnose/index.ts";
import type { Cause, Finding } from "../../../src/signing/types.ts";
import type { Case } from "./corpus.ts";

/** How a diagnosis compares with what really went wrong. */
export interface Judged {
  expected: string;
  variant: string;
  target: string;
  /** Cause of the first finding, or `none`. */
  first: string;
  /** Whether a right cause comes first and, of a pair, the other is found as well. */
  isRight: boolean;
  /** Whether what can be proved is. */
  isProved: boolean;
  /** Causes said to be proved that are none. */
  wronglyProved: Cause[];
  signatures: number;
}

/** What is as true: the header that was expected is not there, and base64 with a space in it is none. */
const companions: Partial<Record<Cause, readonly Cause[]>> = {
  "other-provider": ["header-missing"],
  "secret-whitespace": ["secret-malformed"],
  "secret-quoted": ["secret-malformed"],
};

export function judge({ causes, variant, target, recoverable, input }: Case): Judged {
  const [signatures, findings] = counted(() => diagnose(input));
  const isExpected = ({ cause }: Finding): boolean => (causes as readonly Cause[]).includes(cause);
  const [first] = findings;
  const isRight =
    first !== undefined &&
    isExpected(first) &&
    causes.every((cause) => findings.some((finding) => finding.cause === cause));
  const isProvable = recoverable && !causes.includes("wrong-secret");
  const allowed = causes.flatMap((cause) => companions[cause] ?? []);
  return {
    expected: causes.join(" + "),
    variant,
    target,
    first: first?.cause ?? "none",
    isRight,
    isProved: !isProvable || findings.filter(isExpected).every(({ confidence }) => confidence === "proved"),
    wronglyProved: findings
      .filter((finding) => finding.confidence === "proved" && !isExpected(finding))
      .map(({ cause }) => cause)
      .filter((cause) => !allowed.includes(cause)),
    signatures,
  };
}

let computed = 0;

/** How many HMACs and Ed25519 verifications something computes, whoever in it asks for them. */
export function counted<Result>(run: () => Result): [signatures: number, result: Result] {
  const before = computed;
  const result = run();
  return [computed - before, result];
}

const counting = <Call extends (...parameters: never[]) => unknown>(call: Call): Call =>
  ((...parameters: never[]) => {
    computed++;
    return call(...parameters);
  }) as Call;
// Every module of this test file computes through these from here on.
Object.assign(crypto, { createHmac: counting(crypto.createHmac), verify: counting(crypto.verify) });
syncBuiltinESMExports();

/** Expected causes by first findings; a point stands for none. */
export function confusionOf(judged: readonly Judged[]): string {
  const rows = [...new Set(judged.map(({ expected }) => expected))];
  const firsts = [...new Set(judged.map(({ first }) => first))];
  const known = firsts.sort((a, b) => order(rows, a) - order(rows, b) || (a < b ? -1 : 1));
  const lines = rows.map((row) => {
    const own = judged.filter(({ expected }) => expected === row);
    const right = own.filter(({ isRight }) => isRight).length;
    const counts = known.map((cause) => own.filter(({ first }) => first === cause).length);
    return [
      row,
      `${((100 * right) / own.length).toFixed(1)} %`,
      ...counts.map((count) => (count === 0 ? "." : String(count))),
    ];
  });
  const right = judged.filter(({ isRight }) => isRight).length;
  const total = ["all", `${((100 * right) / judged.length).toFixed(1)} %`, ...known.map(() => "")];
  // Columns are numbered, as the causes' names would make the table too wide to read.
  const head = ["", "right", ...known.map((_, index) => String(index + 1))];
  const legend = known.map((cause, index) => `${String(index + 1).padStart(2)} ${cause}`);
  return `${tableOf([head, ...lines, total])}\n\nFirst finding:\n${legend.join("\n")}\n`;
}

function order(rows: readonly string[], cause: string): number {
  const index = rows.findIndex((row) => row.split(" + ")[0] === cause);
  return index === -1 ? rows.length : index;
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
