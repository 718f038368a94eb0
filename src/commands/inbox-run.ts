import { EXIT, HooklineError } from "../errors.ts";
import type { InboxFilter } from "../actions/inbox.ts";
import type { Session } from "./context.ts";
import { filterWords, readInboxFilter, type InboxFilterFlags } from "./inbox-flags.ts";
import { pickFromInbox, requireChoice } from "./inbox-prompts.ts";
import { readListFlags, type ListFlags } from "./list-flags.ts";
import { requireConfirmation } from "./remote-flags.ts";
import { askTarget } from "./target-prompt.ts";

interface InboxListFlags extends InboxFilterFlags, ListFlags {}

interface ReplayFlags extends InboxFilterFlags {
  to?: string;
  original?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  concurrency: string;
  timeout?: string;
  insecure?: boolean;
  ca?: string;
}

interface ExportFlags extends InboxFilterFlags {
  out?: string;
  force?: boolean;
}

interface ClearFlags extends InboxFilterFlags {
  dryRun?: boolean;
  yes?: boolean;
}

export async function list(session: Session, flags: InboxListFlags): Promise<number> {
  const { host, output } = session;
  const [{ listInbox }, { showInbox }, filter, page] = await Promise.all([
    import("../actions/inbox.ts"),
    import("../ui/inbox.ts"),
    readInboxFilter(session, flags),
    readListFlags(flags),
  ]);
  const found = await listInbox(host, filter, page);
  if (found.data.length === 0) await requireProvider(session, filter);
  await showInbox(output, found, { filter: filterWords(filter), now: host.now() });
  return 0;
}

/** Where nothing fits, the provider may be misspelt. @throws HooklineError `provider-unknown` */
async function requireProvider({ host }: Session, { provider }: InboxFilter): Promise<void> {
  if (provider === undefined) return;
  const { openWorkspace } = await import("../actions/workspace.ts");
  (await openWorkspace(host)).registry.require(provider);
}

export async function show(
  session: Session,
  given: string | undefined,
  { raw = false }: { raw?: boolean },
): Promise<number> {
  const { host, output } = session;
  if (raw) requirePipe(session);
  if (given === undefined) requireChoice(session);
  const [{ openWorkspace }, { showInboxDelivery }, view] = await Promise.all([
    import("../actions/workspace.ts"),
    import("../actions/inbox.ts"),
    import("../ui/inbox-show.ts"),
  ]);
  const name = given ?? (await pickFromInbox(session, "Which delivery?"));
  const shown = await showInboxDelivery(await openWorkspace(host), name);
  if (raw) output.raw(shown.body ?? new Uint8Array());
  else view.showInboxDelivery(output, shown, host.now());
  return 0;
}

/** @throws HooklineError `usage` where bytes from outside would not stand alone, or would steer a terminal */
function requirePipe({ output }: Session): void {
  if (!output.jsonMode && !output.isTerminal) return;
  throw new HooklineError(
    "usage",
    output.jsonMode
      ? "--raw and --json ask for two forms at once"
      : "bytes from outside could steer this terminal, so --raw writes them to a file or a pipe alone",
    {
      nextSteps: output.jsonMode
        ? ["leave one of them out: the JSON has the body too"]
        : ["add > FILE, or leave --raw out to see the body"],
    },
  );
}

