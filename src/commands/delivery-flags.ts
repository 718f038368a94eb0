import type { Command } from "commander";
import type { DeliveryFilter } from "../actions/deliveries.ts";
import { HooklineError, isHooklineError } from "../errors.ts";
import type { Session } from "./context.ts";

/** Flags that say which deliveries are meant. */
export interface DeliveryFilterFlags {
  status?: string;
  endpoint?: string;
  event?: string;
}

export interface TimeFlags {
  since?: string;
  until?: string;
}

/** Flags of every command that can wait until deliveries have been tried. */
export interface WaitFlags {
  wait?: boolean;
  waitTimeout: string;
}

export function addDeliveryFilterFlags(command: Command): Command {
  return command
    .option("--status <status>", "only those that are pending, sending, succeeded, failed or cancelled")
    .option("--endpoint <id>", "only those to this endpoint")
    .option("--event <id or type>", "only those of this event (evt_…), or of this type (order.created)");
}

export function addTimeFlags(command: Command): Command {
  return command
    .option("--since <time>", "from this time on: ISO 8601, Unix seconds, or so long ago (1h, 7d)")
    .option("--until <time>", "before this time");
}

export function addWaitFlags(command: Command): Command {
  return addWaitTimeout(command.option("--wait", "wait for the outcome; exit 1 unless all succeed"));
}

export function addWaitTimeout(command: Command): Command {
  return command.addOption(
    command
      .createOption("--wait-timeout <duration>", "wait no longer for the outcome")
      .default("60s")
      .implies({ wait: true }),
  );
}

/** @throws HooklineError `usage` */
export async function readDeliveryFilter(flags: DeliveryFilterFlags): Promise<DeliveryFilter> {
  const [{ deliveryStatuses }, { object, oneOf, optional, parseFlags }] = await Promise.all([
    import("../actions/deliveries.ts"),
    import("./flags.ts"),
  ]);
  const known = oneOf(deliveryStatuses, { error: `takes ${deliveryStatuses.join(", ")}` });
  const { status } = parseFlags(object({ status: optional(known) }), flags);
  return {
    ...(status === undefined ? {} : { status }),
    ...(flags.endpoint === undefined ? {} : { endpoint: flags.endpoint }),
    ...(flags.event === undefined ? {} : { event: flags.event }),
  };
}

/** @returns Unix milliseconds @throws HooklineError `usage` */
export async function readTimes(
  { host }: Session,
  flags: TimeFlags,
): Promise<{ since?: number; until?: number }> {
  const { longDuration, object, optional, parseFlags, time } = await import("./flags.ts");
  const isAgo = (text = ""): boolean => /^[\d.]+[a-z]+$/.test(text);
  const read = (text?: string) => optional(isAgo(text) ? longDuration : time);
  const parsed = explained(() =>
    parseFlags(object({ since: read(flags.since), until: read(flags.until) }), flags),
  );
  const at = (text: string | undefined, ms: number): number => (isAgo(text) ? host.now() - ms : ms);
  return {
    ...(parsed.since === undefined ? {} : { since: at(flags.since, parsed.since) }),
    ...(parsed.until === undefined ? {} : { until: at(flags.until, parsed.until) }),
  };
}

/** Says in what ways a time can be told, whichever was tried. */
function explained<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    throw new HooklineError(error.code, error.message, {
      nextSteps: ["give a time (2026-03-17T14:32:00Z, or Unix seconds), or how long ago it was (1h, 7d)"],
      cause: error,
    });
  }
}

/** @returns milliseconds to wait for outcomes, undefined where nobody asked for it @throws HooklineError `usage` */
export async function readWait({ wait, waitTimeout }: WaitFlags): Promise<number | undefined> {
  const { duration, object, parseFlags } = await import("./flags.ts");
  const parsed = parseFlags(object({ waitTimeout: duration }), { waitTimeout });
  return wait === true ? parsed.waitTimeout : undefined;
}
