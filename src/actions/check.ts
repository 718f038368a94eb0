import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Provider } from "../providers/contract.ts";
import { findCauses, type ProbeReport, type RootCause } from "../suites/check/causes.ts";
import { planChecks, type Check, type LeftOut } from "../suites/check/checks.ts";
import {
  latencyOf,
  scoreOf,
  type CheckResult,
  type Latency,
  type Score,
  type Stop,
} from "../suites/check/results.ts";
import { selectChecks, selectLeftOut } from "../suites/check/select.ts";
import { isProxied } from "../transport/dispatcher.ts";
import type { HeaderOverride } from "../transport/request.ts";
import { sendSlowly } from "../transport/slow-send.ts";
import { isLoopback, parseTarget } from "../transport/target.ts";
import { eventsUntil } from "./channel.ts";
import { againOf } from "./check-again.ts";
import { createBattery, receivedBytes as keepBytes, type Battery } from "./check-battery.ts";
import { asUnknownEvent, checkPayloads, hasName, isObject, type CheckPayload } from "./check-payloads.ts";
import { isProbed, mostProbes, probe } from "./check-probing.ts";
import { crowd, forms, mostOutOfOrder, runCheck, unset } from "./check-trials.ts";
import { openSender, type ConnectOptions } from "./connect.ts";
import type { Pipeline } from "./reproduce.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

export type * from "../suites/check/causes.ts";
export type * from "../suites/check/checks.ts";
export type * from "../suites/check/results.ts";

/** Which checks there are to be. */
export interface PlanOptions {
  provider: string;
  /** Events, or patterns of them; all where it is empty. */
  events: readonly string[];
  /** Ids of checks, areas, or patterns of either; all where it is empty. */
  only: readonly string[];
  skip: readonly string[];
}

export interface CheckOptions extends PlanOptions, ConnectOptions {
  to: string;
  headers: readonly HeaderOverride[];
  /** Milliseconds to wait for an answer; somewhat longer than the provider does where left out. */
  timeoutMs?: number;
  /** Milliseconds that the slow body is sent over; 1,200 where left out. */
  slowBodyMs?: number;
  signal: AbortSignal;
}

/** What would be checked. */
export interface CheckPlan {
  provider: string;
  title: string;
  checks: Check[];
  /** Those that do not apply to the provider. */
  leftOut: LeftOut[];
}

export interface CheckStart extends CheckPlan {
  type: "start";
  url: string;
  /** Whether the target is this machine. */
  loopback: boolean;
  /** Of the secret that signs; undefined where the provider signs nothing. */
  origin: SecretOrigin | undefined;
  /** How many requests go out, and how many more at most where right ones are refused. */
  requests: { usual: number; more: number };
}

export interface CheckDone extends CheckResult {
  type: "check";
  /** A command that sends the same once more. */
  again: Pipeline;
}

/** A check begins. */
export interface CheckBegun {
  type: "begun";
  check: Check;
  /** How many were before it. */
  done: number;
}

export interface CheckProbing {
  type: "probing";
  /** Id of the check whose delivery was refused. */
  check: string;
}

export interface CheckSummary {
  type: "summary";
  /** What is wrong, what explains most first. */
  causes: RootCause[];
  score: Score;
  requests: number;
  /** Variations that were tried to find out why right deliveries are refused. */
  probes: number;
  /** Of the answers to right deliveries. */
  latency: Latency | undefined;
  allowedMs: number;
  stopped: Stop | undefined;
  durationMs: number;
  interrupted: boolean;
}

export type CheckEvent = CheckStart | CheckBegun | CheckDone | CheckProbing | CheckSummary;

const usualSlowBodyMs = 1_200;
/** What all of a battery may take at most, but for a last answer. */
const limitMs = 180_000;

interface Prepared extends CheckPlan {
  of: Provider;
  payloads: CheckPayload[];
  main: CheckPayload;
  worded: CheckPayload;
}

/**
 * What would be checked, with nothing sent.
 * @throws HooklineError `provider-unknown`, `usage`
 */
export async function planCheck(workspace: Workspace, options: PlanOptions): Promise<CheckPlan> {
  const { provider, title, checks, leftOut } = await preparePlan(workspace, options, false);
  return { provider, title, checks, leftOut };
}

async function preparePlan(
  workspace: Workspace,
  { provider: id, events: wanted, only, skip }: PlanOptions,
  proxied: boolean,
): Promise<Prepared> {
  const provider = workspace.registry.require(id);
  const payloads = await checkPayloads(workspace, provider, wanted);
  const [main] = payloads;
  if (main === undefined) throw new Error("a provider has a payload at least");
  const plan = planChecks(provider, {
    events: payloads.map(({ payload }) => payload.event),
    namesEvents: asUnknownEvent(main) !== undefined,
    json: isObject(main.payload.body),
    proxied,
  });
  return {
    of: provider,
    provider: provider.id,
    title: provider.title,
    checks: selectChecks(plan.checks, only, skip),
    leftOut: selectLeftOut(plan.leftOut, only, skip),
    payloads,
    main,
    worded: payloads.find(hasName) ?? main,
  };
}

/**
 * Checks a handler by a fixed battery of right and forged requests, and finds out why right ones are refused.
 * Reading throws a HooklineError where something is wrong before the first request.
 */
