import { describe, expect, it } from "vitest";
import { type ColourOptions, type Style, type Theme, colourLevel, createTheme } from "../../src/ui/theme.ts";

const styles = (theme: Theme): Style[] => Object.values({ ...theme });

describe("createTheme", () => {
  it("changes nothing at level 0", async () => {
    for (const style of styles(await createTheme(0))) expect(style("text")).toBe("text");
  });

  it("colours every part from level 1", async () => {
    for (const style of styles(await createTheme(1)))
      expect(style("text")).toMatch(/^\u001b\[\d+mtext\u001b\[\d+m$/);
  });
});

it("a style takes one text, whatever calls it", async () => {
  for (const level of [0, 1] as const)
    for (const style of styles(await createTheme(level)))
      expect(["text"].map(style)).toEqual([style("text")]);
});

describe("colourLevel", () => {
  const terminal: ColourOptions = { isTTY: true, noColor: false, ci: false, term: "xterm-256color" };
  const cases: [string, Partial<ColourOptions>, number][] = [
    ["a terminal", {}, 1],
    ["a terminal with all colours", { colorterm: "truecolor" }, 3],
    ["a terminal with all colours, older name", { colorterm: "24bit" }, 3],
    ["a terminal in CI", { colorterm: "truecolor", ci: true }, 1],
    ["a file", { isTTY: false, colorterm: "truecolor" }, 0],
    ["a dumb terminal", { term: "dumb" }, 0],
    ["a terminal without TERM", { term: undefined }, 1],
    ["NO_COLOR", { noColor: true }, 0],
    ["FORCE_COLOR=1 over NO_COLOR", { noColor: true, forceColor: "1" }, 1],
    ["FORCE_COLOR=0 over a terminal", { forceColor: "0" }, 0],
    ["FORCE_COLOR=false", { forceColor: "false" }, 0],
    ["FORCE_COLOR=2 in a file", { isTTY: false, forceColor: "2" }, 2],
    ["FORCE_COLOR=3 in a file", { isTTY: false, forceColor: "3" }, 3],
    ["FORCE_COLOR=true in a file", { isTTY: false, forceColor: "true" }, 1],
    ["FORCE_COLOR empty in a file", { isTTY: false, forceColor: "" }, 1],
    ["--no-color over FORCE_COLOR", { flag: false, forceColor: "3" }, 0],
    [
      "--color over everything",
      { flag: true, forceColor: "0", noColor: true, isTTY: false, term: "dumb" },
      1,
    ],
    ["--color with all colours", { flag: true, isTTY: false, colorterm: "truecolor" }, 3],
  ];
  it.each(cases)("%s", (_name, options, level) => {
    expect(colourLevel({ ...terminal, ...options })).toBe(level);
  });
});
