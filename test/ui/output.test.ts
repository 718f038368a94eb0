import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { HooklineError } from "../../src/errors.ts";
import { type OutputOptions, createOutput } from "../../src/ui/output.ts";
import { createTheme } from "../../src/ui/theme.ts";

const plain = await createTheme(0);

/** Two streams that write down what arrived, and in which order. */
function setUp(options: Partial<OutputOptions> = {}) {
  const writes: [stream: string, text: string][] = [];
  const state = { stdoutError: undefined as Error | undefined, closed: 0 };
  const sink = (name: string): Writable =>
    new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        const error = name === "stdout" ? state.stdoutError : undefined;
        if (error === undefined) writes.push([name, chunk]);
        setImmediate(() => done(error));
      },
    });
  const output = createOutput(
    { stdout: sink("stdout"), stderr: sink("stderr") },
    {
      json: false,
      quiet: false,
      interactive: false,
      out: plain,
      err: plain,
      onClosed: () => void state.closed++,
      ...options,
    },
  );
  const text = (name: string): string =>
    writes.flatMap(([stream, chunk]) => (stream === name ? chunk : [])).join("");
  return { output, writes, state, text };
}
const failure = (code: string): Error => Object.assign(new Error(`write ${code}`), { code });

describe("createOutput", () => {
  it("gathers lines and writes them once, without being asked", async () => {
    const { output, writes } = setUp();
    for (let index = 0; index < 100; index++) output.line(String(index));
    expect(writes).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(writes).toHaveLength(1);
    expect(writes[0]?.[1]).toBe(Array.from({ length: 100 }, (_, index) => `${index}\n`).join(""));
  });

  it("writes at 64 Ki characters within one turn", async () => {
    const { output, writes, text } = setUp();
    const line = "x".repeat(1023);
    for (let index = 0; index < 130; index++) output.line(line);
    expect(writes).toHaveLength(1);
    await output.flush();
    expect(writes.length).toBeLessThanOrEqual(3);
    expect(text("stdout")).toBe(`${line}\n`.repeat(130));
  });

  it("keeps the order across the streams", async () => {
    const { output, writes } = setUp();
    output.line("1");
    output.line("2");
    output.note("3");
    output.warn("4");
    output.line("5");
    await output.flush();
    expect(writes).toEqual([
      ["stdout", "1\n2\n"],
      ["stderr", "3\nwarning: 4\n"],
      ["stdout", "5\n"],
    ]);
  });

  it("carries JSON alone on standard output in JSON mode", async () => {
    const { output, text } = setUp({ json: true });
    output.line("for people");
    output.note("note");
    output.json({ next_cursor: null, data: [1] });
    output.warn("careful");
    output.error(new HooklineError("bad", "why", { nextSteps: ["do"] }));
    await output.flush();
    expect(text("stdout")).toBe('{"next_cursor":null,"data":[1]}\n');
    expect(text("stderr")).toBe(
      'note\nwarning: careful\n{"error":{"code":"bad","message":"why","next_steps":["do"]}}\n',
    );
  });

  it("drops JSON elsewhere, and notes when quiet", async () => {
    const { output, text } = setUp({ quiet: true });
    output.json({ a: 1 });
    output.note("note");
    output.line("line");
    output.warn("careful");
    output.error(new HooklineError("bad", "why"));
    await output.flush();
    expect(text("stdout")).toBe("line\n");
    expect(text("stderr")).toBe("warning: careful\nerror: why\n");
  });

  it("lets no text from outside steer the terminal", async () => {
    const evil = "\u001b[2J\u009b\u202e\n::error::x##vso[y";
    for (const json of [true, false]) {
      const { output, writes, text } = setUp({ json });
      output.json({ [evil]: evil });
      output.warn(evil);
      output.error(new HooklineError("x", evil, { nextSteps: [evil] }));
      output.error(new Error(evil));
      await output.flush();
      expect(writes.map(([, chunk]) => chunk).join("")).not.toMatch(/[\u001b\u009b\u202e]|^\s*::|##vso\[/m);
      if (json) expect(JSON.parse(text("stdout"))).toEqual({ [evil]: evil });
    }
  });

  it("stops quietly when the reader is gone, and says so once", async () => {
    const { output, writes, state } = setUp();
    state.stdoutError = failure("EPIPE");
    output.line("lost");
    await output.flush();
    output.line("lost too");
    output.note("still told");
    await output.flush();
    expect(state.closed).toBe(1);
    expect(writes).toEqual([["stderr", "still told\n"]]);
  });

  it("fails once where standard output cannot be written for another reason", async () => {
    const { output, state } = setUp();
    state.stdoutError = failure("ENOSPC");
    output.line("lost");
    await expect(output.flush()).rejects.toMatchObject({ code: "output-failed", exitCode: 1 });
    await output.flush();
    expect(state.closed).toBe(1);
  });

  it("knows the terminal's width now", () => {
    const stdout = Object.assign(new Writable(), { columns: 80 });
    const output = createOutput(
      { stdout, stderr: new Writable() },
      { json: false, quiet: false, interactive: true, out: plain, err: plain, onClosed: () => undefined },
    );
    expect(output.width).toBe(80);
    stdout.columns = 120;
    expect(output.width).toBe(120);
    stdout.columns = 0;
    expect(output.width).toBe(Infinity);
    expect(setUp().output.width).toBe(Infinity);
  });
});
