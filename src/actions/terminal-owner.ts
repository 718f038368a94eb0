import { readFileSync } from "node:fs";

/**
 * Whether the terminal's keys go to this process. A job that a shell runs in the background (`hookline listen &`) is
 * stopped by the system as soon as it reads them or changes the terminal's mode.
 */
export function ownsTerminal(platform: NodeJS.Platform, pid: number): boolean {
  if (platform === "win32") return true;
  try {
    const [group, foreground] = platform === "linux" ? fromProc(pid) : fromPs(pid);
    return group === foreground;
  } catch {
    return true;
  }
}

/** proc_pid_stat(5): behind the name, which may hold anything: state, parent, group, session, terminal, foreground group. */
function fromProc(pid: number): (string | undefined)[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [fields[2], fields[5]];
}

function fromPs(pid: number): (string | undefined)[] {
  // Loaded where it is needed alone: it costs every start.
  const { execFileSync } = process.getBuiltinModule("node:child_process");
  const text = execFileSync("ps", ["-o", "pgid=,tpgid=", "-p", String(pid)], {
    encoding: "utf8",
    timeout: 1000,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return text.trim().split(/\s+/);
}
