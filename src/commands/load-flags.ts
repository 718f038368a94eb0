import type { Command } from "commander";
import type { Threshold } from "../actions/load-thresholds.ts";
import { HooklineError } from "../errors.ts";
import { collect } from "./payload-flags.ts";

export interface LoadFlags {
  for?: string;
  ramp?: string;
  failIf: string[];
  times?: string;
}

/** What a load is beyond what is sent. */
export interface LoadShape {
  /** Milliseconds that it lasts. */
  forMs: number;
  /** Milliseconds in which rate or concurrency grow from nothing to what is asked for; they are part of `forMs`. */
  rampMs: number;
  /** Conditions that must not hold. */
  thresholds: readonly Threshold[];
}

/** A figure is kept of each second. */
const longestMs = 24 * 3_600_000;

export function addLoadFlags(command: Command): Command {
  return command
    .option("--for <duration>", "put load on it for so long, and measure")
    .option("--ramp <duration>", "grow to the full rate, or concurrency, over this part of --for")
    .option(
      "--fail-if <condition>",
      "exit code 1 where it holds ('p99>500ms', 'errors>1%'); repeatable",
      collect,
      [],
    );
}

/** @throws HooklineError `usage`; undefined where no load is asked for */
export async function readLoad(flags: LoadFlags): Promise<LoadShape | undefined> {
  const { duration, object, optional, parseFlags } = await import("./flags.ts");
  const { for: forMs, ramp: rampMs = 0 } = parseFlags(
    object({ for: optional(duration), ramp: optional(duration) }),
    flags,
  );
  if (forMs === undefined) {
    const alone = [
      ...(flags.ramp === undefined ? [] : ["--ramp"]),
      ...(flags.failIf.length === 0 ? [] : ["--fail-if"]),
    ];
    if (alone.length === 0) return undefined;
    throw new HooklineError(
      "usage",
      `${alone.join(" and ")} belong${alone.length === 1 ? "s" : ""} to --for`,
      {
        nextSteps: ["say how long the load is to last: --for 30s"],
      },
    );
  }
  // It is 1 where it is not given.
  if (flags.times !== undefined && flags.times !== "1") {
    throw new HooklineError("usage", "--times and --for exclude each other", {
      nextSteps: ["say either how many are to be sent (--times), or how long (--for)"],
    });
  }
  if (forMs > longestMs) {
    throw new HooklineError("usage", "--for takes a duration up to 24h", {
      nextSteps: ["put load on it several times, one after the other"],
    });
  }
  if (rampMs > forMs)
    throw new HooklineError("usage", "--ramp is longer than --for", {
      nextSteps: ["let it last longer: --for 2m"],
    });
  const { readThreshold } = await import("../actions/load-thresholds.ts");
  return { forMs, rampMs, thresholds: flags.failIf.map(readThreshold) };
}
