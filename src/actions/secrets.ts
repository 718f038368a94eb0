import { resolve } from "node:path";
import { writeEnvFile } from "../config/env-file.ts";
import { HooklineError } from "../errors.ts";
import type { Workspace } from "./workspace.ts";

export interface DevelopmentSecret {
  provider: string;
  title: string;
  /** Variable that a receiver would read it from. */
  env: string;
  secret: string;
}

/**
 * The development secrets: of one provider, or of all.
 * @throws HooklineError `provider-unknown`, `secret-none`, `home-unwritable`
 */
export function developmentSecrets(workspace: Workspace, id?: string): DevelopmentSecret[] {
  const asked = id === undefined ? workspace.registry.all : [workspace.registry.require(id)];
  const providers = asked.filter(({ signatures }) => signatures.some(({ kind }) => kind !== "none"));
  if (providers.length === 0) {
    throw new HooklineError("secret-none", `${id} signs nothing, so it has no secret`);
  }
  return providers.map((provider) => ({
    provider: provider.id,
    title: provider.title,
    env: provider.secretEnv,
    secret: workspace.secretsOf(provider).development().secrets[0] ?? "",
  }));
}

/**
 * Writes secrets to a dotenv file, each to its variable.
 * @returns the file's path
 * @throws HooklineError `env-file-unwritable`
 */
export async function writeSecrets(
  workspace: Workspace,
  secrets: readonly DevelopmentSecret[],
  file: string,
): Promise<string> {
  const path = resolve(workspace.host.cwd, file);
  await writeEnvFile(path, Object.fromEntries(secrets.map(({ env, secret }) => [env, secret])));
  return path;
}
