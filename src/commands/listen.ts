import type { Command } from "commander";
import type { ListenOptions } from "../actions/listen-events.ts";
import type { Route } from "../actions/routes.ts";
import type { Workspace } from "../actions/workspace.ts";
import { EXIT, HooklineError } from "../errors.ts";
import type { Context, Session } from "./context.ts";
import { eventsFlag, readEvents } from "./event-flags.ts";
import { keysOf } from "./listen-keys.ts";
import { collect } from "./payload-flags.ts";

interface Flags {
  route: string[];
  provider: string[];
  secret: string[];
  port?: string;
  host: string;
  requireVerified?: boolean;
  forwardInvalid?: boolean;
  inOrder?: boolean;
  timeout?: string;
  maxBody?: string;
  print?: string;
  exitAfter?: string;
  for?: string;
  expect: string[];
  insecure?: boolean;
  ca?: string;
  diagnose: boolean;
  record?: boolean;
  recordSecrets?: boolean;
  inspect?: boolean;
  inspectorPort?: string;
  register?: boolean;
  events: string[];
  publicUrl?: string;
  profile?: string;
}

/** What holds where neither a flag nor the project file says anything. */
const usual = { port: 4400, timeoutMs: 30_000, maxBody: 5 * 1024 * 1024, inspectorPort: 4401 };

export function define(command: Command, context: Context): void {
  command
    .argument(
      "[target]",
      "forward to 3000, 3000/path, host:port/path or a URL; ending in / it gets the rest of the path",
    )
    .option(
      "--route <events=target>",
      "forward these events there ('order.*=3000/orders', 'fynn/*=3001 timeout=5s'); the rest goes to the target; repeatable",
      collect,
      [],
    )
    .option("--provider <id>", "expect this provider where the path names none; repeatable", collect, [])
    .option(
      "--secret <ref>",
      "env:NAME, file:PATH or - for standard input; repeat to accept several",
      collect,
      [],
    )
    .option("--port <n>", "listen on this port, 0: any free one (default: 4400)")
    .option("--host <address>", "listen on this address", "127.0.0.1")
    .option("--require-verified", "answer 401 to whatever does not verify, with no secret configured too")
    .option("--forward-invalid", "accept and forward what does not verify")
    .option("--in-order", "forward one at a time, in the order of arrival")
    .option("--timeout <duration>", "wait so long for a target's answer (default: 30s)")
    .option("--max-body <size>", "largest body (default: 5mb)")
    .option("--print <mode>", "line, body, full or none (default: body on a terminal, else line)")
    .option("--exit-after <n>", "stop after so many accepted deliveries")
    .option("--for <duration>", "stop after this time")
    .option(
      "--expect <provider/event>",
      "exit 1 unless it has been accepted by the end; repeatable",
      collect,
      [],
    )
    .option("--no-diagnose", "do not look for the cause where a delivery does not verify")
    .option("--record", "keep what arrives in the inbox (this is so unless the project file says otherwise)")
    .option("--no-record", "keep nothing")
    .option("--record-secrets", "keep Authorization, Cookie and x-api-key headers as they came")
    .option("--inspect", "show what arrives in a browser (default on a terminal)")
    .option("--no-inspect", "do not")
    .option("--inspector-port <n>", "of the inspector, 0: any free one (default: 4401)")
    .option("--register", "make an endpoint that points here, for as long as this runs")
    .option(
      eventsFlag[0],
      "events to register for, with commas between (default: all); repeatable",
      collect,
      [],
    )
    .option("--public-url <url>", "where this listener can be reached from outside, for --register")
    .option("--profile <name>", "the API to register at, as `hookline profiles list` names it")
    .option("--insecure", "accept any certificate of a target")
    .option("--ca <file>", "trust the certificates in this PEM file too")
    .addHelpText(
      "after",
      `
A provider has its own path: http://127.0.0.1:4400/fareplay. Where a secret is configured (--secret, the provider's
variable, hookline.json), a bad signature gets 401. Where none is, the development secret is tried, and what it does
not match is accepted and marked unverified. Routes, port and defaults can stand in hookline.json, under \`listen\`.

Examples:
  hookline listen
  hookline listen 3000/webhooks --provider stripe
  hookline listen --route 'order.*=3000/orders' --route 'fikafi/*=3001/'
  hookline listen 3000 --register --provider fareplay --public-url https://x.example.com
  hookline listen --exit-after 1 --for 30s --expect fareplay/order.created --json`,
    )
    .action(
      context.runUntilSignal(async (session, target: string | undefined, flags: Flags) => {
        const { host, output } = session;
        const [{ openWorkspace }, { listen }, { showListen }] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/listen.ts"),
          import("../ui/listen.ts"),
        ]);
        const parsed = await parse(flags);
        const workspace = await openWorkspace(host, flags.secret);
        const { print, ...options } = await optionsOf(session, workspace, target, flags, parsed);
        const view = { print, now: host.now, keys: keysOf(session) };
        const stopped = await showListen(output, view, listen(workspace, options));
        return stopped !== undefined && stopped.unmet.length > 0 ? EXIT.failed : 0;
      }),
    );
}

