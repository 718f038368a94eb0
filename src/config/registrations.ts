import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { HooklineError, isHooklineError } from "../errors.ts";

/** An endpoint that a listener made for as long as it runs; never with its secret. */
export interface RegistrationNote {
  /** Stands in the endpoint's description, so that it is found though its id was never learnt. */
  mark: string;
  /** Name of the profile it was made with. */
  profile: string;
  /** URL of the API it was made at; null for the embedded one. */
  api: string | null;
  /** Id of the provider. */
  provider: string;
  /** Of the endpoint; null until the API has answered. */
  id: string | null;
  /** The listener's process … */
  pid: number;
  /** When it started, as the system counts; absent where the system does not tell. */
  started?: string | undefined;
  /** … and the machine it runs on. */
  host: string;
  /** Unix milliseconds. */
  createdAt: number;
}

/** Milliseconds after which a note of another machine is dropped: nobody here can see whether its listener runs. */
const foreignMs = 7 * 24 * 3600 * 1000;

/** Where they are kept. @param home hookline's folder of this user */
export function registrationsFile(home: string): string {
  return join(home, "registrations.json");
}

/** Whether any are noted; one look at the file system. */
export function hasRegistrations(home: string): boolean {
  return existsSync(registrationsFile(home));
}

/** A note of this process. */
export function newRegistration(
  made: Pick<RegistrationNote, "mark" | "profile" | "api" | "provider">,
  now: number,
): RegistrationNote {
  const { pid } = process;
  const started = startOf(pid);
  return {
    ...made,
    id: null,
    pid,
    ...(started === undefined ? {} : { started }),
    host: hostname(),
    createdAt: now,
  };
}

/**
 * Whether nobody looks after an endpoint any more. A note with this process's own number is an earlier one's, whose
 * number it was, too: to be asked before this process makes any.
 */
export function isAbandoned({ pid, started, host }: RegistrationNote): boolean {
  return host === hostname() && (pid === process.pid || !isRunning(pid) || isAnother(pid, started));
}

/** Whether a note of another machine is so old that it is given up. */
export function isForgotten({ host, createdAt }: RegistrationNote, now: number): boolean {
  return host !== hostname() && now - createdAt > foreignMs;
}

/**
 * All that is noted, as it is at this moment.
 * @throws HooklineError `registrations-damaged`, `registrations-unreadable`
 */
export async function readRegistrations(home: string): Promise<RegistrationNote[]> {
  const file = registrationsFile(home);
  const { parseRegistrations } = await import("./registrations-file.ts");
  try {
    return existsSync(file) ? parseRegistrations(readFileSync(file, "utf8"), file) : [];
  } catch (cause) {
    if (isHooklineError(cause)) throw cause;
    throw new HooklineError("registrations-unreadable", `cannot read ${file}: ${(cause as Error).message}`, {
      cause,
      nextSteps: ["check that you may read it, or set HOOKLINE_HOME to another folder"],
    });
  }
}

/**
 * Changes what is noted, one process after another.
 * @param edit is given all notes, and returns them changed
 * @throws HooklineError `registrations-damaged`, `home-unwritable`, `home-locked`
 */
export async function editRegistrations(
  home: string,
  edit: (notes: RegistrationNote[]) => RegistrationNote[],
): Promise<void> {
  const file = registrationsFile(home);
  const [{ withLock }, { withDraft }, { formatRegistrations, parseRegistrations }] = await Promise.all([
    import("./file-lock.ts"),
    import("./draft.ts"),
    import("./registrations-file.ts"),
  ]);
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    await withLock(`${file}.lock`, () => {
      const notes = edit(existsSync(file) ? parseRegistrations(readFileSync(file, "utf8"), file) : []);
      // Without the file the next start has nothing to look into.
      if (notes.length === 0) rmSync(file, { force: true });
      else {
        const content = Buffer.from(formatRegistrations(notes));
        withDraft(file, content, (draft) => renameSync(draft, file));
      }
    });
  } catch (cause) {
    if (isHooklineError(cause)) throw cause;
    throw new HooklineError(
      "home-unwritable",
      `cannot note the endpoints of this listener in ${file}: ${(cause as Error).message}`,
      { cause, nextSteps: ["set HOOKLINE_HOME to a folder you can write to"] },
    );
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is there, too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether a running process has the number of one that started at another time. */
function isAnother(pid: number, started: string | undefined): boolean {
  const now = started === undefined ? undefined : startOf(pid);
  return now !== undefined && now !== started;
}

/** When a process started, in clock ticks since the system did; only Linux tells (proc_pid_stat(5), field 22). */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in brackets, which may hold spaces and brackets itself.
    const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3];
    return start !== undefined && /^\d+$/.test(start) ? start : undefined;
  } catch {
    return undefined;
  }
}
