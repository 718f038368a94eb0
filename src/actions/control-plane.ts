import { loadMasterKey } from "../config/master-key.ts";
import { ensureAccount, localAccountName } from "../server/accounts.ts";
import type { Worker } from "../server/worker.ts";
import type { GuardPolicy } from "../transport/guard.ts";
import type { Delivering } from "./delivering.ts";
import { createApp, type App, type AppOptions } from "../server/app.ts";
import type { ServerEvent } from "../server/server-events.ts";
import { checkMasterKey, createVault, hasMasterKey } from "../server/vault.ts";
import type { Account, Store } from "../store/contract.ts";
import { openStore } from "../store/open.ts";
import { isLoopback } from "../transport/target.ts";
import type { Workspace } from "./workspace.ts";

/** How deliveries are sent. */
export interface DeliveryOptions {
  /** Which addresses they may go to. */
  guard: GuardPolicy;
  /** Milliseconds before each automatic retry, in place of the providers' own. */
  retryDelaysMs?: readonly number[];
  /** Deliveries given up one after another that disable an endpoint; 0: none do. */
  disableAfter: number;
  /** Deliveries under way at once, in all and to one endpoint. */
  concurrency: number;
  perEndpoint: number;
  /** Whether what is published is sent at once by this process, which has its worker started. */
  atOnce: boolean;
}

/** What holds where nobody says otherwise. */
export const usualDelivery = { disableAfter: 10, concurrency: 1000, perEndpoint: 50 };

/** The control plane in this process, over a database of this machine. */
export interface ControlPlane {
  app: App;
  /** Sends what the control plane has to deliver; not started of itself. */
  worker(): Promise<Worker>;
  options: AppOptions;
  /** The account that this machine itself works in. */
  local: Account;
  close(): Promise<void>;
}

/**
 * Opens the database and the control plane over it.
 * @param report told what an operator should know
 * @throws HooklineError what the store and the master key can throw
 */
export async function openControlPlane(
  workspace: Workspace,
  {
    file,
    delivery,
    report,
  }: { file: string; delivery: DeliveryOptions; report: (event: ServerEvent) => void },
): Promise<ControlPlane> {
  const { host, registry } = workspace;
  const { environment, now, random } = host;
  const store = await openStore(file);
  try {
    const make = !(await hasMasterKey(store.settings));
    const masterKey = loadMasterKey({ environment, home: environment.home, random, make });
    const vault = createVault(masterKey, random);
    await checkMasterKey(store.settings, vault);
    const { account } = await ensureAccount({ store, now, random }, localAccountName);
    let made: Promise<Delivering> | undefined;
    // Loaded when something is to be delivered: most commands deliver nothing.
    const delivering = (): Promise<Delivering> =>
      (made ??= import("./delivering.ts").then(({ createDelivering }) =>
        createDelivering(workspace, {
          store,
          vault,
          delivery,
          accountId: delivery.atOnce ? undefined : account.id,
          report,
        }),
      ));
    const options: AppOptions = {
      store,
      vault,
      registry,
      version: host.version,
      now,
      random,
      report,
      ...(delivery.atOnce ? { dispatch: (await delivering()).worker } : {}),
      guard: { check: async (url) => (await delivering()).guard.check(url) },
      sample: async (provider, type) => (await import("./sample.ts")).loadSample(workspace, provider, type),
      // A listener of this machine knows the development secret without being told.
      ownSecret: (provider, url) =>
        isLoopback(url) ? workspace.secretsOf(provider).development().secrets[0] : undefined,
    };
    const app = createApp(options);
    return {
      app,
      worker: async () => (await delivering()).worker,
      options,
      local: account,
      close: () => close(app, made, store),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function close(app: App, delivering: Promise<Delivering> | undefined, store: Store): Promise<void> {
  try {
    await (await delivering)?.worker.stop(0);
    await app.close();
  } finally {
    await store.close();
  }
}
