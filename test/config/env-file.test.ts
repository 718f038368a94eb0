import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeEnvFile } from "../../src/config/env-file.ts";
import { createFolder } from "../cli/spawn.ts";

const folder = createFolder();
let files = 0;

/** The bytes of a file after A is set to `new`. */
function after(before: string | Buffer, value = "new", name = "A"): Buffer {
  const file = join(folder, `${++files}.env`);
  writeFileSync(file, before);
  writeEnvFile(file, { [name]: value });
  return readFileSync(file);
}

describe("a variable of a dotenv file", () => {
  test.each([
    ["in an empty file", "", "A=new\n"],
    ["at the end", "B=1\n", "B=1\nA=new\n"],
    ["at the end of a last line without its end", "B=1", "B=1\nA=new\n"],
    ["with the file's own line ends", "B=1\r\nC=2", "B=1\r\nC=2\r\nA=new\r\n"],
    ["below a comment that looks like it", "# A=old\n", "# A=old\nA=new\n"],
    ["where only longer names are set", "AA=1\nB_A=2\nA_B=3\nA.B=4\n", "AA=1\nB_A=2\nA_B=3\nA.B=4\nA=new\n"],
    ["where its name stands in a value", 'B="\nA=old\n"\n', 'B="\nA=old\n"\nA=new\n'],
  ])("is added %s", (_, before, expected) => expect(after(before).toString()).toBe(expected));

  test.each([
    ["plain", "X=1\nA=old\nY=2\n", "X=1\nA=new\nY=2\n"],
    ["in CRLF", "X=1\r\nA=old\r\nY=2\r\n", "X=1\r\nA=new\r\nY=2\r\n"],
    ["exported", "export A=old\n", "export A=new\n"],
    ["indented", "\t A=old\n", "\t A=new\n"],
    ["spaced", "A = old\n", "A=new\n"],
    ["empty", "A=\nB=\n", "A=new\nB=\n"],
    ["in double quotes", 'A="old # 1"\nB=2\n', "A=new\nB=2\n"],
    ["in single quotes", "A='old'\nB=2\n", "A=new\nB=2\n"],
    ["in backticks", "A=`old`\nB=2\n", "A=new\nB=2\n"],
    ["over several lines", 'A="one\ntwo\\"\nthree"\nB=2\n', "A=new\nB=2\n"],
    ["before a comment", "A=old # why\nB=2\n", "A=new # why\nB=2\n"],
    ["quoted, before a comment", 'A="old" # why\n', "A=new # why\n"],
    ["with an unmatched quote", 'A="old\nB=2\n', "A=new\nB=2\n"],
    ["without a line end", "B=2\nA=old", "B=2\nA=new"],
    ["more than once: the one that counts", "A=1\nA=2\nB=3\n", "A=1\nA=new\nB=3\n"],
  ])("is replaced where it stands %s", (_, before, expected) =>
    expect(after(before).toString()).toBe(expected),
  );

  test("leaves bytes that are no UTF-8 as they are", () => {
    const odd = Buffer.from([0x23, 0xff, 0xfe, 0x0a]);
    expect(after(Buffer.concat([odd, Buffer.from("A=old\n"), odd]))).toEqual(
      Buffer.concat([odd, Buffer.from("A=new\n"), odd]),
    );
  });

  test("leaves every other line as it is, whatever stands in it", () => {
    const line = fc
      .stringMatching(/^[^\r\n"'`]*$/)
      .filter((text) => !/^[ \t]*(export[ \t]+)?A[ \t]*=/.test(text));
    fc.assert(
      fc.property(fc.array(line), fc.array(line), fc.constantFrom("\n", "\r\n"), (above, below, end) => {
        const text = (middle: string) => Buffer.from([...above, middle, ...below, ""].join(end));
        expect(after(text("A=old"))).toEqual(text("A=new"));
      }),
      { numRuns: 60 },
    );
  });

  test("is read back by Node as it was given", () => {
    const printable = fc.string({ unit: fc.constantFrom(..."aZ09_+/=.:@%,~- #$\\\"'`!*?(){}[]|&;<>^") });
    const quotable = printable.filter((value) => ["'", '"', "`"].some((quote) => !value.includes(quote)));
    fc.assert(
      fc.property(quotable, (value) => {
        expect(parseEnv(after("B=1\n", value).toString())["A"]).toBe(value);
      }),
      { numRuns: 100 },
    );
  });

  test("that could not be read back is refused", () => {
    const file = join(folder, "quotes.env");
    expect(() => writeEnvFile(file, { A: "'\"`" })).toThrow(
      expect.objectContaining({ code: "env-file-unwritable" }),
    );
  });
});

describe("the dotenv file", () => {
  test("becomes the user's alone, even where it was open to all", () => {
    const file = join(folder, "open.env");
    writeFileSync(file, "A=old\n");
    chmodSync(file, 0o644);
    writeEnvFile(file, { A: "new" });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is made where it is not there, with its folder", () => {
    const file = join(folder, "new/folder/.env");
    writeEnvFile(file, { A: "1", B: "2" });
    expect(readFileSync(file, "utf8")).toBe("A=1\nB=2\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is replaced in one step: who has it open keeps what was there, and no draft stays", () => {
    const home = createFolder();
    const file = join(home, ".env");
    writeFileSync(file, "A=old\n");
    const before = statSync(file).ino;
    writeEnvFile(file, { A: "new" });
    expect(statSync(file).ino).not.toBe(before);
    expect(readdirSync(home)).toEqual([".env"]);
  });

  test.each([
    ["there", true],
    ["not there", false],
  ])("behind a link is the one that changes (%s); the link stays", (_, there) => {
    const home = createFolder();
    mkdirSync(join(home, "real"));
    if (there) writeFileSync(join(home, "real/.env"), "A=old\n");
    symlinkSync("real/.env", join(home, ".env"));
    writeEnvFile(join(home, ".env"), { A: "new" });
    expect(lstatSync(join(home, ".env")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(home, "real/.env"), "utf8")).toBe("A=new\n");
  });

  test("that is a folder, or below a file, is a clear error", () => {
    const home = createFolder();
    writeFileSync(join(home, "file"), "");
    for (const path of [home, join(home, "file/.env")]) {
      expect(() => writeEnvFile(path, { A: "1" })).toThrow(
        expect.objectContaining({ code: "env-file-unwritable", exitCode: 2 }),
      );
    }
    expect(readdirSync(home)).toEqual(["file"]);
  });
});
