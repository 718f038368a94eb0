import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { withDraft } from "../../src/config/draft.ts";
import { createFolder, root, startCommand } from "../cli/spawn.ts";

const content = Buffer.from("secret\n");

describe("a draft", () => {
  test("is beside its file while the work goes on, whole, and no longer", () => {
    const file = join(createFolder(), "file");
    let seen = "";
    withDraft(file, content, (draft) => {
      seen = draft;
      expect(dirname(draft)).toBe(dirname(file));
      expect(basename(draft)).toMatch(/^file\.[0-9a-f]{12}\.new$/);
      expect(readFileSync(draft)).toEqual(content);
      expect(existsSync(file)).toBe(false);
    });
    expect(existsSync(seen)).toBe(false);
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  test("becomes the file where the work moves it there", () => {
    const file = join(createFolder(), "file");
    writeFileSync(file, "before", { mode: 0o644 });
    withDraft(file, content, (draft) => renameSync(draft, file));
    expect(readFileSync(file)).toEqual(content);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(file))).toEqual(["file"]);
  });

  test("is removed where the work fails", () => {
    const file = join(createFolder(), "file");
    expect(() =>
      withDraft(file, content, () => {
        throw new Error("no luck");
      }),
    ).toThrow("no luck");
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  test("has a name of its own each time, which nothing that lies there already takes", () => {
    const folder = createFolder();
    const file = join(folder, "file");
    const trap = join(folder, "trap");
    for (const name of ["file.new", "file.tmp", "file~", "file.000000000000.new"])
      symlinkSync(trap, join(folder, name));
    const before = readdirSync(folder);
    const drafts = new Set<string>();
    for (let count = 0; count < 20; count++) withDraft(file, content, (draft) => drafts.add(draft));
    expect(drafts.size).toBe(20);
    expect(existsSync(trap)).toBe(false);
    expect(readdirSync(folder)).toEqual(before);
  });

  test("where its folder cannot take it is an error, and nothing is done", () => {
    const folder = createFolder();
    writeFileSync(join(folder, "file"), "");
    const never = (): void => expect.unreachable();
    expect(() => withDraft(join(folder, "none/file"), content, never)).toThrow("ENOENT");
    expect(() => withDraft(join(folder, "file/file"), content, never)).toThrow("ENOTDIR");
  });

  test.each(["000", "022", "277", "777"])(
    "is the user's alone, to read and to write, under the umask %s",
    async (umask) => {
      const folder = createFolder();
      const program = join(folder, "draft.cjs");
      await build({
        entryPoints: [join(root, "src/config/draft.ts")],
        outfile: program,
        bundle: true,
        platform: "node",
        format: "cjs",
        logLevel: "error",
        footer: {
          js: `process.umask(0o${umask});
          withDraft(process.argv[2], Buffer.from("x"), (draft) => {
            process.stdout.write((require("node:fs").statSync(draft).mode & 0o777).toString(8));
          });`,
        },
      });
      mkdirSync(join(folder, "files"));
      chmodSync(join(folder, "files"), 0o755);
      const finished = await startCommand(process.execPath, [program, join(folder, "files/file")]).finished;
      expect(finished).toMatchObject({ code: 0, stdout: "600", stderr: "" });
      expect(readdirSync(join(folder, "files"))).toEqual([]);
    },
  );
});
