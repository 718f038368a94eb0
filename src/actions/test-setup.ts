import { HooklineError, isHooklineError } from "../errors.ts";
import type { Patterns } from "../suites/patterns.ts";
import type { Stub } from "../suites/stub.ts";
import { usesIn } from "../suites/variables.ts";
import { openSender } from "./connect.ts";
import type { Mask } from "./mask.ts";
import type { App } from "./start-app.ts";
import type { TestEvent } from "./test-events.ts";
import type { SuiteFile } from "./test-files.ts";
import type { SuitePlan } from "./test-plan.ts";
import type { TestOptions } from "./test-suites.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds that a URL has for its answer while an app is waited for. */
const probeMs = 2000;

/** Opens the stub where a suite, or the user, has a use for it. @throws HooklineError `stub-port`, `port-taken` */
export async function openStubFor(
  files: readonly SuiteFile[],
  { stubPort }: TestOptions,
  patterns: Patterns,
): Promise<Stub | undefined> {
  const isUsed = files.some(
    ({ suite }) =>
      suite.stub !== undefined ||
      suite.steps.some(({ expect }) => expect?.calls !== undefined) ||
      usesIn(suite).some(({ name }) => name === "stub"),
  );
  if (!isUsed && stubPort === undefined) return undefined;
  const ports = new Set(files.flatMap(({ suite }) => suite.stub?.port ?? []));
  if (stubPort === undefined && ports.size > 1)
    throw new HooklineError(
      "stub-port",
      `the suites name several ports for the stub: ${[...ports].join(", ")}`,
      {
        nextSteps: ["there is one for all of them: say on which port, --stub 4500", "or run them one by one"],
      },
    );
  const { openStub } = await import("../suites/stub.ts");
  try {
    return await openStub(stubPort ?? [...ports][0] ?? 0, patterns);
  } catch (error) {
    if (!isHooklineError(error) || error.code !== "port-taken") throw error;
    throw new HooklineError(error.code, `the stub cannot listen: ${error.message}`, {
      exitCode: error.exitCode,
      cause: error,
      nextSteps: ["stop that program, or choose another port with --stub (0 takes any free one)"],
    });
  }
}

/** @throws HooklineError where the app does not start; what it printed is told before */
export async function startFor(
  workspace: Workspace,
  { start, insecure, ca, signal }: TestOptions & { start: NonNullable<TestOptions["start"]> },
  plans: readonly SuitePlan[],
  { stub, mask, report }: { stub: Stub | undefined; mask: Mask; report: (event: TestEvent) => void },
): Promise<App | undefined> {
  const { startApp } = await import("./start-app.ts");
  const { command, timeoutMs } = start;
  const [first] = plans;
  if (first === undefined) return undefined;
  const probe = async (url: URL): Promise<boolean> => {
    const sender = await openSender(
      workspace,
      url,
      { insecure, ...(ca === undefined ? {} : { ca }) },
      { connections: 1, timeoutMs: probeMs, keepBytes: 0 },
    );
    const path = url.pathname + url.search;
    const { ok } = await sender.send({ method: "GET", path, headers: [], body: Buffer.alloc(0) });
    await sender.close();
    return ok;
  };
  let app: App | undefined;
  try {
    await startApp(
      {
        command,
        cwd: workspace.host.cwd,
        env: stub === undefined ? {} : { HOOKLINE_STUB_URL: stub.url },
        ready: start.ready ?? { url: first.url, isTarget: true },
        targets: [...new Map(plans.map(({ url }) => [url.host, url])).values()],
        timeoutMs,
        probe,
        signal,
      },
      (started) => (app = started),
    );
    return app;
  } catch (error) {
    if (signal.aborted) return undefined;
    const output = app?.output() ?? "";
    if (output !== "") report({ type: "app-output", output: mask.text(output) });
    throw error;
  }
}
