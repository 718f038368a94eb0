import { join } from "node:path";
import type { Environment } from "../config/environment.ts";
import { loadProject, projectError, type Project, type ProjectProblem } from "../config/project.ts";
import {
  createSecretFinder,
  resolveSecretFlags,
  type ExistingSecret,
  type ProviderSecrets,
  type SecretFinder,
  type SecretOwner,
} from "../config/secrets.ts";
import type { Stdin } from "../config/stdin.ts";
import { isHooklineError } from "../errors.ts";
import type { Provider } from "../providers/contract.ts";
import { createRegistry, type Registry } from "../providers/index.ts";
import { generateSecret, secretShape } from "../signing/secrets.ts";
import type { SecretsOf } from "../transport/assess.ts";

/** What the process gives a command: the world outside, so that a test can give another. */
export interface Host {
  environment: Environment;
  cwd: string;
  /** Folder of hookline's own package; its fixtures are in there. */
  packageRoot: string;
  /** Of hookline. */
  version: string;
  stdin: Stdin;
  /** Unix milliseconds. */
  now: () => number;
  random: (bytes: number) => Buffer;
  /** Waits so many milliseconds. */
  sleep: (ms: number) => Promise<void>;
  /** Tells the user something that is wrong but stops nothing. */
  warn: (text: string) => void;
}

/** A secret as messages name it: never its value. */
export interface SecretOrigin {
  source: ProviderSecrets["source"] | "registered";
  /** The variable or file it came from. */
  name?: string;
}

/** Where a command works: who is known, which secrets there are, where fixtures lie. */
export interface Workspace {
  host: Host;
  registry: Registry;
  project: Project | undefined;
  fixturesDir: string;
  secretsOf(provider: Provider): SecretsOf<SecretOrigin>;
  /** Every secret that there is for a provider, wherever it is; none is made. */
  existingSecrets(provider: Provider): ExistingSecret[];
  /** The secrets to sign with: what is configured, else the development secret. */
  signingSecrets(provider: Provider): { secrets: readonly string[]; origin: SecretOrigin };
}

/**
 * Opens the project around the current folder.
 * @param secretFlags references given by `--secret`
 * @throws HooklineError `project-invalid`, `provider-invalid` and what a secret reference can throw
 */
export async function openWorkspace(host: Host, secretFlags: readonly string[] = []): Promise<Workspace> {
  const { environment, cwd, stdin, warn } = host;
  const project = await loadProject(cwd);
  const registry = createRegistry(project === undefined ? [] : await customProviders(project));
  if (project !== undefined) await checkProviders(project, registry);
  const given = await resolveSecretFlags(secretFlags, { environment, cwd, stdin, warn });
  const finder = createSecretFinder({ environment, project, home: environment.home, given });
  const ownerOf = (provider: Provider): SecretOwner => {
    const scheme = provider.signatures[0] ?? { kind: "none" };
    return {
      id: provider.id,
      secretEnv: provider.secretEnv,
      shape: secretShape(scheme),
      generate: () => generateSecret(scheme, host.random),
    };
  };
  const secretsOf = (provider: Provider): SecretsOf<SecretOrigin> => {
    const owner = ownerOf(provider);
    const found: ReturnType<SecretFinder["configured"]> = finder.configured(owner);
    return {
      configured: found === undefined ? undefined : { secrets: found.secrets, origin: originOf(found) },
      development: () => {
        const own = finder.development(owner);
        return { secrets: own.secrets, origin: originOf(own) };
      },
    };
  };
  return {
    host,
    registry,
    project,
    fixturesDir: join(host.packageRoot, "fixtures"),
    secretsOf,
    existingSecrets: (provider) => finder.existing(ownerOf(provider)),
    signingSecrets(provider) {
      const { configured, development } = secretsOf(provider);
      return configured ?? development();
    },
  };
}

