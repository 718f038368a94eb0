import { resolve } from "node:path";
import { databaseFile } from "../config/database.ts";
import { uuid } from "../providers/ids.ts";
import { localAccountName } from "../server/accounts.ts";
import { createHttpServer } from "../server/http.ts";
import { bind, urlsOf } from "../transport/bind.ts";
import { isLoopback } from "../transport/target.ts";
import { openControlPlane, type ControlPlane } from "./control-plane.ts";
import { createAccount, keepProfile, readAccountName, tryRootKeyFile } from "./root-key.ts";
import type { ServeEvent, ServeOptions } from "./serve-events.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds between two tidyings. */
const tidyEveryMs = 3_600_000;
/** Milliseconds that requests under way get to finish. */
const graceMs = 5000;

/** Serves until the signal comes, and reports what happens. */
export async function runServer(
  workspace: Workspace,
  options: ServeOptions,
  report: (event: ServeEvent) => void,
): Promise<void> {
  const { host } = workspace;
  const file = options.db === undefined ? databaseFile(host.environment.home) : resolve(host.cwd, options.db);
  const accountName =
    options.createAccount === undefined ? undefined : readAccountName(options.createAccount);
  const plane = await openControlPlane(workspace, {
    file,
    report: (event) => report({ at: host.now(), ...event }),
  });
  let requests = 0;
  const server = createHttpServer(plane.app, {
    version: host.version,
    newRequestId: () => uuid(host.random),
    clock: () => performance.now(),
    report: (request) => {
      requests++;
      report({ type: "request", at: host.now(), ...request });
    },
    fail: (error) => report({ type: "failed", at: host.now(), route: "", error }),
  });
  try {
    // First the port: a server that cannot start makes no account.
    const port = await bind(server, options);
    const keyFile = options.rootKeyFile === undefined ? undefined : resolve(host.cwd, options.rootKeyFile);
    await tryRootKeyFile(plane, accountName ?? localAccountName, keyFile, host.warn);
    if (accountName !== undefined) await createAccount(workspace, plane, accountName, options, report);
    const [url = "", ...others] = urlsOf({ host: options.host, port });
    const profile = await keepProfile(workspace, plane, url, options, report);
    report({
      type: "ready",
      at: host.now(),
      urls: [url, ...others],
      port,
      database: file,
      profile,
      exposed: !isLoopback(new URL(url)) || others.length > 0,
    });
    const stopTidying = keepTidy(plane, (error) =>
      report({ type: "failed", at: host.now(), route: "tidy", error }),
    );
    await aborted(options.signal);
    stopTidying();
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    await new Promise<void>((done) => server.close(() => done()));
    clearTimeout(cut);
    report({ type: "stopped", at: host.now(), requests });
  } finally {
    server.close();
    // Whoever holds the database locked does not hold this up.
    await Promise.race([plane.close(), host.sleep(graceMs)]);
  }
}

/** Tidies now and every hour. @returns ends it */
function keepTidy({ app }: ControlPlane, fail: (error: unknown) => void): () => void {
  let isOver = false;
  const tidy = (): void =>
    void app.tidy().catch((error: unknown) => {
      // It may be under way when the database is closed.
      if (!isOver) fail(error);
    });
  tidy();
  const timer = setInterval(tidy, tidyEveryMs);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener("abort", () => done(), { once: true }));
}
