import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { Context } from "./context.ts";
import { addWaitTimeout, readWait } from "./delivery-flags.ts";
import { idArgument } from "./endpoint-flags.ts";
import { pickEndpoint, requireEndpointId } from "./endpoint-prompts.ts";
import { useRemoteUntilSignal, waitingForOutcomes, type RemoteFlags } from "./remote-flags.ts";

interface TestFlags extends RemoteFlags {
  type?: string;
  waitTimeout: string;
}

/** @param sub makes a subcommand of `endpoints` */
export function defineTest(sub: (words: string, description: string) => Command, context: Context): void {
  addWaitTimeout(sub("test", "Send an endpoint a sample of its provider's, and tell how it went."))
    .argument(...idArgument)
    .option("--type <event>", "the sample's event (default: the first that the endpoint takes)")
    .addHelpText(
      "after",
      `
It is sent once and signed like any event. Exit code 0 where the endpoint accepted it, 1 otherwise.

Example:
  hookline endpoints test ep_01jd… --type order.created`,
    )
    .action(
      context.runUntilSignal(async (session, given: string | undefined, flags: TestFlags) => {
        requireEndpointId(session, given);
        const [{ testEndpoint }, { showTest }, waitMs = 0] = await Promise.all([
          import("../actions/publish.ts"),
          import("../ui/publish.ts"),
          readWait({ ...flags, wait: true }),
        ]);
        let endpoint: string | undefined;
        const tested = await useRemoteUntilSignal(
          session,
          flags,
          async (remote, workspace, connection) => {
            const id = await pickEndpoint(session, remote, given, "Test which endpoint?", "enabled");
            endpoint = id;
            return waitingForOutcomes(session, connection, () =>
              testEndpoint(workspace, remote, id, { type: flags.type, waitMs }),
            );
          },
          () => (endpoint === undefined ? undefined : `how the test of ${endpoint} went was not waited for`),
        );
        showTest(session.output, tested, session.host.now());
        return tested.outcome === "succeeded" ? 0 : EXIT.failed;
      }),
    );
}
