import type { DeliveryOptions } from "./control-plane.ts";
import type { ServerEvent } from "../server/server-events.ts";
import type { ServedRequest } from "../server/http.ts";

/** What a control plane on a port reports. */
export type ServeEvent =
  | ServeReady
  | RootKeyGiven
  /** An account that was asked for. */
  | { type: "account"; at: number; name: string; id: string; made: boolean }
  | ({ type: "request"; at: number } & ServedRequest)
  | ({ at: number } & ServerEvent)
  /** The mail about a disabled endpoint went out, or did not. */
  | { type: "mail"; at: number; endpointId: string; error: unknown }
  | { type: "stopped"; at: number; requests: number };

export interface ServeReady {
  type: "ready";
  at: number;
  urls: string[];
  port: number;
  database: string;
  /** The profile that leads here, and whether it is the current one. */
  profile: { name: string; current: boolean } | undefined;
  /** Whether others than this machine can reach it. */
  exposed: boolean;
}

export interface RootKeyGiven {
  type: "root-key";
  at: number;
  account: string;
  keyId: string;
  /** The key itself, where it is to be printed. */
  key: string | undefined;
  /** The file it was written to. */
  file: string | undefined;
  /** The profile that holds it. */
  profile: string | undefined;
}

export interface ServeOptions {
  host: string;
  port: number;
  /** File of the database; the one of the embedded control plane where it is left out. */
  db?: string;
  /** Name of an account that is to be there. */
  createAccount?: string;
  /** File that gets the root key of an account that has none yet. */
  rootKeyFile?: string;
  /** Make the profile that leads here the current one. */
  use: boolean;
  /** A person reads what is printed, so a key may be. */
  printKeys: boolean;
  delivery: Omit<DeliveryOptions, "atOnce">;
  /** Ends it. */
  signal: AbortSignal;
}
