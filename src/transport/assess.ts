import type { Provider } from "../providers/contract.ts";
import { dedupeKeyOf, deliveryIdOf, eventOf, lazyJson, type RequestParts } from "../providers/event.ts";
import type { Registry } from "../providers/index.ts";
import { headerValue } from "../signing/headers.ts";
import type { Finding, RawHeaders, VerdictCode } from "../signing/types.ts";
import { identify, splitTarget } from "../providers/identify.ts";
import { createVerifier, type VerifyInput } from "../signing/verify.ts";

/** Signing secrets of a provider, as far as they were found, with the words the caller knows them by. */
export interface SecretsOf<Origin> {
  /** What the user set; undefined where nothing is. */
  configured: { secrets: readonly string[]; origin: Origin } | undefined;
  /** The machine's own development secret, asked for only where nothing is configured. */
  development: () => { secrets: readonly string[]; origin: Origin };
}

export interface AssessorOptions<Origin> {
  registry: Registry;
  /** The providers to expect where the path names none; any of them where this is empty. */
  only: readonly Provider[];
  secretsOf: (provider: Provider) => SecretsOf<Origin>;
  /** Hold requests against the development secret as if it were configured. */
  requireVerified: boolean;
  /** The user gave a secret for whoever sends: what nothing says whose it is cannot be signed with it. */
  secretGiven?: boolean;
  tolerance?: number | "off";
}

/** What a request turned out to be. */
export interface Assessment<Origin> {
  provider: Provider | undefined;
  event: string | undefined;
  deliveryId: string | undefined;
  /** What the path says behind the provider's name, without a leading `/`. */
  rest: string;
  query: string;
  /** `true` signed with a known secret; `false` not signed with the configured one; `null` nothing is configured. */
  verified: boolean | null;
  /** Null where verified. */
  code: VerdictCode | "provider-unknown" | "secret-unconfigured" | null;
  findings: readonly Finding[];
  /** Where the secret that was tried, or that matched, came from. */
  origin: Origin | undefined;
  /** Key that a repeat of the same delivery shares; costs a hash for some providers. */
  dedupeKey: () => string | undefined;
}

export interface AssessedRequest {
  /** Path and query. */
  target: string;
  headers: RawHeaders;
  body: Uint8Array;
  /** Unix milliseconds, which timestamps are held against. */
  receivedAt: number;
}

type Verifier = (input: VerifyInput) => ReturnType<ReturnType<typeof createVerifier>>;

/**
 * Tells whose a request is, which event it carries and whether it is signed.
 * The provider comes from the path's first segment, else from the providers expected, else from the headers.
 */
export function createAssessor<Origin>(
  options: AssessorOptions<Origin>,
): (request: AssessedRequest) => Assessment<Origin> {
  const known = new Map<string, { verify: Verifier; configured: boolean; origin: Origin }>();
  const verifierOf = (provider: Provider) => {
    let found = known.get(provider.id);
    if (found === undefined) {
      const { configured, development } = options.secretsOf(provider);
      const { secrets, origin } = configured ?? development();
      found = {
        verify: createVerifier(provider.signatures, secrets),
        configured: configured !== undefined || options.requireVerified,
        origin,
      };
      known.set(provider.id, found);
    }
    return found;
  };

  return ({ target, headers, body, receivedAt }) => {
    const { path, query } = splitTarget(target);
    const { provider, rest } = identify(path, headers, options);
    if (provider === undefined) {
      return {
        provider,
        event: undefined,
        deliveryId: undefined,
        rest,
        query,
        verified: options.requireVerified || options.secretGiven === true ? false : null,
        code: "provider-unknown",
        findings: [],
        origin: undefined,
        dedupeKey: () => undefined,
      };
    }
    const parts: RequestParts & { body: Uint8Array } = { headers, path, json: lazyJson(body), body };
    const { verify, configured, origin } = verifierOf(provider);
    const verdict = verify({ body, headers, now: receivedAt, tolerance: options.tolerance });
    const unsigned = !verdict.ok && verdict.code === "unsigned";
    return {
      provider,
      event: eventOf(provider, parts),
      deliveryId: deliveryIdOf(provider, parts),
      rest,
      query,
      verified: verdict.ok ? true : configured && !unsigned ? false : null,
      code: verdict.ok ? null : configured || unsigned ? verdict.code : "secret-unconfigured",
      findings: verdict.ok
        ? verdict.warnings
        : configured
          ? verdict.findings
          : misdirected(provider, verdict.code, headers, options.registry),
      origin,
      dedupeKey: () => dedupeKeyOf(provider, parts),
    };
  };
}

/** What can be said without a secret: that the request is another provider's than the one its path names. */
function misdirected(
  provider: Provider,
  code: VerdictCode,
  headers: RawHeaders,
  registry: Registry,
): Finding[] {
  const other = code === "header-missing" ? registry.identify(headers) : undefined;
  const header = other?.identify.find((name) => headerValue(headers, name) !== undefined);
  if (other === undefined || header === undefined || [provider.id, provider.base].includes(other.id))
    return [];
  const evidence = { provider: other.id, title: other.title, header };
  return [{ cause: "other-provider", confidence: "likely", evidence }];
}