export function check(workspace: Workspace, options: CheckOptions): AsyncIterable<CheckEvent> {
  return eventsUntil(options.signal, (signal, report) => run(workspace, { ...options, signal }, report));
}

async function run(
  workspace: Workspace,
  options: CheckOptions,
  report: (event: CheckEvent) => void,
): Promise<void> {
  const { url } = parseTarget(options.to);
  const { host } = workspace;
  const { signal } = options;
  const { proxy } = host.environment;
  const proxied = isProxied(url, { timeoutMs: 0, keepBytes, ...(proxy === undefined ? {} : { proxy }) });
  const plan = await preparePlan(workspace, options, proxied);
  const { of: provider, payloads, main, worded, checks, leftOut } = plan;
  const isSigned = (provider.signatures[0]?.kind ?? "none") !== "none";
  const { secrets, origin } = isSigned
    ? workspace.signingSecrets(provider)
    : { secrets: [], origin: undefined };
  const timeoutMs = options.timeoutMs ?? patience(provider.ack.timeoutMs);
  const sender = await openSender(workspace, url, options, { connections: crowd, timeoutMs, keepBytes });
  const ca = options.ca === undefined ? {} : { ca: readFileSync(resolve(host.cwd, options.ca), "utf8") };
  const path = url.pathname + url.search;
  const slowBodyMs = options.slowBodyMs ?? usualSlowBodyMs;
  const battery = createBattery(
    {
      workspace,
      provider,
      secrets,
      headers: options.headers,
      payloads,
      main,
      worded,
      proxied,
      timeoutMs,
      timeoutGiven: options.timeoutMs !== undefined,
      slowBodyMs,
      signal,
    },
    {
      sender,
      path,
      limitMs,
      sendSlowly: (slow) =>
        sendSlowly(url, {
          ...slow,
          ...ca,
          method: "POST",
          path,
          // What it takes to send is not the handler's time.
          timeoutMs: timeoutMs + slowBodyMs,
          keepBytes,
          insecure: options.insecure,
          signal,
        }),
    },
  );
  const stop = (): void => void sender.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    report({
      type: "start",
      provider: provider.id,
      title: provider.title,
      checks,
      leftOut,
      url: url.href,
      loopback: isLoopback(url),
      origin,
      requests: { usual: requestsOf(checks, payloads.length), more: isSigned ? mostProbes : 0 },
    });
    await runAll(battery, { ...options, url }, checks, report);
  } finally {
    signal.removeEventListener("abort", stop);
    await sender.close();
  }
}

async function runAll(
  battery: Battery,
  options: CheckOptions & { url: URL },
  checks: readonly Check[],
  report: (event: CheckEvent) => void,
): Promise<void> {
  const started = performance.now();
  const { signal } = options;
  const results: CheckResult[] = [];
  let found: ProbeReport | undefined;
  for (const one of checks) {
    const isOver = signal.aborted || (battery.stopped() !== undefined && !isLast(one, battery));
    if (!isOver) report({ type: "begun", check: one, done: results.length });
    const result = isOver ? undefined : await runCheck(battery, one);
    // What came of a request that the signal cut off says nothing.
    const done = result === undefined || signal.aborted ? notRun(one) : result;
    results.push(done);
    report({ type: "check", ...done, again: againOf(battery, options, one) });
  }
  const refused = signal.aborted ? undefined : results.find(isProbed);
  if (refused !== undefined && battery.stopped() === undefined) {
    report({ type: "probing", check: refused.check.id });
    found = await probe(battery, refused, results);
  }
  report({
    type: "summary",
    causes: findCauses({ results, probe: found, stop: battery.stopped() }),
    score: scoreOf(results),
    requests: battery.sent(),
    probes: found?.tried ?? 0,
    latency: latencyOf(battery.log),
    allowedMs: battery.provider.ack.timeoutMs,
    stopped: battery.stopped(),
    durationMs: performance.now() - started,
    interrupted: signal.aborted,
  });
}

/** Milliseconds to wait: longer than the provider does, so that an answer that is late is told from none. */
function patience(allowedMs: number): number {
  return allowedMs + Math.max(1_000, allowedMs / 5);
}

/** Whether the app is still alive is asked also where it stopped answering, unless it never did or would be waited for. */
function isLast({ kind }: Check, battery: Battery): boolean {
  if (kind === "in-time") return true;
  const stop = battery.stopped();
  return kind === "alive" && stop?.reason === "no-answers" && stop.why === "errors";
}

function notRun(check: Check): CheckResult {
  return { check, outcome: "not-run", exchanges: [], notes: [], durationMs: 0 };
}

/** How many requests the checks send. */
function requestsOf(checks: readonly Check[], payloads: number): number {
  return checks.reduce((sum, { kind }) => {
    if (kind === "duplicates") return sum + 2;
    if (kind === "out-of-order") return sum + Math.min(mostOutOfOrder, payloads);
    if (kind === "twenty-at-once") return sum + crowd;
    if (kind === "refuses-every-event") return sum + payloads - 1;
    if (kind === "refuses-every-form") return sum + forms;
    if (kind === "refuses-empty-secret") return sum + unset;
    return kind === "in-time" ? sum : sum + 1;
  }, 0);
}
