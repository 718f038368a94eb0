import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withLock } from "../../src/config/file-lock.ts";
import { createFolder } from "../cli/spawn.ts";

/** The number of a process that is gone. */
const gone = spawnSync(process.execPath, ["-e", ""]).pid;

describe("a lock", () => {
  test("is a file that names its owner while the work goes on, and no longer", async () => {
    const lock = join(createFolder(), "lock");
    const result = await withLock(lock, () => {
      expect(readFileSync(lock, "utf8")).toBe(`${process.pid} ${hostname()}`);
      expect(statSync(lock).mode & 0o777).toBe(0o600);
      return 7;
    });
    expect(result).toBe(7);
    expect(existsSync(lock)).toBe(false);
  });

  test("is given back when the work fails", async () => {
    const lock = join(createFolder(), "lock");
    await expect(
      withLock(lock, () => {
        throw new Error("no luck");
      }),
    ).rejects.toThrow("no luck");
    expect(existsSync(lock)).toBe(false);
  });

  test.each([
    ["a killed process", `${gone} ${hostname()}`],
    ["an earlier process of this one's number", `${process.pid} ${hostname()}`],
  ])("that %s left behind is broken, with nothing left beside", async (_, owner) => {
    const folder = createFolder();
    writeFileSync(join(folder, "lock"), owner);
    expect(await withLock(join(folder, "lock"), () => "done")).toBe("done");
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ["before it could sign", { lock: "" }],
    ["while it broke another's", { lock: `${gone} ${hostname()}`, "lock.break": `${gone} ${hostname()}` }],
    ["while it was about to break another's", { lock: `${gone} ${hostname()}`, "lock.break": "" }],
  ])("of a process that was killed %s is broken after a while", async (_, files) => {
    const folder = createFolder();
    const before = Date.now() / 1000 - 60;
    for (const [name, owner] of Object.entries(files)) {
      writeFileSync(join(folder, name), owner);
      utimesSync(join(folder, name), before, before);
    }
    expect(await withLock(join(folder, "lock"), () => "done")).toBe("done");
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ["a running process", `${process.ppid} ${hostname()}`],
    ["another machine", `${gone} ${hostname()}.elsewhere`],
    ["an owner that has not signed yet", ""],
  ])("of %s is respected", async (_, owner) => {
    const lock = join(createFolder(), "lock");
    writeFileSync(lock, owner);
    let worked = false;
    await expect(withLock(lock, () => (worked = true), { waitMs: 30 })).rejects.toMatchObject({
      code: "home-locked",
      exitCode: 2,
      message: expect.stringContaining(lock) as string,
    });
    expect(worked).toBe(false);
    expect(readFileSync(lock, "utf8")).toBe(owner);
  });

  test("is not broken while another is breaking it", async () => {
    const lock = join(createFolder(), "lock");
    writeFileSync(lock, `${gone} ${hostname()}`);
    writeFileSync(`${lock}.break`, `${process.ppid} ${hostname()}`);
    await expect(withLock(lock, () => 1, { waitMs: 30 })).rejects.toMatchObject({ code: "home-locked" });
    expect(existsSync(lock)).toBe(true);
  });

  test("in a folder that is not there is the file system's own error", async () => {
    const lock = join(createFolder(), "none/lock");
    await expect(withLock(lock, () => 1)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
