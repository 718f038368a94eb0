import { createContext, Script } from "node:vm";

/** What a pattern says of a text; `slow` where it takes too long to tell, `invalid` where it is no pattern. */
export type Fit = "fits" | "differs" | "slow" | "invalid";

/** Tries patterns that come from a suite, and so from anybody. */
export interface Patterns {
  try(pattern: string, text: string): Fit;
}

/** Characters of a text that are looked at. */
export const longestMatched = 64 * 1024;
/** Milliseconds for one look, and for all those together that took too long. */
const patience = 1000;
const patienceInAll = 10_000;

/**
 * A pattern can be made so that it tries for years. Each look has a time limit, which only a script of its own can have; a
 * pattern that met it is not tried again.
 * @param patienceMs for one look
 */
export function createPatterns(patienceMs = patience): Patterns {
  const sandbox: { pattern: string; text: string } = { pattern: "", text: "" };
  const context = createContext(sandbox, { codeGeneration: { strings: false, wasm: false } });
  const compile = new Script("void new RegExp(pattern, 'u')");
  const look = new Script("new RegExp(pattern, 'u').test(text)");
  const known = new Map<string, "slow" | "invalid" | "valid">();
  let spent = 0;

  const within = (script: Script): unknown => script.runInContext(context, { timeout: patienceMs });
  const isTimeout = (error: unknown): boolean =>
    (error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
  const failed = (pattern: string, error: unknown): "slow" | "invalid" => {
    if (isTimeout(error)) spent += patienceMs;
    const kind = isTimeout(error) ? "slow" : "invalid";
    known.set(pattern, kind);
    return kind;
  };

  return {
    try(pattern, text) {
      const before = known.get(pattern);
      if (before === "slow" || before === "invalid") return before;
      if (spent >= patienceInAll) return "slow";
      sandbox.pattern = pattern;
      sandbox.text = text.slice(0, longestMatched);
      try {
        if (before === undefined) within(compile);
        known.set(pattern, "valid");
        return within(look) === true ? "fits" : "differs";
      } catch (error) {
        return failed(pattern, error);
      }
    },
  };
}
