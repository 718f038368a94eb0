import type { Provider } from "../providers/contract.ts";
import type { RawHeaders } from "../signing/types.ts";
import { createHeaderMaker } from "../transport/request.ts";
import { newDeliveryId } from "./prepare.ts";
import { originalHeaders, takenOver, unrecorded } from "./received-headers.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

/** A request that was received, as far as it takes to send it once more. */
export interface Received {
  provider: Provider | undefined;
  event: string | undefined;
  /** The provider's id of the delivery. */
  deliveryId: string | undefined;
  /** Whether it was signed with a secret that is known here. */
  verified: boolean | null;
  headers: RawHeaders;
  body: Uint8Array;
}

export interface Resent {
  /** Without `Host` and what belongs to one connection. */
  headers: string[];
  /** Whose secret signed; undefined where it goes with the headers it came with. */
  origin: SecretOrigin | undefined;
  /** Headers that it came with and lacks now, as their values were not recorded. */
  missing: string[];
}

/**
 * The headers of a received request for another time: signed anew, on top of what else it came with, or as they were.
 * Only what was verified is signed anew, and what the user has written: a stranger's delivery must not get a signature
 * that is right. What no provider claims cannot be signed and goes as it was.
 * @param options.edited the body is the user's own
 * @param options.now Unix milliseconds to sign at
 * @throws HooklineError where a secret cannot sign
 */
export function headersAgain(
  workspace: Workspace,
  received: Received,
  { original, edited = false, now }: { original: boolean; edited?: boolean; now: number },
): Resent {
  const { provider, event, body } = received;
  const missing = unrecorded(received.headers);
  const asTheyCame = { headers: originalHeaders(received.headers), origin: undefined, missing };
  if (original || provider === undefined) return asTheyCame;
  if (received.verified !== true && !edited) return asTheyCame;
  const { secrets, origin } = workspace.signingSecrets(provider);
  const deliveryId = received.deliveryId ?? newDeliveryId(provider.envelope.idPrefix, workspace.host.random);
  const make = createHeaderMaker(provider, secrets, takenOver(received.headers, provider, { fresh: false }));
  const headers = make({ event, deliveryId, body, now });
  const names = new Set(headers.map((name) => name.toLowerCase()));
  return { headers, origin, missing: missing.filter((name) => !names.has(name.toLowerCase())) };
}
