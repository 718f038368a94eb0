import type { Command, Option } from "commander";

/** Where in a command line the word stands that is being completed. */
export interface Place {
  command: Command;
  /** Names from the program, which has none, down to the command. */
  path: readonly string[];
  /** How many operands the command has before the word. */
  operands: number;
  /** The values that flags were given before the word, by the flags' long names. */
  given: ReadonlyMap<string, string>;
  /** The flag whose value the word is. */
  option: Option | undefined;
  /** The word, without the `--flag=` before it. */
  word: string;
  /** Whether the word may still be a flag. */
  flags: boolean;
}

/**
 * Reads a command line as commander would, up to its last word, which may be empty.
 * @param load defines a command of the program's that is come upon; none other is loaded
 */
export async function findPlace(
  program: Command,
  words: readonly string[],
  load: (command: Command) => Promise<void>,
): Promise<Place> {
  const last = words.at(-1) ?? "";
  const place = { command: program, path: [] as string[], operands: 0, flags: true };
  const given = new Map<string, string>();
  let option: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (option !== undefined && (option.required || !word.startsWith("-"))) {
      given.set(option.long ?? "", word);
      option = undefined;
      continue;
    }
    option = undefined;
    if (place.flags && word === "--") {
      place.flags = false;
    } else if (place.flags && word.length > 1 && word.startsWith("-")) {
      const { name, value } = split(word);
      const found = findOption(place.command, name);
      if (value !== undefined) given.set(found?.long ?? name, value);
      else if (found?.required === true || found?.optional === true) option = found;
    } else {
      const child = place.operands === 0 ? findChild(place.command, word) : undefined;
      if (child === undefined) {
        place.operands++;
      } else if (child !== place.command) {
        if (place.command === program) await load(child);
        place.command = child;
        place.path.push(word);
      }
    }
  }
  const { name, value } = split(last);
  if (option === undefined && place.flags && value !== undefined && last.startsWith("--")) {
    // A value is none of the flag's if it takes none.
    return { ...place, given, option: findOption(place.command, name), word: value, flags: false };
  }
  return { ...place, given, option, word: last, flags: place.flags && option === undefined };
}

function split(word: string): { name: string; value?: string } {
  const equals = word.indexOf("=");
  return equals < 0 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
}

/** The subcommand of that name; `help` is followed by the name of one, and so leads to the command itself. */
function findChild(command: Command, name: string): Command | undefined {
  const child = command.commands.find((candidate) => candidate.name() === name);
  return child ?? (name === "help" && command.commands.length > 0 ? command : undefined);
}

function findOption(command: Command, name: string): Option | undefined {
  for (let from: Command | null = command; from !== null; from = from.parent) {
    const found = from.options.find(({ long, short }) => name === long || name === short);
    if (found !== undefined) return found;
  }
  return undefined;
}
