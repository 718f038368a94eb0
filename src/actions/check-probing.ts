import { isHooklineError } from "../errors.ts";
import { generateSecret } from "../signing/secrets.ts";
import type { ProbeReport } from "../suites/check/causes.ts";
import type { CheckKind } from "../suites/check/checks.ts";
import type { CheckResult, Exchange } from "../suites/check/results.ts";
import { rightly, type Battery } from "./check-battery.ts";
import { draft, type Draft } from "./check-payloads.ts";
import { asItIs, firstHalf, otherEnding, variations, variedHeaders, type Variation } from "./check-probes.ts";
import { payloadOf, variantOf } from "./check-trials.ts";

/** Most variations that are tried to find out why a right delivery is refused. */
export const mostProbes = 240;
/** Milliseconds after which no further one is begun. */
const mostMs = 20_000;

/** Checks that fail where the bytes, or what they mean, are handled wrongly. */
const telling: ReadonlySet<CheckKind> = new Set<CheckKind>([
  "accepts-event",
  "unicode",
  "unicode-escaped",
  "slow-body",
]);

/** Whether its delivery was refused in a way that other signatures may change. */
export function isProbed({ check, outcome, exchanges }: CheckResult): boolean {
  return (
    outcome === "failed" &&
    telling.has(check.kind) &&
    exchanges.some(
      ({ outcome: of, status = 0 }) =>
        !of.ok && of.reason === "status" && status >= 400 && ![404, 405, 410, 413, 415, 429].includes(status),
    )
  );
}

/**
 * Finds the mistakes with which a handler accepts the delivery that it refused: the same is sent signed as each of them
 * would have it, until one is accepted.
 */
export async function probe(
  battery: Battery,
  { check }: CheckResult,
  results: readonly CheckResult[],
): Promise<ProbeReport> {
  const report: ProbeReport = { check: check.id, tried: 0, found: [] };
  if (check.kind === "slow-body") {
    const isEmpty = await isChunkedEmpty(battery);
    return { ...report, tried: 1, chunkedIsEmpty: isEmpty };
  }
  const { workspace, provider, secrets, signal } = battery;
  const [payload, options] = variantOf(battery, check.kind) ?? [payloadOf(battery, check)];
  const made = draft(workspace, payload, options);
  const all = variations(
    provider,
    secrets,
    workspace.existingSecrets(provider),
    made.body,
    rightly(battery, made).headers,
    {
      atMost: mostProbes,
      // Where others were accepted, secret and header are right: what is wrong is done to the body.
      bodyAlone: battery.log.some(({ expected, outcome }) => expected === "accepted" && outcome.ok),
    },
  );
  const started = performance.now();
  let tried = 0;
  for (const variation of all) {
    if (signal.aborted || performance.now() - started > mostMs) break;
    const exchange = await send(battery, made, variation);
    if (exchange === undefined) continue;
    tried++;
    if (battery.stopped() !== undefined) break;
    if (!exchange.outcome.ok || !(await isConfirmed(battery, made, variation))) continue;
    const refusals = await refusalsOf(battery, made, variation, results);
    return { ...report, tried, found: variation.clues, ...(refusals === undefined ? {} : { refusals }) };
  }
  return { ...report, tried };
}

/** The same delivery as a mistake would have it signed; undefined where it cannot be signed so. */
async function send(
  battery: Battery,
  made: Draft,
  variation: Variation,
  expected: Exchange["expected"] = "accepted",
): Promise<Exchange | undefined> {
  const headers = headersOf(battery, made, variation);
  if (headers === undefined) return undefined;
  return battery.exchange({ expected, draft: made, headers, body: made.body, aside: true });
}

function headersOf(
  { workspace, provider, headers }: Battery,
  { event, deliveryId, body, overrides }: Draft,
  variation: Variation,
): string[] | undefined {
  const content = { event, deliveryId, body, now: workspace.host.now() };
  try {
    return variedHeaders(provider, variation, [...headers, ...overrides], content);
  } catch (error) {
    if (isHooklineError(error)) return undefined;
    throw error;
  }
}

/**
 * Whether it is accepted for its mistakes and not by chance: once more it is accepted, and signed with another secret it
 * is refused twice, in the way that this handler refuses.
 */
async function isConfirmed(battery: Battery, made: Draft, variation: Variation): Promise<boolean> {
  const again = await send(battery, made, variation);
  if (again?.outcome.ok !== true) return false;
  const secrets = [generateSecret(variation.scheme, battery.workspace.host.random)];
  const [first, second] = [
    await send(battery, made, { ...variation, secrets }, "refused"),
    await send(battery, made, { ...variation, secrets }, "refused"),
  ];
  if (first === undefined || second === undefined) return true;
  if (second.status !== first.status) return false;
  if (first.outcome.ok) return true;
  // One that answers 5xx to all that it refuses.
  const { status } = first;
  const isBroken = first.outcome.reason === "broke";
  return isBroken && !battery.isUnsteady() && battery.log.some((one) => one.status === status);
}

/**
 * What wrong signatures get from a handler that broke over those in the provider's own form, once its mistakes are made.
 * @returns undefined where it broke over none
 */
async function refusalsOf(
  battery: Battery,
  made: Draft,
  variation: Variation,
  results: readonly CheckResult[],
): Promise<ProbeReport["refusals"]> {
  const broke = results.some(({ exchanges }) =>
    exchanges.some(({ outcome }) => !outcome.ok && outcome.reason === "broke"),
  );
  if (!broke) return undefined;
  const spelt = async (change: (proof: string) => string): Promise<number | undefined> => {
    const respell = (proof: string): string => change(variation.respell(proof));
    return (await send(battery, made, { ...variation, respell }))?.status;
  };
  return { sameLength: await spelt(otherEnding), otherLength: await spelt(firstHalf) };
}

/** Whether a slow body is accepted where it is signed as if nothing of it came. */
async function isChunkedEmpty(battery: Battery): Promise<boolean> {
  const { workspace, provider, secrets, main } = battery;
  const made = draft(workspace, main);
  const [scheme = { kind: "none" }] = provider.signatures;
  const empty: Variation = { ...asItIs(scheme, secrets), signed: () => Buffer.alloc(0) };
  const headers = headersOf(battery, made, empty);
  if (headers === undefined || scheme.kind === "none") return false;
  const request = { expected: "accepted", draft: made, headers, body: made.body, aside: true } as const;
  return (await battery.exchangeSlowly(request)).outcome.ok;
}
