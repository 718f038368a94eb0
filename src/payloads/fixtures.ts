import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Provider } from "../providers/contract.ts";
import type { Registry } from "../providers/index.ts";
import { filesBelow } from "./files.ts";

export interface Fixture {
  /** Id of the provider that sends it. */
  provider: string;
  event: string;
  /** Absolute where the fixtures folder is. */
  file: string;
  bytes: number;
}

/** Everything that can be sent by name: per provider its events in their order, then what else lies in its folder. */
export function listFixtures(registry: Registry, fixturesDir: string): Fixture[] {
  return registry.all.flatMap((provider) =>
    [...fixturesOf(provider, registry, fixturesDir)].map(([event, file]) => ({
      provider: provider.id,
      event,
      file,
      bytes: statSync(file).size,
    })),
  );
}

/**
 * A provider's fixtures, event to file. A receiver of another provider's webhooks has that one's, of its own events only.
 * A file is found by listing the folder, never by joining a name to it, so that no name leads out of it.
 */
export function fixturesOf(provider: Provider, registry: Registry, fixturesDir: string): Map<string, string> {
  const owner = provider.base ?? provider.id;
  const listed = new Map<string, string>();
  if (registry.get(owner) !== undefined && namesIn(fixturesDir).includes(owner)) {
    for (const below of filesBelow(join(fixturesDir, owner))) {
      const event = withoutExtension(below);
      if (!listed.has(event) || below.endsWith(".json")) listed.set(event, join(fixturesDir, owner, below));
    }
  }
  const known = Object.keys(provider.events);
  const events = provider.base === undefined ? new Set([...known, ...listed.keys()]) : known;
  const found = new Map<string, string>();
  for (const event of events) {
    const file = listed.get(event);
    if (file !== undefined) found.set(event, file);
  }
  return found;
}

/** `orders/create.json` → `orders/create`; what follows the last dot is an extension if it is 1 to 5 letters or digits. */
export function withoutExtension(path: string): string {
  return path.replace(/\.[A-Za-z0-9]{1,5}$/, "");
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
