import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { openPage } from "../../src/actions/open-page.ts";

const url = "file:///home/me/a%20b/open.html?x=1&calc.exe";

test.each([
  ["linux", "xdg-open", [url]],
  ["freebsd", "xdg-open", [url]],
  ["darwin", "open", [url]],
  ["win32", "rundll32", ["url.dll,FileProtocolHandler", url]],
] as const)(
  "on %s it is %s that opens it, detached and through no shell",
  async (platform, program, args) => {
    const child = Object.assign(new EventEmitter(), { unref: () => undefined });
    const calls: unknown[] = [];
    const run = (...call: unknown[]): ChildProcess => {
      calls.push(call);
      return child as unknown as ChildProcess;
    };
    const opened = openPage(url, platform, run as unknown as typeof spawn);
    child.emit("exit", 0);
    expect(await opened).toBe(true);
    const options = { detached: true, stdio: "ignore", shell: false };
    expect(calls).toEqual([[program, args, expect.objectContaining(options)]]);
  },
);

/** The program that is asked for is another one here. */
const instead = (program: string, args: readonly string[]) =>
  ((_: string, __: readonly string[], options: SpawnOptions) =>
    spawn(program, args, options)) as typeof spawn;

test.each([
  ["that is not there", "/nowhere/xdg-open", [], false],
  ["that finds no browser", process.execPath, ["-e", "process.exit(3)"], false],
  ["that ends well", process.execPath, ["-e", ""], true],
])("a program %s", async (_, program, args, isOpen) => {
  expect(await openPage(url, "linux", instead(program, args))).toBe(isOpen);
});

test("what cannot even be tried", async () => {
  expect(await openPage("file:///a\0b", "linux", spawn)).toBe(false);
});
