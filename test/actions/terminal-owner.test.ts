import { spawn, spawnSync } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { ownsTerminal } from "../../src/actions/terminal-owner.ts";

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
const hasTerminal = process.platform === "linux" && has("script") && has("bash");

/** Starts two jobs of a shell on a pseudo-terminal, one behind the other. @returns their ids */
async function startJobs(): Promise<{ background: number; foreground: number }> {
  const jobs = `sleep 60 & echo "<$!>"; exec bash -c 'echo "<$$>"; exec sleep 60'`;
  const shell = spawn(
    "script",
    ["-qec", `bash -mc '${jobs.replaceAll("'", String.raw`'\''`)}'`, "/dev/null"],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void shell.kill("SIGKILL"));
  let said = "";
  for await (const chunk of shell.stdout) {
    said += String(chunk);
    const [background, foreground] = [...said.matchAll(/<(\d+)>/g)].map(([, pid]) => Number(pid));
    if (background === undefined || foreground === undefined) continue;
    for (const pid of [background, foreground]) onTestFinished(() => void process.kill(pid, "SIGKILL"));
    return { background, foreground };
  }
  throw new Error(`the shell ended: ${said}`);
}

test
  .skipIf(!hasTerminal)
  .each([["/proc", "linux"], ...(has("ps") ? ([["ps", "darwin"]] as const) : [])] as const)(
  "by %s the job in front has the terminal, one in the background has not",
  async (_, platform) => {
    const { background, foreground } = await startJobs();
    expect(ownsTerminal(platform, foreground)).toBe(true);
    expect(ownsTerminal(platform, background)).toBe(false);
  },
);

test("where nothing can be found out it is taken", () => {
  expect(ownsTerminal("linux", 2 ** 31 - 1)).toBe(true);
  expect(ownsTerminal("darwin", 2 ** 31 - 1)).toBe(true);
  expect(ownsTerminal("win32", process.pid)).toBe(true);
});
