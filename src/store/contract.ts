/**
 * What the control plane keeps, whatever database keeps it. Times are Unix milliseconds. Ids are given by the caller and
 * sort by the time they were made, so lists run newest first by id. Every row but an account belongs to an account, and
 * nothing here finds another account's rows except `keys.byHash`, which is how a caller becomes known, and `queue`,
 * which is how deliveries reach those who send them.
 */
export interface Store extends Tables {
  queue: Queue;
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
  events: Events;
  deliveries: Deliveries;
  attempts: Attempts;
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
  /** Only rows whose id is not smaller. */
  from?: string | undefined;
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
  /** Deliveries given up one after another, none that succeeded between them. */
  failures: number;
}

export type EndpointChanges = Partial<Omit<EndpointRow, "id" | "accountId" | "provider" | "createdAt">>;

export interface Endpoints {
  insert(endpoint: EndpointRow): Promise<void>;
  /** A deleted one too. */
  get(accountId: string, id: string): Promise<EndpointRow | undefined>;
  /** @returns false where there is no such endpoint */
  update(accountId: string, id: string, changes: EndpointChanges): Promise<boolean>;
  /** An account's endpoints of a provider, but the deleted ones. */
  ofProvider(accountId: string, provider: string): Promise<EndpointRow[]>;
  /** Drops the previous secrets that are in use no longer: those whose `previousUntil` is not after `now`. */
  dropPreviousSecrets(accountId: string, now: number): Promise<void>;
  /** Without the deleted ones. */
  list(
    accountId: string,
    page: Page,
    filter?: { provider?: string | undefined; status?: "enabled" | "disabled" | undefined },
  ): Promise<Rows<EndpointRow>>;
}

/** Something that happened at a provider, as it is told to endpoints. */
export interface EventRow {
  id: string;
  accountId: string;
  provider: string;
  type: string;
  /** What the provider's own id of it is; the same at every attempt to deliver it. */
  messageId: string;
  /** The body, byte for byte. */
  payload: Uint8Array;
  createdAt: number;
}

export type EventHead = Omit<EventRow, "payload">;

export interface Events {
  insert(event: EventRow): Promise<void>;
  get(accountId: string, id: string): Promise<EventRow | undefined>;
  list(
    accountId: string,
    page: Page,
    filter?: { provider?: string | undefined; type?: string | undefined },
  ): Promise<Rows<EventHead>>;
}

export type DeliveryStatus = "pending" | "sending" | "succeeded" | "failed" | "cancelled";

/** An event on its way to an endpoint. */
export interface DeliveryRow {
  id: string;
  accountId: string;
  eventId: string;
  endpointId: string;
  provider: string;
  eventType: string;
  status: DeliveryStatus;
  /** Of both kinds. */
  attemptsMade: number;
  /** The first attempt and those of the schedule. */
  automaticMade: number;
  createdAt: number;
  /** When the next attempt is due; null where none is to come, or it is under way. */
  dueAt: number | null;
  /** When the schedule's next attempt is due, also while a manual one comes first; null where the schedule is over. */
  scheduledAt: number | null;
  /** Whether the next attempt, or the one under way, was asked for by hand. */
  isManual: boolean;
  /** Whether any attempt has succeeded. */
  hasSucceeded: boolean;
  /** Who sends it, while it is being sent. */
  worker: string | null;
  /** Counts the changes of the account's deliveries: larger than any before. */
  changed: number;
}

export type NewDelivery = Omit<DeliveryRow, "changed">;

/** How a delivery stands after an attempt, or after it was asked for by hand. */
export type DeliveryChanges = Pick<
  DeliveryRow,
  "status" | "attemptsMade" | "automaticMade" | "dueAt" | "scheduledAt" | "isManual" | "hasSucceeded"
>;

export interface DeliveryFilter {
  status?: DeliveryStatus | undefined;
  endpointId?: string | undefined;
  eventId?: string | undefined;
  eventType?: string | undefined;
}