/** @throws HooklineError `provider-invalid`, naming each mistake in each of them */
async function customProviders(project: Project): Promise<Provider[]> {
  const entries = Object.entries(project.providers);
  if (entries.length === 0) return [];
  const { defineProvider } = await import("../providers/custom.ts");
  const providers: Provider[] = [];
  const problems: ProjectProblem[] = [];
  let nextSteps: readonly string[] = [];
  for (const [id, input] of entries) {
    try {
      providers.push(defineProvider(id, input));
    } catch (error) {
      if (!isHooklineError(error)) throw error;
      problems.push(...problemsOf(id, error.message));
      nextSteps = error.nextSteps;
    }
  }
  if (problems.length === 0) return providers;
  throw await projectError(project.file, problems, { code: "provider-invalid", nextSteps });
}

/** The lines of a message on a provider, each a path and what is wrong there, as problems of the project file. */
function problemsOf(id: string, message: string): ProjectProblem[] {
  const lines = message.split("\n").slice(1);
  return lines.map((line) => {
    const path: PropertyKey[] = ["providers", id];
    const step = /\.?([A-Za-z]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
    const where = line.trimStart().replace(/^the provider(?=: )/, "");
    let end = 0;
    for (let found = step.exec(where); found !== null; found = step.exec(where)) {
      const [, name, index, quoted = '""'] = found;
      path.push(name ?? (index === undefined ? String(JSON.parse(quoted)) : Number(index)));
      end = step.lastIndex;
    }
    const text = where.slice(end).replace(/^: /, "");
    return { path, text: text.startsWith("its name") ? `cannot be used: ${text}` : text };
  });
}

/**
 * Makes sure that whoever the project file names is known, and that no secret is sent as it is.
 * @throws HooklineError `project-invalid`
 */
async function checkProviders(project: Project, registry: Registry): Promise<void> {
  const unknown = [
    ...Object.keys(project.secrets).map((id) => ({ id, path: ["secrets", id] })),
    ...(project.listen?.providers ?? []).map((id, index) => ({ id, path: ["listen", "providers", index] })),
  ].filter(({ id }) => registry.get(id) === undefined);
  if (unknown.length > 0) {
    throw await projectError(
      project.file,
      unknown.map(({ path }) => ({ path, text: "names no provider that there is" })),
      { nextSteps: ["list the providers with `hookline providers list`, or define it under `providers`"] },
    );
  }
  for (const provider of registry.all) await refusePlainTheft(provider, project, registry);
}

/**
 * A bearer or basic scheme puts its secret into a header as it is. A project file may use one, but not to send a
 * variable that holds another provider's signing secret. That a variable begins with its id proves nothing: to one
 * called stripe-webhook, STRIPE_WEBHOOK_SECRET does.
 */
async function refusePlainTheft(
  { id, secretEnv, signatures }: Provider,
  project: Project,
  registry: Registry,
): Promise<void> {
  if (!Object.hasOwn(project.providers, id)) return;
  if (!signatures.some(({ kind }) => kind === "bearer" || kind === "basic")) return;
  const own = `${id.toUpperCase().replaceAll("-", "_")}_`;
  const references = Object.hasOwn(project.secrets, id) ? (project.secrets[id] ?? []) : [];
  const named = references.flatMap((text) => (text.startsWith("env:") ? [text.slice(4)] : []));
  const others = registry.all.filter((other) => other.id !== id).map((other) => other.secretEnv);
  const isForeign = (name: string): boolean =>
    !name.startsWith(own) || others.some((other) => name.startsWith(other));
  const read = [secretEnv, `${secretEnv}_PREVIOUS`];
  const foreign = [...read, ...named].find(isForeign);
  if (foreign === undefined) return;
  const path = read.includes(foreign) ? ["providers", id, "secretEnv"] : ["secrets", id];
  const text = `would send the variable ${foreign} as it is: the provider signs nothing with its secret, it sends it`;
  throw await projectError(project.file, [{ path, text }], {
    nextSteps: [`name a variable for it that begins with ${own}, and not as another provider's does`],
  });
}

function originOf({ source, name }: ProviderSecrets): SecretOrigin {
  return { source, ...(name === undefined ? {} : { name }) };
}
