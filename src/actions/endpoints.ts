import { writeEnvFile } from "../config/env-file.ts";
import type { Connection } from "../config/connection.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Answer, Endpoint, Input, NewEndpoint, Remote } from "../remote/contract.ts";
import { isLoopback, parseTarget } from "../transport/target.ts";
import { tryEnvPlace, type EnvPlace } from "./env-place.ts";
import { readPages, type Listed, type PageOptions } from "./pages.ts";
import type { Workspace } from "./workspace.ts";

export interface EndpointFilter {
  provider?: string;
  status?: Endpoint["status"];
}

export interface CreatedEndpoint {
  endpoint: NewEndpoint;
  /** Where the secret was written; it is not to be printed then. The file's path is absolute. */
  written: EnvPlace | undefined;
  /** The secret is this machine's development secret, which its listeners know. */
  isDevelopmentSecret: boolean;
}

/** Events an endpoint can ask for, by provider. */
export type EventChoices = Map<string, { type: string; description: string }[]>;

export function listEndpoints(
  remote: Remote,
  filter: EndpointFilter,
  page: PageOptions,
): Promise<Listed<Endpoint>> {
  return readPages((part) => remote.call("endpoints.list", { query: { ...filter, ...part } }), page);
}

export async function listEventChoices(remote: Remote): Promise<EventChoices> {
  const { data } = await remote.call("eventTypes.list", { query: {} });
  const choices: EventChoices = new Map();
  for (const { provider, type, description } of data) {
    const known = choices.get(provider) ?? [];
    choices.set(provider, [...known, { type, description }]);
  }
  return choices;
}

/**
 * Makes an endpoint.
 * @param place gets the secret; tried before anything is made
 * @throws HooklineError `env-file-unwritable`; `secret-unwritten` where the secret could not be written after all or
 *   there is none, and the endpoint was deleted again; and what the call can throw
 */
export async function createEndpoint(
  workspace: Workspace,
  remote: Remote,
  connection: Connection,
  body: Input<"endpoints.create">["body"],
  place: EnvPlace | undefined,
): Promise<CreatedEndpoint> {
  if (place !== undefined) await tryEnvPlace(place);
  const endpoint = await remote.call("endpoints.create", {
    body: { ...body, url: readEndpointUrl(body.url) },
  });
  if (place !== undefined) await writeOrDelete(remote, endpoint, place);
  const isDevelopmentSecret = endpoint.secret !== null && isKnownHere(workspace, connection, endpoint);
  return { endpoint, written: place, isDevelopmentSecret };
}

export function showEndpoint(remote: Remote, id: string): Promise<Endpoint> {
  return explained(remote.call("endpoints.get", { params: { id } }));
}

/** An endpoint; undefined where it was deleted. */
export async function findEndpoint(remote: Remote, id: string): Promise<Endpoint | undefined> {
  try {
    return await showEndpoint(remote, id);
  } catch (error) {
    if (isHooklineError(error) && error.code === deletedCode) return undefined;
    throw error;
  }
}

export function updateEndpoint(
  remote: Remote,
  id: string,
  changes: Input<"endpoints.update">["body"],
): Promise<Answer<"endpoints.update">> {
  const { url } = changes;
  const body = url === undefined ? changes : { ...changes, url: readEndpointUrl(url) };
  return explained(remote.call("endpoints.update", { params: { id }, body }));
}

/** Deletes an endpoint; one that was deleted before is no error. */
export function deleteEndpoint(remote: Remote, id: string): Promise<Answer<"endpoints.delete">> {
  return remote.call("endpoints.delete", { params: { id } });
}

/**
 * The URL of a target as it is named everywhere: `3000/path` too.
 * @throws HooklineError `target-invalid`, also where it has a fragment, which no request carries
 */
export function readEndpointUrl(text: string): string {
  if (text.includes("#")) {
    throw new HooklineError(
      "target-invalid",
      `${JSON.stringify(text.trim())} has a fragment, which is never sent: the part from the # on`,
      { nextSteps: ["leave it out, or write %23 where the # belongs to the path or the query"] },
    );
  }
  return parseTarget(text).url.href;
}

const deletedCode = "endpoint-deleted";

/** Adds to a refusal what to do next, where the API does not say it. */
export async function explained<Result>(answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    if (!isHooklineError(error) || error.code !== deletedCode || error.nextSteps.length > 0) throw error;
    throw new HooklineError(error.code, error.message, {
      exitCode: error.exitCode,
      nextSteps: [
        "see those that are left: hookline endpoints list",
        "or make another: hookline endpoints create",
      ],
      cause: error,
    });
  }
}

/** Nobody but the creating answer knows the secret: an endpoint whose secret is lost is of no use. */
async function writeOrDelete(
  remote: Remote,
  { id, provider, secret }: NewEndpoint,
  { file, name }: EnvPlace,
): Promise<void> {
  let why: string;
  try {
    if (secret !== null) return await writeEnvFile(file, { [name]: secret });
    why = `${provider} signs nothing, so there is no secret to write to ${name}`;
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    why = error.message;
  }
  const isDeleted = await deleteEndpoint(remote, id).then(
    () => true,
    () => false,
  );
  throw new HooklineError(
    "secret-unwritten",
    isDeleted
      ? `${why}; the endpoint that was made for it is deleted again`
      : `${why}, and the endpoint ${id} that was made for it could not be deleted`,
    {
      exitCode: EXIT.failed,
      nextSteps: [
        ...(isDeleted ? [] : [`delete it: hookline endpoints delete ${id} --yes`]),
        "run it again without --write-env, or with another file",
      ],
    },
  );
}

/** Only where this machine's own control plane may have given it out: no other is told apart by its secret. */
function isKnownHere(workspace: Workspace, { url }: Connection, endpoint: NewEndpoint): boolean {
  if (url !== undefined && !isLoopback(url)) return false;
  if (!URL.canParse(endpoint.url) || !isLoopback(new URL(endpoint.url))) return false;
  const provider = workspace.registry.get(endpoint.provider);
  if (provider === undefined) return false;
  return workspace
    .secretsOf(provider)
    .development()
    .secrets.includes(endpoint.secret ?? "");
}
