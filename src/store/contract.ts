/**
 * What the control plane keeps, whatever database keeps it. Times are Unix milliseconds. Ids are given by the caller and
 * sort by the time they were made, so lists run newest first by id. Every row but an account belongs to an account, and
 * nothing here finds another account's rows except `keys.byHash`, which is how a caller becomes known.
 */
export interface Store extends Tables {
  /**
   * Does work in one transaction: all of it is kept, on disk, once the promise fulfils; nothing where it rejects.
   * Writes of one account happen one after the other, also those of other processes: what was read in the transaction
   * still holds when it ends. Only the tables given to `work` belong to it.
   */
  write<Result>(accountId: string, work: (tables: Tables) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface Tables {
  accounts: Accounts;
  keys: Keys;
  endpoints: Endpoints;
  activity: ActivityLog;
  answers: Answers;
  settings: Settings;
}

export interface Account {
  id: string;
  /** Unique among accounts. */
  name: string;
  createdAt: number;
}

export interface Accounts {
  /** @returns false where the name is taken */
  insert(account: Account): Promise<boolean>;
  get(id: string): Promise<Account | undefined>;
  byName(name: string): Promise<Account | undefined>;
  /** By name. */
  list(): Promise<Account[]>;
}

export interface Page {
  limit: number;
  /** Only rows whose id is smaller. */
  before?: string;
}

export interface Rows<Row> {
  /** By id, largest first. */
  rows: Row[];
  /** Whether there are more behind the last. */
  more: boolean;
}

/** An API key; of its secret only the hash is kept. */
export interface KeyRow {
  id: string;
  accountId: string;
  name: string;
  /** SHA-256 of the whole key; unique. */
  hash: Uint8Array;
  hint: string;
  provider: string | null;
  scopes: readonly string[];
  createdAt: number;
  /** The key that made it; null for this machine itself. */
  createdBy: string | null;
  expiresAt: number | null;
  replaces: string | null;
  replacedBy: string | null;
  /** End of its life after a rotation; null while it has no successor or its grace has not begun. */
  graceEndsAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
  lastUsedAddress: string | null;
}

export type KeyChanges = Partial<
  Pick<KeyRow, "replacedBy" | "graceEndsAt" | "revokedAt" | "lastUsedAt" | "lastUsedAddress">
>;

export interface Keys {
  insert(key: KeyRow): Promise<void>;
  get(accountId: string, id: string): Promise<KeyRow | undefined>;
  /** Of any account. */
  byHash(hash: Uint8Array): Promise<KeyRow | undefined>;
  /** @returns false where there is no such key */
  update(accountId: string, id: string, changes: KeyChanges): Promise<boolean>;
  /**
   * @param filter.status at `filter.now`: `live` keys work (neither revoked nor past `expiresAt` or `graceEndsAt`,
   *   which are the first moment they no longer work), `dead` ones do not
   */
  list(
    accountId: string,
    page: Page,
    filter?: { status: "live" | "dead"; now: number },
  ): Promise<Rows<KeyRow>>;
  /**
   * How many keys with the scope are live at `now` and will stay so: keys without `replacedBy`.
   * @param except a key that is not counted
   */
  countLasting(accountId: string, scope: string, now: number, except: string): Promise<number>;
}

export interface EndpointRow {
  id: string;
  accountId: string;
  url: string;
  provider: string;
  /** Event types, `order.*`, `*`. */
  events: readonly string[];
  description: string | null;
  disabledAt: number | null;
  disabledReason: string | null;
  createdAt: number;
  deletedAt: number | null;
  secretHint: string | null;
  /** Sealed by the caller; null where the provider signs nothing. */
  secret: Uint8Array | null;
  previousSecret: Uint8Array | null;
  /** The first moment the previous secret is no longer in use. */
  previousUntil: number | null;
}

export type EndpointChanges = Partial<Omit<EndpointRow, "id" | "accountId" | "provider" | "createdAt">>;

export interface Endpoints {
  insert(endpoint: EndpointRow): Promise<void>;
  /** A deleted one too. */
  get(accountId: string, id: string): Promise<EndpointRow | undefined>;
  /** @returns false where there is no such endpoint */
  update(accountId: string, id: string, changes: EndpointChanges): Promise<boolean>;
  /** Drops the previous secrets that are in use no longer: those whose `previousUntil` is not after `now`. */
  dropPreviousSecrets(accountId: string, now: number): Promise<void>;
  /** Without the deleted ones. */
  list(
    accountId: string,
    page: Page,
    filter?: { provider?: string | undefined; status?: "enabled" | "disabled" | undefined },
  ): Promise<Rows<EndpointRow>>;
}

/** A value of an activity's detail. */
export type Detail = Readonly<Record<string, string | number | boolean | null>>;

export interface ActivityRow {
  id: string;
  accountId: string;
  /** First and last time of what it counts. */
  at: number;
  lastAt: number;
  count: number;
  action: string;
  actorKind: "key" | "embedded" | "server";
  actorKeyId: string | null;
  actorName: string | null;
  address: string | null;
  subjectId: string | null;
  subjectName: string | null;
  detail: Detail;
}

export interface ActivityLog {
  /**
   * @param repeats rows of an account that are given the same text become one: the first, with its count and last time
   *   brought up
   */
  record(row: ActivityRow, repeats?: string): Promise<void>;
  list(
    accountId: string,
    page: Page,
    filter?: {
      action?: string | undefined;
      /** As who did it or as what it was done to. */
      keyId?: string | undefined;
      /** `at` from this on … */
      since?: number | undefined;
      /** … and before this. */
      until?: number | undefined;
    },
  ): Promise<Rows<ActivityRow>>;
}

/** What was answered to a request that carried an `Idempotency-Key`. */
export interface AnswerRow {
  accountId: string;
  /** The key that asked, or "" for this machine itself. */
  caller: string;
  idempotencyKey: string;
  /** SHA-256 of what was asked. */
  request: Uint8Array;
  status: number;
  /** JSON, or the same sealed by the caller of the store. */
  body: Uint8Array;
  createdAt: number;
}

export interface Answers {
  /** One per account, caller and idempotency key. */
  insert(answer: AnswerRow): Promise<void>;
  get(accountId: string, caller: string, idempotencyKey: string): Promise<AnswerRow | undefined>;
  /** Deletes an account's answers from before this time. */
  deleteBefore(accountId: string, time: number): Promise<void>;
}

/** What concerns the database as a whole. */
export interface Settings {
  get(name: string): Promise<Uint8Array | undefined>;
  /** Sets it unless it is set. @returns what is set then */
  setOnce(name: string, value: Uint8Array): Promise<Uint8Array>;
}