export async function replay(session: Session, ids: string[], flags: ReplayFlags): Promise<number> {
  const { host, output, signal, stderr, interrupted } = session;
  const filter = await readInboxFilter(session, flags);
  refuseBoth(ids, filter);
  if (ids.length === 0 && Object.keys(filter).length === 0) {
    requireChoice(session, [
      "or send all that your app did not accept: hookline inbox replay --failed --to …",
    ]);
    ids = [await pickFromInbox(session, "Send which delivery again?")];
  }
  const { duration, object, optional, parseFlags, wholeNumber } = await import("./flags.ts");
  const parsed = parseFlags(
    object({ concurrency: wholeNumber(1, 1000), timeout: optional(duration) }),
    flags,
  );
  const [
    { openWorkspace },
    { chooseDeliveries, summariesOf, withInbox },
    { isWhole, requireWhole },
    { replayInbox },
    { showInboxDryRun },
    { showReplay },
  ] = await Promise.all([
    import("../actions/workspace.ts"),
    import("../actions/inbox.ts"),
    import("../actions/inbox-payloads.ts"),
    import("../actions/inbox-replay.ts"),
    import("../ui/inbox.ts"),
    import("../ui/replay.ts"),
  ]);
  const workspace = await openWorkspace(host);
  return withInbox(host, async (inbox) => {
    const chosen = summariesOf(inbox, chooseDeliveries(inbox, ids, filter));
    const unread = chosen.filter((delivery) => !isWhole(delivery));
    if (ids.length > 0) requireWhole(unread);
    const whole = chosen.filter((delivery) => isWhole(delivery));
    if (flags.dryRun === true) {
      await showInboxDryRun(output, whole, { will: "sent", now: host.now() });
      return 0;
    }
    if (unread.length > 0)
      output.note(`${unread.length} that were refused before their bodies were read are left out`);
    if (inbox === undefined || whole.length === 0) {
      await requireProvider(session, filter);
      output.note("no delivery fits: nothing was sent");
      return 0;
    }
    const to = flags.to ?? (await askTarget(session));
    if (ids.length === 0 && whole.length > 1)
      await requireConfirmation(session, flags.yes, `Send ${whole.length} deliveries again?`);
    const numbers = whole.map(({ number }) => number).reverse();
    const summary = await showReplay(
      output,
      stderr,
      replayInbox(workspace, inbox, numbers, {
        to,
        original: flags.original === true,
        concurrency: parsed.concurrency,
        insecure: flags.insecure === true,
        signal,
        ...(parsed.timeout === undefined ? {} : { timeoutMs: parsed.timeout }),
        ...(flags.ca === undefined ? {} : { ca: flags.ca }),
      }),
    );
    return interrupted() ?? (summary?.failed === 0 ? 0 : EXIT.failed);
  });
}

/** @throws HooklineError `usage` where deliveries are named and filtered at once */
function refuseBoth(ids: readonly string[], filter: InboxFilter): void {
  const flags = filterWords(filter);
  if (ids.length === 0 || flags.length === 0) return;
  throw new HooklineError("usage", "deliveries are named and filtered at once", {
    nextSteps: [`leave out the ids, or ${flags.map((flag) => `--${flag}`).join(" and ")}`],
  });
}

export async function exportThem(session: Session, ids: string[], flags: ExportFlags): Promise<number> {
  const { host, output } = session;
  const filter = await readInboxFilter(session, flags);
  refuseBoth(ids, filter);
  const { out } = flags;
  if (out === undefined) {
    throw new HooklineError("usage", "--out is missing: there is nowhere to write them", {
      nextSteps: ["add --out and a folder"],
    });
  }
  const [
    { openWorkspace },
    { chooseDeliveries, summariesOf, withInbox },
    { requireWhole },
    { exportDeliveries },
    { showExported },
  ] = await Promise.all([
    import("../actions/workspace.ts"),
    import("../actions/inbox.ts"),
    import("../actions/inbox-payloads.ts"),
    import("../actions/inbox-export.ts"),
    import("../ui/inbox.ts"),
  ]);
  const workspace = await openWorkspace(host);
  return withInbox(host, async (inbox) => {
    const numbers = chooseDeliveries(inbox, ids, filter);
    if (ids.length > 0) requireWhole(summariesOf(inbox, numbers));
    const options = { out, force: flags.force === true };
    const files = inbox === undefined ? [] : exportDeliveries(workspace, inbox, numbers, options);
    if (showExported(output, files, out) > 0) return 0;
    await requireProvider(session, filter);
    output.note("no delivery fits: nothing was written");
    return 0;
  });
}

export async function clear(session: Session, flags: ClearFlags): Promise<number> {
  const { host, output } = session;
  const [filter, { countDeliveries, listInbox, withInbox }, { showCleared, showInboxDryRun }] =
    await Promise.all([
      readInboxFilter(session, flags),
      import("../actions/inbox.ts"),
      import("../ui/inbox.ts"),
    ]);
  if (flags.dryRun === true) {
    const { data } = await listInbox(host, filter, { all: true });
    await showInboxDryRun(output, data, { will: "removed", now: host.now() });
    return 0;
  }
  return withInbox(host, async (inbox) => {
    const found = countDeliveries(inbox, filter);
    if (inbox === undefined || found === 0) {
      await requireProvider(session, filter);
      if (!output.jsonMode) output.note("no delivery fits: nothing was removed");
      else showCleared(output, 0);
      return 0;
    }
    const all = Object.keys(filter).length === 0 ? "all " : "";
    const what = found === 1 ? "the one delivery that fits" : `${all}${found} deliveries`;
    await requireConfirmation(session, flags.yes, `Remove ${what} for good?`);
    showCleared(output, await inbox.remove(filter));
    return 0;
  });
}
