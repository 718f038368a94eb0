/**
 * What the inspector's page and its server say to each other, in the browser's JSON: snake_case, times as ISO 8601. Every
 * request but those for the page itself carries `Authorization: Bearer TOKEN`.
 *
 * - `GET /api/session` → {@link Session}
 * - `GET /api/deliveries?limit=&before=&after=&provider=&event=&verified=true|false&failed=true&text=` →
 *   {@link DeliveryList}, newest first; `before` and `after` are numbers, `limit` is up to 1,000
 * - `GET /api/deliveries/:number` → {@link DeliveryDetail}
 * - `GET /api/deliveries/:number/body` → the bytes, `application/octet-stream`
 * - `GET /api/deliveries/:number/curl?route=INDEX` → `text/plain`, a command for a POSIX shell
 * - `POST /api/deliveries/:number/replay` {@link ReplayRequest} → {@link AttemptShape}
 * - `GET /api/stream` → server-sent events: `deliveries` (data: {@link DeliveryShape}[], new or changed ones),
 *   `reload` (another process changed the inbox: ask for the list again); a comment every 15 s
 *
 * Errors are `{"error": {code, message, next_steps}}` with the status 400, 401, 403, 404, 405, 413, 415, 421, 500 or 503.
 */
export interface Session {
  version: string;
  /** Where the listener can be reached. */
  listening: string;
  /** Where a delivery can be replayed to; empty where nothing is forwarded. */
  routes: RouteShape[];
  providers: { id: string; title: string; ack_timeout_ms: number }[];
}

export interface RouteShape {
  /** Its place in the list, from 0. */
  index: number;
  /** Pattern of the events that go there; null for the listener's target. */
  match: string | null;
  url: string;
}

export interface DeliveryShape {
  number: number;
  id: string;
  received_at: string;
  provider: string | null;
  event: string | null;
  delivery_id: string | null;
  verified: boolean | null;
  code: string | null;
  cause: string | null;
  accepted: boolean;
  duplicate: boolean;
  failed: boolean;
  method: string;
  target: string;
  bytes: number;
  status: number;
  duration_ms: number;
  replays: number;
}

export interface DeliveryList {
  data: DeliveryShape[];
  /** What `before` takes for the next page; null at the end. */
  next_cursor: number | null;
  /** How many the inbox holds in all, whatever the filter. */
  total: number;
}

export interface AttemptShape {
  kind: "forward" | "replay";
  url: string;
  route: string | null;
  started_at: string;
  duration_ms: number;
  ok: boolean;
  status: number | null;
  error: string | null;
  message: string | null;
  headers: [name: string, value: string][];
  /** The beginning of the answer's body as text; null where it is no UTF-8. */
  answer: string | null;
  answer_bytes: number;
}

export interface FindingShape {
  cause: string;
  confidence: string;
  /** What it is, in a sentence. */
  message: string;
  /** What to do about it. */
  fix: string;
}

export interface DeliveryDetail extends DeliveryShape {
  headers: [name: string, value: string][];
  findings: FindingShape[];
  attempts: AttemptShape[];
  /** False where the body was never read. */
  has_body: boolean;
}

export interface ReplayRequest {
  /** Index of a route. */
  route: number;
  /** With the headers it came with, in place of a new signature. */
  original?: boolean;
  /** Another body in place of the recorded one, always signed anew. */
  body_base64?: string;
}
