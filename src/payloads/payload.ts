import type { Provider } from "../providers/contract.ts";
import type { Registry } from "../providers/index.ts";

/** Raw bytes to send, as they were found. */
export interface Payload {
  /** As it is shown: `fareplay/order.created`, `./x.json`, `remote:evt_1`, `inbox:17`, `-`. */
  name: string;
  source: "fixture" | "file" | "stdin" | "remote" | "inbox";
  /** Who signs it. */
  provider: Provider;
  event?: string;
  body: Buffer;
  /** The file that holds these bytes and nothing else. */
  path?: string;
  /** Those of the request that it came with, where it was recorded as one; names and values alternately. */
  headers?: readonly string[];
}

export interface LoadOptions {
  registry: Registry;
  fixturesDir: string;
  /** What relative paths start from. */
  cwd: string;
  /** The provider asked for by `--provider`: it signs, wherever the bytes come from. */
  provider?: string;
  readStdin: () => Promise<Buffer>;
  /** Reads a published event of the remote; where left out, `remote:` names nothing. */
  readRemote?: (id: string) => Promise<RemoteEvent>;
  /** Reads a delivery that a listener recorded; where left out, `inbox:` names nothing. */
  readInbox?: (id: string) => Promise<InboxDelivery>;
}

/** A recorded delivery, by whose webhook it is. */
export interface InboxDelivery {
  /** As it is shown: `inbox:17`, whatever it was asked for by. */
  name: string;
  /** Id of its provider, which the registry may not know; null where nothing said whose it is. */
  provider: string | null;
  event: string | null;
  headers: readonly string[];
  body: Buffer;
}

/** A published event, by whose webhook it is. */
export interface RemoteEvent {
  /** Id of its provider, which the registry may not know. */
  provider: string;
  type: string;
  body: Buffer;
}

export interface Loading extends LoadOptions {
  signer: Provider | undefined;
}
