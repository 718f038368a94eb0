import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { parse } from "yaml";
import { createPlace, root, startCommand, type Finished, type Place } from "../cli/spawn.ts";
import { hookline, pathWith } from "./on-path.ts";

export interface Step {
  id?: string;
  name?: string;
  if?: string;
  uses?: string;
  run?: string;
  shell?: string;
  with?: Record<string, string>;
  env?: Record<string, string>;
  "working-directory"?: string;
}

export interface Job {
  steps: Step[];
  env?: Record<string, string>;
}

export interface Workflow {
  env?: Record<string, string>;
  jobs: Record<string, Job>;
}

export interface Action {
  name: string;
  description: string;
  branding: { icon: string; color: string };
  inputs: Record<string, { description: string; default?: string; required?: boolean }>;
  outputs: Record<string, { description: string; value: string }>;
  runs: { using: string; steps: Step[] };
}

export const read = (file: string): string => readFileSync(join(root, file), "utf8");
export const action = parse(read("action.yml")) as Action;
export const workflow = (name: string): Workflow => parse(read(`docs/examples/ci/${name}`)) as Workflow;

/** A free port of this machine. */
export async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** An app that verifies Fareplay's webhooks, takes what is right and answers `GET /health`; `wrong` takes everything. */
export function createApp(kind: "right" | "wrong" = "right"): Place {
  const place = createPlace();
  place.write(
    "app.js",
    `const { createServer } = require("node:http");
const { createHmac, timingSafeEqual } = require("node:crypto");
const { PORT, FAREPLAY_WEBHOOK_SECRET: secret } = process.env;
const isGenuine = (body, header = "") => {
  const expected = Buffer.from("sha256=" + createHmac("sha256", secret).update(body).digest("hex"));
  const given = Buffer.from(header);
  return given.length === expected.length && timingSafeEqual(given, expected);
};
createServer((request, response) => {
  if (request.url === "/health") return response.end();
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const right = ${kind === "wrong"} || isGenuine(Buffer.concat(chunks), request.headers["x-fareplay-signature"]);
    if (!right) console.log("::warning::refused");
    response.writeHead(right ? 200 : 401).end();
  });
}).listen(Number(PORT), "127.0.0.1", () => console.log("listening as " + process.pid));
`,
  );
  place.write("package.json", JSON.stringify({ private: true, scripts: { start: "exec node app.js" } }));
  place.write(
    "webhooks/orders.suite.json",
    JSON.stringify({
      steps: [
        { send: "fareplay/order.created", expect: { status: 200 } },
        { send: "fareplay/order.created", tamper: "body" },
      ],
    }),
  );
  return place;
}

/** npm and npx as far as pipelines use them, with nothing from a registry: what they were asked is in npm.log. */
const npm = 'printf "npm %s\\n" "$*" >> "$HOME/npm.log"; [ "$1" != start ] || exec node app.js';
const npx = `printf 'npx %s\\n' "$*" >> "$HOME/npm.log"
while [ "$1" != -- ]; do shift; done
shift
exec "$@"`;

export interface Ran extends Finished {
  outputs: Record<string, string>;
  /** What was written to the step's summary. */
  summary: string;
  /** What npm and npx were asked for. */
  npm: string[];
}

export interface RunOptions {
  place: Place;
  env?: Readonly<Record<string, string>>;
  /** More programs on the PATH. */
  programs?: Readonly<Record<string, string>>;
  /** How the shell is started, the file of the script behind it. */
  shell?: readonly string[];
}

/** GitHub's `shell: bash`. */
const githubBash = ["bash", "--noprofile", "--norc", "-eo", "pipefail"];

/** Runs a script as a runner does: from a file, hookline on the PATH, outputs and the summary in files. */
export async function runScript(
  script: string,
  { place, env = {}, programs = {}, shell = githubBash }: RunOptions,
): Promise<Ran> {
  const [program = "", ...flags] = shell;
  const [output, summary, log] = ["output", "summary", "npm.log"].map((name) =>
    place.write(`../${name === "npm.log" ? "home/npm.log" : name}`, ""),
  );
  const file = place.write("../step.sh", script);
  const finished = await startCommand(program, [...flags, file], {
    place,
    env: {
      PATH: pathWith({ hookline, npm, npx, ...programs }),
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_OUTPUT: output ?? "",
      GITHUB_STEP_SUMMARY: summary ?? "",
      GITHUB_WORKSPACE: place.cwd,
      ...env,
    },
  }).finished;
  const lines = (path = ""): string[] => readFileSync(path, "utf8").split("\n").filter(Boolean);
  return {
    ...finished,
    outputs: Object.fromEntries(
      lines(output).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    ),
    summary: readFileSync(summary ?? "", "utf8"),
    npm: lines(log),
  };
}

/** Runs the step of action.yml that is hookline, with its inputs as a workflow gives them. */
export function runAction(inputs: Readonly<Record<string, string>>, options: RunOptions): Promise<Ran> {
  const step = action.runs.steps.find(({ id }) => id === "run");
  const unknown = Object.keys(inputs).filter((name) => !Object.hasOwn(action.inputs, name));
  if (step?.run === undefined || unknown.length > 0) throw new Error(`no such inputs: ${unknown.join()}`);
  const values: Record<string, string> = { "github.action_path": root };
  for (const [name, { default: value = "" }] of Object.entries(action.inputs))
    values[`inputs.${name}`] = inputs[name] ?? value;
  return runScript(step.run, { ...options, env: { ...evaluated(step.env, values), ...options.env } });
}

/** What `${{ … }}` stands for; fails for what the test does not give. */
export function evaluated(
  texts: Readonly<Record<string, string | number>> = {},
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [
      name,
      String(text).replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, expression: string) => {
        const value = values[expression];
        if (value === undefined) throw new Error(`${expression} is not given`);
        return value;
      }),
    ]),
  );
}
