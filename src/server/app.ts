import { isHooklineError } from "../errors.ts";
import type { Provider } from "../providers/contract.ts";
import type { Registry } from "../providers/index.ts";
import { contract, type Answer, type Checked, type Route, type RouteName } from "../remote/contract.ts";
import type { Detail, Store, Tables } from "../store/contract.ts";
import { createAuthenticator, type Credential, type Principal } from "./auth.ts";
import { createIds, type NewId } from "./ids.ts";
import { answersLive, checkIdempotencyKey, createOnce } from "./idempotency.ts";
import { ApiProblem } from "./problems.ts";
import { handlers, preparations } from "./routes/index.ts";
import type { ServerEvent } from "./server-events.ts";
import { check } from "./validation.ts";
import type { TargetGuard } from "../transport/guard.ts";
import type { Vault } from "./vault.ts";
import type { Worker } from "./worker.ts";

export interface AppOptions {
  store: Store;
  vault: Vault;
  registry: Registry;
  version: string;
  /** Unix milliseconds. */
  now: () => number;
  random: (bytes: number) => Buffer;
  /** The signing secret of a new endpoint that this very process asks for, where it is not just any. */
  ownSecret?: (provider: Provider, url: URL) => string | undefined;
  /** A fresh payload to try an endpoint with; undefined where there is none of this type. */
  sample: (provider: Provider, type: string) => Promise<Uint8Array | undefined>;
  /** Sends deliveries as soon as they are stored; without it they wait for somebody who does. */
  dispatch?: Pick<Worker, "reserve" | "giveBack" | "take" | "wake">;
  /** Keeps deliveries away from addresses that they may not go to. */
  guard: Pick<TargetGuard, "check">;
  /** Told what an operator should know; never holds a secret. */
  report: (event: ServerEvent) => void;
}

export interface ApiRequest {
  params?: unknown;
  query?: unknown;
  body?: unknown;
  /** Reads the body, where that is still to be done: only of those who may ask. */
  readBody?: (() => Promise<unknown>) | undefined;
  credential: Credential;
  /** Value of the `Idempotency-Key` header. */
  idempotencyKey?: string | undefined;
  /** Network address it came from; null in the same process. */
  address: string | null;
}

export interface ApiAnswer {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** A value to be written as JSON. */
  body: unknown;
  /** Who asked, where that became known. */
  principal?: Principal | undefined;
}

/** The control plane, whatever carries its requests: HTTP, or a call in the same process. */
export interface App {
  /** Answers a request; never rejects. */
  invoke(name: RouteName, request: ApiRequest): Promise<ApiAnswer>;
  /** Drops what is kept for a time only and is over: answers to repeated requests, and endpoints' former secrets. */
  tidy(): Promise<void>;
  /** Writes down what is still to be written. */
  close(): Promise<void>;
}

/** What a route's handler works with. */
export interface Handling {
  /** Those of the transaction where the route changes something. */
  tables: Tables;
  principal: Principal;
  options: AppOptions;
  /** Whether it comes from this very process, and not over the network. */
  inProcess: boolean;
  /** Unix milliseconds, the same for the whole request. */
  now: number;
  newId: NewId;
  /** What the route's preparation gave. */
  prepared: unknown;
  /** Has something done once the transaction is over, and tells whether it was kept. */
  after: (work: (isKept: boolean) => void) => void;
  /** Resolves when all that happened before is in the activity log. */
  logged: () => Promise<void>;
  /** Writes to the activity log, in the name of the one who asks. */
  log: (action: string, subject: { id: string; name: string | null }, detail?: Detail) => Promise<void>;
}

export type Handler<Name extends RouteName> = (
  handling: Handling,
  input: Checked<Name>,
) => Answer<Name> | Promise<Answer<Name>>;

