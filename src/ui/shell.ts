import { safeLine } from "./safe.ts";

/** For a POSIX shell: whatever stands in an argument, the shell passes it on as it is. */
export function commandLine(args: readonly string[]): string {
  return args.map(quoted).join(" ");
}

function quoted(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument;
  const text = Array.from(argument, (character) => {
    if (character === "'") return String.raw`'\''`;
    // A line break stands as it is: $(…) would drop one at the end.
    if (character === "\n" || safeLine(character) === character) return character;
    return `'"$(printf '${octal(character)}')"'`;
  }).join("");
  // Quotes that change nothing, so that no CI system takes a part for one of its commands.
  return `'${text.replace(/(?<=#)(?=#)|(?<=\n\s*:)(?=:)/g, "''")}'`;
}

function octal(text: string): string {
  return Array.from(Buffer.from(text, "utf8"), (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
