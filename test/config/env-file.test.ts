import {
  chmodSync,
  existsSync,
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
import { build } from "esbuild";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tryEnvFile, writeEnvFile } from "../../src/config/env-file.ts";
import { createFolder, root, startCommand } from "../cli/spawn.ts";

const folder = createFolder();
let files = 0;

/** The bytes of a file after A is set to `new`. */
async function after(before: string | Buffer, value: string | null = "new", name = "A"): Promise<Buffer> {
  const file = join(folder, `${++files}.env`);
  writeFileSync(file, before);
  await writeEnvFile(file, { [name]: value });
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
  ])("is added %s", async (_, before, expected) => expect((await after(before)).toString()).toBe(expected));

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
  ])("is replaced where it stands %s", async (_, before, expected) =>
    expect((await after(before)).toString()).toBe(expected),
  );

  test("leaves bytes that are no UTF-8 as they are", async () => {
    const odd = Buffer.from([0x23, 0xff, 0xfe, 0x0a]);
    expect(await after(Buffer.concat([odd, Buffer.from("A=old\n"), odd]))).toEqual(
      Buffer.concat([odd, Buffer.from("A=new\n"), odd]),
    );
  });

  test("leaves every other line as it is, whatever stands in it", async () => {
    const line = fc
      .stringMatching(/^[^\r\n"'`]*$/)
      .filter((text) => !/^[ \t]*(export[ \t]+)?A[ \t]*=/.test(text));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.array(line),
        fc.constantFrom("\n", "\r\n"),
        async (above, below, end) => {
          const text = (middle: string) => Buffer.from([...above, middle, ...below, ""].join(end));
          expect(await after(text("A=old"))).toEqual(text("A=new"));
          expect((await after(text("A=old"), null)).toString()).toBe([...above, ...below, ""].join(end));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is read back by Node as it was given", async () => {
    const printable = fc.string({ unit: fc.constantFrom(..."aZ09_+/=.:@%,~- #$\\\"'`!*?(){}[]|&;<>^") });
    const quotable = printable.filter((value) => ["'", '"', "`"].some((quote) => !value.includes(quote)));
    await fc.assert(
      fc.asyncProperty(quotable, async (value) => {
        expect(parseEnv((await after("B=1\n", value)).toString())["A"]).toBe(value);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["in its first line", "\ufeffA=old\nB=1\n", "\ufeffA=new\nB=1\n"],
    ["in a later one", "\ufeffB=1\nA=old\n", "\ufeffB=1\nA=new\n"],
    ["nowhere", "\ufeff", "\ufeffA=new\n"],
  ])("is found where a byte order mark begins the file, %s", async (_, before, expected) =>
    expect((await after(before)).toString()).toBe(expected),
  );

  test.each([
    ["plain", "X=1\nA=old\nY=2\n", "X=1\nY=2\n"],
    ["in CRLF", "X=1\r\nA=old\r\nY=2\r\n", "X=1\r\nY=2\r\n"],
    ["exported, before a comment", "export A=old # why\nB=2\n", "B=2\n"],
    ["over several lines", 'A="one\ntwo" # why\nB=2\n', "B=2\n"],
    ["after a byte order mark", "\ufeffA=old\nB=2\n", "\ufeffB=2\n"],
    ["in a last line without its end", "B=2\nA=old", "B=2\n"],
    ["more than once", "A=1\nB=3\nA=2\n", "B=3\n"],
    ["nowhere but in a comment and a value", '# A=1\nB="\nA=2\n"\nAA=1', '# A=1\nB="\nA=2\n"\nAA=1'],
  ])("is taken out with its line where it stands %s", async (_, before, expected) =>
    expect((await after(before, null)).toString()).toBe(expected),
  );

  test("that could not be read back is refused", async () => {
    const file = join(folder, "quotes.env");
    await expect(writeEnvFile(file, { A: "'\"`" })).rejects.toMatchObject({ code: "env-file-unwritable" });
    expect(existsSync(file)).toBe(false);
  });
});

describe("the dotenv file", () => {
  test("becomes the user's alone, even where it was open to all", async () => {
    const file = join(folder, "open.env");
    writeFileSync(file, "A=old\n");
    chmodSync(file, 0o644);
    await writeEnvFile(file, { A: "new" });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is made where it is not there", async () => {
    const file = join(createFolder(), ".env");
    await writeEnvFile(file, { A: "1", B: "2" });
    expect(readFileSync(file, "utf8")).toBe("A=1\nB=2\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is replaced in one step: who has it open keeps what was there, and no draft stays", async () => {
    const home = createFolder();
    const file = join(home, ".env");
    writeFileSync(file, "A=old\n");
    const before = statSync(file).ino;
    await writeEnvFile(file, { A: "new" });
    expect(statSync(file).ino).not.toBe(before);
    expect(readdirSync(home)).toEqual([".env"]);
  });

  test.each([
    ["there", true],
    ["not there", false],
  ])("behind a link is the one that changes (%s); the links stay", async (_, there) => {
    const home = createFolder();
    mkdirSync(join(home, "real"));
    if (there) writeFileSync(join(home, "real/.env"), "A=old\n");
    mkdirSync(join(home, "far/off"), { recursive: true });
    symlinkSync(join(home, "far/off"), join(home, "links"));
    // Within a folder that is a link itself, `..` is the parent of where that leads.
    symlinkSync("../../real/.env", join(home, "links/second"));
    symlinkSync("links/second", join(home, ".env"));
    await writeEnvFile(join(home, ".env"), { A: "new" });
    for (const link of [".env", "links/second"])
      expect(lstatSync(join(home, link)).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(home, "real/.env"), "utf8")).toBe("A=new\n");
  });

  test.each<[string, string, RegExp]>([
    ["is a folder", ".", /it is not a file$/],
    ["is below a file", "file/.env", /the folder \S+\/file is not there$/],
    ["is in no folder", "none/.env", /the folder \S+\/none is not there$/],
    ["is a link to itself", "self", /ELOOP/],
    ["is one of two links to one another", "here", /ELOOP/],
    ["is below a link to itself", "self/.env", /ELOOP/],
    ["is a link to where no folder is", "dangling", /the folder \S+\/gone is not there$/],
  ])("that %s is a clear error, and all stays as it is", async (_, path, message) => {
    const home = createFolder();
    writeFileSync(join(home, "file"), "");
    symlinkSync("self", join(home, "self"));
    symlinkSync("there", join(home, "here"));
    symlinkSync("here", join(home, "there"));
    symlinkSync("gone/.env", join(home, "dangling"));
    for (const attempt of [
      (file: string) => tryEnvFile(file),
      (file: string) => writeEnvFile(file, { A: "1" }),
    ]) {
      await expect(attempt(join(home, path))).rejects.toMatchObject({
        code: "env-file-unwritable",
        exitCode: 2,
        message: expect.stringMatching(message) as string,
        nextSteps: ["check that the path is right and that you may write there"],
      });
    }
    expect(readdirSync(home).sort()).toEqual(["dangling", "file", "here", "self", "there"]);
    for (const link of ["self", "here", "there", "dangling"])
      expect(lstatSync(join(home, link)).isSymbolicLink()).toBe(true);
  });

  test("is tried without a trace", async () => {
    const home = createFolder();
    await tryEnvFile(join(home, ".env"));
    expect(readdirSync(home)).toEqual([]);
    writeFileSync(join(home, ".env"), "A=1\n", { mode: 0o644 });
    const before = statSync(join(home, ".env"));
    await tryEnvFile(join(home, ".env"));
    expect(readdirSync(home)).toEqual([".env"]);
    expect(statSync(join(home, ".env"))).toMatchObject({ ino: before.ino, mode: before.mode });
  });

  test("keeps what each of two processes and this one writes to it at once", async () => {
    const home = createFolder();
    const program = join(home, "writer.cjs");
    await build({
      entryPoints: [join(root, "src/config/env-file.ts")],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "cjs",
      logLevel: "error",
      footer: {
        js: `(async () => {
          const [, , file, name] = process.argv;
          for (let index = 0; index < 200; index++) await writeEnvFile(file, { [name + index]: "1" });
        })();`,
      },
    });
    const file = join(home, ".env");
    const writers = ["A", "B"].map((name) => startCommand(process.execPath, [program, file, name]).finished);
    for (let index = 0; index < 20; index++) await writeEnvFile(file, { [`C${index}`]: "1" });
    expect(await Promise.all(writers)).toMatchObject([
      { code: 0, stderr: "" },
      { code: 0, stderr: "" },
    ]);
    expect(Object.keys(parseEnv(readFileSync(file, "utf8")))).toHaveLength(420);
    expect(readdirSync(home).sort()).toEqual([".env", "writer.cjs"]);
  });
});
