import type {
  Account,
  ActivityRow,
  AnswerRow,
  AttemptRow,
  DeliveryRow,
  EndpointRow,
  EventRow,
  KeyRow,
  Room,
} from "../../src/store/contract.ts";

// Complete rows to begin with; what a test is about it says itself.

export const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const account = (id: string, changes: Partial<Account> = {}): Account => ({
  id,
  name: `name of ${id}`,
  createdAt: time,
  ...changes,
});

export const key = (accountId: string, id: string, changes: Partial<KeyRow> = {}): KeyRow => ({
  id,
  accountId,
  name: "a key",
  hash: bytes(`${accountId}/${id}`),
  hint: "hk_…abcd",
  provider: null,
  scopes: ["keys:read"],
  createdAt: time,
  createdBy: null,
  expiresAt: null,
  replaces: null,
  replacedBy: null,
  graceEndsAt: null,
  revokedAt: null,
  lastUsedAt: null,
  lastUsedAddress: null,
  ...changes,
});

export const endpoint = (accountId: string, id: string, changes: Partial<EndpointRow> = {}): EndpointRow => ({
  id,
  accountId,
  url: "https://example.com/hooks",
  provider: "stripe",
  events: ["*"],
  description: null,
  disabledAt: null,
  disabledReason: null,
  createdAt: time,
  deletedAt: null,
  secretHint: null,
  secret: null,
  previousSecret: null,
  previousUntil: null,
  failures: 0,
  ...changes,
});

export const activity = (accountId: string, id: string, changes: Partial<ActivityRow> = {}): ActivityRow => ({
  id,
  accountId,
  at: time,
  lastAt: time,
  count: 1,
  action: "key.created",
  actorKind: "embedded",
  actorKeyId: null,
  actorName: null,
  address: null,
  subjectId: null,
  subjectName: null,
  detail: {},
  ...changes,
});

export const answer = (accountId: string, changes: Partial<AnswerRow> = {}): AnswerRow => ({
  accountId,
  caller: "key_1",
  idempotencyKey: "once",
  request: bytes("asked"),
  status: 201,
  body: bytes("answered"),
  createdAt: time,
  ...changes,
});

export const event = (accountId: string, id: string, changes: Partial<EventRow> = {}): EventRow => ({
  id,
  accountId,
  provider: "stripe",
  type: "charge.refunded",
  messageId: `message of ${id}`,
  payload: bytes("{}"),
  createdAt: time,
  ...changes,
});

/** Due since it was made, for the event `evt_1` and the endpoint `ep_1`. */
export const delivery = (accountId: string, id: string, changes: Partial<DeliveryRow> = {}): DeliveryRow => ({
  id,
  accountId,
  eventId: "evt_1",
  endpointId: "ep_1",
  provider: "stripe",
  eventType: "charge.refunded",
  status: "pending",
  attemptsMade: 0,
  automaticMade: 0,
  createdAt: time,
  dueAt: time,
  scheduledAt: time,
  isManual: false,
  hasSucceeded: false,
  worker: null,
  changed: 0,
  ...changes,
});

/** Later than any lease lasts. */
export const ever = Number.MAX_SAFE_INTEGER;

/** Room for so many, of which an endpoint and an account may have all, or what is said. */
export const roomFor = (total: number, changes: Partial<Room> = {}): Room => ({
  total,
  bytes: Number.MAX_SAFE_INTEGER,
  perEndpoint: total,
  endpoints: new Map(),
  perAccount: total,
  accounts: new Map(),
  ...changes,
});

export const attempt = (
  accountId: string,
  deliveryId: string,
  number: number,
  changes: Partial<AttemptRow> = {},
): AttemptRow => ({
  accountId,
  deliveryId,
  number,
  kind: "automatic",
  startedAt: time,
  durationMs: 12.5,
  status: 200,
  error: null,
  message: null,
  answer: bytes("ok"),
  answerBytes: 2,
  ...changes,
});
