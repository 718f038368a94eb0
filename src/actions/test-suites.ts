import type { Sender } from "../transport/send.ts";
import { parseTarget } from "../transport/target.ts";
import { createClaims } from "../suites/calls.ts";
import { createPatterns, type Patterns } from "../suites/patterns.ts";
import { leftOut, stepNames, type Choice, type LeftOut } from "../suites/select.ts";
import type { Stub } from "../suites/stub.ts";
import { eventsUntil } from "./channel.ts";
import { openSender, type ConnectOptions } from "./connect.ts";
import { createMask, type Mask } from "./mask.ts";
import type { App, Ready } from "./start-app.ts";
import type { TestEvent, TestStep, TestSummary } from "./test-events.ts";
import { checkAll, readSuites } from "./test-files.ts";
import { planSuite, type PlannedStep, type SuitePlan } from "./test-plan.ts";
import { openStubFor, startFor } from "./test-setup.ts";
import { runStep, type StepContext, type StepOutcome } from "./test-step.ts";
import { environmentValues, refuseUnused } from "./test-variables.ts";
import { wait } from "./wait.ts";
import type { Workspace } from "./workspace.ts";

export interface TestOptions extends ConnectOptions, Choice {
  /** Files and folders. */
  suites: readonly string[];
  to?: string;
  provider?: string;
  variables: ReadonlyMap<string, string>;
  /** Port of the stub, where one is asked for. */
  stubPort?: number;
  /** A command that starts the handler: what the user typed, never what a file says. */
  start?: { command: string; ready: Ready | undefined; timeoutMs: number };
  /** Ends after the first step that fails. */
  bail: boolean;
  /** Milliseconds to wait for an answer, in place of each provider's own allowance. */
  timeoutMs?: number;
  signal: AbortSignal;
}

/** Requests under way at once, at most. */
const connections = 50;
/** Bytes of an answer that are kept to be checked. */
const keepBytes = 5 * 1024 * 1024;

/**
 * Runs suites, one after the other. Reading throws a HooklineError where something is wrong before the first request:
 * with exit code 2 in a suite, with 1 where the app that is to be tested does not start.
 */
export function testSuites(workspace: Workspace, options: TestOptions): AsyncIterable<TestEvent> {
  return eventsUntil(options.signal, (signal, report) => run(workspace, { ...options, signal }, report));
}

/** A step as it is listed. */
export interface ListedStep {
  suite: string;
  file: string;
  line: number;
  name: string;
  send: string;
  tags: readonly string[];
  leftOut: LeftOut | undefined;
}

/** The steps of suites, without running or preparing them. @throws HooklineError `suites-missing`, `suite-invalid` */
export async function listSteps(
  { host }: Pick<Workspace, "host">,
  { suites, ...choice }: Pick<TestOptions, "suites"> & Choice,
): Promise<ListedStep[]> {
  const { findPlaces } = await import("../config/project-places.ts");
  const files = await readSuites(suites, host.cwd);
  return files.flatMap(({ suite, shown, ownName, content }) => {
    const out = leftOut(suite.steps, choice);
    const names = stepNames(suite.steps);
    const places = findPlaces(
      content,
      suite.steps.map((_, index) => ["steps", index]),
    );
    return suite.steps.map(({ send, tags = [] }, index) => ({
      suite: suite.name ?? ownName,
      file: shown,
      line: places[index]?.line ?? 1,
      name: names[index] ?? "",
      send,
      tags,
      leftOut: out[index],
    }));
  });
}

async function run(
  workspace: Workspace,
  options: TestOptions,
  report: (event: TestEvent) => void,
): Promise<void> {
  const { host } = workspace;
  const { signal, start } = options;
  const begun = performance.now();
  const patterns = createPatterns();
  const files = await readSuites(options.suites, host.cwd);
  const mask = createMask(workspace, environmentValues(files, host.environment));
  refuseUnused(options.variables, files);
  if (options.provider !== undefined) workspace.registry.require(options.provider);
  if (options.to !== undefined) parseTarget(options.to);
  const stub = await openStubFor(files, options, patterns);
  let app: App | undefined;
  try {
    const plans = await checkAll(files, (file) =>
      planSuite(workspace, file, patterns, { ...options, stubUrl: stub?.url }),
    );
    if (start !== undefined && !signal.aborted)
      app = await startFor(workspace, { ...options, start }, plans, { stub, mask, report });
    report({
      type: "start",
      suites: plans.length,
      steps: plans.reduce((sum, { steps }) => sum + steps.length, 0),
      stubUrl: stub?.url,
      command: start?.command,
    });
    const counts = { passed: 0, failed: 0, skipped: 0 };
    let steps = 0;
    let notRun = 0;
    // What it printed as it started belongs to the first suite.
    let mark = 0;
    const count = (event: TestEvent): void => {
      if (event.type === "step") {
        steps++;
        counts[event.outcome]++;
        if (event.leftOut?.by === "interrupted") notRun++;
      }
      report(event);
    };
    for (const plan of plans) {
      const isOver = options.bail && counts.failed > 0;
      await runSuite(workspace, options, { plan, stub, app, mark, patterns, mask, isOver }, count);
      mark = app?.printed() ?? 0;
    }
    const appEnded = signal.aborted ? undefined : app?.ended();
    // All that was started is gone before the last word is said.
    await app?.stop();
    const summary: TestSummary = {
      type: "summary",
      suites: plans.length,
      steps,
      ...counts,
      durationMs: performance.now() - begun,
      narrowed: plans.filter(({ isNarrowed }) => isNarrowed).map(({ source }) => source.shown),
      interrupted: signal.aborted,
      notRun,
      appEnded,
      appKilled: app?.wasKilled() ?? false,
    };
    report(summary);
  } finally {
    await app?.stop();
    await stub?.close();
  }
}

