import { PassThrough, Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { HooklineError } from "../../src/errors.ts";
import { createPrompts, isPromptAbort } from "../../src/ui/prompts.ts";
import { createTheme } from "../../src/ui/theme.ts";

const plain = await createTheme(0);
const DOWN = "\u001b[B";
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

function setUp(theme = plain) {
  const shown: string[] = [];
  const input = new PassThrough();
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      shown.push(chunk.toString());
      done();
    },
  });
  const prompts = createPrompts({ input, output }, theme);
  /** Types each key once the question (and what the key before changed) is on the screen. */
  const type = async (...keys: string[]): Promise<void> => {
    for (const key of keys) {
      const before = shown.length;
      while (shown.length === before && key === keys[0])
        await new Promise((resolve) => setTimeout(resolve, 2));
      await new Promise((resolve) => setTimeout(resolve, 20));
      input.write(key);
    }
  };
  const screen = (): string => stripVTControlCharacters(shown.join(""));
  return { prompts, input, type, screen, raw: () => shown.join("") };
}

describe("prompts", () => {
  it("selects the value of a choice", async () => {
    const { prompts, type, screen } = setUp();
    const answer = prompts.select("Which one?", [
      { value: 1, name: "first", description: "the first" },
      { value: 2, name: "second" },
    ]);
    await type(DOWN, "\r");
    expect(await answer).toBe(2);
    expect(screen()).toContain("? Which one?");
    expect(screen()).toContain("the first");
    expect(screen()).toContain("✔ Which one? second");
  });

  it("asks again until the input will do", async () => {
    const { prompts, type, screen } = setUp();
    const answer = prompts.input("Name?", {
      validate: (text) => text.length > 2 || "too \u001b[2Jshort",
    });
    await type("ab", "\r", "c", "\r");
    expect(await answer).toBe("abc");
    expect(screen()).toContain("> too \\u001b[2Jshort");
  });

  it("confirms, and means no by default", async () => {
    const yes = setUp();
    const first = yes.prompts.confirm("Really?");
    await yes.type("y", "\r");
    expect(await first).toBe(true);
    const no = setUp();
    const second = no.prompts.confirm("Really?");
    await no.type("\r");
    expect(await second).toBe(false);
    const preset = setUp();
    const third = preset.prompts.confirm("Really?", { default: true });
    await preset.type("\r");
    expect(await third).toBe(true);
  });

  it("takes any number of choices, at least one", async () => {
    const { prompts, type, screen } = setUp();
    const answer = prompts.checkbox("Which ones?", [
      { value: 1, name: "first" },
      { value: 2, name: "second" },
      { value: 3, name: "evil\u001b[31m\u202e", description: "\u0007third" },
    ]);
    // All, none, which will not do, then two.
    await type("a", "i", "\r", DOWN, " ", DOWN, " ", "\r");
    expect(await answer).toEqual([2, 3]);
    expect(screen()).toContain("> At least one choice must be selected");
    expect(screen()).toContain("\\u0007third");
    expect(screen()).toContain("✔ Which ones? second, evil\\u001b[31m\\u202e");
  });

  it("shows nothing of a password, asks again until it will do, and is interrupted as the others", async () => {
    const { prompts, type, screen, raw } = setUp();
    const answer = prompts.password("Key?", {
      validate: (text) => text.startsWith("hk_") || "it begins with hk_\u0007",
    });
    await type("secret", "\r", "\u007f".repeat(6), "hk_secret", "\r");
    expect(await answer).toBe("hk_secret");
    expect(raw()).not.toContain("secret");
    expect(screen()).toContain("> it begins with hk_\\u0007");
    expect(screen()).toContain("? Key? ******");

    const left = setUp();
    const none = left.prompts.password("Key?").catch((error: unknown) => error);
    await left.type(CTRL_C);
    expect(isPromptAbort(await none)).toBe(true);
  });

  it("is styled by the theme", async () => {
    const theme = await createTheme(1);
    const { prompts, type, raw, screen } = setUp(theme);
    const answer = prompts.select("Which?", [{ value: 1, name: "first" }]);
    await type("\r");
    await answer;
    expect(raw()).toContain(`${theme.cyan("?")} ${theme.bold("Which?")}`);
    expect(screen()).toContain("✔ Which? first");
  });

  it.each([
    ["Ctrl-C", CTRL_C],
    ["Ctrl-D", CTRL_D],
  ])("is interrupted by %s", async (_name, key) => {
    const { prompts, input, type } = setUp();
    const keys = input.listenerCount("keypress");
    const answer = prompts.confirm("Really?").catch((error: unknown) => error);
    await type(key);
    const error = await answer;
    expect(error).toMatchObject({ code: "interrupted" });
    expect(isPromptAbort(error)).toBe(true);
    expect(input.listenerCount("keypress")).toBe(keys);
  });

  it("is interrupted by the end of input", async () => {
    const { prompts, input } = setUp();
    const answer = prompts.input("Name?").catch((error: unknown) => error);
    input.end();
    expect(isPromptAbort(await answer)).toBe(true);
  });

  it("uses no colour but the theme's, and makes outside text safe", async () => {
    const { prompts, type, raw, screen } = setUp();
    const answer = prompts.select("Pick\u001b]0;x\u0007", [
      { value: "a", name: "evil\u001b[31m\nname", description: "\u202edesc" },
    ]);
    await type("\r");
    await answer;
    expect(raw()).not.toMatch(/\u001b\[[\d;]*m|\u001b\]|\u0007|\u202e/);
    expect(screen()).toContain("Pick\\u001b]0;x\\u0007");
    expect(screen()).toContain("evil\\u001b[31m\\u000aname");
    expect(screen()).toContain("\\u202edesc");
  });
});

it("isPromptAbort knows its own error alone", () => {
  expect(isPromptAbort(new HooklineError("interrupted", "x"))).toBe(true);
  for (const other of [new HooklineError("other", "x"), new Error("interrupted"), undefined])
    expect(isPromptAbort(other)).toBe(false);
});
