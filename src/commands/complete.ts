import type { Command } from "commander";
import type { Candidate, Names } from "../actions/complete.ts";
import { valuesAt, type Completion } from "./complete-values.ts";
import { findPlace } from "./complete-words.ts";
import type { Context } from "./context.ts";
import { commands } from "./index.ts";

/** What the scripts of `hookline completion` call at every press of the key: it answers, and never fails. */
export function define(command: Command, context: Context): void {
  command.argument("[words...]", "the command line so far, behind --; its last word is completed").action(
    context.run(async ({ host, output }, words: string[]) => {
      const [{ createNames }, { showCompletion }] = await Promise.all([
        import("../actions/complete.ts"),
        import("../ui/completion.ts"),
      ]);
      const program = command.parent ?? command;
      const load = async (called: Command): Promise<void> => {
        const entry = commands.find(({ name }) => name === called.name());
        if (called !== command) (await entry?.load())?.define(called, context);
      };
      showCompletion(output, await complete(program, words, load, createNames(host)));
      return 0;
    }),
  );
}

async function complete(
  program: Command,
  words: readonly string[],
  load: (command: Command) => Promise<void>,
  names: Names,
): Promise<Completion> {
  const place = await findPlace(program, words, load);
  const { command, operands, option, word, flags } = place;
  const { candidates, files } =
    flags && word.startsWith("-")
      ? { candidates: flagsOf(command), files: false }
      : option === undefined && operands === 0 && command.commands.length > 0
        ? { candidates: subcommandsOf(command), files: false }
        : await valuesAt(names, place);
  return { candidates: candidates.filter(({ value }) => value.startsWith(word)), files };
}

function subcommandsOf(command: Command): Candidate[] {
  const help = command.createHelp();
  return help
    .visibleCommands(command)
    .map((child) => ({ value: child.name(), description: help.subcommandDescription(child) }));
}

/** The flags of a command and of the program: the short name only where there is no long one. */
function flagsOf(command: Command): Candidate[] {
  const help = command.createHelp();
  return [...help.visibleOptions(command), ...globalsOf(command)].map((option) => ({
    value: option.long ?? option.short ?? "",
    description: help.optionDescription(option),
  }));

  function globalsOf({ parent }: Command): readonly Command["options"][number][] {
    return parent === null ? [] : [...parent.options, ...globalsOf(parent)];
  }
}
