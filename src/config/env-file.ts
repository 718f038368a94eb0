import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { HooklineError, isHooklineError } from "../errors.ts";
import { withDraft } from "./draft.ts";

/** Links that may lead from one to the next, as many as Linux follows. */
const mostLinks = 40;

/** What a dotenv file holds. */
export interface EnvText {
  /** Latin1, which keeps every byte as it is, whatever the file's encoding. */
  text: string;
  mode: number;
}

/**
 * Sets variables in a dotenv file. Each changes in its own line alone, or is added at the end; every other byte stays.
 * The file is replaced in one step, links are followed, and its mode becomes 0600. Of several processes that write to it
 * at once each keeps what the others wrote.
 * @param variables null takes a variable out, wherever it is set
 * @throws HooklineError `env-file-unwritable`, also where its folder is not there
 */
export async function writeEnvFile(
  file: string,
  variables: Readonly<Record<string, string | null>>,
): Promise<void> {
  await replaceEnvFile(file, (before) => withVariables(before, variables));
}

/**
 * Replaces a dotenv file as {@link writeEnvFile} does.
 * @param next what it is to hold, of what it holds, undefined where it is not there; the same leaves it as it is
 * @returns what it held at the moment it was replaced, and what it holds since
 * @throws HooklineError `env-file-unwritable`
 */
export function replaceEnvFile(
  file: string,
  next: (before: EnvText | undefined) => EnvText | undefined,
): Promise<{ before: EnvText | undefined; after: EnvText | undefined }> {
  return explained(file, async () => {
    const { withLock } = await import("./file-lock.ts");
    const path = place(file);
    return withLock(`${draftOf(path)}.lock`, () => {
      // Another program may write it too: what is replaced is what was read.
      for (let before = read(path); ;) {
        const after = next(before);
        if (after === before) return { before, after };
        let now: EnvText | undefined;
        withDraft(draftOf(path), Buffer.from(after?.text ?? "", "latin1"), (draft) => {
          now = read(path);
          if (now?.text !== before?.text) return;
          if (after === undefined) return rmSync(path);
          chmodSync(draft, after.mode);
          renameSync(draft, path);
        });
        if (now?.text === before?.text) return { before, after };
        before = now;
      }
    });
  });
}

/**
 * Tries whether {@link writeEnvFile} could write, and changes nothing.
 * @throws HooklineError `env-file-unwritable`
 */
export function tryEnvFile(file: string): Promise<void> {
  return explained(file, () => {
    const path = place(file);
    read(path);
    // What can be made beside it can be moved in its place.
    withDraft(draftOf(path), Buffer.alloc(0), () => undefined);
  });
}

async function explained<Result>(file: string, work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw new HooklineError("env-file-unwritable", `cannot write ${file}: ${(cause as Error).message}`, {
      cause,
      nextSteps: isHooklineError(cause)
        ? cause.nextSteps
        : ["check that the path is right and that you may write there"],
    });
  }
}

/** What is made beside a dotenv file begins so: whoever keeps `.env.*` out of a repository keeps it out too. */
function draftOf(path: string): string {
  return join(dirname(path), `.env.${basename(path)}`);
}

/** The path behind links. @throws Error where something else than a file is there, or no folder for it */
function place(file: string): string {
  const path = behindLinks(file);
  if (existsSync(path) && !statSync(path).isFile()) throw new Error("it is not a file");
  return path;
}

function read(path: string): EnvText | undefined {
  if (!existsSync(path)) return undefined;
  return { text: readFileSync(path, "latin1"), mode: statSync(path).mode & 0o7777 };
}

/** The file that a path stands for, be it there or not. @throws Error where its folder is not, or links lead in a circle */
function behindLinks(file: string): string {
  let path = file;
  for (let links = 0; links <= mostLinks; links++) {
    const folder = dirname(path);
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new Error(`the folder ${folder} is not there`);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return path;
    path = resolve(realpathSync(folder), readlinkSync(path));
  }
  throw new Error("its links lead back to one another (ELOOP)");
}

/** Variables as dotenv files set them: quoted values may span lines, a `#` ends any other. */
const assignments =
  /^([ \t]*(?:export[ \t]+)?)([\w.-]+)[ \t]*=[ \t]*(?:"(?:[^"\\]|\\.)*"|'[^']*'|`[^`]*`|[^\r\n#]*?(?=[ \t]*(?:#|$)))/gms;

/** UTF-8's byte order mark, which may stand before the first variable. */
const mark = "\u00ef\u00bb\u00bf";

/** Of {@link writeEnvFile}. */
export function withVariables(
  before: EnvText | undefined,
  variables: Readonly<Record<string, string | null>>,
): EnvText {
  const start = before?.text.startsWith(mark) === true ? mark : "";
  let text = before?.text.slice(start.length) ?? "";
  for (const [name, value] of Object.entries(variables))
    text = value === null ? withoutVariable(text, name) : withVariable(text, name, value);
  return { text: start + text, mode: 0o600 };
}

/** The text without the lines that set the variable. */
function withoutVariable(text: string, name: string): string {
  let kept = "";
  let end = 0;
  for (const found of text.matchAll(assignments)) {
    if (found[2] !== name) continue;
    kept += text.slice(end, found.index);
    const after = found.index + found[0].length;
    end = after + (/^[^\r\n]*(?:\r?\n)?/.exec(text.slice(after))?.[0].length ?? 0);
  }
  return kept + text.slice(end);
}

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
