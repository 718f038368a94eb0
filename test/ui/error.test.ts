import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { HooklineError } from "../../src/errors.ts";
import { errorJson, renderError } from "../../src/ui/error.ts";
import { createTheme } from "../../src/ui/theme.ts";

const plain = await createTheme(0);

describe("renderError", () => {
  it("says what happened and what to do next", () => {
    const error = new HooklineError("target-refused", "Nothing listens on port 3000.", {
      nextSteps: ["Start your app.", "hookline listen 3000"],
    });
    expect(renderError(error, plain)).toBe(
      "error: Nothing listens on port 3000.\n  next: Start your app.\n  next: hookline listen 3000",
    );
  });

  it("indents further lines and cuts endless ones", () => {
    expect(renderError(new HooklineError("x", "one\ntwo"), plain)).toBe("error: one\n  two");
    expect(renderError(new HooklineError("x", "y".repeat(1e6)), plain).length).toBeLessThan(5000);
  });

  it("calls anything else a bug, whatever was thrown", () => {
    expect(renderError(new TypeError("x is undefined"), plain)).toBe(
      "error: unexpected: x is undefined\n  this is a bug of hookline",
    );
    expect(renderError(new RangeError(), plain)).toContain("unexpected: RangeError");
    for (const thrown of [undefined, null, "text", 3, Object.create(null), Symbol("s")])
      expect(renderError(thrown, plain)).toMatch(/^error: unexpected: .+\n {2}this is a bug of hookline$/);
  });

  it("adds the stack and the cause when debugging, and only then", () => {
    const error = new HooklineError("x", "outer", { cause: new Error("inner") });
    expect(renderError(error, plain)).not.toContain("inner");
    const text = renderError(error, plain, { debug: true });
    expect(text).toContain("inner");
    expect(text).toContain("error.test.ts");
  });

  it("cannot be used to steer the terminal", async () => {
    const coloured = await createTheme(1);
    const evil = "\u001b[2J\u202e\n::error::x";
    const error = new HooklineError("x", evil, { nextSteps: [evil], cause: new Error(evil) });
    for (const thrown of [error, new Error(evil), evil, { [evil]: evil }])
      for (const debug of [false, true]) {
        const text = stripVTControlCharacters(renderError(thrown, coloured, { debug }));
        expect(text).not.toMatch(/[\u001b\u202e]|^\s*::/m);
      }
    expect(renderError(error, plain)).toContain("\\u001b[2J\\u202e\n  \\::error::x");
  });
});

describe("errorJson", () => {
  it("carries code, message and next steps", () => {
    expect(errorJson(new HooklineError("bad-flag", "why", { nextSteps: ["do"] }))).toEqual({
      error: { code: "bad-flag", message: "why", next_steps: ["do"] },
    });
  });

  it("has a code for anything else", () => {
    expect(errorJson(new Error("boom")).error).toMatchObject({ code: "unexpected", message: "boom" });
    expect(errorJson("text").error).toMatchObject({ code: "unexpected", message: "'text'" });
  });
});
