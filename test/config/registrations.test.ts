import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  editRegistrations,
  hasRegistrations,
  isAbandoned,
  isForgotten,
  newRegistration,
  readRegistrations,
  registrationsFile,
} from "../../src/config/registrations.ts";
import { createFolder } from "../cli/spawn.ts";

const now = Date.parse("2026-03-17T14:32:00Z");
const day = 24 * 3600 * 1000;
/** The number of a process that is gone. */
const gone = spawnSync(process.execPath, ["-e", ""]).pid;
const isLinux = process.platform === "linux";

const note = (mark: string) =>
  newRegistration({ mark, profile: "work", api: "https://api.example/", provider: "fareplay" }, now);

describe("what a listener registered", () => {
  test("is noted in a file that only its user can read, and the file goes with the last note", async () => {
    const home = join(createFolder(), "home");
    expect(hasRegistrations(home)).toBe(false);
    expect(await readRegistrations(home)).toEqual([]);
    await editRegistrations(home, (all) => [...all, note("a")]);
    await editRegistrations(home, (all) => [...all, { ...note("b"), api: null, id: "ep_1" }]);
    expect(hasRegistrations(home)).toBe(true);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(registrationsFile(home)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(registrationsFile(home), "utf8"))).toEqual({
      registrations: [
        {
          mark: "a",
          profile: "work",
          api: "https://api.example/",
          provider: "fareplay",
          id: null,
          pid: process.pid,
          ...(isLinux ? { started: expect.stringMatching(/^\d+$/) as string } : {}),
          host: hostname(),
          created_at: "2026-03-17T14:32:00.000Z",
        },
        expect.objectContaining({ mark: "b", api: null, id: "ep_1" }),
      ],
    });
    expect(await readRegistrations(home)).toEqual([note("a"), { ...note("b"), api: null, id: "ep_1" }]);
    await editRegistrations(home, () => []);
    expect(readdirSync(home)).toEqual([]);
  });

  test("is not lost where several note at the same moment", async () => {
    const home = createFolder();
    const marks = Array.from({ length: 10 }, (_, index) => `m${index}`);
    await Promise.all(marks.map((mark) => editRegistrations(home, (all) => [...all, note(mark)])));
    expect((await readRegistrations(home)).map(({ mark }) => mark).sort()).toEqual(marks);
    expect(readdirSync(home)).toEqual(["registrations.json"]);
  });

  test("keeps what a later hookline writes beside", async () => {
    const home = createFolder();
    await editRegistrations(home, () => [note("a")]);
    const file = registrationsFile(home);
    writeFileSync(file, readFileSync(file, "utf8").replace('"mark"', '"later": 1, "mark"'));
    await editRegistrations(home, (all) => [...all, note("b")]);
    expect(readFileSync(file, "utf8")).toContain('"later": 1');
  });

  test.each([
    "",
    "{",
    "[]",
    "null",
    '{"registrations": {}}',
    '{"registrations": [{"mark": "hunter2"}]}',
    '{"registrations": [{"mark":"a","profile":"p","api":null,"provider":"x","id":1,"pid":1,"host":"h","created_at":"hunter2"}]}',
  ])("is left alone where the file is damaged: %j", async (text) => {
    const home = createFolder();
    const file = registrationsFile(home);
    writeFileSync(file, text);
    const damaged = {
      code: "registrations-damaged",
      exitCode: 2,
      message: expect.stringContaining(file) as string,
    };
    await expect(readRegistrations(home)).rejects.toMatchObject(damaged);
    await expect(editRegistrations(home, () => [])).rejects.toMatchObject(damaged);
    const error: unknown = await readRegistrations(home).catch((thrown: unknown) => thrown);
    expect(String(error)).not.toContain("hunter2");
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  test("cannot be noted where hookline's folder is a file", async () => {
    const home = join(createFolder(), "file");
    writeFileSync(home, "");
    expect(hasRegistrations(home)).toBe(false);
    await expect(editRegistrations(home, () => [note("a")])).rejects.toMatchObject({
      code: "home-unwritable",
      exitCode: 2,
      nextSteps: [expect.stringContaining("HOOKLINE_HOME")],
    });
  });
});

describe("whose endpoints nobody looks after:", () => {
  test.each([
    ["a process that is gone", { pid: gone }, true],
    ["an earlier process of this one's number", {}, true],
    ["a running process of unknown start", { pid: process.ppid, started: undefined }, false],
    ["a running process that started at another time", { pid: process.ppid, started: "1" }, isLinux],
    ["a process of another machine", { pid: gone, host: `${hostname()}.elsewhere` }, false],
  ])("%s: %j", (_, parts, expected) => expect(isAbandoned({ ...note("a"), ...parts })).toBe(expected));

  test.skipIf(!isLinux)("not those of the very process that was noted, whatever its name", async () => {
    const name = "a) S 1 (b";
    const shell = spawn("/bin/sh", ["-c", `printf '%s' '${name}' > /proc/$$/comm; echo ready; read line`]);
    onTestFinished(() => void shell.kill("SIGKILL"));
    await once(shell.stdout, "data");
    const { pid = 0 } = shell;
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const head = `${pid} (${name}) `;
    expect(stat.startsWith(head)).toBe(true);
    const started = stat.slice(head.length).split(" ")[19] ?? "";
    expect(isAbandoned({ ...note("a"), pid, started })).toBe(false);
    expect(isAbandoned({ ...note("a"), pid, started: `${started}0` })).toBe(true);
  });

  test.each([
    ["this machine's are never given up unseen", {}, 30 * day, false],
    ["another machine's are kept for a week", { host: "elsewhere" }, 7 * day, false],
    ["and no longer", { host: "elsewhere" }, 7 * day + 1, true],
  ])("%s", (_, parts, later, expected) =>
    expect(isForgotten({ ...note("a"), ...parts }, now + later)).toBe(expected),
  );
});
