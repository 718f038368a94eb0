import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { Provider } from "../../src/providers/contract.ts";
import { createRegistry } from "../../src/providers/index.ts";
import { randomText } from "../../src/providers/ids.ts";
import type { RouteName, Scope } from "../../src/remote/contract.ts";
import { ensureAccount, giveRootKey } from "../../src/server/accounts.ts";
import { createApp, type ApiAnswer, type App, type AppOptions } from "../../src/server/app.ts";
import type { ServerEvent } from "../../src/server/server-events.ts";
import { createHttpServer, type ServedRequest } from "../../src/server/http.ts";
import { createIds } from "../../src/server/ids.ts";
import { createVault } from "../../src/server/vault.ts";
import type { Account } from "../../src/store/contract.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { createTargetGuard } from "../../src/transport/guard.ts";
import { bind } from "../../src/transport/bind.ts";
import { post, type Response } from "../cli/run-servers.ts";
import { createDrivenWorker, type DrivenWorker, type DrivenWorkerOptions } from "./workers.ts";

/** A control plane on a database and a clock of its own. */
export interface Plane {
  app: App;
  options: AppOptions;
  account: Account;
  /** The account's root key. */
  root: string;
  /** Sends its deliveries once it is started, and before by `attempt` alone. */
  worker: DrivenWorker;
  /** Another on the same database; stopped after the test. */
  addWorker(options?: Partial<DrivenWorkerOptions>): DrivenWorker;
  events: ServerEvent[];
  requests: ServedRequest[];
  /** Unix milliseconds of its clock, which stands still. */
  time(): number;
  pass(ms: number): void;
  /** Calls a route in this process. Without a key as this machine itself. */
  call(name: RouteName, input?: object, key?: string, extra?: object): Promise<ApiAnswer>;
  /** Calls a route that has to succeed. @returns its answer's body */
  done(name: RouteName, input?: object, key?: string): Promise<Record<string, unknown>>;
  makeKey(scopes: readonly Scope[] | ["*"], more?: object, by?: string): Promise<{ id: string; key: string }>;
  addAccount(name: string): Promise<{ account: Account; root: string }>;
  /** Puts it on a port. */
  serve(): Promise<Served>;
}

export interface Served {
  url: string;
  /** Sends a request with the key in `x-api-key`. */
  send(
    method: string,
    path: string,
    options?: { key?: string | undefined; body?: unknown; headers?: Record<string, string | string[]> },
  ): Promise<Response & { json: Record<string, unknown> }>;
}

const open = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const close of open) await close();
  open.clear();
});

export interface PlaneOptions {
  providers?: Provider[];
  /** How its worker works. */
  delivery?: Partial<DrivenWorkerOptions>;
  /** Whether what is published is stored as being sent where its worker has room; else its worker finds it as due. */
  dispatch?: boolean;
  /** Whether it delivers to private addresses, as all targets of tests are. */
  allowPrivate?: boolean;
  sample?: AppOptions["sample"];
}

export async function openPlane({
  providers = [],
  delivery = {},
  dispatch = true,
  allowPrivate = true,
  sample = (provider) => Promise.resolve(Buffer.from(`{"sample":"${provider.id}"}`)),
}: PlaneOptions = {}): Promise<Plane> {
  const folder = mkdtempSync(join(tmpdir(), "hookline-plane-"));
  const store = await createSqliteStore(join(folder, "hookline.db"), { watchUse: true });
  const workers = new Set<DrivenWorker>();
  open.add(async () => {
    for (const worker of workers) await worker.stop(0);
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  let now = Date.parse("2026-03-17T14:32:00Z");
  const events: ServerEvent[] = [];
  const requests: ServedRequest[] = [];
  const common = {
    store,
    vault: createVault(randomBytes(32), randomBytes),
    registry: createRegistry(providers),
    now: () => now,
    report: (event: ServerEvent) => void events.push(event),
    guard: createTargetGuard({ private: allowPrivate, ranges: [] }),
  };
  const newId = createIds(common.now, randomBytes);
  const addWorker: Plane["addWorker"] = (more = {}) => {
    const worker = createDrivenWorker({ ...common, newId, ...delivery, ...more });
    workers.add(worker);
    return worker;
  };
  const worker = addWorker();
  const options: AppOptions = {
    ...common,
    version: "1.2.3",
    random: randomBytes,
    sample,
    ...(dispatch ? { dispatch: worker } : {}),
  };
  const app = createApp(options);
  const addAccount = async (name: string): Promise<{ account: Account; root: string }> => {
    const { account } = await ensureAccount(options, name);
    const given = await giveRootKey(options, account, () => Promise.resolve());
    return { account, root: given?.key ?? "" };
  };
  const { account, root } = await addAccount("acme");

  const call: Plane["call"] = (name, input = {}, key = undefined, extra = {}) =>
    app.invoke(name, {
      ...input,
      credential: key === undefined ? { kind: "embedded", account } : { kind: "keys", keys: [key] },
      address: key === undefined ? null : "192.0.2.7",
      ...extra,
    });
  const done: Plane["done"] = async (name, input, key) => {
    const { status, body } = await call(name, input, key);
    if (status >= 300) throw new Error(`${name} was answered with ${status}: ${JSON.stringify(body)}`);
    return body as Record<string, unknown>;
  };

  return {
    app,
    options,
    account,
    root,
    worker,
    addWorker,
    events,
    requests,
    time: () => now,
    pass: (ms) => void (now += ms),
    call,
    done,
    addAccount,
    async makeKey(scopes, more = {}, by = undefined) {
      const all = (await done("keys.current", {}, by))["scopes"];
      const made = await done(
        "keys.create",
        {
          body: {
            name: `test ${randomText(randomBytes, 4)}`,
            scopes: scopes[0] === "*" ? all : scopes,
            ...more,
          },
        },
        by,
      );
      return { id: made["id"] as string, key: made["key"] as string };
    },
    async serve() {
      let requestNumber = 0;
      const server = createHttpServer(app, {
        version: options.version,
        newRequestId: () => `request-${++requestNumber}`,
        clock: () => now,
        report: (request) => requests.push(request),
        fail: (error) => events.push({ type: "failed", route: "", error }),
      });
      const port = await bind(server, { host: "127.0.0.1", port: 0 });
      open.add(() => {
        server.closeAllConnections();
        return new Promise((resolve) => void server.close(() => resolve()));
      });
      const url = `http://127.0.0.1:${port}`;
      return {
        url,
        async send(method, path, { key, body, headers = {} } = {}) {
          const answer = await post(`${url}${path}`, {
            method,
            headers: {
              ...(key === undefined ? {} : { "x-api-key": key }),
              ...(body === undefined ? {} : { "content-type": "application/json" }),
              ...headers,
            },
            body: body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body),
          });
          const text = answer.body.toString("utf8");
          return { ...answer, json: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
        },
      };
    },
  };
}
