import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { HooklineError } from "../errors.ts";
import { createSender, type Sender, type SenderOptions } from "../transport/send.ts";
import type { Workspace } from "./workspace.ts";

/** How a target is trusted, as the user said. */
export interface ConnectOptions {
  /** Accept any certificate. */
  insecure: boolean;
  /** File of PEM certificates to trust beside the well-known ones. */
  ca?: string;
}

/**
 * A sender to a target the user named, through the proxy the environment names.
 * @throws HooklineError `ca-unreadable` and what the sender can throw
 */
export function openSender(
  { host }: Workspace,
  origin: URL,
  { insecure, ca }: ConnectOptions,
  options: Pick<SenderOptions, "connections" | "timeoutMs" | "keepBytes">,
): Promise<Sender> {
  return createSender(origin, {
    ...options,
    insecure,
    ...(ca === undefined ? {} : { ca: readCa(resolve(host.cwd, ca)) }),
    proxy: host.environment.proxy,
  });
}

function readCa(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new HooklineError(
      "ca-unreadable",
      `cannot read the certificates in ${file}: ${(cause as Error).message}`,
      {
        cause,
        nextSteps: ["check the path given to --ca"],
      },
    );
  }
}
