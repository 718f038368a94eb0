import { homedir } from "node:os";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readEnvironment } from "../../src/config/environment.ts";
import { createFolder } from "../cli/spawn.ts";

const folder = createFolder();
const envFile = join(folder, "test.env");

/** The environment of a process that has these variables and none of hookline's others. */
function read(own: Readonly<Record<string, string>>, file?: string): ReturnType<typeof readEnvironment> {
  for (const [name, value] of Object.entries(own)) vi.stubEnv(name, value);
  if (file !== undefined) writeFileSync(envFile, file);
  return readEnvironment(file === undefined ? undefined : envFile);
}

afterAll(() => void vi.unstubAllEnvs());
beforeEach(() => {
  vi.unstubAllEnvs();
  for (const name of ["NO_COLOR", "FORCE_COLOR", "CI", "HOOKLINE_HOME", "HOOKLINE_DEBUG", "XDG_DATA_HOME"])
    vi.stubEnv(name, undefined);
  for (const name of ["http_proxy", "https_proxy", "no_proxy"]) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toUpperCase(), undefined);
  }
  vi.stubEnv("npm_command", undefined);
});

describe("a variable", () => {
  test("comes from the process before the env file", () => {
    expect(read({ ACME: "own" }, "ACME=file\n").variable("ACME")).toEqual({
      value: "own",
      source: "environment",
    });
  });

  test("comes from the env file where the process has none, or an empty one", () => {
    const environment = read({ ACME: "" }, 'ACME=file\nOTHER="two words" # why\n');
    expect(environment.variable("ACME")).toEqual({ value: "file", source: "env-file" });
    expect(environment.variable("OTHER")).toEqual({ value: "two words", source: "env-file" });
  });

  test("finds the first variable behind a byte order mark", () => {
    expect(read({}, "\ufeffACME=file\n").variable("ACME")?.value).toBe("file");
  });

  test.each(["MISSING", "EMPTY", "", "__proto__", "constructor", "toString", "hasOwnProperty"])(
    "called %j is not there",
    (name) => expect(read({}, "EMPTY=\n").variable(name)).toBeUndefined(),
  );

  test("of an env file does not reach the process", () => {
    read({}, "ACME_FROM_FILE=1\n");
    expect(process.env["ACME_FROM_FILE"]).toBeUndefined();
  });
});

describe("the env file", () => {
  test.each([folder, join(folder, "none.env")])("that cannot be read is a clear error (%s)", (file) => {
    expect(() => readEnvironment(file)).toThrow(
      expect.objectContaining({
        code: "env-file-unreadable",
        exitCode: 2,
        message: expect.stringContaining(file) as string,
      }),
    );
  });
});

describe("hookline's folder", () => {
  test("is HOOKLINE_HOME", () => {
    expect(read({ HOOKLINE_HOME: "/somewhere" }).home).toBe("/somewhere");
  });

  test.runIf(process.platform === "linux")("else lies in the data folder of the user", () => {
    expect(read({}).home).toBe(join(homedir(), ".local/share/hookline"));
    expect(read({ XDG_DATA_HOME: "/data" }).home).toBe("/data/hookline");
  });
});

describe("what the environment says of the run", () => {
  test.each([
    [{}, false],
    [{ CI: "" }, false],
    [{ CI: "false" }, false],
    [{ CI: "0" }, false],
    [{ CI: "true" }, true],
    [{ CI: "1" }, true],
    [{ CI: "woodpecker" }, true],
  ])("CI %j: %s", (own, expected) => expect(read(own).ci).toBe(expected));

  test("an empty NO_COLOR says nothing", () => {
    expect(read({ NO_COLOR: "" }).noColor).toBe(false);
    expect(read({ NO_COLOR: "0" }).noColor).toBe(true);
  });

  test("FORCE_COLOR is handed on as it is", () => {
    expect(read({}).forceColor).toBeUndefined();
    expect(read({ FORCE_COLOR: "" }).forceColor).toBe("");
  });

  test("npx says so", () => {
    expect(read({}).startedByNpx).toBe(false);
    expect(read({ npm_command: "run-script" }).startedByNpx).toBe(false);
    expect(read({ npm_command: "exec" }).startedByNpx).toBe(true);
  });

  test("the proxy's variables are known in both cases, the lower one first; unset ones are left out", () => {
    expect(read({}).proxy).toEqual({});
    expect(read({ HTTP_PROXY: "http://upper", http_proxy: "http://lower", NO_PROXY: "x" }).proxy).toEqual({
      http: "http://lower",
      no: "x",
    });
  });
});
