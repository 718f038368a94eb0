import type { Provider } from "../providers/contract.ts";
import { dedupeKeyOf, deliveryIdOf, eventOf, lazyJson, type RequestParts } from "../providers/event.ts";
import type { Registry } from "../providers/index.ts";
import type { Finding, RawHeaders, VerdictCode } from "../signing/types.ts";
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
  /** The only providers to expect, where the user said so. */
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
    const { provider, rest } = whose(path, headers, options);
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
      event: eventOf(provider, parts) ?? eventOf({ ...provider, eventFrom: [{ from: "path" }] }, parts),
      deliveryId: deliveryIdOf(provider, parts),
      rest,
      query,
      verified: verdict.ok ? true : configured && !unsigned ? false : null,
      code: verdict.ok ? null : configured || unsigned ? verdict.code : "secret-unconfigured",
      findings: verdict.ok ? verdict.warnings : configured ? verdict.findings : [],
      origin,
      dedupeKey: () => dedupeKeyOf(provider, parts),
    };
  };
}

function whose<Origin>(
  path: string,
  headers: RawHeaders,
  { registry, only }: AssessorOptions<Origin>,
): { provider: Provider | undefined; rest: string } {
  const whole = path.replace(/^\/+/, "");
  const slash = whole.indexOf("/");
  const named = registry.get(slash === -1 ? whole : whole.slice(0, slash));
  if (named !== undefined) return { provider: named, rest: slash === -1 ? "" : whole.slice(slash + 1) };
  if (only.length === 1) return { provider: only[0], rest: whole };
  const identified = registry.identify(headers);
  if (only.length === 0) return { provider: identified, rest: whole };
  // A receiver's requests look like its base's, so an expected receiver answers for its base.
  const expected =
    only.find((provider) => provider === identified) ??
    only.find((provider) => identified !== undefined && provider.base === identified.id);
  return { provider: expected, rest: whole };
}

/** Path and query (without `?`) of a request target, which may be a whole URL (RFC 9112, 3.2.2). */
export function splitTarget(target: string): { path: string; query: string } {
  const origin = target.startsWith("/") ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, "");
  const mark = origin.indexOf("?");
  return mark === -1
    ? { path: origin, query: "" }
    : { path: origin.slice(0, mark), query: origin.slice(mark + 1) };
}
