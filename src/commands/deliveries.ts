import type { Command } from "commander";
import { EXIT, HooklineError } from "../errors.ts";
import type { Connection } from "../config/connection.ts";
import type { Delivery, Remote } from "../remote/contract.ts";
import type { Context, Session } from "./context.ts";
import {
  addDeliveryFilterFlags,
  addTimeFlags,
  addWaitFlags,
  readDeliveryFilter,
  readTimes,
  readWait,
  type DeliveryFilterFlags,
  type TimeFlags,
  type WaitFlags,
} from "./delivery-flags.ts";
import { pickDelivery, requireDelivery } from "./delivery-prompts.ts";
import { addListFlags, readListFlags, type ListFlags } from "./list-flags.ts";
import {
  addRemoteFlags,
  eachWaitedFor,
  requireConfirmation,
  useRemote,
  useRemoteUntilSignal,
  type RemoteFlags,
} from "./remote-flags.ts";

interface DeliveryListFlags extends RemoteFlags, ListFlags, DeliveryFilterFlags, TimeFlags {}

interface ShowFlags extends RemoteFlags {
  answers?: boolean;
}

interface RetryFlags extends RemoteFlags, DeliveryFilterFlags, TimeFlags, WaitFlags {
  dryRun?: boolean;
  force?: boolean;
  yes?: boolean;
}

interface WatchFlags extends RemoteFlags, DeliveryFilterFlags {}

/** Deliveries asked for at once: few where this process makes the attempts itself, so that it tells of each soon. */
const batches = { embedded: 10, http: 100 } as const;
/** Milliseconds between two looks at what has changed. */
const looks = { embedded: 250, http: 1000 } as const;

export function define(command: Command, context: Context): void {
  const sub = (words: string, description: string): Command =>
    addRemoteFlags(command.command(words).description(description));

  addListFlags(
    addTimeFlags(addDeliveryFilterFlags(sub("list", "List the deliveries, newest first."))),
  ).action(
    context.run(async (session, flags: DeliveryListFlags) => {
      const [{ listDeliveries }, { showDeliveries }, page, named, times] = await Promise.all([
        import("../actions/deliveries.ts"),
        import("../ui/deliveries.ts"),
        readListFlags(flags),
        readDeliveryFilter(flags),
        readTimes(session, flags),
      ]);
      const filter = { ...named, ...times };
      const deliveries = await useRemote(session, flags, (remote) => listDeliveries(remote, filter, page));
      await showDeliveries(session.output, deliveries, { filter, now: session.host.now() });
      return 0;
    }),
  );

  sub("show", "Show a delivery: its attempts, what they were answered, and when the next is due.")
    .argument("[id]", "a delivery, as `deliveries list` names it; asked for on a terminal")
    .option("--answers", "print what every attempt was answered, not only the last")
    .action(
      context.run(async (session, given: string | undefined, flags: ShowFlags) => {
        requireDelivery(session, given);
        const { showDelivery } = await import("../actions/deliveries.ts");
        const view = await import("../ui/deliveries.ts");
        const delivery = await useRemote(session, flags, async (remote) =>
          showDelivery(
            remote,
            given ?? (await pickDelivery(session, remote, "Which delivery?", { others: true })),
          ),
        );
        view.showDelivery(session.output, delivery, {
          answers: flags.answers === true,
          now: session.host.now(),
        });
        return 0;
      }),
    );

  addWaitFlags(
    addTimeFlags(
      addDeliveryFilterFlags(
        sub("retry", "Try deliveries once more: those that are named, or all that fit a filter.").argument(
          "[ids...]",
          "deliveries, as `deliveries list` names them; asked for on a terminal",
        ),
      ),
    ),
  )
    .option("--dry-run", "list what would be retried, and change nothing")
    .option("--force", "send those that have succeeded once more, too")
    .option("--yes", "do not ask, however many fit the filter")
    .addHelpText(
      "after",
      `
A filter means the failed ones where it names no --status, and is asked about where several fit it (--yes); deliveries
that are named by their ids are not. A retry is an attempt beside the provider's schedule: it
neither uses it up nor starts it anew. At Stripe deliveries are named by their events, and --endpoint we_… says which
of its endpoints gets an event again.

Exit code 0 once all are asked for; 1 where some of several were refused, or with --wait where not all succeeded. One
that is named alone and refused, as it has succeeded (--force sends it all the same), is an error: exit code 2.

Examples:
  hookline deliveries retry dlv_01jd… --wait
  hookline deliveries retry --status failed --dry-run
  hookline deliveries retry --event order.created --since 2h --yes`,
    )
    .action(context.runUntilSignal(retry));

  addDeliveryFilterFlags(sub("watch", "Print every change of a delivery as it happens, until Ctrl-C."))
    .addHelpText(
      "after",
      `
Where no server is used, this process delivers what is due as long as it runs.`,
    )
    .action(
      context.runUntilSignal(async (session, flags: WatchFlags) => {
        const [{ watchDeliveries }, { showWatch }, filter] = await Promise.all([
          import("../actions/watch-deliveries.ts"),
          import("../ui/watch-deliveries.ts"),
          readDeliveryFilter(flags),
        ]);
        await useRemote(session, flags, async (remote, _workspace, { url }) => {
          const changes = watchDeliveries(session.host, remote, {
            filter,
            everyMs: url === undefined ? looks.embedded : looks.http,
            signal: session.signal,
          });
          await showWatch(session.output, url?.host ?? "this machine", changes);
        });
        return 0;
      }),
    );
}

