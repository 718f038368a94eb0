import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { Context } from "./context.ts";
import { collect } from "./payload-flags.ts";

interface Flags {
  provider?: string;
  secret: string[];
  header: string[];
  body?: string;
  request?: string;
  at?: string;
  tolerance?: string;
  thorough?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .option("--provider <id>", "whose request it is, where its headers do not say")
    .option(
      "--secret <ref>",
      "env:NAME, file:PATH or - for standard input; repeat to try several",
      collect,
      [],
    )
    .option("-H, --header <header>", "a header of the request, as 'Name: value'; repeatable", collect, [])
    .option("--body <file>", "the raw body (- for standard input)")
    .option("--request <file>", "the whole raw HTTP/1.1 request (- for standard input)")
    .option("--at <time>", "hold its timestamp against this time (ISO 8601 or Unix seconds)")
    .option("--tolerance <duration>", "how old it may be (300s), or off")
    .option("--thorough", "look for the cause of a failure however long that takes")
    .addHelpText(
      "after",
      `
Exit code 0 where the signature is right, 1 where it is not.

Examples:
  hookline verify --request captured.http --secret env:FAREPLAY_WEBHOOK_SECRET
  hookline verify -H 'Stripe-Signature: t=…,v1=…' --body body.json --tolerance off`,
    )
    .action(
      context.run(async ({ host, output }, flags: Flags) => {
        const [
          { openWorkspace },
          { verify },
          { array, header, object, optional, parseFlags, time, tolerance },
          { showVerified },
        ] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/verify.ts"),
          import("./flags.ts"),
          import("../ui/verify.ts"),
        ]);
        const parsed = parseFlags(
          object({ header: array(header), at: optional(time), tolerance: optional(tolerance) }),
          flags,
        );
        const workspace = await openWorkspace(host, flags.secret);
        const verified = await verify(workspace, {
          headers: parsed.header,
          ...(flags.provider === undefined ? {} : { provider: flags.provider }),
          ...(flags.body === undefined ? {} : { body: flags.body }),
          ...(flags.request === undefined ? {} : { request: flags.request }),
          ...(parsed.at === undefined ? {} : { at: parsed.at }),
          ...(parsed.tolerance === undefined ? {} : { tolerance: parsed.tolerance }),
          ...(flags.thorough === undefined ? {} : { thorough: flags.thorough }),
        });
        showVerified(output, verified);
        return verified.ok ? 0 : EXIT.failed;
      }),
    );
}
