import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { bin, createPlace, run, startCommand, type Place, type Started } from "./spawn.ts";

const hasTerminal = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;

const down = "\u001b[B";
const enter = "\r";
const ctrlC = "\u0003";

interface Session extends Started {
  /** Types keys once the screen shows a text for the first time since the answer before. */
  answer(question: string, ...keys: string[]): Promise<void>;
}

/** Runs hookline on a pseudo-terminal, whose keyboard is a fifo. */
function onTerminal(args: readonly string[], place: Place): Session {
  const keyboard = join(place.home, "keyboard");
  spawnSync("/usr/bin/mkfifo", [keyboard]);
  // For reading too: opening it does not wait for the reader then.
  const fifo = openSync(keyboard, "r+");
  onTestFinished(() => closeSync(fifo));
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const command = [process.execPath, bin, ...args].map(quote).join(" ");
  const line = `stty cols 80 rows 30; ${command}`;
  const session = startCommand(
    "sh",
    ["-c", `exec script -qec ${quote(line)} /dev/null <${quote(keyboard)}`],
    {
      place,
      env: { TERM: "xterm-256color" },
    },
  );
  let seen = 0;
  return {
    ...session,
    async answer(question, ...keys) {
      const screen = (): string => stripVTControlCharacters(session.stdout());
      await session.until(question, () => screen().slice(seen).includes(question));
      seen = screen().indexOf(question, seen) + question.length;
      for (const key of keys) writeSync(fifo, key);
    },
  };
}

const list = async (place: Place): Promise<Record<string, unknown>[]> =>
  (
    JSON.parse((await run(["keys", "list", "--json"], { place })).stdout) as {
      data: Record<string, unknown>[];
    }
  ).data;

describe.skipIf(!hasTerminal)("on a terminal", () => {
  test("a new key's name, scopes and life are asked for, and the key is shown", async () => {
    const place = createPlace();
    const session = onTerminal(["keys", "create"], place);
    await session.answer("What is it called?", "deploy", enter);
    await session.answer("What may it do?", " ", down, " ", enter);
    await session.answer("How long does it live?", down, enter);
    const { code, stdout } = await session.finished;
    expect(code).toBe(0);
    expect(stripVTControlCharacters(stdout)).toMatch(/^hk_[0-9A-Za-z]{36}\r$/m);
    const [key] = await list(place);
    expect(key).toMatchObject({ name: "deploy", scopes: ["keys:read", "keys:write"] });
    const { expires_at: end, created_at: start } = key as { expires_at: string; created_at: string };
    expect(Date.parse(end) - Date.parse(start)).toBe(90 * 86_400_000);
  });

  test("only what no flag says is asked for, and only what the key may give is offered", async () => {
    const place = createPlace();
    const { stdout } = await run(
      ["keys", "create", "--name", "weak", "--scope", "keys:write,events:read", "--expires", "60d"],
      { place },
    );
    place.write(".env", `HOOKLINE_API_KEY=${stdout}`);
    const session = onTerminal(["keys", "create", "--name", "child", "--env-file", ".env"], place);
    await session.answer("What may it do?", "a", enter);
    await session.answer("How long does it live?", down, enter);
    expect((await session.finished).code).toBe(0);
    const screen = stripVTControlCharacters(session.stdout());
    expect(screen).not.toContain("What is it called?");
    expect(screen).not.toContain("keys:read");
    expect(screen).toContain("30 days");
    expect(screen).not.toContain("90 days");
    const [child, weak] = await list(place);
    expect(child).toMatchObject({ scopes: ["keys:write", "events:read"], expires_at: weak?.["expires_at"] });
  });

  test("a key is chosen by its name, and revoked once that is confirmed", async () => {
    const place = createPlace();
    for (const name of ["first", "second"])
      await run(["keys", "create", "--name", name, "--scope", "keys:*"], { place });
    const refusal = onTerminal(["keys", "revoke"], place);
    await refusal.answer("Revoke which key?", down, enter);
    await refusal.answer("Revoke first (key_", enter);
    const refused = await refusal.finished;
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("nothing was changed");
    const session = onTerminal(["keys", "revoke"], place);
    await session.answer("Revoke which key?", down, enter);
    await session.answer("Revoke first (key_", "y", enter);
    expect((await session.finished).code).toBe(0);
    expect(await list(place)).toMatchObject([
      { name: "second", status: "active" },
      { name: "first", status: "revoked" },
    ]);
  });

  test("Ctrl-C at a question makes nothing: exit 130", async () => {
    const place = createPlace();
    const session = onTerminal(["keys", "create", "--write-env", ".env:API_KEY"], place);
    await session.answer("What is it called?", ctrlC);
    expect((await session.finished).code).toBe(130);
    expect(await list(place)).toEqual([]);
    expect(() => readFileSync(join(place.cwd, ".env"))).toThrow("ENOENT");
  });

  test("nothing is asked with --no-input", async () => {
    const { code, stdout } = await onTerminal(["keys", "create", "--no-input"], createPlace()).finished;
    expect(code).toBe(2);
    expect(stdout).toContain("--name and --scope are missing");
  });
});