async function retry(session: Session, ids: string[], flags: RetryFlags): Promise<number> {
  const { output, host, stderr } = session;
  const [{ foreseeRefusals, retryDeliveries }, { hasBar, showDryRun, showRetries }, waitMs] =
    await Promise.all([
      import("../actions/retry-deliveries.ts"),
      import("../ui/retry-deliveries.ts"),
      readWait(flags),
    ]);
  const asked = { done: 0, of: 0 };
  return useRemoteUntilSignal(
    session,
    flags,
    async (remote, _workspace, connection) => {
      const isStripe = connection.kind === "stripe";
      if (isStripe && waitMs !== undefined) {
        throw new HooklineError(
          "stripe-unsupported",
          "Stripe does not tell how an event that it sends again went",
          {
            nextSteps: ["leave --wait out, and look later: hookline deliveries list --status failed"],
          },
        );
      }
      const deliveries = await gather(session, ids, flags, remote, connection);
      if (flags.dryRun === true) {
        const refusals = await foreseeRefusals(remote, deliveries, { force: flags.force === true });
        await showDryRun(output, deliveries, { refusals, now: host.now() });
        return 0;
      }
      if (deliveries.length === 0) {
        output.note("no delivery fits: nothing was retried");
        return 0;
      }
      if (ids.length === 0 && deliveries.length > 1)
        await requireConfirmation(session, flags.yes, `Retry ${deliveries.length} deliveries?`);
      asked.of = deliveries.length;
      const retries = retryDeliveries(host, remote, deliveries, {
        force: flags.force === true,
        endpoint: isStripe ? flags.endpoint : undefined,
        batch: isStripe ? undefined : batches[connection.url === undefined ? "embedded" : "http"],
        waitMs,
        onAsked: (count) => (asked.done += count),
      });
      const waits = waitMs !== undefined;
      const spins = waits && !hasBar(deliveries.length);
      const told = spins ? eachWaitedFor(session, connection, retries) : retries;
      const { refused, failed, waiting } = await showRetries(output, stderr, told, {
        total: deliveries.length,
        waits,
        kind: connection.kind,
        now: host.now,
      });
      return refused > 0 || (waits && failed + waiting > 0) ? EXIT.failed : 0;
    },
    () => (asked.of === 0 ? undefined : `${asked.done} of ${asked.of} deliveries were asked for`),
  );
}

/**
 * The deliveries that are meant, before anything happens to them.
 * @throws HooklineError `usage` where both or neither of ids and a filter are given, and nobody can be asked
 */
async function gather(
  session: Session,
  ids: readonly string[],
  flags: RetryFlags,
  remote: Remote,
  { kind }: Connection,
): Promise<Delivery[]> {
  const { deliveriesNamed, deliveriesThatFit } = await import("../actions/retry-deliveries.ts");
  const { endpoint, ...named } = await readDeliveryFilter(flags);
  const filter = {
    ...named,
    ...(await readTimes(session, flags)),
    // At Stripe it says where to, not from where.
    ...(endpoint === undefined || kind === "stripe" ? {} : { endpoint }),
  };
  const given = Object.keys(filter);
  if (ids.length > 0) {
    if (given.length === 0) return deliveriesNamed(remote, ids);
    throw new HooklineError("usage", "deliveries are named and filtered at once", {
      nextSteps: [`leave out the ids, or ${given.map((flag) => `--${flag}`).join(" and ")}`],
    });
  }
  if (given.length === 0) {
    requireDelivery(session, undefined, [
      "or retry all that failed: hookline deliveries retry --status failed",
    ]);
    return deliveriesNamed(remote, [
      await pickDelivery(session, remote, "Retry which delivery?", { others: false }),
    ]);
  }
  if (filter.status === "succeeded" && flags.force !== true) {
    throw new HooklineError("usage", "what has succeeded is not sent again unless you insist", {
      nextSteps: ["add --force"],
    });
  }
  return deliveriesThatFit(remote, { status: "failed", ...filter });
}
