import type { Provider } from "../../providers/contract.ts";
import type { Endpoint } from "../../remote/contract.ts";
import type { EndpointChanges, EndpointRow } from "../../store/contract.ts";
import type { Handler, Handling } from "../app.ts";
import { checkFilters, matches } from "../event-filters.ts";
import { ApiProblem, notFound } from "../problems.ts";
import { publish } from "../publish.ts";
import { shownUrl } from "../shown-url.ts";
import { hintOf, isRotating, newSecret, placeOf, signsWithSeveral } from "../secrets.ts";
import { listOf, maybeTime, pageOf, timeText } from "./pages.ts";

export const listEndpoints: Handler<"endpoints.list"> = async (handling, { query }) => {
  const { provider, status } = query;
  const found = await handling.tables.endpoints.list(handling.principal.account.id, pageOf("ep", query), {
    provider,
    status,
  });
  return listOf(found, (row) => showEndpoint(handling, row));
};

export const getEndpoint: Handler<"endpoints.get"> = async (handling, { params }) =>
  showEndpoint(handling, await findEndpoint(handling, params.id));

export const createEndpoint: Handler<"endpoints.create"> = async (handling, { body }) => {
  const { tables, principal, options, now, newId, log } = handling;
  const provider = requireProvider(handling, body.provider);
  const { events, warnings } = checkFilters(provider, body.events);
  const id = newId("ep");
  const url = new URL(body.url);
  const own = handling.inProcess ? options.ownSecret?.(provider, url) : undefined;
  const secret = newSecret(provider, options.random, own);
  const row: EndpointRow = {
    id,
    accountId: principal.account.id,
    url: url.href,
    provider: provider.id,
    events,
    description: body.description ?? null,
    disabledAt: null,
    disabledReason: null,
    createdAt: now,
    deletedAt: null,
    secretHint: secret === null ? null : hintOf(secret),
    secret: secret === null ? null : options.vault.seal(secret, placeOf(id)),
    previousSecret: null,
    previousUntil: null,
    failures: 0,
  };
  await tables.endpoints.insert(row);
  await log("endpoint.created", subjectOf(row), { provider: row.provider, events: events.join(" ") });
  return { ...showEndpoint(handling, row), secret, warnings };
};

export const updateEndpoint: Handler<"endpoints.update"> = async (handling, { params, body }) => {
  const { tables, options, now, log } = handling;
  const row = await findEndpoint(handling, params.id);
  const provider = options.registry.get(row.provider);
  const checked =
    body.events === undefined || provider === undefined
      ? { events: body.events, warnings: [] }
      : checkFilters(provider, body.events);
  const changes: EndpointChanges = {
    ...(body.url === undefined ? {} : { url: new URL(body.url).href }),
    ...(checked.events === undefined ? {} : { events: checked.events }),
    ...(body.description === undefined ? {} : { description: body.description }),
  };
  const switched = body.status !== undefined && body.status !== statusOf(row);
  if (switched) {
    const off = body.status === "disabled";
    Object.assign(changes, { disabledAt: off ? now : null, disabledReason: off ? "requested" : null });
    if (!off) {
      changes.failures = 0;
      // What has waited for it is due again.
      handling.after((isKept) => isKept && options.dispatch?.wake());
    }
  }
  const changed = { ...row, ...changes };
  if (Object.keys(changes).length > 0) await tables.endpoints.update(row.accountId, row.id, changes);
  const fields = Object.keys(body).filter((name) => name !== "status");
  if (fields.length > 0) await log("endpoint.updated", subjectOf(changed), { fields: fields.join(" ") });
  if (switched) await log(`endpoint.${body.status}`, subjectOf(changed));
  return { ...showEndpoint(handling, changed), warnings: checked.warnings };
};

export const deleteEndpoint: Handler<"endpoints.delete"> = async (handling, { params }) => {
  const { tables, principal, now, log } = handling;
  const row = await tables.endpoints.get(principal.account.id, params.id);
  if (row === undefined) throw notFound();
  // Asked for again, as after an answer that was lost, it is done.
  if (row.deletedAt !== null) return { id: row.id, deleted: true };
  // The secrets go with it: nothing will be signed with them again.
  await tables.endpoints.update(row.accountId, row.id, {
    deletedAt: now,
    secret: null,
    secretHint: null,
    previousSecret: null,
    previousUntil: null,
    failures: 0,
  });
  const cancelled = await tables.deliveries.cancel(row.accountId, row.id);
  await log("endpoint.deleted", subjectOf(row), cancelled === 0 ? {} : { cancelled });
  return { id: row.id, deleted: true };
};

