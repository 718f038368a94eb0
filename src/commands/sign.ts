import type { Command } from "commander";
import type { Context } from "./context.ts";
import { addPayloadFlags, type PayloadFlags } from "./payload-flags.ts";

interface Flags extends PayloadFlags {
  at?: string;
  curl?: string;
  out?: string;
}

export function define(command: Command, context: Context): void {
  command.argument(
    "<payload>",
    "provider/event, an event, a file, inbox:ID, remote:ID, or - for standard input",
  );
  const edits = addPayloadFlags(command);
  command
    .option("--at <time>", "sign as of this time (ISO 8601 or Unix seconds)")
    .option("--curl <target>", "print a curl command that sends the very bytes")
    .option("--out <file>", "write the signed bytes to a file")
    .addHelpText(
      "after",
      `
Examples:
  hookline sign order.created
  hookline sign order.created --set data.total=0.01 --out order.json --curl 3000/webhooks
  hookline sign inbox:last --out body --curl 3000/webhooks
  hookline sign remote:evt_1NG8… --profile stripe --out event.json --curl 3000/webhooks`,
    )
    .action(
      context.run(async ({ host, output }, what: string, flags: Flags) => {
        const [
          { openWorkspace },
          { sign },
          { array, object, optional, parseFlags, sentHeader, time },
          { showSigned },
        ] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/sign.ts"),
          import("./flags.ts"),
          import("../ui/sign.ts"),
        ]);
        const { header, at } = parseFlags(object({ header: array(sentHeader), at: optional(time) }), flags);
        const workspace = await openWorkspace(host, flags.secret);
        const signed = await sign(workspace, {
          what,
          edits,
          fresh: flags.fresh === true,
          headers: header,
          ...(flags.provider === undefined ? {} : { provider: flags.provider }),
          ...(flags.profile === undefined ? {} : { profile: flags.profile }),
          ...(at === undefined ? {} : { at }),
          ...(flags.curl === undefined ? {} : { curl: flags.curl }),
          ...(flags.out === undefined ? {} : { out: flags.out }),
        });
        showSigned(output, signed);
        return 0;
      }),
    );
}
