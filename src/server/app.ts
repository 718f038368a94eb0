import { createHash } from "node:crypto";
import type * as z from "zod";
import { isHooklineError } from "../errors.ts";
import type { Provider } from "../providers/contract.ts";
import type { Registry } from "../providers/index.ts";
import { contract, type Answer, type Checked, type Route, type RouteName } from "../remote/contract.ts";
import type { AnswerRow, Detail, Store, Tables } from "../store/contract.ts";
import { createAuthenticator, type Credential, type Principal } from "./auth.ts";
import { createIds, type NewId } from "./ids.ts";
import { ApiProblem, notFound } from "./problems.ts";
import { handlers } from "./routes/index.ts";
import type { Vault } from "./vault.ts";

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
  /** Told what an operator should know; never holds a secret. */
  report: (event: ServerEvent) => void;
}

/** What happens in the control plane beside its answers. */
export type ServerEvent =
  | { type: "auth-failed"; code: string; address: string | null; limited: boolean; keyId: string | null }
  | { type: "failed"; route: string; error: unknown };

export interface ApiRequest {
  params?: unknown;
  query?: unknown;
  body?: unknown;
  /** Reads the body, where that is still to be done: only of those who may ask. */
  readBody?: () => Promise<unknown>;
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
  principal?: Principal;
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
  /** Writes to the activity log, in the name of the one who asks. */
  /** Resolves when all that happened before is in the activity log. */
  logged: () => Promise<void>;
  log: (action: string, subject: { id: string; name: string | null }, detail?: Detail) => Promise<void>;
}

export type Handler<Name extends RouteName> = (
  handling: Handling,
  input: Checked<Name>,
) => Answer<Name> | Promise<Answer<Name>>;

/** How long an answer is kept for the repetition of its request. */
const answersLive = 24 * 3_600_000;
/** How deep a body may be nested. */
const deepest = 200;
/** Characters of what is said of one mistake. */
const longestMessage = 300;

