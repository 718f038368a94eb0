import type { Command } from "commander";
import type { Workspace } from "../actions/workspace.ts";
import { EXIT, HooklineError } from "../errors.ts";
import type { Context, Session } from "./context.ts";
import { collect } from "./payload-flags.ts";
import { addReportFlag, openReports } from "./report-flags.ts";
import { askTarget } from "./target-prompt.ts";

interface Flags {
  to?: string;
  provider?: string;
  secret: string[];
  header: string[];
  event: string[];
  only: string[];
  skip: string[];
  timeout?: string;
  failUnder?: string;
  insecure?: boolean;
  ca?: string;
  report: string[];
  list?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .option("--to <target>", "3000, 3000/path, host:port/path or a URL")
    .option("--provider <id>", "whose webhooks the handler takes")
    .option(
      "--secret <ref>",
      "env:NAME, file:PATH or - for standard input; repeat for a rotation",
      collect,
      [],
    )
    .option(
      "-H, --header <header>",
      "add or replace a header, as 'Name: value' ('Name:' leaves it out)",
      collect,
      [],
    )
    .option("--event <type>", "send these events alone (order.created, 'order.*'); repeatable", collect, [])
    .option("--only <check>", "do these checks alone, by id or area; repeatable", collect, [])
    .option("--skip <check>", "leave out these checks, by id or area; repeatable", collect, [])
    .option("--timeout <duration>", "wait so long for an answer (default: as long as the provider does)")
    .option("--fail-under <percent>", "succeed from this score on (default: 100)")
    .option("--insecure", "accept any certificate")
    .option("--ca <file>", "trust the certificates in this PEM file too");
  addReportFlag(command)
    .option("--list", "print what would be checked, and send nothing")
    .addHelpText(
      "after",
      `
Sends right and forged requests, and tells what your handler takes, refuses and survives; where it refuses what is
right, known mistakes are tried until one is found that explains it. Right ones are real events to your app: point it
at a test or staging system. Exit code 0 where every scored check passed (or --fail-under is met), 1 otherwise.

Examples:
  hookline check --to 3000/webhooks --provider fareplay
  hookline check --to https://staging.example.com/hooks --provider stripe --secret env:STRIPE_WEBHOOK_SECRET
  hookline check --to 3000 --provider fynn --event 'subscription.trial.*' --skip twenty-at-once
  hookline check --to 3000/webhooks --provider fareplay --report junit:check.xml --fail-under 90
  hookline check --provider github --list`,
    )
    .action(
      context.runUntilSignal(async (session, flags: Flags) => {
        const { host, output, stderr, signal, interrupted } = session;
        const [
          { openWorkspace },
          { array, duration, object, optional, parseFlags, sentHeader, wholeNumber },
        ] = await Promise.all([import("../actions/workspace.ts"), import("./flags.ts")]);
        const parsed = parseFlags(
          object({
            header: array(sentHeader),
            timeout: optional(duration),
            failUnder: optional(wholeNumber(0, 100)),
          }),
          flags,
        );
        const named = {
          events: names("--event", flags.event),
          only: names("--only", flags.only),
          skip: names("--skip", flags.skip),
        };
        const reports = await openReports(session, flags.report, { html: false });
        const workspace = await openWorkspace(host, flags.list === true ? [] : flags.secret);
        const plan = {
          provider: flags.provider ?? (await askProvider(session, workspace)),
          ...named,
        };
        const [{ check, planCheck }, { showCheck, showPlan }, { createWaitingLine }] = await Promise.all([
          import("../actions/check.ts"),
          import("../ui/check.ts"),
          import("../ui/check-progress.ts"),
        ]);
        if (flags.list === true) {
          showPlan(output, await planCheck(workspace, plan));
          return 0;
        }
        const startedAt = host.now();
        const checking = check(workspace, {
          ...plan,
          to: flags.to ?? (await askTarget(session)),
          headers: parsed.header,
          insecure: flags.insecure === true,
          signal,
          ...(parsed.timeout === undefined ? {} : { timeoutMs: parsed.timeout }),
          ...(flags.ca === undefined ? {} : { ca: flags.ca }),
        });
        const checked = await showCheck(output, checking, undefined, createWaitingLine(output, stderr));
        if (checked !== undefined && reports !== undefined) {
          const { reportCheck } = await import("../ui/report-check.ts");
          await reports.write(reportCheck(checked, startedAt));
        }
        const { passed = 0, total = 1, percent = 0 } = checked?.summary.score ?? {};
        const isEnough = parsed.failUnder === undefined ? passed === total : percent >= parsed.failUnder;
        return interrupted() ?? (isEnough ? 0 : EXIT.failed);
      }),
    );
}

/** Several may stand in one flag, with commas between. @throws HooklineError `usage` where one names nothing */
function names(flag: string, texts: readonly string[]): string[] {
  const given = texts.map((text) =>
    text
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  );
  if (given.every((some) => some.length > 0)) return given.flat();
  throw new HooklineError("usage", `${flag} names nothing: ${JSON.stringify("")}`, {
    nextSteps: [`leave ${flag} out to have all of them`, "list the checks with --list"],
  });
}

/** Whose webhooks the user's handler takes. @throws HooklineError `usage` where nobody can be asked */
async function askProvider({ output, prompts }: Session, { registry }: Workspace): Promise<string> {
  if (output.interactive) {
    return prompts.select(
      "Whose webhooks does it take?",
      registry.all.map(({ id, title }) => ({ value: id, name: title })),
    );
  }
  throw new HooklineError("usage", "--provider is missing: nothing says whose webhooks the handler takes", {
    nextSteps: ["add --provider fareplay", "list the providers: hookline providers list"],
  });
}
