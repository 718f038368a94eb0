import type { Bindable, Row, SqliteDatabase } from "../sqlite/contract.ts";
import type { Finding, RawHeaders } from "../signing/types.ts";
import type { HeaderSecrets } from "./redact.ts";
import type { Attempt, DeliverySummary, NewDelivery, RecordedDelivery } from "./types.ts";

/** Columns of `deliveries` that a summary is made of. */
export const summaryColumns = [
  "number",
  "id",
  "received_at",
  "provider",
  "event",
  "delivery_id",
  "verified",
  "code",
  "cause",
  "accepted",
  "duplicate",
  "failed",
  "method",
  "target",
  "bytes",
  "status",
  "duration_ms",
  "replays",
];

const deliveryColumns = summaryColumns.length + 1;
const contentColumns = 5;
const attemptColumns = 14;

/** Rows that go into one statement: to run one costs as much as several rows of it. */
const together = 32;

/** The rows of deliveries, table by table, the columns of one row behind those of another, and what they take. */
export interface NewRows {
  deliveries: Bindable[];
  contents: Bindable[];
  attempts: Bindable[];
  bytes: number;
}

/** @param last number that was given last */
export function rowsOf(deliveries: readonly NewDelivery[], last: number): NewRows {
  const rows: NewRows = { deliveries: [], contents: [], attempts: [], bytes: 0 };
  let number = last;
  for (const delivery of deliveries) {
    number++;
    const { verified, attempts, findings, body } = delivery;
    const headers = JSON.stringify(delivery.headers);
    let stored = (body?.length ?? 0) + headers.length;
    for (const [index, attempt] of attempts.entries()) {
      rows.attempts.push(...attemptRow(number, index + 1, attempt));
      stored += sizeOf(attempt);
    }
    rows.deliveries.push(
      number,
      delivery.id,
      delivery.receivedAt,
      readable(delivery.provider),
      readable(delivery.event),
      readable(delivery.deliveryId),
      verified === null ? null : verified ? 1 : 0,
      delivery.code,
      findings[0]?.cause ?? null,
      delivery.accepted ? 1 : 0,
      delivery.duplicate ? 1 : 0,
      delivery.accepted && attempts.some(({ ok }) => !ok) ? 1 : 0,
      delivery.method,
      delivery.target,
      delivery.bytes,
      delivery.status,
      delivery.durationMs,
      0,
      stored,
    );
    const secrets = delivery.secrets.length === 0 ? null : JSON.stringify(delivery.secrets);
    rows.contents.push(number, headers, body, findingsText(findings), secrets);
    rows.bytes += stored;
  }
  return rows;
}

/** Bytes that an attempt takes, about. */
export function sizeOf({ answer, headers }: Attempt): number {
  return answer.length + headers.reduce((sum, text) => sum + text.length, 0);
}

export function findingsText(findings: readonly Finding[]): string | null {
  return findings.length === 0 ? null : JSON.stringify(findings);
}

export function attemptRow(number: number, seq: number, attempt: Attempt): Bindable[] {
  return [
    number,
    seq,
    attempt.kind,
    readable(attempt.url),
    readable(attempt.route),
    attempt.startedAt,
    attempt.durationMs,
    attempt.ok ? 1 : 0,
    attempt.status,
    attempt.error,
    readable(attempt.message),
    JSON.stringify(attempt.headers),
    attempt.answer,
    attempt.answerBytes,
  ];
}

export function insertRows(database: SqliteDatabase, { deliveries, contents, attempts }: NewRows): void {
  insert(database, "deliveries", deliveryColumns, deliveries);
  insert(database, "contents", contentColumns, contents);
  insert(database, "attempts", attemptColumns, attempts);
}

/** @param values of all rows, one row behind the other */
export function insert(
  database: SqliteDatabase,
  table: string,
  columns: number,
  values: readonly Bindable[],
): void {
  const row = `(?${",?".repeat(columns - 1)})`;
  for (let from = 0; from < values.length;) {
    const rows = values.length - from >= together * columns ? together : 1;
    const to = from + rows * columns;
    database.run(`insert into ${table} values ${row}${`,${row}`.repeat(rows - 1)}`, values.slice(from, to));
    from = to;
  }
}

/** Text from a body, as SQLite can keep it. */
function readable<Text extends string | null>(text: Text): Text {
  return (text?.replace(/\0|\p{Surrogate}/gu, "\ufffd") ?? null) as Text;
}

export function summaryOf(row: Row): DeliverySummary {
  const text = (name: string): string => String(row[name]);
  const optional = (name: string): string | null => (row[name] === null ? null : text(name));
  const flag = (name: string): boolean => row[name] === 1;
  const number = (name: string): number => Number(row[name]);
  return {
    number: number("number"),
    id: text("id"),
    receivedAt: number("received_at"),
    provider: optional("provider"),
    event: optional("event"),
    deliveryId: optional("delivery_id"),
    verified: row["verified"] === null ? null : flag("verified"),
    code: optional("code"),
    cause: optional("cause"),
    accepted: flag("accepted"),
    duplicate: flag("duplicate"),
    failed: flag("failed"),
    method: text("method"),
    target: text("target"),
    bytes: number("bytes"),
    status: number("status"),
    durationMs: number("duration_ms"),
    replays: number("replays"),
  };
}

export function recordedOf(row: Row, attempts: readonly Row[]): RecordedDelivery {
  const { headers, body, findings, secrets } = row;
  return {
    ...summaryOf(row),
    headers: JSON.parse(String(headers)) as RawHeaders,
    secrets: secrets === null ? [] : (JSON.parse(String(secrets)) as HeaderSecrets),
    body: body instanceof Uint8Array ? body : null,
    findings: findings === null ? [] : (JSON.parse(String(findings)) as Finding[]),
    attempts: attempts.map(attemptOf),
  };
}

function attemptOf(row: Row): Attempt {
  const optional = (name: string): string | null => (row[name] === null ? null : String(row[name]));
  return {
    kind: row["kind"] === "replay" ? "replay" : "forward",
    url: String(row["url"]),
    route: optional("route"),
    startedAt: Number(row["started_at"]),
    durationMs: Number(row["duration_ms"]),
    ok: row["ok"] === 1,
    status: row["status"] === null ? null : Number(row["status"]),
    error: optional("error"),
    message: optional("message"),
    headers: JSON.parse(String(row["headers"])) as RawHeaders,
    answer: row["answer"] as Uint8Array,
    answerBytes: Number(row["answer_bytes"]),
  };
}
