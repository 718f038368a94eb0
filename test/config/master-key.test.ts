import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadMasterKey } from "../../src/config/master-key.ts";
import { isHooklineError } from "../../src/errors.ts";
import { createFolder } from "../cli/spawn.ts";

const key = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index * 3));
const random = (bytes: number): Buffer => key.subarray(0, bytes);

function load(home: string, value?: string, make = true): Buffer {
  const variable = (name: string) =>
    name === "HOOKLINE_MASTER_KEY" && value !== undefined
      ? { value, source: "environment" as const }
      : undefined;
  return loadMasterKey({ environment: { variable }, home, random, make });
}

/** A home whose key file holds the text. */
function homeWith(text: string, mode = 0o600): string {
  const home = createFolder();
  writeFileSync(join(home, "master.key"), text, { mode });
  chmodSync(join(home, "master.key"), mode);
  return home;
}

function failure(run: () => unknown): Record<string, unknown> {
  try {
    run();
  } catch (error) {
    if (isHooklineError(error)) return { ...error, message: error.message, cause: String(error.cause) };
    throw error;
  }
  throw new Error("nothing was thrown");
}

const forms = [
  ["hex", key.toString("hex")],
  ["upper-case hex", key.toString("hex").toUpperCase()],
  ["base64", key.toString("base64")],
  ["base64 without its padding", key.toString("base64").replace("=", "")],
  ["base64 with a newline", `${key.toString("base64")}\n`],
  ["hex with Windows's line end", `${key.toString("hex")}\r\n`],
] as const;

const malformed = [
  ["too short in hex", "ab".repeat(31)],
  ["too long in hex", "ab".repeat(33)],
  ["too short in base64", Buffer.alloc(31, 7).toString("base64")],
  ["too long in base64", Buffer.alloc(33, 7).toString("base64")],
  ["in two lines", `${"ab".repeat(16)}\n${"ab".repeat(16)}`],
  ["a pass phrase", "correct horse battery staple"],
  ["blank", " \n"],
] as const;

describe("the master key", () => {
  test.each(forms)("comes from HOOKLINE_MASTER_KEY in %s, and no file is made", (_, text) => {
    const home = createFolder();
    expect(load(home, text)).toEqual(key);
    expect(existsSync(join(home, "master.key"))).toBe(false);
  });

  test.each(forms)("comes from its file in %s", (_, text) => expect(load(homeWith(text))).toEqual(key));

  test.each(malformed)("%s is refused, and never shown", (_, text) => {
    for (const error of [failure(() => load(createFolder(), text)), failure(() => load(homeWith(text)))]) {
      expect(error).toMatchObject({ code: "master-key-malformed", exitCode: 2 });
      if (text.trim() !== "") expect(JSON.stringify(error)).not.toContain(text.trim().slice(0, 10));
    }
  });

  test("is made at first use, for the user's eyes alone, and stays the same", () => {
    const home = join(createFolder(), "new");
    expect(load(home)).toEqual(key);
    const file = join(home, "master.key");
    expect(readFileSync(file, "utf8")).toBe(`${key.toString("base64")}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(load(home)).toEqual(key);
  });

  test.runIf(process.platform !== "win32").each([0o640, 0o604, 0o660, 0o644, 0o610])(
    "that others can reach is refused (mode %o)",
    (mode) => {
      const home = homeWith(key.toString("base64"), mode);
      const file = join(home, "master.key");
      expect(failure(() => load(home))).toMatchObject({
        code: "master-key-exposed",
        exitCode: 2,
        nextSteps: expect.arrayContaining([`chmod 600 ${file}`]) as string[],
      });
      expect(load(home, key.toString("hex"))).toEqual(key);
    },
  );

  test("in a file only its owner may read is good", () => {
    expect(load(homeWith(key.toString("base64"), 0o400))).toEqual(key);
  });

  test("cannot be kept in a home that is a file", () => {
    const home = join(createFolder(), "file");
    writeFileSync(home, "");
    expect(failure(() => load(home))).toMatchObject({
      code: "home-unwritable",
      exitCode: 2,
      nextSteps: expect.arrayContaining([expect.stringContaining("HOOKLINE_HOME")]) as string[],
    });
  });
});

test("none is made where something was sealed with another", () => {
  const home = createFolder();
  expect(failure(() => load(home, undefined, false))).toMatchObject({
    code: "master-key-missing",
    exitCode: 2,
  });
  expect(existsSync(join(home, "master.key"))).toBe(false);
  expect(load(home, key.toString("hex"), false)).toEqual(key);
  load(home);
  expect(load(home, undefined, false)).toEqual(key);
});
