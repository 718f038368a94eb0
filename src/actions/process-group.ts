import { readdirSync, readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";

/** Milliseconds between two looks whether it is gone. */
const lookEveryMs = 25;

/** Sends a signal to a process and all that it started, as far as they stayed in its group. */
export function signalGroup(leader: number, signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
  try {
    if (process.platform === "win32")
      // There are no groups: the tree of the process is ended, and only by force.
      spawnSync("taskkill", ["/pid", String(leader), "/t", "/f"], { stdio: "ignore", windowsHide: true });
    else process.kill(-leader, signal);
  } catch {
    // It is gone already.
  }
}

/** Waits until a group is gone. @returns whether it is, in so many milliseconds */
export async function groupGone(leader: number, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (isAlive(leader)) {
    if (performance.now() >= until) return false;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  return true;
}

function isAlive(leader: number): boolean {
  try {
    process.kill(process.platform === "win32" ? leader : -leader, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return process.platform !== "linux" || !isDead(leader);
}

/** Whether all that is left of a group has ended and waits to be buried: in containers often nobody does that. */
function isDead(leader: number): boolean {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .every((name) => {
        const { group, state } = look(name) ?? {};
        return group !== leader || state === "Z" || state === "X";
      });
  } catch {
    return false;
  }
}

function look(pid: string): { state: string; group: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name stands in parentheses and may hold some itself.
    const [state = "", , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state, group: Number(group) };
  } catch {
    return undefined;
  }
}
