import { readFileSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { HooklineError, isHooklineError } from "../errors.ts";
import { developmentSecret, existingDevelopmentSecret } from "./development.ts";
import type { Environment } from "./environment.ts";
import type { Project } from "./project.ts";
import type { Stdin } from "./stdin.ts";

/** Where signing secrets came from, in the order of precedence. */
export type SecretSource = "flag" | "environment" | "env-file" | "project" | "development";

/** The signing secrets of one provider: first the current one, then those before it. */
export interface ProviderSecrets {
  secrets: readonly string[];
  source: SecretSource;
  /** How the user knows it: a variable's name, a file's path; none for the development secret. */
  name?: string;
}

/** What is needed of a provider to find its secrets. */
export interface SecretOwner {
  id: string;
  secretEnv: string;
  /** Names the form of its secrets, in letters, digits, `_` and `-`. */
  shape: string;
  /** Makes a new secret of that form. */
  generate: () => string;
}

/** Finds signing secrets: those the user configured, and the development secret of this machine. */
export interface SecretFinder {
  /** What the user configured for the provider, if anything. */
  configured(owner: SecretOwner): ProviderSecrets | undefined;
  development(owner: SecretOwner): ProviderSecrets;
  /**
   * Every secret that there is for the provider, also those that a stronger place covers; none is made, and what cannot
   * be read is left out.
   */
  existing(owner: SecretOwner): ExistingSecret[];
}

/** One secret, and where it is. */
export interface ExistingSecret {
  secret: string;
  source: SecretSource;
  name?: string;
  /** The one before, kept for a rotation. */
  previous?: true;
}

interface Places {
  environment: Environment;
  project: Project | undefined;
  home: string;
  /** Secrets given by `--secret`, resolved: they stand for every provider. */
  given: ProviderSecrets | undefined;
}

export function createSecretFinder({ environment, project, home, given }: Places): SecretFinder {
  const developmentFile = ({ secretEnv, shape }: SecretOwner): string => `${secretEnv}.${shape}`;
  return {
    configured: (owner) =>
      given ?? fromVariables(owner, environment) ?? fromProject(owner, project, environment),
    development: (owner) => ({
      secrets: [developmentSecret(home, developmentFile(owner), owner.generate)],
      source: "development",
    }),
    existing(owner) {
      const own = existingDevelopmentSecret(home, developmentFile(owner));
      return [
        ...each(given),
        ...existingVariables(owner, environment),
        ...existingInProject(owner, project, environment),
        ...(own === undefined ? [] : [{ secret: own, source: "development" } as const]),
      ];
    },
  };
}

function each(found: ProviderSecrets | undefined): ExistingSecret[] {
  if (found === undefined) return [];
  const { secrets, source, name } = found;
  // Of several only the first that has a name is known by it.
  const isNamed = secrets.length === 1 && name !== undefined;
  return secrets.map((secret) => ({ secret, source, ...(isNamed ? { name } : {}) }));
}

function existingVariables({ secretEnv }: SecretOwner, environment: Environment): ExistingSecret[] {
  return [secretEnv, `${secretEnv}_PREVIOUS`].flatMap((name, index) => {
    const found = environment.variable(name);
    if (found === undefined) return [];
    return [
      {
        secret: found.value,
        source: found.source,
        name,
        ...(index === 1 ? { previous: true as const } : {}),
      },
    ];
  });
}

function existingInProject(
  owner: SecretOwner,
  project: Project | undefined,
  environment: Environment,
): ExistingSecret[] {
  if (project === undefined || !Object.hasOwn(project.secrets, owner.id)) return [];
  return (project.secrets[owner.id] ?? []).flatMap((reference) => {
    const only = { ...project, secrets: { [owner.id]: [reference] } };
    return each(ifReadable(() => fromProject(owner, only, environment)));
  });
}

function ifReadable<Found>(read: () => Found): Found | undefined {
  try {
    return read();
  } catch (error) {
    if (isHooklineError(error)) return undefined;
    throw error;
  }
}

/**
 * Resolves the references given to `--secret`: `env:NAME`, `file:PATH`, `-` for standard input, or the secret itself.
 * @param warn told where a secret stands in the process's arguments
 * @throws HooklineError `secret-unset`, `secret-unreadable`, `secret-missing`, `stdin-taken`
 */
export async function resolveSecretFlags(
  references: readonly string[],
  {
    environment,
    cwd,
    stdin,
    warn,
    flag = "--secret",
  }: {
    environment: Environment;
    cwd: string;
    stdin: Stdin;
    warn: (text: string) => void;
    /** The flag that they were given to. */
    flag?: string;
  },
): Promise<ProviderSecrets | undefined> {
  const secrets: string[] = [];
  let name: string | undefined;
  for (const reference of references) {
    if (reference === "-")
      secrets.push(present(oneLine((await stdin.read(flag)).toString("utf8")), "standard input"));
    else if (reference.startsWith("env:")) secrets.push(fromVariable(reference.slice(4), environment));
    else if (reference.startsWith("file:")) secrets.push(fromFile(resolve(cwd, reference.slice(5))));
    else {
      secrets.push(present(reference, flag));
      warn(
        `what is given to ${flag} as it is shows in \`ps\` and in the shell's history; prefer ${flag} env:NAME or file:PATH`,
      );
    }
    name ??= /^(env|file):/.test(reference) ? reference.slice(reference.indexOf(":") + 1) : undefined;
  }
  return secrets.length === 0
    ? undefined
    : { secrets, source: "flag", ...(name === undefined ? {} : { name }) };
}

function fromVariables(owner: SecretOwner, environment: Environment): ProviderSecrets | undefined {
  const current = environment.variable(owner.secretEnv);
  const previous = environment.variable(`${owner.secretEnv}_PREVIOUS`);
  const secrets = [current, previous].flatMap((found) => (found === undefined ? [] : [found.value]));
  const source = (current ?? previous)?.source;
  return source === undefined ? undefined : { secrets, source, name: owner.secretEnv };
}

function fromProject(
  owner: SecretOwner,
  project: Project | undefined,
  environment: Environment,
): ProviderSecrets | undefined {
  if (project === undefined || !Object.hasOwn(project.secrets, owner.id)) return undefined;
  const references = project.secrets[owner.id] ?? [];
  const secrets = references.map((reference) =>
    reference.startsWith("env:")
      ? fromVariable(reference.slice(4), environment)
      : fromFile(insideProject(project, reference.slice(5))),
  );
  return { secrets, source: "project", name: references[0]?.replace(/^\w+:/, "") ?? "" };
}

function fromVariable(name: string, environment: Environment): string {
  const found = environment.variable(name);
  if (found !== undefined) return found.value;
  throw new HooklineError("secret-unset", `the variable ${name} holds no secret: it is unset or empty`, {
    nextSteps: [`export ${name}=… in this shell, or name a file that sets it with --env-file`],
  });
}

function fromFile(path: string): string {
  let text: string;
  try {
    if (statSync(path).size > 65_536) throw new Error("it is larger than 64 KiB, so it is no secret");
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new HooklineError(
      "secret-unreadable",
      `cannot read the secret file ${path}: ${(cause as Error).message}`,
      {
        cause,
        nextSteps: ["check the path after file:"],
      },
    );
  }
  return present(oneLine(text), path);
}

/** The real path of a reference in the project file, which neither `..` nor a link may lead outside. */
function insideProject(project: Project, reference: string): string {
  const path = resolve(project.folder, reference);
  const outside = (base: string, target: string) => {
    const way = relative(base, target);
    return way === ".." || /^\.\.[\\/]/.test(way) || isAbsolute(way);
  };
  let escapes = outside(project.folder, path);
  try {
    escapes ||= outside(realpathSync(project.folder), realpathSync(path));
  } catch {
    // What is not there is reported where it is read.
  }
  if (!escapes) return path;
  throw new HooklineError(
    "secret-outside-project",
    `${project.file} names a secret file outside its folder: ${reference}`,
    {
      nextSteps: ["move the file into the project, or give it yourself with --secret file:PATH"],
    },
  );
}

/** Editors and `echo` end a file with a newline that is no part of the secret. */
function oneLine(text: string): string {
  return text.replace(/\r?\n$/, "");
}

function present(secret: string, where: string): string {
  if (secret !== "") return secret;
  throw new HooklineError("secret-missing", `the secret from ${where} is empty`, {
    nextSteps: ["give the signing secret your provider shows for this endpoint"],
  });
}
