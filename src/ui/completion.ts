import bash from "./completion.bash?raw";
import type { Candidate } from "../actions/complete.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

export type Shell = "bash" | "zsh" | "fish" | "powershell";

/** Cobra's directives, as the scripts read them: no space is put behind the word, no files are completed. */
const noSpace = 2;
const noFiles = 4;

/** Nothing that a shell would evaluate, expand or split, wherever a script may put it; flags begin with a dash. */
const harmless = /^(?:--?)?[A-Za-z0-9_.][\w./:@%+=,-]*$/;
const mostColumns = 80;

/** Prints what a word may become, a line each, as the scripts read it. Names that are not harmless are left out. */
export function showCompletion(
  output: Output,
  { candidates, files }: { candidates: readonly Candidate[]; files: boolean },
): void {
  const shown = new Map<string, string>();
  for (const { value, description = "" } of candidates) {
    if (harmless.test(value) && !shown.has(value)) shown.set(value, safeLine(description, mostColumns));
  }
  for (const [value, description] of shown) {
    output.line(description === "" ? value : `${value}\t${description}`);
  }
  // A word that goes on: `junit:` wants its file, a folder what is in it.
  const goesOn = [...shown.keys()].some((value) => /[:/]$/.test(value));
  output.line(`:${(goesOn ? noSpace : 0) | (files ? 0 : noFiles)}`);
}

/** What has to change in the scripts that `@bomb.sh/tab` writes. A text that is not there any more is an error. */
const mended: Record<Exclude<Shell, "bash">, readonly [text: string, by: string][]> = {
  zsh: [
    // zsh evaluates what stands before the last `=` of the word, which may be anything that is typed or pasted.
    ["=~ '-.*=' ]]", "=~ '^--[a-z-]+=' ]]"],
    // Words are taken as they are, without their quotes, in place of being split where a quoted one has a space.
    ['words=( "${=words[1,CURRENT]}" )', 'words=( "${(@)words[1,CURRENT]}" )'],
    ['args_to_quote=("${(@)words[2,-1]}")', 'args_to_quote=("${(@Q)words[2,-1]}")'],
    // A colon in a name is escaped: what follows an unescaped one is its description.
    ["comp=${comp//:/\\:}", "comp=${comp//:/\\\\:}"],
    // zsh quotes what it inserts.
    ["completions -Q ${flagPrefix}", "completions ${flagPrefix}"],
    ["local lastLine\n", "local lastLine line\n"],
  ],
  fish: [["string match -r -- '-.*='", "string match -r -- '^--[a-z-]+='"]],
  powershell: [
    // PowerShell takes typographic quotes for quotes too.
    [
      `"'" + ($_ -replace "'", "''") + "'"`,
      `"'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($_) + "'"`,
    ],
  ],
};

/** The script that teaches a shell to complete hookline's command lines. */
export async function completionScript(shell: Shell): Promise<string> {
  if (shell === "bash") return bash;
  const { script } = await import("@bomb.sh/tab");
  let text = printed(() => script(shell, "hookline", "hookline"));
  for (const [from, to] of mended[shell]) {
    if (!text.includes(from)) throw new Error(`the completion script for ${shell} is not as it was`);
    text = text.replaceAll(from, () => to);
  }
  return text;
}

/** The script alone, to be sourced or redirected to a file. */
export function showScript(output: Output, shell: Shell, script: string): void {
  output.json({ shell, script });
  output.line(script.trimEnd());
}

/** What a function prints that can only print. */
function printed(print: () => void): string {
  /* eslint-disable no-console -- there is no other way to the text */
  const { log } = console;
  let text = "";
  console.log = (line: string) => {
    text += `${line}\n`;
  };
  try {
    print();
  } finally {
    console.log = log;
  }
  /* eslint-enable no-console */
  return text;
}
