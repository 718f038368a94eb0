import type { Connection } from "../config/connection.ts";
import {
  editRegistrations,
  hasRegistrations,
  isAbandoned,
  isForgotten,
  newRegistration,
  readRegistrations,
  type RegistrationNote,
} from "../config/registrations.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Provider } from "../providers/contract.ts";
import { randomText } from "../providers/ids.ts";
import type { NewEndpoint, Remote } from "../remote/contract.ts";
import { isLoopback, parseTarget } from "../transport/target.ts";
import { withRemote } from "./remote.ts";
import { apiOf, forget, leftOver, removeNoted } from "./unregister.ts";
import type { Workspace } from "./workspace.ts";

export interface RegisterOptions {
  /** As `--profile` says. */
  profile?: string;
  /** May be empty for Stripe's own API alone, which has one. */
  providers: readonly Provider[];
  /** Event types, or groups of them (`order.*`); all where it is empty. */
  events: readonly string[];
  /** Where the listener is reached from outside; each provider's id is put behind its path. */
  url: string;
  /** Milliseconds that removing may take. */
  patienceMs?: number;
}

export interface RegisteredEndpoint {
  id: string;
  /** Id of the provider. */
  provider: string;
  url: string;
  /** Name of the profile. */
  profile: string;
  /** Null where the provider signs nothing. */
  secret: string | null;
}

/** Endpoints that are there as long as a listener is. */
export interface Registration {
  endpoints: RegisteredEndpoint[];
  /**
   * Deletes them; what cannot be deleted within 5 seconds is left to the next start. Never throws for what goes wrong on
   * the way: what did is returned, to be told as a warning.
   */
  remove: () => Promise<HooklineError | undefined>;
}

const usualPatienceMs = 5000;

/**
 * Makes an endpoint for each provider that leads to this listener. Each is noted in hookline's folder before it is asked
 * for, so that whatever becomes of this process the next start finds it.
 * @throws HooklineError where one cannot be made, those before it removed again; `usage` where no provider is named
 */
export async function register(
  workspace: Workspace,
  { profile, providers, events, url, patienceMs = usualPatienceMs }: RegisterOptions,
): Promise<Registration> {
  const { host } = workspace;
  const { home } = host.environment;
  const base = parseTarget(url).url;
  const notes: RegistrationNote[] = [];
  const endpoints: RegisteredEndpoint[] = [];
  const remove = async (): Promise<HooklineError | undefined> => {
    const { failures } = await removeNoted(workspace, notes.splice(0), profile, patienceMs);
    return failures[0] === undefined ? undefined : leftOver(failures[0]);
  };
  try {
    await withRemote(workspace, profile, async (remote, connection) => {
      for (const provider of providersAt(connection, providers, workspace)) {
        const mark = `of a hookline listen that runs (${randomText(host.random, 20)})`;
        const to = { mark, profile: connection.profile, api: apiOf(connection), provider: provider.id };
        const note = newRegistration(to, host.now());
        await editRegistrations(home, (all) => [...all, note]);
        notes.push(note);
        const body = {
          url: placeOf(base, provider),
          provider: provider.id,
          events: events.length === 0 ? ["*"] : [...events],
          description: mark,
        };
        const made = await create(remote, body, async () => {
          notes.pop();
          await forget(home, [note]);
        });
        note.id = made.id;
        await editRegistrations(home, (all) =>
          all.map((one) => (one.mark === mark ? { ...one, ...note } : one)),
        );
        for (const { message } of made.warnings) host.warn(message);
        endpoints.push({
          id: made.id,
          provider: provider.id,
          url: made.url,
          profile: connection.profile,
          secret: made.secret,
        });
      }
    });
  } catch (error) {
    const left = await remove();
    throw isHooklineError(error) ? explained(error, base, left) : error;
  }
  return { endpoints, remove };
}

/**
 * Deletes the endpoints of listeners that ended without doing so. To be called before this process registers any. What
 * cannot be deleted now is left to the next start. At no cost where there are none.
 * @returns how many were deleted, and what went wrong, a sentence each
 */
export async function removeAbandoned(
  workspace: Workspace,
  { patienceMs = usualPatienceMs }: { patienceMs?: number } = {},
): Promise<{ removed: number; problems: string[] }> {
  const { environment, now } = workspace.host;
  if (!hasRegistrations(environment.home)) return { removed: 0, problems: [] };
  try {
    const notes = await readRegistrations(environment.home);
    const forgotten = notes.filter((note) => isForgotten(note, now()));
    if (forgotten.length > 0) await forget(environment.home, forgotten);
    const abandoned = notes.filter(isAbandoned);
    const { removed, failures } = await removeNoted(workspace, abandoned, undefined, patienceMs);
    return {
      removed,
      problems: failures.map(
        (failure) => `an earlier listener left something behind: ${leftOver(failure).message}`,
      ),
    };
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    return { removed: 0, problems: [`what earlier listeners registered was not removed: ${error.message}`] };
  }
}

function providersAt(
  { kind }: Connection,
  named: readonly Provider[],
  { registry }: Workspace,
): readonly Provider[] {
  if (named.length > 0) return named;
  if (kind === "stripe") return [registry.require("stripe")];
  throw new HooklineError("usage", "--register makes an endpoint for one provider, and none is named", {
    nextSteps: ["name it: --provider fareplay; repeat it for several"],
  });
}

/** @param refused called where it is certain that nothing was made */
async function create(
  remote: Remote,
  body: { url: string; provider: string; events: string[]; description: string },
  refused: () => Promise<void>,
): Promise<NewEndpoint> {
  try {
    return await remote.call("endpoints.create", { body });
  } catch (error) {
    if (isHooklineError(error) && error.exitCode !== EXIT.remote) await refused();
    throw error;
  }
}

function placeOf(base: URL, { id }: Provider): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${id}`;
  return url.href;
}

/** Why there is no endpoint, and what to do about it. */
function explained(error: HooklineError, base: URL, left: HooklineError | undefined): HooklineError {
  const { code, message, exitCode } = error;
  const isPlace = code === "target-refused" || (code === "stripe-refused" && isLoopback(base));
  return new HooklineError(code, message, {
    exitCode,
    nextSteps: [
      ...(isPlace
        ? ["give the address of a tunnel to this listener, as the API sees it: --public-url https://…"]
        : error.nextSteps),
      ...(left === undefined ? [] : [`${left.message}: the next start of hookline listen tries again`]),
    ],
    cause: error,
  });
}
