import type { Provider } from "../providers/contract.ts";
import { generateSecret } from "../signing/secrets.ts";
import type { EndpointRow } from "../store/contract.ts";

/** What an endpoint's secret is sealed for. */
export function placeOf(endpointId: string): string {
  return `endpoint/${endpointId}`;
}

/** Whether the secret before is in use beside the new one; without an end as long as the grace has not begun. */
export function isRotating({ previousSecret, previousUntil }: EndpointRow, now: number): boolean {
  return previousSecret !== null && (previousUntil === null || previousUntil > now);
}

/** Whether a provider's requests can carry several signatures, so that during a rotation both secrets sign. */
export function signsWithSeveral(provider: Provider | undefined): boolean {
  const scheme = provider?.signatures[0];
  return scheme !== undefined && "separator" in scheme && scheme.separator !== undefined;
}

/**
 * The secrets that sign for an endpoint, sealed: during a rotation both where the scheme carries several signatures, else
 * the one before until its time is over.
 */
export function signingSecrets(endpoint: EndpointRow, provider: Provider, now: number): Uint8Array[] {
  const { secret, previousSecret } = endpoint;
  if (secret === null) return [];
  if (previousSecret === null || !isRotating(endpoint, now)) return [secret];
  return signsWithSeveral(provider) ? [secret, previousSecret] : [previousSecret];
}

/** The first secret of an endpoint; null where the provider signs nothing. */
export function newSecret(
  provider: Provider,
  random: (bytes: number) => Buffer,
  own?: string,
): string | null {
  const scheme = provider.signatures[0];
  if (scheme === undefined || scheme.kind === "none") return null;
  return own ?? generateSecret(scheme, random);
}

/** `whsec_…9f3a`. */
export function hintOf(secret: string): string {
  const prefix = /^[A-Za-z]{1,8}_/.exec(secret)?.[0] ?? "";
  return `${prefix}…${secret.slice(-4)}`;
}
