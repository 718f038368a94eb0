import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { Context } from "./context.ts";
import { collect } from "./payload-flags.ts";

interface Flags {
  provider: string[];
  secret: string[];
  port: string;
  host: string;
  requireVerified?: boolean;
  forwardInvalid?: boolean;
  inOrder?: boolean;
  timeout: string;
  maxBody: string;
  print?: string;
  exitAfter?: string;
  for?: string;
  expect: string[];
  insecure?: boolean;
  ca?: string;
  diagnose: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument(
      "[target]",
      "forward to 3000, 3000/path, host:port/path or a URL; ending in / it gets the rest of the path",
    )
    .option("--provider <id>", "expect this provider where the path names none; repeatable", collect, [])
    .option(
      "--secret <ref>",
      "env:NAME, file:PATH or - for standard input; repeat to accept several",
      collect,
      [],
    )
    .option("--port <n>", "listen on this port (0: any free one)", "4400")
    .option("--host <address>", "listen on this address", "127.0.0.1")
    .option("--require-verified", "answer 401 to whatever does not verify, with no secret configured too")
    .option("--forward-invalid", "accept and forward what does not verify")
    .option("--in-order", "forward one at a time, in the order of arrival")
    .option("--timeout <duration>", "wait so long for the target's answer", "30s")
    .option("--max-body <size>", "largest body", "5mb")
    .option("--print <mode>", "line, body, full or none (default: body on a terminal, else line)")
    .option("--exit-after <n>", "stop after so many accepted deliveries")
    .option("--for <duration>", "stop after this time")
    .option(
      "--expect <provider/event>",
      "exit 1 unless it has been accepted by the end; repeatable",
      collect,
      [],
    )
    .option("--no-diagnose", "do not look for the cause where a delivery does not verify")
    .option("--insecure", "accept any certificate of the target")
    .option("--ca <file>", "trust the certificates in this PEM file too")
    .addHelpText(
      "after",
      `
A provider has its own path: http://127.0.0.1:4400/fareplay. Where a secret is configured (--secret, the provider's
variable, hookline.json), a bad signature gets 401. Where none is, the development secret is tried, and what it does
not match is accepted and marked unverified.

Examples:
  hookline listen
  hookline listen 3000/webhooks --provider stripe
  hookline listen --exit-after 1 --for 30s --expect fareplay/order.created --json`,
    )
    .action(
      context.runUntilSignal(async ({ host, output, signal }, target: string | undefined, flags: Flags) => {
        const [{ openWorkspace }, { listen }, flagsOf, { showListen }] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/listen.ts"),
          import("./flags.ts"),
          import("../ui/listen.ts"),
        ]);
        const { duration, object, oneOf, optional, parseFlags, port, size, wholeNumber } = flagsOf;
        const parsed = parseFlags(
          object({
            port,
            timeout: duration,
            maxBody: size,
            print: optional(
              oneOf(["line", "body", "full", "none"], {
                error: "takes line, body, full or none",
              }),
            ),
            exitAfter: optional(wholeNumber(1, 1_000_000_000)),
            for: optional(duration),
          }),
          flags,
        );
        const workspace = await openWorkspace(host, flags.secret);
        const events = listen(workspace, {
          providers: flags.provider,
          host: flags.host,
          port: parsed.port,
          requireVerified: flags.requireVerified === true,
          secretGiven: flags.secret.length > 0,
          forwardInvalid: flags.forwardInvalid === true,
          inOrder: flags.inOrder === true,
          timeoutMs: parsed.timeout,
          maxBody: parsed.maxBody,
          expect: flags.expect,
          insecure: flags.insecure === true,
          diagnose: flags.diagnose,
          signal,
          ...(target === undefined ? {} : { target }),
          ...(parsed.exitAfter === undefined ? {} : { exitAfter: parsed.exitAfter }),
          ...(parsed.for === undefined ? {} : { forMs: parsed.for }),
          ...(flags.ca === undefined ? {} : { ca: flags.ca }),
        });
        const stopped = await showListen(
          output,
          parsed.print ?? (output.isTerminal ? "body" : "line"),
          events,
        );
        return stopped !== undefined && stopped.unmet.length > 0 ? EXIT.failed : 0;
      }),
    );
}
