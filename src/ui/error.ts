import { inspect } from "node:util";
import { isHooklineError } from "../errors.ts";
import { safeText } from "./safe.ts";
import type { Theme } from "./theme.ts";

/** Code points of a message at most: a server may answer with a page. */
const MAX_MESSAGE = 4000;

const indented = (text: string, max?: number): string => safeText(text, max).replaceAll("\n", "\n  ");

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  return error.message || error.name;
}

/**
 * An error for people: what happened and why, then what to do next, a line each; lines joined by `\n`.
 * Anything but a `HooklineError` is a bug and says so. @param options.debug adds the stack and the causes
 */
export function renderError(error: unknown, theme: Theme, options: { debug?: boolean } = {}): string {
  const label = theme.red("error:");
  const lines = isHooklineError(error)
    ? [
        `${label} ${indented(error.message, MAX_MESSAGE)}`,
        ...error.nextSteps.map((step) => `  ${theme.cyan("next:")} ${indented(step, MAX_MESSAGE)}`),
      ]
    : [`${label} unexpected: ${indented(messageOf(error), MAX_MESSAGE)}`, "  this is a bug of hookline"];
  if (options.debug) lines.push(`  ${theme.dim(indented(inspect(error)))}`);
  return lines.join("\n");
}

export interface ErrorJson {
  error: { code: string; message: string; next_steps: readonly string[] };
}

/** An error as `--json` prints it. Anything but a `HooklineError` has the code `unexpected`. */
export function errorJson(error: unknown): ErrorJson {
  if (isHooklineError(error))
    return { error: { code: error.code, message: error.message, next_steps: error.nextSteps } };
  return {
    error: {
      code: "unexpected",
      message: messageOf(error),
      next_steps: ["this is a bug of hookline: report it"],
    },
  };
}
