import { databaseFile } from "../config/database.ts";
import { answerOf } from "../remote/answer.ts";
import type { Answer, Delivery, PublishedEvent, Remote, RouteName } from "../remote/contract.ts";
import type { Credential } from "../server/auth.ts";
import { leaseMs } from "../server/worker.ts";
import { aborted } from "./aborted.ts";
import { openControlPlane, usualDelivery } from "./control-plane.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The API without a server: the same control plane, called in this process on the database of this machine. What a call
 * has made due is tried before it answers.
 * @param key acts as this key; without one as this machine itself, which may do everything in its account
 */
export async function openEmbedded(workspace: Workspace, key: string | undefined): Promise<Remote> {
  const { host } = workspace;
  let failure: unknown;
  const plane = await openControlPlane(workspace, {
    file: databaseFile(host.environment.home),
    delivery: { ...usualDelivery, guard: { private: true, ranges: [] }, atOnce: false },
    report: (event) => {
      if (event.type === "failed") failure = event.error;
      if (event.type === "failed" && event.route === "deliveries") {
        const why = event.error instanceof Error ? event.error.message : String(event.error);
        host.warn(`an attempt was not written down, and may be made again: ${why}`);
      }
      if (event.type === "endpoint-disabled") {
        const why =
          event.reason === "gone" ? "it answered 410 Gone" : `${event.failures} deliveries in a row failed`;
        host.warn(
          `the endpoint ${event.endpointId} is disabled now, as ${why}; enable it again: hookline endpoints enable ${event.endpointId}`,
        );
      }
    },
  });
  const credential: Credential =
    key === undefined ? { kind: "embedded", account: plane.local } : { kind: "keys", keys: [key] };
  return {
    async call(name, input) {
      // What a process that was killed had taken on is told as what it is.
      if (name.startsWith("deliveries.")) {
        const now = host.now();
        await plane.options.store.queue.reclaim(now, now + 2 * leaseMs);
      }
      const { status, body, principal } = await plane.app.invoke(name, {
        ...(input as object),
        credential,
        address: null,
      });
      // There is no server's log to look into: what went wrong is told here.
      if (status === 500) throw failure;
      const answer = answerOf(name, status, body);
      const due = madeDue(name, answer);
      if (due.length > 0 && principal !== undefined)
        await (await plane.worker()).attempt(principal.account.id, due);
      return answer;
    },
    async deliver(signal) {
      const worker = await plane.worker();
      await worker.start();
      await aborted(signal);
      await worker.stop(graceMs);
    },
    close: () => plane.close(),
  };
}

/** Milliseconds that deliveries under way get to finish. */
const graceMs = 5000;

/** The deliveries that a call has made due. */
function madeDue<Name extends RouteName>(name: Name, answer: Answer<Name>): string[] {
  switch (name) {
    case "events.publish":
    case "endpoints.test":
      return (answer as PublishedEvent).deliveries.map(({ id }) => id);
    case "deliveries.retry":
      return [(answer as Delivery).id];
    case "deliveries.retryMany":
      return (answer as Answer<"deliveries.retryMany">).data
        .filter(({ retried }) => retried)
        .map(({ id }) => id);
    default:
      return [];
  }
}