/**
 * Before an endpoint gets its URL: whether anything may be sent there.
 * @throws ApiProblem `target-refused`
 */
export async function checkTarget(
  { options }: Handling,
  { body }: { body: { url?: string | undefined } },
): Promise<void> {
  if (body.url === undefined) return;
  const why = await options.guard.check(new URL(body.url));
  if (why === undefined) return;
  throw new ApiProblem("target-refused", why, {
    nextSteps: [
      "name a target that is reachable from the internet",
      "or, where the server is your own, start it with hookline serve --allow-private-targets",
    ],
  });
}

/** A sample for an endpoint. */
interface Sample {
  type: string;
  payload: Uint8Array;
}

/**
 * Before a test: reads what is to be sent.
 * @throws ApiProblem `sample-missing`
 */
export async function loadSample(
  handling: Handling,
  { params, body }: { params: { id: string }; body: { type?: string | undefined } },
): Promise<Sample> {
  const row = await findEndpoint(handling, params.id);
  const { id, title, events } = requireProvider(handling, row.provider);
  const wanted = Object.keys(events).filter((type) => row.events.some((filter) => matches(filter, type)));
  for (const type of body.type === undefined ? wanted : [body.type]) {
    const payload = await handling.options.sample(requireProvider(handling, id), type);
    if (payload !== undefined) return { type, payload };
  }
  const what = body.type === undefined ? "the events this endpoint is subscribed to" : body.type;
  throw new ApiProblem("sample-missing", `there is no sample of ${title} for ${what}`, {
    nextSteps: [`see those there are: hookline fixtures list ${id}`],
  });
}

export const testEndpoint: Handler<"endpoints.test"> = async (handling, { params }) => {
  const row = await findEndpoint(handling, params.id);
  if (row.disabledAt !== null) {
    throw new ApiProblem("endpoint-disabled", `${row.id} is disabled`, {
      nextSteps: [`enable it first: hookline endpoints enable ${row.id}`],
    });
  }
  const { type, payload } = handling.prepared as Sample;
  const provider = requireProvider(handling, row.provider);
  const published = await publish(handling, {
    provider,
    type,
    payload,
    endpoints: [row],
    disabled: [],
    isTest: true,
  });
  await handling.log("endpoint.tested", subjectOf(row), { event: type });
  return published;
};

export async function findEndpoint({ tables, principal }: Handling, id: string): Promise<EndpointRow> {
  const row = await tables.endpoints.get(principal.account.id, id);
  if (row === undefined) throw notFound();
  if (row.deletedAt === null) return row;
  throw new ApiProblem("endpoint-deleted", `${id} was deleted at ${timeText(row.deletedAt)}`);
}

export function requireProvider({ options }: Handling, id: string): Provider {
  const provider = options.registry.get(id);
  if (provider !== undefined) return provider;
  throw new ApiProblem("body-invalid", "the provider is not known here", {
    errors: [
      { path: "provider", message: `must be one of ${options.registry.all.map((one) => one.id).join(", ")}` },
    ],
  });
}

export function subjectOf({ id, url }: EndpointRow): { id: string; name: string } {
  return { id, name: shownUrl(url) };
}

function statusOf({ disabledAt }: EndpointRow): "enabled" | "disabled" {
  return disabledAt === null ? "enabled" : "disabled";
}

export function showEndpoint({ options, now }: Handling, row: EndpointRow): Endpoint {
  const several = signsWithSeveral(options.registry.get(row.provider));
  return {
    id: row.id,
    url: row.url,
    provider: row.provider,
    events: [...row.events],
    description: row.description,
    status: statusOf(row),
    disabled_at: maybeTime(row.disabledAt),
    disabled_reason: row.disabledReason,
    created_at: timeText(row.createdAt),
    secret_hint: row.secretHint,
    secret_rotation: isRotating(row, now)
      ? { signs_with: several ? "both" : "previous", previous_until: maybeTime(row.previousUntil) }
      : null,
  };
}
