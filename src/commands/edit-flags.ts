import type { Command } from "commander";
import type { Edit } from "../actions/prepare.ts";
import { HooklineError } from "../errors.ts";

/**
 * Adds the flags that change a payload before it is sent.
 * @returns the edits asked for, in the order of the command line, filled while it is parsed
 */
export function addEditFlags(command: Command): readonly Edit[] {
  const edits: Edit[] = [];
  command
    .option(
      "--set <path=value>",
      "set a value, every other byte stays (data.items[0].name=IPA)",
      (text: string) => {
        const equals = text.indexOf("=");
        if (equals < 0) {
          throw new HooklineError(
            "edit-path",
            `--set takes path=value: there is no = in ${JSON.stringify(text.slice(0, 100))}`,
            {
              nextSteps: [
                "write the value behind it: --set data.total=8.00",
                "or take it out: --unset data.total",
              ],
            },
          );
        }
        edits.push({ op: "set", path: text.slice(0, equals), value: text.slice(equals + 1) });
      },
    )
    .option("--unset <path>", "remove a value", (path: string) => void edits.push({ op: "unset", path }))
    .option("--fresh", "renew the envelope's id and time");
  return edits;
}
