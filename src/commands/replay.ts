import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { Context } from "./context.ts";
import { pickPayload } from "./payload-prompt.ts";
import { addPayloadFlags, type PayloadFlags } from "./payload-flags.ts";
import { askTarget } from "./target-prompt.ts";

interface Flags extends PayloadFlags {
  to?: string;
  times: string;
  concurrency: string;
  rate?: string;
  timeout?: string;
  original?: boolean;
  insecure?: boolean;
  ca?: string;
}

export function define(command: Command, context: Context): void {
  command
    .argument(
      "[payloads...]",
      "provider/event, an event, a provider (all its events), files, folders, inbox:ID, remote:ID, or -",
    )
    .option("--to <target>", "3000, 3000/path, host:port/path or a URL");
  const edits = addPayloadFlags(command);
  command
    .option("--original", "send the headers that came with a recorded request, in place of a new signature")
    .option("--times <n>", "send each so often", "1")
    .option("--concurrency <n>", "so many at once", "1")
    .option("--rate <n>", "start at most so many a second")
    .option("--timeout <duration>", "wait so long for an answer (default: as long as the provider does)")
    .option("--insecure", "accept any certificate")
    .option("--ca <file>", "trust the certificates in this PEM file too")
    .addHelpText(
      "after",
      `
Bytes go out exactly as they are stored. A delivery succeeds by its provider's own rule.
Exit code 0 where all succeeded, 1 otherwise.

What a listener recorded (inbox:17, inbox:last) and the .http files of \`hookline inbox export\` come with headers: those
go out too, with a new signature in place of the old. With --original the old one stays, so that a time in it may have
run out; with --set or --unset beside it, the body is not what was signed, which your app should notice.

Examples:
  hookline replay order.created --to 3000/webhooks
  hookline replay fareplay --to http://localhost:3000/webhooks --fresh
  hookline replay ./payloads/ --provider fynn --to 3000 --times 100 --concurrency 10
  hookline replay inbox:last --to 3000/webhooks --set data.total=9.50
  hookline replay remote:evt_1NG8… --profile stripe --to 3000   # a published event, signed with your own secret`,
    )
    .action(
      context.runUntilSignal(async (session, payloads: string[], flags: Flags) => {
        const { host, output, signal, stderr, interrupted } = session;
        const [{ openWorkspace }, { replay }, flagsOf, { showReplay }] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/replay.ts"),
          import("./flags.ts"),
          import("../ui/replay.ts"),
        ]);
        const { array, duration, object, optional, parseFlags, rate, sentHeader, wholeNumber } = flagsOf;
        const parsed = parseFlags(
          object({
            header: array(sentHeader),
            times: wholeNumber(1, 100_000_000),
            concurrency: wholeNumber(1, 1000),
            rate: optional(rate),
            timeout: optional(duration),
          }),
          flags,
        );
        const workspace = await openWorkspace(host, flags.secret);
        const what =
          payloads.length > 0
            ? payloads
            : [
                await pickPayload(
                  session,
                  workspace,
                  "Which payload?",
                  "hookline replay order.created --to 3000/webhooks",
                ),
              ];
        const summary = await showReplay(
          output,
          stderr,
          replay(workspace, {
            what,
            to: flags.to ?? (await askTarget(session)),
            edits,
            fresh: flags.fresh === true,
            original: flags.original === true,
            headers: parsed.header,
            times: parsed.times,
            concurrency: parsed.concurrency,
            insecure: flags.insecure === true,
            signal,
            ...(flags.provider === undefined ? {} : { provider: flags.provider }),
            ...(flags.profile === undefined ? {} : { profile: flags.profile }),
            ...(parsed.rate === undefined ? {} : { rate: parsed.rate }),
            ...(parsed.timeout === undefined ? {} : { timeoutMs: parsed.timeout }),
            ...(flags.ca === undefined ? {} : { ca: flags.ca }),
          }),
        );
        return interrupted() ?? (summary?.failed === 0 ? 0 : EXIT.failed);
      }),
    );
}
