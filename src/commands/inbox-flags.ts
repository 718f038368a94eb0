import type { Command } from "commander";
import type { InboxFilter, InboxLimits } from "../actions/inbox.ts";
import { HooklineError } from "../errors.ts";
import type { Session } from "./context.ts";
import { addTimeFlags, readTimes, type TimeFlags } from "./delivery-flags.ts";

/** Flags that say which recorded deliveries are meant. */
export interface InboxFilterFlags extends TimeFlags {
  provider?: string;
  event?: string;
  verified?: boolean;
  failed?: boolean;
  text?: string;
}

export function addInboxFilterFlags(command: Command): Command {
  return addTimeFlags(
    command
      .option("--provider <id>", "only this provider's")
      .option("--event <event>", "only of this event; order.* takes all that begin so")
      .option("--verified", "only what is verified")
      .option("--no-verified", "only what is not, be it invalid or unknown")
      .option("--failed", "only what your app has not accepted")
      .option("--text <text>", "only with this text in body, headers, path, event or ids"),
  );
}

/** @throws HooklineError `usage` */
export async function readInboxFilter(session: Session, flags: InboxFilterFlags): Promise<InboxFilter> {
  const { provider, event, verified, failed, text } = flags;
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(event === undefined ? {} : { event }),
    ...(verified === undefined ? {} : { verified }),
    ...(failed === undefined ? {} : { failed }),
    ...(await timesOf(session, flags)),
    ...(text === undefined ? {} : { text }),
  };
}

/** What reads them is loaded only where they are given. */
async function timesOf(session: Session, { since, until }: TimeFlags): ReturnType<typeof readTimes> {
  if (since === undefined && until === undefined) return {};
  return readTimes(session, {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
}

/** A filter's flags as they were typed, for messages. */
export function filterWords(filter: InboxFilter): string[] {
  return Object.entries(filter).map(([name, value]) => (value === false ? `no-${name}` : name));
}

export interface LimitFlags {
  count?: string;
  age?: string;
  size?: string;
}

const units = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 } as const;

/** @throws HooklineError `usage` */
export async function readLimits(flags: LimitFlags): Promise<Partial<InboxLimits>> {
  const { longDuration, object, optional, parseFlags, wholeNumber } = await import("./flags.ts");
  const { count, age } = parseFlags(
    object({ count: optional(wholeNumber(1, 100_000_000)), age: optional(longDuration) }),
    flags,
  );
  return {
    ...(count === undefined ? {} : { count }),
    ...(age === undefined ? {} : { ageMs: age }),
    ...(flags.size === undefined ? {} : { bytes: readSize(flags.size) }),
  };
}

/** Larger than other sizes may be. */
function readSize(text: string): number {
  const [, amount, unit = "b"] = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|tb)?$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(amount) * units[unit.toLowerCase() as keyof typeof units]);
  if (bytes >= units.mb && bytes <= 100 * units.tb) return bytes;
  throw new HooklineError("usage", "--size takes a size from 1mb to 100tb, such as 500mb or 2gb", {
    nextSteps: ["run the command with --help to see what its flags take"],
  });
}
