import type { Command } from "commander";
import { HooklineError } from "../errors.ts";
import { collect } from "./payload-flags.ts";

export interface LoadFlags {
  for?: string;
  ramp?: string;
  failIf: string[];
}

/** What a load is beyond what is sent. */
export interface LoadShape {
  /** Milliseconds that it lasts. */
  forMs: number;
  /** Milliseconds in which rate or concurrency grow from nothing to what is asked for; they are part of `forMs`. */
  rampMs: number;
  /** Conditions that must not hold, as they were given: `p99>500ms`, `errors>1%`. */
  failIf: readonly string[];
}

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
  if (rampMs > forMs)
    throw new HooklineError("usage", "--ramp is longer than --for", {
      nextSteps: ["let it last longer: --for 2m"],
    });
  return { forMs, rampMs, failIf: flags.failIf };
}
