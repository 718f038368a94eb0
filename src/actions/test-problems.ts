import { realpathSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { readDuration } from "../config/units.ts";
import { isHooklineError } from "../errors.ts";
import { isInbox, isRemote } from "../payloads/load.ts";
import { parsePath } from "../payloads/path.ts";
import type { Registry } from "../providers/index.ts";
import { parsePlace } from "../suites/capture.ts";
import type { Patterns } from "../suites/patterns.ts";
import type { CallExpectation, Problem, Suite } from "../suites/schema.ts";

type Path = readonly PropertyKey[];

const ofTheConnection =
  /^(connection|content-length|expect|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;

/** What the schema cannot tell: durations that no timer takes, paths, patterns, providers, headers of the connection. */
export function formProblems(suite: Suite, registry: Registry, patterns: Patterns): Problem[] {
  const problems: Problem[] = [];
  const tell = (path: Path, text: string | undefined): void => {
    if (text !== undefined) problems.push({ path: [...path], text });
  };
  const checkProvider = (path: Path, id: string | undefined): void => {
    if (id !== undefined && registry.get(id) === undefined) tell(path, "names no provider that there is");
  };
  const checkDuration = (path: Path, text: string | undefined): void => {
    const reading = text === undefined ? undefined : readDuration(text);
    if (reading !== undefined && "problem" in reading) tell(path, reading.problem);
  };
  checkProvider(["provider"], suite.provider);
  for (const [index, step] of suite.steps.entries()) {
    const at = ["steps", index];
    checkProvider([...at, "provider"], step.provider);
    checkDuration([...at, "delay"], step.delay);
    for (const path of Object.keys(step.set ?? {})) tell([...at, "set", path], pathProblem(path));
    for (const [item, path] of (step.unset ?? []).entries()) tell([...at, "unset", item], pathProblem(path));
    for (const name of Object.keys(step.headers ?? {}))
      if (ofTheConnection.test(name))
        tell([...at, "headers", name], "belongs to the connection itself, and cannot be set");
    for (const [name, where] of Object.entries(step.capture ?? {})) {
      const path = [...at, "capture", name];
      tell(path, name === "stub" ? "is the URL of the stub: choose another name" : placeProblem(where));
      const call = /^calls\[(\d+)\]/.exec(where)?.[1];
      if (call !== undefined && Number(call) >= wantedCalls(step.expect?.calls))
        tell(path, "names a call that the step does not expect: `calls` counts from 0, in their order there");
    }
    const expect = [...at, "expect"];
    checkDuration([...expect, "within"], step.expect?.within);
    for (const path of Object.keys(step.expect?.body ?? {}))
      tell([...expect, "body", path], pathProblem(path));
    for (const [number, call] of (step.expect?.calls ?? []).entries()) {
      checkDuration([...expect, "calls", number, "within"], call.within);
      for (const path of Object.keys(call.body ?? {}))
        tell([...expect, "calls", number, "body", path], pathProblem(path));
    }
  }
  for (const [path, pattern] of patternsIn(suite)) tell(path, patternProblem(pattern, patterns));
  return problems;
}

const wantedCalls = (calls: readonly CallExpectation[] = []): number =>
  calls.reduce((sum, { times = 1 }) => sum + (typeof times === "number" ? times : times.atLeast), 0);

function pathProblem(path: string): string | undefined {
  return problemOf(() => parsePath(path));
}

function placeProblem(where: string): string | undefined {
  return problemOf(() => parsePlace(where));
}

function problemOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    return `cannot be used: ${error.message}`;
  }
}

/** Every pattern of what is expected and answered, with its place. */
function patternsIn({ steps, stub }: Suite): [Path, string][] {
  const found: [Path, string][] = [];
  const visit = (value: unknown, path: Path): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      const at = [...path, Array.isArray(value) ? Number(key) : key];
      // What a value is compared with, or a stub answers, is data.
      if (key === "equals" || (path[0] === "stub" && key === "body")) continue;
      if (key === "matches" && typeof item === "string" && isMatcher(value)) found.push([at, item]);
      else visit(item, at);
    }
  };
  steps.forEach(({ expect }, index) => visit(expect, ["steps", index, "expect"]));
  visit(stub?.answers, ["stub", "answers"]);
  return found;
}

const isMatcher = (value: object): boolean =>
  Object.keys(value).every((key) => ["equals", "matches", "exists"].includes(key));

function patternProblem(pattern: string, patterns: Patterns): string | undefined {
  // What stands for a variable may be anything.
  const fit = patterns.try(pattern.replace(/\{\{\s*\w+\s*\}\}/g, "x"), "");
  if (fit === "slow") return "takes too long to try";
  return fit === "invalid" ? "is no regular expression, as JavaScript reads one with the flag u" : undefined;
}

/**
 * Why a suite may not send something. It comes with a repository: it reads files of its own folder alone, whatever links
 * lie there, none that are hidden, and nothing of what this machine recorded.
 */
export function sendProblem(name: string, folder: string): string | undefined {
  if (name === "-") return "cannot be standard input: a suite says by itself what it sends";
  if (isInbox(name) || isRemote(name))
    return "cannot name what this machine or an account holds, which is another on each: write it into a file beside the suite (hookline inbox export)";
  const path = resolve(folder, name);
  const problem = placeProblemOf(folder, path);
  if (problem !== undefined) return problem;
  try {
    const real = placeProblemOf(realpathSync(folder), realpathSync(path));
    return real === undefined ? undefined : `is a link: it ${real}`;
  } catch {
    // An event, or nothing: it is told when it is looked up.
    return undefined;
  }
}

function placeProblemOf(folder: string, path: string): string | undefined {
  if (!isInside(folder, path)) return "leads out of the suite's folder, and a suite may read nothing else";
  return relative(folder, path)
    .split(sep)
    .some((segment) => segment.startsWith("."))
    ? "names a hidden file or folder, which a suite may not read"
    : undefined;
}

function isInside(folder: string, path: string): boolean {
  const below = relative(folder, path);
  return below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}