interface SuiteRun {
  plan: SuitePlan;
  stub: Stub | undefined;
  app: App | undefined;
  /** From where on its output is the suite's. */
  mark: number;
  patterns: Patterns;
  mask: Mask;
  /** A step before failed, and nothing more is to be run. */
  isOver: boolean;
}

async function runSuite(
  workspace: Workspace,
  options: TestOptions,
  { plan, stub, app, mark, patterns, mask, isOver }: SuiteRun,
  report: (event: TestEvent) => void,
): Promise<void> {
  const { signal } = options;
  const { source, url, steps } = plan;
  const begun = performance.now();
  stub?.begin(plan.replies);
  const widest = Math.max(...steps.map(({ name }) => name.length));
  report({
    type: "suite",
    name: plan.name,
    file: source.shown,
    url: url.href,
    steps: steps.length,
    widest,
    begun: !signal.aborted,
  });
  const opened = await openSender(workspace, url, options, {
    connections,
    timeoutMs: options.timeoutMs ?? 60_000,
    keepBytes,
  });
  const sender = inSlots(opened, connections);
  const context: StepContext = {
    plan,
    sender,
    patterns,
    stub: stub === undefined ? undefined : { server: stub, claims: createClaims(stub.calls) },
    cwd: workspace.host.cwd,
    timeoutMs: options.timeoutMs,
    signal,
    mask,
    async appEnded() {
      // The connection is closed before the process is gone.
      if (app !== undefined && app.ended() === undefined) await wait(outputMs, signal);
      return app?.ended();
    },
  };
  const stop = (): void => void sender.close();
  signal.addEventListener("abort", stop, { once: true });
  let failed = false;
  let stopped = isOver;
  try {
    for (const group of inOrder(plan)) {
      const isRun = !stopped && !signal.aborted;
      const results = group.map((step) => ({
        step,
        result: isRun && step.leftOut === undefined ? timed(context, step) : undefined,
      }));
      for (const { step, result } of results) {
        const done = await result;
        const why = stopped && !isRun ? "bail" : "interrupted";
        const event = eventOf(plan, step, done?.interrupted === true ? undefined : done, why);
        if (event.outcome === "failed") {
          failed = true;
          stopped ||= options.bail;
        }
        report(event);
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await sender.close();
  }
  if (failed && app !== undefined) await wait(outputMs, signal);
  report({
    type: "suite-end",
    file: source.shown,
    durationMs: performance.now() - begun,
    failed,
    output: app === undefined ? undefined : mask.text(app.output(mark)),
  });
}

/** Milliseconds for what the app prints of a failure to come through its pipe, and for its end to be known. */
const outputMs = 100;

/** The steps in the order of the file, those that are sent at once together. */
function inOrder({ steps, groups }: SuitePlan): PlannedStep[][] {
  const groupOf = new Map(groups.flatMap((group) => group.map((step) => [step, group] as const)));
  const done = new Set<readonly PlannedStep[]>();
  return steps.flatMap((step): PlannedStep[][] => {
    const group = groupOf.get(step);
    if (group === undefined) return [[step]];
    if (done.has(group)) return [];
    done.add(group);
    return [[...group]];
  });
}

/** Has what is too much at once wait here, so that the clock of its answer does not run meanwhile. */
function inSlots(sender: Sender, most: number): Sender {
  const waiting: (() => void)[] = [];
  let free = most;
  return {
    async send(request) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      const result = await sender.send(request);
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
      return result;
    },
    close: () => sender.close(),
  };
}

async function timed(context: StepContext, step: PlannedStep): Promise<StepOutcome & { durationMs: number }> {
  const begun = performance.now();
  const outcome = await runStep(context, step);
  return { ...outcome, durationMs: performance.now() - begun };
}

function eventOf(
  { name: suite, source }: SuitePlan,
  { name, line, step, leftOut: why }: PlannedStep,
  done: (StepOutcome & { durationMs: number }) | undefined,
  by: "bail" | "interrupted",
): TestStep {
  const base = { type: "step" as const, suite, file: source.shown, line, name, tags: step.tags ?? [] };
  if (done === undefined)
    return {
      ...base,
      outcome: "skipped",
      leftOut: why ?? { by },
      durationMs: 0,
      sent: 0,
      failures: [],
      moreFailures: 0,
      delivery: undefined,
    };
  const { durationMs, sent, failures, moreFailures, delivery } = done;
  const outcome = failures.length > 0 ? "failed" : "passed";
  return { ...base, outcome, leftOut: undefined, durationMs, sent, failures, moreFailures, delivery };
}
