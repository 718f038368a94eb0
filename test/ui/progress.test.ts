import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createProgress } from "../../src/ui/progress.ts";
import { createTheme } from "../../src/ui/theme.ts";

const theme = await createTheme(0);

/** A terminal that keeps what is written to it; clearing the line is written as `<clear>`. */
class Terminal extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly written: string[] = [];

  constructor({ isTTY = true, columns = 80 } = {}) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
  }
  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }
  cursorTo(): boolean {
    return true;
  }
  moveCursor(): boolean {
    return true;
  }
  clearLine(): boolean {
    this.written.push("<clear>");
    return true;
  }
  get drawings(): string[] {
    return this.written
      .map((text) => stripVTControlCharacters(text).trimEnd())
      .filter((text) => /\bok\b/.test(text));
  }
}
const start = (terminal: Terminal, options: { enabled?: boolean; total?: number; label?: string } = {}) =>
  createProgress(terminal as unknown as NodeJS.WriteStream, {
    enabled: true,
    label: "sending",
    theme,
    ...options,
  });

describe("createProgress", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("draws how far things are", async () => {
    const terminal = new Terminal();
    const progress = await start(terminal, { total: 100 });
    progress.update({ ok: 66, failed: 4 });
    vi.advanceTimersByTime(100);
    progress.stop();
    expect(terminal.drawings).toEqual([
      "sending ░░░░░░░░░░ 0/100 · 0 ok · 0 failed",
      "sending ███████░░░ 70/100 · 66 ok · 4 failed",
    ]);
  });

  it("draws ten times a second at most", async () => {
    const terminal = new Terminal();
    const progress = await start(terminal, { total: 5000 });
    for (let done = 1; done <= 1000; done++) {
      progress.update({ ok: done, failed: 0 });
      vi.advanceTimersByTime(1);
    }
    progress.stop();
    expect(terminal.drawings.length).toBeLessThanOrEqual(11);
    expect(terminal.drawings.at(-1)).toContain("/5000");
  });

  it("has no bar without a total, and never a longer one", async () => {
    const endless = new Terminal();
    (await start(endless)).stop();
    expect(endless.drawings).toEqual(["sending 0 · 0 ok · 0 failed"]);
    const terminal = new Terminal();
    const progress = await start(terminal, { total: 2 });
    progress.update({ ok: 3, failed: 0 });
    vi.advanceTimersByTime(100);
    progress.stop();
    expect(terminal.drawings.at(-1)).toBe("sending ██████████ 3/2 · 3 ok · 0 failed");
  });

  it("clears its line when stopped, and is silent from then on", async () => {
    const terminal = new Terminal();
    const progress = await start(terminal, { total: 1 });
    progress.stop();
    expect(terminal.written.at(-1)).toBe("<clear>");
    const before = terminal.written.length;
    progress.update({ ok: 1, failed: 0 });
    progress.stop();
    vi.advanceTimersByTime(1000);
    expect(terminal.written).toHaveLength(before);
  });

  it("writes nothing where it is not wanted, or there is no terminal, or one of unknown size", async () => {
    for (const [terminal, enabled] of [
      [new Terminal(), false],
      [new Terminal({ isTTY: false }), true],
      [new Terminal({ columns: 0 }), true],
    ] as const) {
      const progress = await start(terminal, { enabled, total: 1 });
      progress.update({ ok: 1, failed: 0 });
      vi.advanceTimersByTime(1000);
      progress.stop();
      expect(terminal.written).toEqual([]);
    }
  });

  it("leaves signals and the cursor alone", async () => {
    const before = process.listenerCount("SIGINT");
    const terminal = new Terminal();
    const progress = await start(terminal, { total: 1 });
    expect(process.listenerCount("SIGINT")).toBe(before);
    progress.stop();
    expect(terminal.written.join("")).not.toContain("\u001b[?25");
  });

  it("makes its label safe", async () => {
    const terminal = new Terminal();
    (await start(terminal, { label: "\u001b[2Jx\ny" })).stop();
    expect(terminal.drawings).toEqual(["\\u001b[2Jx\\u000ay 0 · 0 ok · 0 failed"]);
  });
});
