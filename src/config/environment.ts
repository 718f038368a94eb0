import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { HooklineError } from "../errors.ts";

/** Where a variable's value came from. */
export type VariableSource = "environment" | "env-file";

/** What hookline reads of the environment; the only place that does. */
export interface Environment {
  /** A variable's value, unless it is unset or empty: the process's own first, then the `--env-file`'s. */
  variable(name: string): { value: string; source: VariableSource } | undefined;
  /** Folder that holds everything hookline keeps for this user. */
  home: string;
  noColor: boolean;
  forceColor: string | undefined;
  term: string | undefined;
  colorterm: string | undefined;
  /** Running in continuous integration: nothing is asked and nothing moves. */
  ci: boolean;
  /** Started through `npx` or `npm exec`, which hands no signal on to its child. */
  startedByNpx: boolean;
  /** Show the stack of an unexpected error. */
  debug: boolean;
  proxy: { http?: string; https?: string; no?: string };
}

/** @throws HooklineError `env-file-unreadable` */
export function readEnvironment(envFile?: string): Environment {
  const own = process.env;
  const fromFile = envFile === undefined ? {} : readEnvFile(envFile);
  const variable = (name: string): { value: string; source: VariableSource } | undefined => {
    const value = Object.hasOwn(own, name) ? own[name] : undefined;
    const other = Object.hasOwn(fromFile, name) ? fromFile[name] : undefined;
    // Node has a flag of the same name, takes it from a script's arguments too, and has then set what the file says.
    if (value && value !== other) return { value, source: "environment" };
    return other ? { value: other, source: "env-file" } : undefined;
  };
  const value = (...names: string[]): string | undefined =>
    names.map((name) => variable(name)?.value).find(Boolean);
  const proxy = {
    http: value("http_proxy", "HTTP_PROXY"),
    https: value("https_proxy", "HTTPS_PROXY"),
    no: value("no_proxy", "NO_PROXY"),
  };
  return {
    variable,
    home: value("HOOKLINE_HOME") ?? defaultHome(process.platform, value),
    noColor: value("NO_COLOR") !== undefined,
    forceColor: own["FORCE_COLOR"],
    term: own["TERM"],
    colorterm: own["COLORTERM"],
    ci: !["", "false", "0"].includes(own["CI"] ?? ""),
    startedByNpx: own["npm_command"] === "exec",
    debug: value("HOOKLINE_DEBUG") !== undefined,
    proxy: Object.fromEntries(Object.entries(proxy).filter(([, url]) => url !== undefined)),
  };
}

function defaultHome(platform: NodeJS.Platform, value: (...names: string[]) => string | undefined): string {
  if (platform === "darwin") return join(homedir(), "Library", "Application Support", "hookline");
  if (platform === "win32")
    return join(value("APPDATA") ?? join(homedir(), "AppData", "Roaming"), "hookline");
  return join(value("XDG_DATA_HOME") ?? join(homedir(), ".local", "share"), "hookline");
}

function readEnvFile(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, "utf8").replace(/^\ufeff/, ""));
  } catch (cause) {
    throw new HooklineError(
      "env-file-unreadable",
      `cannot read the env file ${file}: ${(cause as Error).message}`,
      {
        cause,
        nextSteps: ["check the path given to --env-file"],
      },
    );
  }
}
