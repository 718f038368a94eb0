import { readFile } from "node:fs/promises";
import { freshenBody } from "../payloads/edit.ts";
import { fixturesOf } from "../payloads/fixtures.ts";
import type { Provider } from "../providers/contract.ts";
import { randomText } from "../providers/ids.ts";
import type { Workspace } from "./workspace.ts";

/** The fixture of an event with an id and a time of its own; undefined where there is none. */
export async function loadSample(
  { host, registry, fixturesDir }: Workspace,
  provider: Provider,
  type: string,
): Promise<Buffer | undefined> {
  const file = fixturesOf(provider, registry, fixturesDir).get(type);
  if (file === undefined) return undefined;
  const body = await readFile(file);
  const { id, createdAt } = provider.envelope;
  if (id === undefined && createdAt === undefined) return body;
  return freshenBody(body, provider.envelope, { id: () => randomText(host.random, 22), now: host.now() });
}
