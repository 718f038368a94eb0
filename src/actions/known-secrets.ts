import { databaseFile } from "../config/database.ts";
import { loadMasterKey } from "../config/master-key.ts";
import { isHooklineError } from "../errors.ts";
import type { Provider } from "../providers/contract.ts";
import { placeOf } from "../server/secrets.ts";
import { createVault } from "../server/vault.ts";
import type { KnownSecret } from "../signing/diagnose/index.ts";
import type { EndpointRow, Store } from "../store/contract.ts";
import { openExistingStore } from "../store/open.ts";
import type { Workspace } from "./workspace.ts";

/** Endpoints whose secrets are looked at, at most. */
const mostEndpoints = 200;

/**
 * All signing secrets that this user has: configured for whatever provider, covered by a stronger place, of development,
 * and of the endpoints in this machine's database. None is made, and what cannot be read is left out.
 */
export async function knownSecrets(workspace: Workspace): Promise<KnownSecret[]> {
  const { registry } = workspace;
  const found = registry.all.flatMap((owner) =>
    workspace.existingSecrets(owner).map(({ secret, source, name, previous }): KnownSecret => ({
      secret,
      provider: owner.id,
      label: {
        provider: owner.id,
        title: owner.title,
        source,
        ...(name === undefined ? {} : { name }),
        ...(previous === undefined ? {} : { previous }),
      },
    })),
  );
  return [...found, ...(await endpointSecrets(workspace))];
}

/** Those of the provider first: they are the likeliest. */
export function nearestFirst(all: readonly KnownSecret[], provider: Provider): KnownSecret[] {
  const isOwn = (known: KnownSecret): boolean =>
    known.provider === provider.id || known.provider === provider.base;
  return [...all.filter(isOwn), ...all.filter((known) => !isOwn(known))];
}

/** The secrets of the endpoints in this machine's database, where there is one. */
async function endpointSecrets(workspace: Workspace): Promise<KnownSecret[]> {
  const { environment } = workspace.host;
  const file = databaseFile(environment.home);
  try {
    const store = await openExistingStore(file);
    if (store === undefined) return [];
    try {
      return await secretsIn(store, workspace);
    } finally {
      await store.close();
    }
  } catch (error) {
    // A database that is busy, damaged or sealed with another key has nothing to say here; its own commands tell.
    if (isHooklineError(error)) return [];
    throw error;
  }
}

async function secretsIn(store: Store, { host, registry }: Workspace): Promise<KnownSecret[]> {
  const { environment, random } = host;
  const vault = createVault(
    loadMasterKey({ environment, home: environment.home, random, make: false }),
    random,
  );
  const known: KnownSecret[] = [];
  for (const account of await store.accounts.list()) {
    if (known.length >= mostEndpoints) break;
    const { rows } = await store.endpoints.list(account.id, { limit: mostEndpoints });
    for (const endpoint of rows) {
      const title = registry.get(endpoint.provider)?.title ?? endpoint.provider;
      for (const [sealed, previous] of sealedIn(endpoint)) {
        const secret = opened(() => vault.open(sealed, placeOf(endpoint.id)));
        if (secret === undefined) continue;
        const label = {
          provider: endpoint.provider,
          title,
          source: "endpoint",
          endpoint: endpoint.id,
          url: new URL(endpoint.url).origin,
          ...(previous ? { previous } : {}),
        };
        known.push({ secret, provider: endpoint.provider, label });
      }
    }
  }
  return known;
}

function sealedIn({ secret, previousSecret }: EndpointRow): [sealed: Uint8Array, previous: boolean][] {
  return [
    ...(secret === null ? [] : [[secret, false] as [Uint8Array, boolean]]),
    ...(previousSecret === null ? [] : [[previousSecret, true] as [Uint8Array, boolean]]),
  ];
}

function opened(open: () => string): string | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}
