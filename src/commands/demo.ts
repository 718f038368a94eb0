import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { Context } from "./context.ts";

export function define(command: Command, context: Context): void {
  command
    .addHelpText(
      "after",
      `
Starts a listener on a free port of this machine, sends it every fixture of every provider, correctly signed, then
one that was changed on the way, and stops. Nothing leaves this machine.`,
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