async function parse(flags: Flags) {
  const { duration, object, oneOf, optional, parseFlags, port, size, wholeNumber } =
    await import("./flags.ts");
  return parseFlags(
    object({
      port: optional(port),
      timeout: optional(duration),
      maxBody: optional(size),
      print: optional(oneOf(["line", "body", "full", "none"], { error: "takes line, body, full or none" })),
      exitAfter: optional(wholeNumber(1, 1_000_000_000)),
      for: optional(duration),
      inspectorPort: optional(port),
    }),
    flags,
  );
}

/** What was asked for, by the flags, else by the project file, else as usual. */
async function optionsOf(
  { output, signal }: Session,
  workspace: Workspace,
  target: string | undefined,
  flags: Flags,
  parsed: Awaited<ReturnType<typeof parse>>,
): Promise<ListenOptions & { print: "line" | "body" | "full" | "none" }> {
  const project = workspace.project?.listen;
  const record = flags.record ?? project?.record ?? true;
  const inspect = flags.inspect ?? project?.inspect ?? (record && output.interactive && output.isTerminal);
  if (inspect && !record) {
    throw new HooklineError("usage", "the inspector shows what is recorded, and nothing is to be recorded", {
      nextSteps: ["leave out --no-record or --inspect"],
    });
  }
  if (flags.register !== true && (flags.publicUrl !== undefined || flags.events.length > 0)) {
    throw new HooklineError("usage", "--public-url and --events say what to register, and nothing is to be", {
      nextSteps: ["add --register"],
    });
  }
  const timeoutMs = parsed.timeout ?? project?.timeoutMs ?? usual.timeoutMs;
  const inspectorPort = parsed.inspectorPort ?? project?.inspectorPort;
  const { routes, fallback } = await placesOf(workspace, target, flags.route, timeoutMs);
  return {
    print: parsed.print ?? project?.print ?? (output.isTerminal ? "body" : "line"),
    providers: flags.provider.length > 0 ? flags.provider : (project?.providers ?? []),
    routes,
    host: flags.host,
    port: parsed.port ?? project?.port ?? usual.port,
    requireVerified: flags.requireVerified ?? project?.requireVerified ?? false,
    secretGiven: flags.secret.length > 0,
    forwardInvalid: flags.forwardInvalid === true,
    inOrder: flags.inOrder ?? project?.inOrder ?? false,
    timeoutMs,
    maxBody: parsed.maxBody ?? project?.maxBody ?? usual.maxBody,
    expect: flags.expect,
    insecure: flags.insecure === true,
    diagnose: flags.diagnose,
    record,
    recordSecrets: flags.recordSecrets === true,
    signal,
    ...(fallback === undefined ? {} : { target: fallback }),
    ...(parsed.exitAfter === undefined ? {} : { exitAfter: parsed.exitAfter }),
    ...(parsed.for === undefined ? {} : { forMs: parsed.for }),
    ...(flags.ca === undefined ? {} : { ca: flags.ca }),
    ...(inspect
      ? {
          inspect: {
            port: inspectorPort ?? usual.inspectorPort,
            isPortGiven: inspectorPort !== undefined,
            ...(await wordsOf()),
          },
        }
      : {}),
    ...(flags.register === true
      ? {
          register: {
            events: readEvents(flags.events) ?? [],
            ...(flags.profile === undefined ? {} : { profile: flags.profile }),
            ...(flags.publicUrl === undefined ? {} : { publicUrl: flags.publicUrl }),
          },
        }
      : {}),
  };
}

/** Where deliveries go: what the command line says stands in place of what the project file says. */
async function placesOf(
  { host, project, registry }: Workspace,
  target: string | undefined,
  texts: readonly string[],
  timeoutMs: number,
): Promise<{ routes: readonly Route[]; fallback: string | undefined }> {
  const isInProject = project?.listen?.routes !== undefined || project?.listen?.target !== undefined;
  if (texts.length === 0 && !isInProject) return { routes: [], fallback: target };
  const { parseRoute, projectRoutes, projectTarget, routeWarnings } = await import("../actions/routes.ts");
  const context = { registry, timeoutMs };
  const routes =
    texts.length > 0 || project === undefined
      ? texts.map((text) => parseRoute(text, context))
      : await projectRoutes(project, context);
  for (const warning of routeWarnings(routes, registry)) host.warn(warning);
  const fallback = target ?? (project === undefined ? undefined : await projectTarget(project));
  return { routes, fallback };
}

/** The words of the views, which the inspector has no other way to. */
async function wordsOf(): Promise<Pick<NonNullable<ListenOptions["inspect"]>, "findings" | "commandLine">> {
  const [{ renderFinding }, { commandLine }] = await Promise.all([
    import("../ui/findings.ts"),
    import("../ui/shell.ts"),
  ]);
  return {
    findings: (findings) =>
      findings.map((finding, index) => {
        const { cause, confidence, message, fix } = renderFinding(finding, index);
        return { cause, confidence, message, fix };
      }),
    commandLine,
  };
}
