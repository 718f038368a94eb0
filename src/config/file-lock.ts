import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { HooklineError } from "../errors.ts";

/** Milliseconds after which what is held for a moment only has been left behind. */
const staleMs = 2000;
/** Milliseconds between two tries. */
const intervalMs = 10;

/**
 * Does work while no other process does any under the same lock. A lock that a killed process left behind is broken;
 * one of another machine, whose processes cannot be seen, is not.
 * @param lock path of a file that is there as long as the work goes on
 * @param work synchronous, so that within one process there is never a second
 * @param options.waitMs how long to wait for others, in milliseconds
 * @throws HooklineError `home-locked`, and whatever the file system refuses
 */
export async function withLock<Result>(
  lock: string,
  work: () => Result,
  { waitMs = 10_000 }: { waitMs?: number } = {},
): Promise<Result> {
  for (let waited = 0; !take(lock); waited += intervalMs) {
    if (waited >= waitMs) {
      throw new HooklineError("home-locked", `another process of hookline holds ${lock} and does not end`, {
        nextSteps: ["try again", `if no other hookline runs, remove ${lock} and ${breakerOf(lock)}`],
      });
    }
    breakIfDead(lock);
    await sleep(intervalMs);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Makes the lock file, which names its owner. @returns whether it was not there */
function take(lock: string): boolean {
  let file: number;
  try {
    file = openSync(lock, "wx", 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What Windows says while another removes it.
    if (code === "EEXIST" || (code === "EPERM" && process.platform === "win32")) return false;
    throw error;
  }
  try {
    writeSync(file, `${process.pid} ${hostname()}`);
  } catch (error) {
    rmSync(lock, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

/** Under a lock of its own: of two that see a dead owner, the slower must not remove the lock the faster took since. */
function breakIfDead(lock: string): void {
  if (!isDead(lock)) return;
  const breaker = breakerOf(lock);
  if (!take(breaker)) {
    // It is held for a moment only: who made it was killed in that moment.
    if (isOlder(breaker, staleMs)) rmSync(breaker, { force: true });
    return;
  }
  try {
    if (isDead(lock)) rmSync(lock, { force: true });
  } finally {
    rmSync(breaker, { force: true });
  }
}

/** @returns whether the file is there and was last changed so many milliseconds ago, by the file system's clock */
function isOlder(file: string, ms: number): boolean {
  const probe = `${file}.${process.pid}`;
  try {
    const { mtimeMs } = statSync(file);
    writeFileSync(probe, "");
    return statSync(probe).mtimeMs - mtimeMs > ms;
  } catch {
    return false;
  } finally {
    rmSync(probe, { force: true });
  }
}

const breakerOf = (lock: string): string => `${lock}.break`;

function isDead(lock: string): boolean {
  let owner: string;
  try {
    owner = readFileSync(lock, "utf8");
  } catch {
    return false;
  }
  // Killed before it could write its name, its owner left it empty.
  if (owner === "") return isOlder(lock, staleMs);
  const [, pid = "", host] = /^(\d+) (.+)$/s.exec(owner) ?? [];
  if (host !== hostname()) return false;
  // This process is not at work now, so its number is that of one before it: containers start anew with the same.
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
