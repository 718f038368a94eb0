import type { Command } from "commander";
import type { Context } from "./context.ts";
import { collect } from "./payload-flags.ts";

interface Flags {
  port: string;
  host: string;
  db?: string;
  createAccount?: string;
  rootKeyFile?: string;
  use?: boolean;
  retryDelays?: string;
  disableAfter: string;
  concurrency: string;
  endpointConcurrency: string;
  allowPrivateTargets?: boolean;
  allowTarget: string[];
}

export function define(command: Command, context: Context): void {
  command
    .option("--port <n>", "listen on this port (0 takes any free one)", "4500")
    .option("--host <address>", "listen on this address", "127.0.0.1")
    .option("--db <file>", "keep everything in this SQLite file")
    .option("--create-account <name>", "make an account with a root key of its own")
    .option("--root-key-file <file>", "write the root key to this new file, mode 0600")
    .option("--use", "make the profile that leads here the current one")
    .option("--retry-delays <durations>", "wait so long before each retry (1s,2s,4s), whatever the provider")
    .option(
      "--disable-after <n>",
      "disable an endpoint after so many failed deliveries in a row (0: never)",
      "10",
    )
    .option("--concurrency <n>", "deliver so many at once, half of them for one account at most", "1000")
    .option("--endpoint-concurrency <n>", "… and so many to one endpoint", "50")
    .option("--allow-private-targets", "deliver to this machine and private networks too")
    .option("--allow-target <cidr>", "deliver to this range of addresses too; repeat for more", collect, [])
    .addHelpText(
      "after",
      `
At the first start the account "local" gets a root key. It is kept in the profile "local", and shown on a terminal or
written to --root-key-file. Without --db this is the same database that hookline uses with no server at all.
It delivers what is published, and retries by each provider's own schedule. Only addresses of the internet are delivered
to, unless told otherwise. Mail about disabled endpoints goes out where HOOKLINE_SMTP_URL, HOOKLINE_MAIL_FROM and
HOOKLINE_MAIL_TO are set. Logs go to standard error; the API describes itself at /openapi.json.

Examples:
  hookline serve --use
  hookline serve --allow-private-targets --retry-delays 1s,2s,4s
  hookline serve --db hooks.db --create-account acme --root-key-file acme.key`,
    )
    .action(
      context.runUntilSignal(async ({ host, output, signal }, flags: Flags) => {
        const [{ openWorkspace }, { serve }, flagsOf, { showServe }] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/serve.ts"),
          import("./flags.ts"),
          import("../ui/serve.ts"),
        ]);
        const { durations, object, optional, parseFlags, port, wholeNumber } = flagsOf;
        const parsed = parseFlags(
          object({
            port,
            retryDelays: optional(durations),
            disableAfter: wholeNumber(0, 1_000_000),
            concurrency: wholeNumber(1, 10_000),
            endpointConcurrency: wholeNumber(1, 10_000),
          }),
          flags,
        );
        const events = serve(await openWorkspace(host), {
          host: flags.host,
          port: parsed.port,
          use: flags.use === true,
          printKeys: output.isTerminal && !output.jsonMode,
          signal,
          delivery: {
            guard: { private: flags.allowPrivateTargets === true, ranges: flags.allowTarget },
            disableAfter: parsed.disableAfter,
            concurrency: parsed.concurrency,
            perEndpoint: parsed.endpointConcurrency,
            ...(parsed.retryDelays === undefined ? {} : { retryDelaysMs: parsed.retryDelays }),
          },
          ...(flags.db === undefined ? {} : { db: flags.db }),
          ...(flags.createAccount === undefined ? {} : { createAccount: flags.createAccount }),
          ...(flags.rootKeyFile === undefined ? {} : { rootKeyFile: flags.rootKeyFile }),
        });
        await showServe(output, events);
        return 0;
      }),
    );
}