/** Every change of a delivery gives it a `changed` of its own. */
export interface Deliveries {
  insert(delivery: NewDelivery): Promise<void>;
  get(accountId: string, id: string): Promise<DeliveryRow | undefined>;
  /**
   * Changes a delivery, and takes it off the hands of who sends it.
   * @param worker only while this one sends it; null: only while nobody does
   * @returns false where that is not so
   */
  update(accountId: string, id: string, worker: string | null, changes: DeliveryChanges): Promise<boolean>;
  /** Cancels what is pending for an endpoint. @returns how many */
  cancel(accountId: string, endpointId: string): Promise<number>;
  /** @param oldest by id, smallest first; `before` and `from` mean what they mean */
  list(accountId: string, page: Page, filter?: DeliveryFilter, oldest?: boolean): Promise<Rows<DeliveryRow>>;
  /** Deliveries with a larger `changed`, by it; what else has changed since is among them with a larger one yet. */
  changes(accountId: string, after: number, limit: number): Promise<Rows<DeliveryRow>>;
  /** The largest `changed` of an account, 0 where it has no deliveries. */
  lastChange(accountId: string): Promise<number>;
}

/** One try to deliver. */
export interface AttemptRow {
  accountId: string;
  deliveryId: string;
  /** From 1 on, over both kinds. */
  number: number;
  kind: "automatic" | "manual";
  startedAt: number;
  durationMs: number;
  /** Of the answer; null where none came. */
  status: number | null;
  /** Why it failed, null where it succeeded; the same in words. */
  error: string | null;
  message: string | null;
  /** Beginning of the answer's body. */
  answer: Uint8Array | null;
  /** Length of the whole body. */
  answerBytes: number | null;
}

export type AttemptHead = Omit<AttemptRow, "answer" | "answerBytes">;

export interface Attempts {
  insert(attempt: AttemptRow): Promise<void>;
  /** By number. */
  list(accountId: string, deliveryId: string): Promise<AttemptRow[]>;
  /** The attempt of that number of each delivery, in any order. */
  heads(accountId: string, of: readonly { deliveryId: string; number: number }[]): Promise<AttemptHead[]>;
}

/** A delivery that somebody has taken on, with what it takes to send it. */
export interface ClaimedDelivery {
  delivery: DeliveryRow;
  event: EventRow;
  endpoint: EndpointRow;
}

/** How many deliveries may be taken on. */
export interface Room {
  /** In all. */
  total: number;
  /** Bytes of their payloads; what exceeds them is the last. */
  bytes: number;
  /** Of an endpoint, but of these, by their ids, so many. */
  perEndpoint: number;
  endpoints: ReadonlyMap<string, number>;
  /** Of an account, but of these, by their ids, so many. */
  perAccount: number;
  accounts: ReadonlyMap<string, number>;
  /** There is something to take on, as far as is known. */
  isWanted?: boolean;
}

/** What a worker can send. */
export interface Reach {
  /** Deliveries of these providers, by their ids, … */
  providers: readonly string[];
  /** … and of this account alone; of all where it is left out. */
  accountId?: string | undefined;
}

/**
 * What is due of all accounts, for those who send it. Whoever does holds a lease; what one whose lease has ended had
 * taken on is due again. Each method is a transaction of its own.
 */
export interface Queue {
  /**
   * Begins a lease, or prolongs it.
   * @returns false where it had ended and was taken away, and with it all that was taken on under it: it is not begun anew
   */
  renew(lease: Lease, isFirst: boolean): Promise<boolean>;
  /** Ends a lease; all it had is due again. */
  release(worker: string, now: number): Promise<void>;
  /**
   * Takes away the leases that have ended: what was taken on under them is due again.
   * @param latest no lease lasts beyond this: one that says so was made before the clock was set back
   */
  reclaim(now: number, latest: number): Promise<void>;
  /**
   * Takes on deliveries that are due and whose endpoint is enabled: they are `sending` then. Those of several accounts in
   * turns, of each those of several endpoints in turns, of each the longest due first.
   * @returns undefined where the lease was taken away
   */
  claim(lease: Lease, now: number, reach: Reach, room: Room): Promise<ClaimedDelivery[] | undefined>;
  /** Takes on these deliveries, as far as they are due and their endpoint is enabled. */
  claimThese(
    lease: Lease,
    now: number,
    accountId: string,
    ids: readonly string[],
  ): Promise<ClaimedDelivery[] | undefined>;
  /** When the next attempt after now is due; undefined where none is to come. */
  nextDue(now: number): Promise<number | undefined>;
}

/** Until when what a worker has taken on is its own. */
export interface Lease {
  worker: string;
  until: number;
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
