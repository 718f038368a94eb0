import { readFileSync } from "node:fs";

/** Milliseconds between two looks. */
const interval = 1000;

/**
 * Calls back once when the npx that started this program is gone. npx hands no SIGTERM on, so without this a killed
 * npx would leave its listener behind.
 * @returns stops looking
 */
export function watchParent(gone: () => void): () => void {
  const parent = process.ppid;
  const { name, parent: grandparent } = look(parent) ?? {};
  // Where npx runs its command in a shell that stays, npx is one further up.
  const throughShell = name !== undefined && /^(sh|ash|bash|dash|ksh|zsh|busybox)$/.test(name);
  const timer = setInterval(() => {
    if (process.ppid === parent && isAlive(parent) && (!throughShell || look(parent)?.parent === grandparent))
      return;
    clearInterval(timer);
    gone();
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

/** Windows keeps telling the parent of a process when that is gone. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A process's name and parent, where the system has /proc (Linux); other systems' shells do not stay in between. */
function look(pid: number): { name: string; parent: number } | undefined {
  try {
    // The name stands in parentheses and may hold some itself.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const end = stat.lastIndexOf(")");
    return {
      name: stat.slice(stat.indexOf("(") + 1, end),
      parent: Number(stat.slice(end + 2).split(" ")[1]),
    };
  } catch {
    return undefined;
  }
}
