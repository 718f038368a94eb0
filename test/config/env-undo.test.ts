import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { changeEnvFile } from "../../src/config/env-undo.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "hookline-undo-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const changes = { KEY: "new", KEY_PREVIOUS: "old", GONE: null };

test.each([
  ["quoted, set twice, with a comment", "# caf\xe9\r\nKEY=first\r\nKEY='o l d' # x\r\nGONE=1\r\nLAST=1"],
  ["without any of them", "OTHER=1\n"],
  ["empty", ""],
])("a file that is %s is put back byte for byte, with its mode", async (_, text) => {
  const file = join(folder(), ".env");
  const bytes = Buffer.from(text, "latin1");
  writeFileSync(file, bytes);
  chmodSync(file, 0o640);
  const undo = await changeEnvFile(file, changes);
  expect(readFileSync(file, "latin1")).toContain("KEY_PREVIOUS=old");
  expect(readFileSync(file, "latin1")).not.toContain("GONE");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await undo();
  expect(readFileSync(file)).toEqual(bytes);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(readdirSync(join(file, ".."))).toEqual([".env"]);
});

test("a file that was not there is away again", async () => {
  const place = folder();
  const undo = await changeEnvFile(join(place, ".env"), changes);
  await undo();
  expect(readdirSync(place)).toEqual([]);
});

test("a link stays a link", async () => {
  const place = folder();
  writeFileSync(join(place, "real"), "KEY=old\n");
  symlinkSync("real", join(place, ".env"));
  const undo = await changeEnvFile(join(place, ".env"), changes);
  await undo();
  expect(lstatSync(join(place, ".env")).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(place, "real"), "utf8")).toBe("KEY=old\n");
});

test("what others changed since stays, also of the variables that were set", async () => {
  const file = join(folder(), ".env");
  writeFileSync(file, "KEY=old\nGONE=1\nOTHER=1\n");
  const undo = await changeEnvFile(file, changes);
  writeFileSync(
    file,
    readFileSync(file, "utf8").replace("OTHER=1", "OTHER=2").replace("_PREVIOUS=old", "_PREVIOUS=x"),
  );
  await undo();
  expect(readFileSync(file, "utf8")).toBe("KEY=old\nOTHER=2\nKEY_PREVIOUS=x\nGONE=1\n");
});

test("what another wrote while this one waited stays, where all is put back", async () => {
  const place = folder();
  const file = join(place, ".env");
  writeFileSync(file, "KEY=old\n");
  // As another process holds it.
  const lock = join(place, ".env..env.lock");
  writeFileSync(lock, `${process.ppid} ${hostname()}`);
  const changing = changeEnvFile(file, changes);
  writeFileSync(file, "KEY=old\nTHEIRS=1\n");
  rmSync(lock);
  const undo = await changing;
  expect(readFileSync(file, "utf8")).toBe("KEY=new\nTHEIRS=1\nKEY_PREVIOUS=old\n");
  await undo();
  expect(readFileSync(file, "utf8")).toBe("KEY=old\nTHEIRS=1\n");
});

test("one that others took away comes back with what it had", async () => {
  const file = join(folder(), ".env");
  writeFileSync(file, "KEY=old\nGONE=1\n");
  const undo = await changeEnvFile(file, { GONE: null });
  rmSync(file);
  await undo();
  expect(existsSync(file)).toBe(true);
  expect(readFileSync(file, "utf8")).toBe("GONE=1\n");
});
