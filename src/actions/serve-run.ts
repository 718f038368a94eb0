import { resolve } from "node:path";
import { databaseFile } from "../config/database.ts";
import { readMail } from "../config/mail.ts";
import { HooklineError } from "../errors.ts";
import { uuid } from "../providers/ids.ts";
import { localAccountName } from "../server/accounts.ts";
import type { EndpointDisabled } from "../server/server-events.ts";
import { createHttpServer } from "../server/http.ts";
import { bind, urlsOf } from "../transport/bind.ts";
import { createTargetGuard } from "../transport/guard.ts";
import { isLoopback } from "../transport/target.ts";
import { aborted } from "./aborted.ts";
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
  checkExposure(options);
  // Before a database is made.
  createTargetGuard(options.delivery.guard);
  const mail = await createMail(workspace, report);
  const plane = await openControlPlane(workspace, {
    file,
    delivery: { ...options.delivery, atOnce: true },
    report(event) {
      report({ at: host.now(), ...event });
      if (event.type === "endpoint-disabled") mail?.tell(event);
    },
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
    const worker = await plane.worker();
    await worker.start();
    await aborted(options.signal);
    stopTidying();
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    await Promise.all([new Promise<void>((done) => server.close(() => done())), worker.stop(graceMs)]);
    clearTimeout(cut);
    report({ type: "stopped", at: host.now(), requests });
  } finally {
    server.close();
    // Whoever holds the database locked does not hold this up.
    await Promise.race([Promise.all([plane.close(), mail?.close()]), host.sleep(graceMs)]);
  }
}

/** @throws HooklineError `targets-exposed` */
function checkExposure({ host, delivery }: ServeOptions): void {
  const url = `http://${host.includes(":") ? `[${host}]` : host}`;
  if (!delivery.guard.private || (URL.canParse(url) && isLoopback(new URL(url)))) return;
  throw new HooklineError(
    "targets-exposed",
    `--allow-private-targets is for a control plane that only its own machine reaches, not one on ${host}: whoever has a key could have it call into your network`,
    { nextSteps: ["name the ranges it may deliver to: --allow-target 10.1.0.0/16", "or leave --host out"] },
  );
}

/** Milliseconds between two mails about an endpoint. */
const mailEveryMs = 3_600_000;
/** Mails on their way at once. */
const mostMails = 20;
/** Milliseconds that a mail may take to be handed in. */
const mailTimeoutMs = 10_000;

/** Mail about disabled endpoints, where it is set up. */
async function createMail(
  { host }: Workspace,
  report: (event: ServeEvent) => void,
): Promise<{ tell: (event: EndpointDisabled) => void; close: () => Promise<void> } | undefined> {
  const settings = readMail(host.environment);
  if (settings === undefined) return undefined;
  const { createMailer, disabledEndpointMail } = await import("../server/mail.ts");
  const mailer = createMailer(settings, { timeoutMs: mailTimeoutMs });
  const underWay = new Set<Promise<void>>();
  const told = new Map<string, number>();
  return {
    tell(event) {
      const at = host.now();
      // Enabled and disabled again and again, an endpoint would fill a mailbox.
      if (at - (told.get(event.endpointId) ?? -Infinity) < mailEveryMs || underWay.size >= mostMails) return;
      for (const [id, time] of told) if (at - time >= mailEveryMs) told.delete(id);
      told.set(event.endpointId, at);
      const done = (error: unknown): void => {
        underWay.delete(sending);
        report({ type: "mail", at: host.now(), endpointId: event.endpointId, error });
      };
      const sending = mailer.send(disabledEndpointMail(event)).then(() => done(undefined), done);
      underWay.add(sending);
    },
    async close() {
      await Promise.all(underWay);
      mailer.close();
    },
  };
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
