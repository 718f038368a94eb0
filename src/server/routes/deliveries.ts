import type { Answer, Checked, Delivery, DeliveryDetail } from "../../remote/contract.ts";
import type {
  AttemptHead,
  AttemptRow,
  DeliveryFilter,
  DeliveryRow,
  EndpointRow,
} from "../../store/contract.ts";
import type { Handler, Handling } from "../app.ts";
import { changeCursorWords } from "../../remote/schemas.ts";
import { ApiProblem, notFound } from "../problems.ts";
import { listOf, maybeTime, pageWithin, timeText } from "./pages.ts";

/** Deliveries of a filter that one request retries at most. */
const mostAtOnce = 100;

type Filter = Omit<Checked<"deliveries.retryMany">["body"], "ids" | "force" | "cursor">;

export const listDeliveries: Handler<"deliveries.list"> = async (handling, { query }) => {
  const { tables, principal } = handling;
  const found = await tables.deliveries.list(principal.account.id, pageWithin("dlv", query), filterOf(query));
  const show = await shownBy(handling, found.rows);
  return listOf(found, show);
};

export const getDelivery: Handler<"deliveries.get"> = async (handling, { params }) => {
  const { tables, principal } = handling;
  const row = await find(handling, params.id);
  const attempts = await tables.attempts.list(principal.account.id, row.id);
  const endpoint = await tables.endpoints.get(row.accountId, row.endpointId);
  return { ...fieldsOf(row, endpoint), attempts: attempts.map(showAttempt) };
};

export const listChanges: Handler<"deliveries.changes"> = async (handling, { query }) => {
  const { tables, principal } = handling;
  const accountId = principal.account.id;
  if (query.cursor === undefined) {
    const last = await tables.deliveries.lastChange(accountId);
    return { data: [], next_cursor: String(last), more: false };
  }
  const { rows, more } = await tables.deliveries.changes(accountId, Number(query.cursor), query.limit);
  // Behind one of another database, nothing might ever come.
  if (rows.length === 0 && Number(query.cursor) > (await tables.deliveries.lastChange(accountId))) {
    throw new ApiProblem("query-invalid", "nothing has changed as often as the cursor says", {
      errors: [{ path: "cursor", message: changeCursorWords }],
      nextSteps: ["ask without a cursor, for one that stands for now"],
    });
  }
  const show = await shownBy(handling, rows);
  return {
    data: rows.map(show),
    next_cursor: String(rows.at(-1)?.changed ?? query.cursor),
    more,
  };
};

export const retryDelivery: Handler<"deliveries.retry"> = async (handling, { params, body }) => {
  const row = await find(handling, params.id);
  if (body.endpoint_id !== undefined && body.endpoint_id !== row.endpointId) {
    throw new ApiProblem("body-invalid", `${row.id} does not go to that endpoint`, {
      errors: [{ path: "endpoint_id", message: `must be ${row.endpointId}, or left out` }],
    });
  }
  const changed = await retry(handling, row, body.force);
  await handling.log("delivery.retried", { id: row.id, name: row.eventType });
  const show = await shownBy(handling, [changed]);
  return show(changed);
};

export const retryDeliveries: Handler<"deliveries.retryMany"> = async (handling, { body }) => {
  const { tables, principal, log } = handling;
  const { ids, force, cursor, ...filter } = body;
  const found = ids === undefined ? await select(handling, filter, cursor) : undefined;
  const data: Answer<"deliveries.retryMany">["data"] = [];
  for (const id of new Set(ids ?? found?.rows.map((row) => row.id))) {
    const row = await tables.deliveries.get(principal.account.id, id);
    try {
      if (row === undefined) throw notFound();
      await retry(handling, row, force);
      data.push({ id, retried: true, code: null, message: null });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      data.push({ id, retried: false, code: error.code, message: error.message });
    }
  }
  const count = data.filter(({ retried }) => retried).length;
  const [first] = data;
  if (first !== undefined && count > 0)
    await log("delivery.retried", { id: first.id, name: null }, { count });
  return { data, next_cursor: found?.more === true ? (found.rows.at(-1)?.id ?? null) : null };
};

/**
 * Has a delivery sent once more at once, beside its schedule.
 * @throws ApiProblem `delivery-succeeded`, `delivery-under-way`, `delivery-cancelled`, `endpoint-deleted`,
 *   `endpoint-disabled`
 */
