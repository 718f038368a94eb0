import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { HooklineError } from "../errors.ts";
import { withDraft } from "./draft.ts";

/**
 * Sets variables in a dotenv file. Each changes in its own line alone, or is added at the end; every other byte stays.
 * The file is replaced in one step, links are followed, and its mode becomes 0600.
 * @throws HooklineError `env-file-unwritable`
 */
export function writeEnvFile(file: string, variables: Readonly<Record<string, string>>): void {
  explained(file, () => {
    const path = place(file);
    mkdirSync(dirname(path), { recursive: true });
    // Another program may write it too: what is replaced is what was read.
    for (let before = read(path); ;) {
      let text = before;
      for (const [name, value] of Object.entries(variables)) text = withVariable(text, name, value);
      let now = before;
      withDraft(join(dirname(path), `.env.${basename(path)}`), Buffer.from(text, "latin1"), (draft) => {
        now = read(path);
        if (now === before) renameSync(draft, path);
      });
      if (now === before) return;
      before = now;
    }
  });
}

/**
 * Tries whether {@link writeEnvFile} could write, and changes nothing.
 * @throws HooklineError `env-file-unwritable`
 */
export function tryEnvFile(file: string): void {
  explained(file, () => {
    const path = place(file);
    read(path);
    let folder = dirname(path);
    while (!existsSync(folder)) folder = dirname(folder);
    // What can be made here can be moved here.
    withDraft(join(folder, `.env.${basename(path)}`), Buffer.alloc(0), () => undefined);
  });
}

function explained(file: string, work: () => void): void {
  try {
    work();
  } catch (cause) {
    throw new HooklineError("env-file-unwritable", `cannot write ${file}: ${(cause as Error).message}`, {
      cause,
      nextSteps: ["check that the path is right and that you may write there"],
    });
  }
}

/** The path behind links. @throws Error where something else than a file is there */
function place(file: string): string {
  const path = behindLinks(file);
  if (existsSync(path) && !statSync(path).isFile()) throw new Error("it is not a file");
  return path;
}

/** Latin1 keeps every byte as it is, whatever the file's encoding. */
function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "latin1") : "";
}

/** The file that a path stands for, be it there or not. */
function behindLinks(file: string): string {
  if (existsSync(file)) return realpathSync(file);
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? resolve(dirname(file), readlinkSync(file)) : file;
}

/** Variables as dotenv files set them: quoted values may span lines, a `#` ends any other. */
const assignments =
  /^([ \t]*(?:export[ \t]+)?)([\w.-]+)[ \t]*=[ \t]*(?:"(?:[^"\\]|\\.)*"|'[^']*'|`[^`]*`|[^\r\n#]*?(?=[ \t]*(?:#|$)))/gms;

/** The text with the variable's value replaced where it is set last (that one counts), or a line added. */
function withVariable(text: string, name: string, value: string): string {
  const assignment = `${name}=${quoted(value)}`;
  const last = [...text.matchAll(assignments)].filter((found) => found[2] === name).at(-1);
  if (last !== undefined) {
    return text.slice(0, last.index) + (last[1] ?? "") + assignment + text.slice(last.index + last[0].length);
  }
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  return text + (text === "" || text.endsWith("\n") ? "" : end) + assignment + end;
}

/** In the first kind of quotes that does not stand in it: readers of dotenv files know no other way to escape. */
function quoted(value: string): string {
  if (/^[\w+/=.:@%,~-]*$/.test(value)) return value;
  const quote = ["'", '"', "`"].find((kind) => !value.includes(kind));
  if (quote === undefined) throw new Error("a value that holds every kind of quote cannot be written");
  return quote + value + quote;
}
