import type { Command } from "commander";
import { EXIT, HooklineError } from "../errors.ts";
import type { Ready } from "../actions/start-app.ts";
import type { TestRecorder } from "../ui/report-test.ts";
import type { Context } from "./context.ts";
import { collect } from "./payload-flags.ts";
import { addReportFlag, openReports } from "./report-flags.ts";

interface Flags {
  to?: string;
  start?: string;
  ready?: string;
  readyTimeout?: string;
  stub?: string;
  var: string[];
  tag: string[];
  skipTag: string[];
  bail?: boolean;
  list?: boolean;
  timeout?: string;
  provider?: string;
  secret: string[];
  insecure?: boolean;
  ca?: string;
  report: string[];
}

export function define(command: Command, context: Context): void {
  command
    .argument("<suites...>", "files, and folders with *.suite.json below")
    .option("--to <target>", "3000, 3000/path, host:port/path or a URL; in place of what the suite says")
    .option("--start <command>", "start your handler with this command, and stop it in the end")
    .option(
      "--ready <url or text>",
      "it is ready once this URL answers, or it prints this text (default: the target answers)",
    )
    .option("--ready-timeout <duration>", "give up where it is not ready by then (default: 30s)")
    .option("--stub <port>", "run the stub on this port (0: any), for what your handler calls")
    .option("--var <name=value>", "give a variable of the suites a value; repeatable", collect, [])
    .option("--tag <tag>", "run only steps with this tag; repeatable", collect, [])
    .option("--skip-tag <tag>", "leave out steps with this tag; repeatable", collect, [])
    .option("--bail", "stop after the first step that fails")
    .option("--list", "list the steps, and send nothing")
    .option("--timeout <duration>", "wait so long for an answer (default: as long as the provider does)")
    .option("--provider <id>", "whose webhooks they are, in place of what the suites say")
    .option(
      "--secret <ref>",
      "env:NAME, file:PATH or - for standard input; repeat for a rotation",
      collect,
      [],
    )
    .option("--insecure", "accept any certificate")
    .option("--ca <file>", "trust the certificates in this PEM file too");
  addReportFlag(command)
    .addHelpText(
      "after",
      `
A suite is JSON: what is sent, in order, and what has to come of it. It is data: it can run no command, read no file
outside its folder, and its own target is on this machine. Its form is in dist/suite.schema.json, for "$schema".
Exit code 0 where all steps passed, 1 where one failed or none ran, 2 where a suite is wrong.

{{name}} stands for a variable: --var name=value, else HOOKLINE_VAR_name of the environment for what the suite lists,
else the suite's default. Of the environment nothing else is read.

The command of --start gets your environment, and HOOKLINE_STUB_URL where there is a stub. No secret is handed to it:
write the one that it verifies with into a file that it reads, with hookline secrets fareplay --write-env .env

Examples:
  hookline test orders.suite.json --to 3000/webhooks
  hookline test tests/webhooks --start 'npm start' --ready http://localhost:3000/health --report junit:out.xml
  hookline test tests/webhooks --start 'npm start' --ready 'listening on' --tag smoke --bail
  hookline test orders.suite.json --var order_id=ord_1 --list`,
    )
    .action(
      context.runUntilSignal(async (session, suites: string[], flags: Flags) => {
        const { host, output, signal, interrupted } = session;
        const [{ openWorkspace }, { readVariables }, flagsOf] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/test-variables.ts"),
          import("./flags.ts"),
        ]);
        const { duration, object, optional, parseFlags, port } = flagsOf;
        const parsed = parseFlags(
          object({
            readyTimeout: optional(duration),
            stub: optional(port),
            timeout: optional(duration),
          }),
          flags,
        );
        refuseBlank(flags);
        const variables = readVariables(flags.var);
        const ready = readReady(flags);
        const choice = { tags: flags.tag, skipTags: flags.skipTag };
        const { testSuites, listSteps } = await import("../actions/test-suites.ts");
        const { showSteps, showTest, testPassed } = await import("../ui/test.ts");
        if (flags.list === true) {
          showSteps(output, await listSteps({ host }, { suites, ...choice }));
          return 0;
        }
        const { ci } = host.environment;
        const reports = await openReports(session, flags.report, { html: false });
        const recorder = reports === undefined ? undefined : await reportTest({ now: host.now, ci });
        const workspace = await openWorkspace(host, flags.secret);
        const events = testSuites(workspace, {
          suites,
          ...choice,
          variables,
          bail: flags.bail === true,
          insecure: flags.insecure === true,
          signal,
          ...(flags.start === undefined
            ? {}
            : { start: { command: flags.start, ready, timeoutMs: parsed.readyTimeout ?? 30_000 } }),
          ...(flags.to === undefined ? {} : { to: flags.to }),
          ...(flags.provider === undefined ? {} : { provider: flags.provider }),
          ...(parsed.stub === undefined ? {} : { stubPort: parsed.stub }),
          ...(parsed.timeout === undefined ? {} : { timeoutMs: parsed.timeout }),
          ...(flags.ca === undefined ? {} : { ca: flags.ca }),
        });
        const summary = await showTest(output, events, { ci, watch: recorder?.watch });
        if (recorder !== undefined) await reports?.write(recorder.report());
        return interrupted() ?? (summary !== undefined && testPassed(summary, ci) ? 0 : EXIT.failed);
      }),
    );
}

/** Gathers a run for its reports. */
async function reportTest(options: { now: () => number; ci: boolean }): Promise<TestRecorder> {
  const { recordTest } = await import("../ui/report-test.ts");
  return recordTest(options);
}

/** @throws HooklineError `usage` */
function refuseBlank({ start, tag, skipTag }: Flags): void {
  const isBlank = (text: string): boolean => text.trim() === "";
  if (start !== undefined && isBlank(start))
    throw new HooklineError("usage", "--start takes a command, and is empty", {
      nextSteps: ["say what is to be started: --start 'npm start'"],
    });
  if ([...tag, ...skipTag].some(isBlank))
    throw new HooklineError(
      "usage",
      `${tag.some(isBlank) ? "--tag" : "--skip-tag"} takes a tag, and is empty`,
      {
        nextSteps: ["name a tag of the steps: --tag smoke", "hookline test SUITES --list shows them"],
      },
    );
}

/** @throws HooklineError `usage` */
function readReady({ start, ready, readyTimeout }: Flags): Ready | undefined {
  if (start === undefined && (ready ?? readyTimeout) !== undefined)
    throw new HooklineError(
      "usage",
      `${ready === undefined ? "--ready-timeout" : "--ready"} belongs to --start`,
      {
        nextSteps: ["say what is to be started: --start 'npm start'"],
      },
    );
  if (ready === undefined) return undefined;
  if (ready.trim() === "")
    throw new HooklineError("usage", "--ready takes a URL or a text, and is empty", {
      nextSteps: ["name what tells that it is ready: --ready http://localhost:3000/health"],
    });
  if (!/^https?:\/\//i.test(ready)) return { text: ready };
  try {
    return { url: new URL(ready) };
  } catch {
    throw new HooklineError(
      "usage",
      `--ready takes a URL or a text, and ${JSON.stringify(ready)} is a URL that is malformed`,
      {
        nextSteps: ["write it like --ready http://localhost:3000/health"],
      },
    );
  }
}
