import type { Command } from "commander";
import type { Context } from "./context.ts";

interface Flags {
  port: string;
  host: string;
  db?: string;
  createAccount?: string;
  rootKeyFile?: string;
  use?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .option("--port <n>", "listen on this port (0 takes any free one)", "4500")
    .option("--host <address>", "listen on this address", "127.0.0.1")
    .option("--db <file>", "keep everything in this SQLite file")
    .option("--create-account <name>", "make an account with a root key of its own")
    .option("--root-key-file <file>", "write the root key to this new file, mode 0600")
    .option("--use", "make the profile that leads here the current one")
    .addHelpText(
      "after",
      `
At the first start the account "local" gets a root key. It is kept in the profile "local", and shown on a terminal or
written to --root-key-file. Without --db this is the same database that hookline uses with no server at all.
Logs go to standard error; the API describes itself at /openapi.json.

Examples:
  hookline serve --use
  hookline serve --db hooks.db --create-account acme --root-key-file acme.key`,
    )
    .action(
      context.runUntilSignal(async ({ host, output, signal }, flags: Flags) => {
        const [{ openWorkspace }, { serve }, { object, parseFlags, port }, { showServe }] = await Promise.all(
          [
            import("../actions/workspace.ts"),
            import("../actions/serve.ts"),
            import("./flags.ts"),
            import("../ui/serve.ts"),
          ],
        );
        const parsed = parseFlags(object({ port }), flags);
        const events = serve(await openWorkspace(host), {
          host: flags.host,
          port: parsed.port,
          use: flags.use === true,
          printKeys: output.isTerminal && !output.jsonMode,
          signal,
          ...(flags.db === undefined ? {} : { db: flags.db }),
          ...(flags.createAccount === undefined ? {} : { createAccount: flags.createAccount }),
          ...(flags.rootKeyFile === undefined ? {} : { rootKeyFile: flags.rootKeyFile }),
        });
        await showServe(output, events);
        return 0;
      }),
    );
}
