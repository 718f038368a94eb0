import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { ReplayRecorder } from "../ui/report-replay.ts";
import type { Context } from "./context.ts";
import { pickPayload } from "./payload-prompt.ts";
import { addPayloadFlags, collect, type PayloadFlags } from "./payload-flags.ts";
import { addLoadFlags, readLoad, type LoadFlags } from "./load-flags.ts";
import { addReportFlag, openReports } from "./report-flags.ts";
import { askTarget } from "./target-prompt.ts";

interface Flags extends PayloadFlags, LoadFlags {
  to?: string;
  times: string;
  concurrency?: string;
  rate?: string;
  timeout?: string;
  tamper: string[];
  report: string[];
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
    .option(
      "--tamper <how>",
      "make it wrong, so that it has to be refused (signature, body, timestamp, …, or all); repeatable",
      collect,
      [],
    )
    .option("--times <n>", "send each so often", "1")
    .option("--concurrency <n>", "so many at once (default: 1; with --for and no --rate 10)")
    .option("--rate <n>", "start so many a second")
    .option("--timeout <duration>", "wait so long for an answer (default: as long as the provider does)")
    .option("--insecure", "accept any certificate")
    .option("--ca <file>", "trust the certificates in this PEM file too");
  addReportFlag(addLoadFlags(command))
    .addHelpText(
      "after",
      `
Bytes go out exactly as they are stored. A delivery succeeds by its provider's own rule.
Exit code 0 where all succeeded, 1 otherwise.

What a listener recorded (inbox:17, inbox:last) and the .http files of \`hookline inbox export\` come with headers: those
go out too, with a new signature in place of the old. With --original the old one stays, so that a time in it may have
run out; with --set or --unset beside it, the body is not what was signed, which your app should notice.

With --tamper a delivery succeeds where it is refused: with a 4xx, in time. Ways are missing, empty, malformed, signature,
truncated, secret, body, timestamp, future, redated and duplicate, as far as the provider's signatures show them; what
each is stands in docs/tampering.md.

With --for so many are sent as the target takes with --concurrency under way, or, with --rate, so many a second whatever
the target does: latency then counts from when a request was due.

Examples:
  hookline replay order.created --to 3000/webhooks
  hookline replay fareplay --to http://localhost:3000/webhooks --fresh
  hookline replay ./payloads/ --provider fynn --to 3000 --times 100 --concurrency 10
  hookline replay order.created --to 3000 --tamper all --report junit:out.xml
  hookline replay order.created --to 3000 --for 60s --rate 500 --fail-if 'p99>500ms' --fail-if 'errors>1%'
  hookline replay inbox:last --to 3000/webhooks --set data.total=9.50
  hookline replay remote:evt_1NG8… --profile stripe --to 3000   # a published event, signed with your own secret`,
    )
    .action(
      context.runUntilSignal(async (session, payloads: string[], flags: Flags) => {
        const { host, output, signal, stderr, interrupted } = session;
        const [{ openWorkspace }, { readTamperings }, flagsOf] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/prepare.ts"),
          import("./flags.ts"),
        ]);
        const { array, duration, object, optional, parseFlags, rate, sentHeader, wholeNumber } = flagsOf;
        const parsed = parseFlags(
          object({
            header: array(sentHeader),
            times: wholeNumber(1, 100_000_000),
            concurrency: optional(wholeNumber(1, 10_000)),
            rate: optional(rate),
            timeout: optional(duration),
          }),
          flags,
        );
        const load = await readLoad(flags);
        const tamper = readTamperings(flags.tamper);
        const reports = await openReports(session, flags.report, { html: load !== undefined });
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
        const options = {
          what,
          to: flags.to ?? (await askTarget(session)),
          edits,
          fresh: flags.fresh === true,
          original: flags.original === true,
          headers: parsed.header,
          insecure: flags.insecure === true,
          signal,
          ...(tamper === undefined ? {} : { tamper }),
          ...(flags.provider === undefined ? {} : { provider: flags.provider }),
          ...(flags.profile === undefined ? {} : { profile: flags.profile }),
          ...(parsed.rate === undefined ? {} : { rate: parsed.rate }),
          ...(parsed.timeout === undefined ? {} : { timeoutMs: parsed.timeout }),
          ...(flags.ca === undefined ? {} : { ca: flags.ca }),
        };
        if (load !== undefined) {
          const { runLoad } = await import("./replay-load.ts");
          return runLoad(
            session,
            workspace,
            { ...options, ...load, concurrency: parsed.concurrency },
            reports,
          );
        }
        const [{ replay }, { showReplay }] = await Promise.all([
          import("../actions/replay.ts"),
          import("../ui/replay.ts"),
        ]);
        const { times, concurrency = 1 } = parsed;
        const replaying = replay(workspace, { ...options, times, concurrency });
        const recorder = reports === undefined ? undefined : await reportReplay(host.now);
        const summary = await showReplay(output, stderr, replaying, recorder?.watch);
        if (recorder !== undefined) await reports?.write(recorder.report());
        return interrupted() ?? (summary?.failed === 0 ? 0 : EXIT.failed);
      }),
    );
}

/** Gathers a replay for its reports. */
async function reportReplay(now: () => number): Promise<ReplayRecorder> {
  const { recordReplay } = await import("../ui/report-replay.ts");
  return recordReplay(now);
}