export function createApp(options: AppOptions): App {
  const { store, vault, now, random, report } = options;
  const newId = createIds(now, random);
  const authenticator = createAuthenticator({ store, newId, now, report });

  const answer = async (
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
    const principal = await authenticator.authenticate(request.credential, request.address);
    known(principal);
    if (route.scope !== "any") await authenticator.authorise(principal, route.scope, name, request.address);
    const { readBody, ...rest } = request;
    const read = readBody === undefined ? rest : { ...rest, body: await readBody() };
    const input = check(route, read);
    const handlingOf = (tables: Tables, time: number): Handling => ({
      tables,
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
    if (route.method === "GET") {
      return { status: route.status, headers: {}, body: await run(name, handlingOf(store, time), input) };
    }
    const { idempotencyKey } = request;
    const asked =
      route.method === "POST" && idempotencyKey !== undefined
        ? checkIdempotencyKey(idempotencyKey)
        : undefined;
    const done = await store.write(principal.account.id, async (tables) => {
      // It may have waited for its turn.
      const time = now();
      if (!(await authenticator.isStillLive(principal, tables))) return undefined;
      const once =
        asked === undefined ? undefined : createOnce(tables, vault, name, principal, asked, input, time);
      const before = await once?.before();
      if (before !== undefined) return before;
      const body = await run(name, handlingOf(tables, time), input);
      await once?.keep(route.status, body);
      return { status: route.status, headers: {}, body };
    });
    // The key died meanwhile: now it is turned away as any dead key is.
    return done ?? answer(name, read, known);
  };

  return {
    tidy: () => tidy(store, now() - answersLive, now()),
    close: () => authenticator.flush(),
    async invoke(name, request) {
      let principal: Principal | undefined;
      const who = (): { principal?: Principal } => (principal === undefined ? {} : { principal });
      try {
        return { ...(await answer(name, request, (known) => (principal = known))), ...who() };
      } catch (error) {
        return { ...answerProblem(problemOf(error, name, report)), ...who() };
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
  const handler = (handlers as Record<string, unknown>)[name] as
    ((handling: Handling, input: unknown) => unknown) | undefined;
  if (handler === undefined)
    throw new ApiProblem(
      "not-implemented",
      "this server manages keys and endpoints; it delivers no events yet",
    );
  return Promise.resolve(handler(handling, input));
}

/** @throws ApiProblem `query-invalid`, `not-found`, `body-invalid` */
function check(route: Route, request: ApiRequest): { params?: unknown; query?: unknown; body?: unknown } {
  const input: { params?: unknown; query?: unknown; body?: unknown } = {};
  // An id of another form than the API gives out names nothing.
  if (route.params !== undefined) {
    const params = route.params.safeParse(request.params);
    if (!params.success) throw notFound();
    input.params = params.data;
  }
  if (route.query !== undefined) {
    const query = route.query.safeParse(request.query ?? {});
    if (!query.success) throw invalid("query-invalid", query.error);
    input.query = query.data;
  }
  if (route.body !== undefined) {
    if (isDeeper(request.body, deepest))
      throw new ApiProblem("body-invalid", `the body is nested more than ${deepest} deep`);
    const body = route.body.safeParse(request.body === undefined ? {} : request.body);
    if (!body.success) throw invalid("body-invalid", body.error);
    input.body = body.data;
  }
  return input;
}

/** Whether arrays and objects are nested so deep that what walks them down by calling itself would fail. */
function isDeeper(value: unknown, limit: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? (Object.values(one) as unknown[]) : [],
    );
  }
  return false;
}

function invalid(code: "query-invalid" | "body-invalid", error: z.ZodError): ApiProblem {
  const errors = error.issues.slice(0, 20).map(({ path, message }) => ({
    path: path.join("."),
    // Some repeat what was sent.
    message: message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message,
  }));
  return new ApiProblem(code, `the ${code === "body-invalid" ? "body" : "query"} is not valid`, { errors });
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
  return { tables, principal: nobody, options, now, newId, inProcess: false, logged: nothing, log: nothing };
}

function checkIdempotencyKey(key: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new ApiProblem("idempotency-key-invalid", "Idempotency-Key takes 1 to 255 visible ASCII characters");
}

/** A request with an idempotency key is done once: repeated, it gets the answer it got. */
function createOnce(
  tables: Tables,
  vault: Vault,
  name: RouteName,
  { account, key }: Principal,
  idempotencyKey: string,
  input: unknown,
  now: number,
): { before(): Promise<ApiAnswer | undefined>; keep(status: number, body: unknown): Promise<void> } {
  const route: Route = contract[name];
  const caller = key?.id ?? "";
  const request = createHash("sha256")
    .update(`${name}\n${JSON.stringify(input)}`)
    .digest();
  const place = `answer/${account.id}/${caller}/${idempotencyKey}`;
  const read = (row: AnswerRow): unknown =>
    JSON.parse(route.secret ? vault.open(row.body, place) : Buffer.from(row.body).toString("utf8"));
  return {
    async before() {
      await tables.answers.deleteBefore(account.id, now - answersLive);
      const row = await tables.answers.get(account.id, caller, idempotencyKey);
      if (row === undefined) return undefined;
      if (!request.equals(row.request)) {
        throw new ApiProblem(
          "idempotency-key-reused",
          "this Idempotency-Key came with another request before: a new request needs a new one",
        );
      }
      return { status: row.status, headers: { "idempotency-replayed": "true" }, body: read(row) };
    },
    keep(status, body) {
      const text = JSON.stringify(body);
      return tables.answers.insert({
        accountId: account.id,
        caller,
        idempotencyKey,
        request,
        status,
        body: route.secret ? vault.seal(text, place) : Buffer.from(text),
        createdAt: now,
      });
    },
  };
}
