import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keptSecret } from "../../src/config/kept-secret.ts";
import { createFolder } from "../cli/spawn.ts";

const never = (): string => {
  throw new Error("made again");
};

describe("a kept secret", () => {
  test("is made once, with the folders it needs, for the user's eyes alone", () => {
    const folder = join(createFolder(), "new/folder");
    const file = join(folder, "secret");
    expect(keptSecret(file, () => "s\n")).toBe("s\n");
    expect(keptSecret(file, never)).toBe("s\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(["secret"]);
  });

  test("leaves the mode of a folder that was there to its owner", () => {
    const folder = join(createFolder(), "shared");
    mkdirSync(folder, { mode: 0o755 });
    keptSecret(join(folder, "secret"), () => "s");
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });

  test("of a process that was faster is taken over, though the own one was made", () => {
    const file = join(createFolder(), "secret");
    expect(
      keptSecret(file, () => {
        writeFileSync(file, "theirs");
        return "mine";
      }),
    ).toBe("theirs");
    expect(readFileSync(file, "utf8")).toBe("theirs");
  });

  test("that cannot be made leaves nothing behind", () => {
    const folder = createFolder();
    expect(() => keptSecret(join(folder, "secret"), never)).toThrow("made again");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("below a file is the file system's own error", () => {
    const file = join(createFolder(), "file");
    writeFileSync(file, "");
    expect(() => keptSecret(join(file, "secret"), () => "s")).toThrow(
      expect.objectContaining({ code: "ENOTDIR" }),
    );
  });
});