async function retry(handling: Handling, row: DeliveryRow, force: boolean): Promise<DeliveryRow> {
  const { tables, options, now } = handling;
  const endpoint = await tables.endpoints.get(row.accountId, row.endpointId);
  if (endpoint === undefined || endpoint.deletedAt !== null)
    throw new ApiProblem("endpoint-deleted", `the endpoint ${row.endpointId} of ${row.id} was deleted`);
  if (row.status === "cancelled")
    throw new ApiProblem("delivery-cancelled", `${row.id} was cancelled and is not sent any more`);
  if (endpoint.disabledAt !== null) {
    throw new ApiProblem("endpoint-disabled", `the endpoint ${endpoint.id} of ${row.id} is disabled`, {
      nextSteps: [`enable it first: hookline endpoints enable ${endpoint.id}`],
    });
  }
  if (row.status === "succeeded" && !force) {
    throw new ApiProblem("delivery-succeeded", `${row.id} has been delivered`, {
      nextSteps: [`send it once more all the same: hookline deliveries retry ${row.id} --force`],
    });
  }
  if (row.status === "sending")
    throw new ApiProblem("delivery-under-way", `${row.id} is being sent right now`);
  // It was asked for before, and is about to be sent.
  if (row.status === "pending" && row.isManual) return row;
  const changes = {
    status: "pending",
    attemptsMade: row.attemptsMade,
    automaticMade: row.automaticMade,
    dueAt: now,
    scheduledAt: row.scheduledAt,
    isManual: true,
    hasSucceeded: row.hasSucceeded,
  } as const;
  await tables.deliveries.update(row.accountId, row.id, null, changes);
  handling.after((isKept) => isKept && options.dispatch?.wake());
  return { ...row, ...changes };
}

/** Those a filter takes, the failed ones where it names no status, oldest first. @param after the last of those before */
function select({ tables, principal }: Handling, filter: Filter, after: string | undefined) {
  const within = pageWithin("dlv", { ...filter, limit: mostAtOnce });
  // Nothing lies between an id and the same with a character behind it.
  const page = after === undefined ? within : { ...within, from: `${after}0` };
  const status = filter.status ?? "failed";
  return tables.deliveries.list(principal.account.id, page, { ...filterOf(filter), status }, true);
}

function filterOf({ status, endpoint_id, event_id, event_type }: Filter): DeliveryFilter {
  return { status, endpointId: endpoint_id, eventId: event_id, eventType: event_type };
}

async function find({ tables, principal }: Handling, id: string): Promise<DeliveryRow> {
  const row = await tables.deliveries.get(principal.account.id, id);
  if (row === undefined) throw notFound();
  return row;
}

/** Reads what belongs to deliveries, once for all. @returns shows each of them */
async function shownBy(
  { tables, principal }: Handling,
  rows: readonly DeliveryRow[],
): Promise<(row: DeliveryRow) => Delivery> {
  const accountId = principal.account.id;
  const endpoints = new Map<string, EndpointRow | undefined>();
  for (const { endpointId } of rows) {
    if (!endpoints.has(endpointId))
      endpoints.set(endpointId, await tables.endpoints.get(accountId, endpointId));
  }
  const tried = rows.filter(({ attemptsMade }) => attemptsMade > 0);
  const heads = await tables.attempts.heads(
    accountId,
    tried.map(({ id, attemptsMade }) => ({ deliveryId: id, number: attemptsMade })),
  );
  const lasts = new Map(heads.map((head) => [head.deliveryId, head]));
  return (row) => {
    const last = lasts.get(row.id);
    return {
      ...fieldsOf(row, endpoints.get(row.endpointId)),
      last_attempt: last === undefined ? null : showHead(last),
    };
  };
}

function fieldsOf(row: DeliveryRow, endpoint: EndpointRow | undefined): Omit<DeliveryDetail, "attempts"> {
  const isWaiting = row.status === "pending" && endpoint?.disabledAt === null;
  return {
    id: row.id,
    event_id: row.eventId,
    endpoint_id: row.endpointId,
    endpoint_url: endpoint?.url ?? null,
    provider: row.provider,
    event_type: row.eventType,
    status: row.status,
    attempts_made: row.attemptsMade,
    created_at: timeText(row.createdAt),
    next_attempt_at: isWaiting ? maybeTime(row.dueAt) : null,
  };
}

function showHead({ number, kind, startedAt, durationMs, status, error, message }: AttemptHead) {
  return {
    number,
    kind,
    started_at: timeText(startedAt),
    duration_ms: durationMs,
    status,
    error,
    message,
  };
}

function showAttempt(attempt: AttemptRow): DeliveryDetail["attempts"][number] {
  const { answer, answerBytes } = attempt;
  return {
    ...showHead(attempt),
    answer: answer === null ? null : Buffer.from(answer).toString("utf8"),
    answer_bytes: answerBytes,
  };
}
