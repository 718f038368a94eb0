import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { developmentSecret } from "../../src/config/development.ts";
import { createFolder } from "../cli/spawn.ts";

const variable = "ACME_WEBHOOK_SECRET";
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("the development secret", () => {
  test("is made once and stays the same", () => {
    const home = join(createFolder(), "deep/home");
    let made = 0;
    const make = (): string => `secret-${++made}`;
    expect(developmentSecret(home, variable, make)).toBe("secret-1");
    expect(developmentSecret(home, variable, make)).toBe("secret-1");
    expect(developmentSecret(home, "OTHER_WEBHOOK_SECRET", make)).toBe("secret-2");
  });

  test("lies in a file of its own that only the user can read, in such a folder, with nothing beside it", () => {
    const home = createFolder();
    developmentSecret(home, variable, () => "s");
    const folder = join(home, "development-secrets");
    expect(readdirSync(folder)).toEqual([variable]);
    expect(modeOf(join(folder, variable))).toBe(0o600);
    expect(modeOf(folder)).toBe(0o700);
    expect(readFileSync(join(folder, variable), "utf8")).toBe("s");
  });

  test("of a process that was faster is taken over", () => {
    const home = createFolder();
    const slow = developmentSecret(home, variable, () => {
      developmentSecret(home, variable, () => "theirs");
      return "mine";
    });
    expect(slow).toBe("theirs");
    expect(readdirSync(join(home, "development-secrets"))).toEqual([variable]);
  });

  test("is made anew where a full disk left an empty file", () => {
    const home = createFolder();
    mkdirSync(join(home, "development-secrets"));
    writeFileSync(join(home, "development-secrets", variable), "");
    expect(developmentSecret(home, variable, () => "new")).toBe("new");
    expect(developmentSecret(home, variable, () => "newer")).toBe("new");
    expect(modeOf(join(home, "development-secrets", variable))).toBe(0o600);
  });

  test("cannot be kept in a home that is a file: a clear error says what to set", () => {
    const home = join(createFolder(), "file");
    writeFileSync(home, "");
    expect(() => developmentSecret(home, variable, () => "s")).toThrow(
      expect.objectContaining({
        code: "home-unwritable",
        exitCode: 2,
        message: expect.stringContaining(join(home, "development-secrets")) as string,
        nextSteps: expect.arrayContaining([expect.stringContaining("HOOKLINE_HOME")]) as string[],
      }),
    );
  });
});
