import { loadMasterKey } from "../config/master-key.ts";
import { ensureAccount, localAccountName } from "../server/accounts.ts";
import { createApp, type App, type AppOptions, type ServerEvent } from "../server/app.ts";
import { checkMasterKey, createVault, hasMasterKey } from "../server/vault.ts";
import type { Account, Store } from "../store/contract.ts";
import { openStore } from "../store/open.ts";
import { isLoopback } from "../transport/target.ts";
import type { Workspace } from "./workspace.ts";

/** The control plane in this process, over a database of this machine. */
export interface ControlPlane {
  app: App;
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
  { file, report }: { file: string; report: (event: ServerEvent) => void },
): Promise<ControlPlane> {
  const { host, registry } = workspace;
  const { environment, now, random } = host;
  const store = await openStore(file);
  try {
    const make = !(await hasMasterKey(store.settings));
    const masterKey = loadMasterKey({ environment, home: environment.home, random, make });
    const vault = createVault(masterKey, random);
    await checkMasterKey(store.settings, vault);
    const options: AppOptions = {
      store,
      vault,
      registry,
      version: host.version,
      now,
      random,
      report,
      // A listener of this machine knows the development secret without being told.
      ownSecret: (provider, url) =>
        isLoopback(url) ? workspace.secretsOf(provider).development().secrets[0] : undefined,
    };
    const { account } = await ensureAccount(options, localAccountName);
    const app = createApp(options);
    return { app, options, local: account, close: () => close(app, store) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function close(app: App, store: Store): Promise<void> {
  try {
    await app.close();
  } finally {
    await store.close();
  }
}
