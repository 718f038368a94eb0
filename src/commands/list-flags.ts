import type { Command } from "commander";
import type { PageOptions } from "../actions/pages.ts";
import { HooklineError } from "../errors.ts";

/** Flags of every command that lists what an API has. */
export interface ListFlags {
  limit?: string;
  cursor?: string;
  all?: boolean;
}

export function addListFlags(command: Command): Command {
  return command
    .option("--limit <n>", "show so many at most, up to 100")
    .option("--cursor <text>", "go on where an earlier list ended (`next_cursor` in its JSON)")
    .addOption(command.createOption("--all", "show all of them").conflicts("limit"));
}

/** @throws HooklineError `usage` */
export async function readListFlags(flags: ListFlags): Promise<PageOptions> {
  const { object, optional, parseFlags, wholeNumber } = await import("./flags.ts");
  const { limit } = parseFlags(object({ limit: optional(wholeNumber(1, 100)) }), flags);
  if (flags.cursor !== undefined && !/^(?:[a-z]+_\w{1,200}|\d{1,15})$/.test(flags.cursor)) {
    throw new HooklineError("usage", "--cursor takes what an earlier list ended with", {
      nextSteps: ["take it from the note below the list, or from `next_cursor` in its JSON"],
    });
  }
  return {
    all: flags.all === true,
    ...(limit === undefined ? {} : { limit }),
    ...(flags.cursor === undefined ? {} : { cursor: flags.cursor }),
  };
}
