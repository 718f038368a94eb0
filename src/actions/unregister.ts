import { chooseConnection, type Connection } from "../config/connection.ts";
import { loadProfiles } from "../config/profiles.ts";
import { editRegistrations, type RegistrationNote } from "../config/registrations.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Remote } from "../remote/contract.ts";
import { readAll } from "./pages.ts";
import { openConnection } from "./remote.ts";
import type { Workspace } from "./workspace.ts";

/** Endpoints of one API that are there still, and why. */
export interface Failure {
  left: readonly RegistrationNote[];
  error: HooklineError;
}

/**
 * Deletes what is noted: at all APIs at once, at each one after another.
 * @param profile as `--profile` said when it was made
 * @param patienceMs milliseconds that each API has
 * @returns how many endpoints were deleted, and what is left
 */
export async function removeNoted(
  workspace: Workspace,
  notes: readonly RegistrationNote[],
  profile: string | undefined,
  patienceMs: number,
): Promise<{ removed: number; failures: Failure[] }> {
  const groups = new Map<string, RegistrationNote[]>();
  for (const note of notes) {
    const key = JSON.stringify([note.profile, note.api]);
    groups.set(key, [...(groups.get(key) ?? []), note]);
  }
  let removed = 0;
  const failures: Failure[] = [];
  const removeAll = async (group: readonly RegistrationNote[]): Promise<void> => {
    const done: RegistrationNote[] = [];
    try {
      const connection = await connectionOf(workspace, group, profile);
      await within(patienceMs, workspace, connection, async (remote) => {
        for (const note of group) {
          const there = await removeOne(remote, note);
          removed += there;
          done.push(note);
        }
      });
    } catch (error) {
      if (!isHooklineError(error)) throw error;
      failures.push({ left: group.filter((note) => !done.includes(note)), error });
    }
    try {
      await forget(workspace.host.environment.home, done);
    } catch (error) {
      if (!isHooklineError(error)) throw error;
      failures.push({ left: [], error });
    }
  };
  await Promise.all([...groups.values()].map(removeAll));
  return { removed, failures };
}

/** @returns how many there were to delete; one that is not there any more counts, too */
async function removeOne(remote: Remote, { id, mark }: RegistrationNote): Promise<number> {
  const ids = id === null ? await findMarked(remote, mark) : [id];
  for (const one of ids) {
    try {
      await remote.call("endpoints.delete", { params: { id: one } });
    } catch (error) {
      if (!isHooklineError(error) || error.code !== "not-found") throw error;
    }
  }
  return ids.length;
}

async function findMarked(remote: Remote, mark: string): Promise<string[]> {
  const { data } = await readAll((page) => remote.call("endpoints.list", { query: page }));
  return data.filter(({ description }) => description === mark).map(({ id }) => id);
}

/** Does work with an API, or gives it up when its time is over. */
async function within(
  ms: number,
  workspace: Workspace,
  connection: Connection,
  work: (remote: Remote) => Promise<void>,
): Promise<void> {
  const remote = await openConnection(workspace, connection, { timeoutMs: ms });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const who = connection.url?.host ?? "the database";
      reject(
        new HooklineError("api-unreachable", `${who} did not answer within ${ms / 1000} s`, {
          exitCode: EXIT.remote,
        }),
      );
    }, ms);
  });
  try {
    await Promise.race([work(remote), late]);
  } finally {
    clearTimeout(timer);
    await remote.close();
  }
}

/**
 * The way to the API at which endpoints were made: with the key that is in use now, and never to another.
 * @throws HooklineError `registration-elsewhere`, and what choosing a connection can throw
 */
async function connectionOf(
  { host: { environment } }: Workspace,
  [note]: readonly RegistrationNote[],
  profile: string | undefined,
): Promise<Connection> {
  const book = await loadProfiles(environment.home);
  let failure: HooklineError | undefined;
  for (const profileFlag of [profile, undefined, note?.profile]) {
    try {
      const connection = chooseConnection({ environment, book, profileFlag });
      if (connection.profile === note?.profile && apiOf(connection) === note.api) return connection;
      failure = undefined;
    } catch (error) {
      if (!isHooklineError(error)) throw error;
      failure = error;
    }
  }
  throw (
    failure ??
    new HooklineError("registration-elsewhere", `the profile ${note?.profile} leads to another API now`)
  );
}

/** What to tell of endpoints that are there still. */
export function leftOver({ left, error }: Failure): HooklineError {
  const ids = left.flatMap(({ id }) => (id === null ? [] : [id]));
  const { profile = "" } = left[0] ?? {};
  const what = ids.length === left.length ? ids.join(", ") : "an endpoint that may be there";
  return new HooklineError(
    "endpoint-left",
    left.length === 0 ? error.message : `${what} (profile ${profile}) could not be deleted: ${error.message}`,
    {
      exitCode: EXIT.remote,
      nextSteps: [
        "the next start of hookline listen tries again",
        ...ids.map((id) => `or do it yourself: hookline endpoints delete ${id} --profile ${profile}`),
      ],
      cause: error,
    },
  );
}

/** Takes notes out of the file. @throws HooklineError what changing it can throw */
export async function forget(home: string, notes: readonly RegistrationNote[]): Promise<void> {
  if (notes.length === 0) return;
  const marks = new Set(notes.map(({ mark }) => mark));
  await editRegistrations(home, (all) => all.filter(({ mark }) => !marks.has(mark)));
}

/** How notes name an API. */
export const apiOf = ({ url }: Connection): string | null => url?.href ?? null;