export function createApp(options: AppOptions): App {
  const { store, vault, now, random, report } = options;
  const newId = createIds(now, random);
  const authenticator = createAuthenticator({ store, newId, now, report });

  const answer = async (
    name: RouteName,
    request: ApiRequest,
    known: (who: Principal) => void,
  ): Promise<ApiAnswer> => {
    const caller = { isAssumed: false };
    try {
      return await answerTo(caller, name, request, known);
    } catch (error) {
      // A key that has died meanwhile is told that, and not what else is wrong.
      if (caller.isAssumed) await authenticator.authenticate(request.credential, request.address, false);
      throw error;
    }
  };
  /** @param caller `isAssumed` while its key is taken for what it was when it last came */
  const answerTo = async (
    caller: { isAssumed: boolean },
    name: RouteName,
    request: ApiRequest,
    known: (who: Principal) => void,
  ): Promise<ApiAnswer> => {
    const route: Route = contract[name];
    const time = now();
    if (route.scope === null) {
      const body = await run(name, anonymous(options, store, time, newId), check(route, request));
      return { status: route.status, headers: {}, body };
    }
    const isChange = route.method !== "GET";
    const prepare = preparations[name] as
      ((handling: Handling, input: unknown) => Promise<unknown>) | undefined;
    // What is prepared is done before the transaction looks at the key again.
    const isAssumed = isChange && prepare === undefined;
    const principal = await authenticator.authenticate(request.credential, request.address, isAssumed);
    caller.isAssumed = isAssumed;
    known(principal);
    if (route.scope !== "any") await authenticator.authorise(principal, route.scope, name, request.address);
    const read = { ...request };
    if (read.readBody !== undefined) {
      read.body = await read.readBody();
      read.readBody = undefined;
    }
    const input = check(route, read);
    const ended: ((isKept: boolean) => void)[] = [];
    const handlingOf = (
      tables: Tables,
      time: number,
      principal: Principal,
      prepared?: unknown,
    ): Handling => ({
      tables,
      prepared,
      after: (work) => void ended.push(work),
      principal,
      options,
      inProcess: request.address === null,
      now: time,
      newId,
      logged: () => authenticator.flush(),
      log: (action, subject, detail = {}) =>
        tables.activity.record({
          id: newId("act"),
          accountId: principal.account.id,
          at: time,
          lastAt: time,
          count: 1,
          action,
          ...principal.actor,
          address: request.address,
          subjectId: subject.id,
          subjectName: subject.name,
          detail,
        }),
    });
    if (!isChange) {
      const body = await run(name, handlingOf(store, time, principal), input);
      return { status: route.status, headers: {}, body };
    }
    const prepared = await prepare?.(handlingOf(store, time, principal), input);
    const { idempotencyKey } = request;
    const asked =
      route.method === "POST" && idempotencyKey !== undefined
        ? checkIdempotencyKey(idempotencyKey)
        : undefined;
    const change = async (tables: Tables): Promise<ApiAnswer | undefined> => {
      // It may have waited for its turn.
      const time = now();
      const current = await authenticator.confirm(principal, tables);
      caller.isAssumed = false;
      if (current === undefined) return undefined;
      const once =
        asked === undefined ? undefined : createOnce(tables, vault, name, principal, asked, input, time);
      const before = await once?.before();
      if (before !== undefined) return before;
      const body = await run(name, handlingOf(tables, time, current, prepared), input);
      await once?.keep(route.status, body);
      return { status: route.status, headers: {}, body };
    };
    let isKept = false;
    let done: ApiAnswer | undefined;
    try {
      done = await store.write(principal.account.id, change);
      isKept = true;
    } finally {
      for (const work of ended) work(isKept);
    }
    // The key died meanwhile: now it is turned away as any dead key is.
    return done ?? answer(name, read, known);
  };

  return {
    tidy: () => tidy(store, now() - answersLive, now()),
    close: () => authenticator.flush(),
    async invoke(name, request) {
      let principal: Principal | undefined;
      const told = ({ status, headers, body }: ApiAnswer): ApiAnswer => ({
        status,
        headers,
        body,
        principal,
      });
      try {
        return told(await answer(name, request, (known) => (principal = known)));
      } catch (error) {
        return told(answerProblem(problemOf(error, name, report)));
      }
    },
  };
}

/** @param answersBefore answers from before this time are over */
async function tidy(store: Store, answersBefore: number, now: number): Promise<void> {
  for (const { id: accountId } of await store.accounts.list()) {
    await store.write(accountId, async (tables) => {
      await tables.answers.deleteBefore(accountId, answersBefore);
      await tables.endpoints.dropPreviousSecrets(accountId, now);
    });
  }
}

export function answerProblem(problem: ApiProblem): ApiAnswer {
  const { retryAfter } = problem.details;
  return {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
      ...(problem.status === 401 ? { "www-authenticate": 'Bearer realm="hookline"' } : {}),
    },
    body: problem.toDocument(),
  };
}

/** Whoever asks learns what is their own mistake; of ours only that there was one. */
function problemOf(error: unknown, route: string, report: AppOptions["report"]): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (isHooklineError(error) && error.code === "database-busy")
    return new ApiProblem("database-busy", "other processes keep the database busy", { retryAfter: 1 });
  report({ type: "failed", route, error });
  return new ApiProblem("internal", "the server failed at this request; its log says why");
}

function run(name: RouteName, handling: Handling, input: unknown): Promise<unknown> {
  const handler = handlers[name] as (handling: Handling, input: unknown) => unknown;
  return Promise.resolve(handler(handling, input));
}

/** For routes that ask for no key: there is no account they could touch. */
function anonymous(options: AppOptions, tables: Tables, now: number, newId: NewId): Handling {
  const nobody: Principal = {
    account: { id: "", name: "", createdAt: 0 },
    key: undefined,
    scopes: new Set(),
    actor: { actorKind: "server", actorKeyId: null, actorName: null },
  };
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    tables,
    principal: nobody,
    options,
    now,
    newId,
    inProcess: false,
    prepared: undefined,
    after: () => undefined,
    logged: nothing,
    log: nothing,
  };
}
