import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { Context } from "./context.ts";

export function define(command: Command, context: Context): void {
  command
    .addHelpText(
      "after",
      `
Starts a control plane and a listener on free ports of this machine, and makes an endpoint for each provider. Every
fixture of every provider is published, signed, delivered and verified; one is changed on its way and rejected; one
cannot be delivered, is retried by hand and arrives. Then all of it stops. Nothing leaves this machine, and nothing
stays on it: the database is in a temporary folder, and neither yours nor your profiles and secrets are touched.`,
    )
    .action(
      context.runUntilSignal(async ({ host, output, signal, interrupted }) => {
        const [{ openWorkspace }, { demo }, { showDemo }] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/demo.ts"),
          import("../ui/demo.ts"),
        ]);
        const passed = await showDemo(output, demo(await openWorkspace(host), signal));
        return interrupted() ?? (passed ? 0 : EXIT.failed);
      }),
    );
}
