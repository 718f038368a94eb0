import type { Command } from "commander";
import type { Edit } from "../actions/prepare.ts";

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
        // Without a value there is nothing to set: the path's own check says so.
        edits.push({
          op: "set",
          path: equals < 0 ? "" : text.slice(0, equals),
          value: text.slice(equals + 1),
        });
      },
    )
    .option("--unset <path>", "remove a value", (path: string) => void edits.push({ op: "unset", path }))
    .option("--fresh", "renew the envelope's id and time");
  return edits;
}
