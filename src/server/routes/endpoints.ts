import type { Provider } from "../../providers/contract.ts";
import type { Endpoint } from "../../remote/contract.ts";
import { generateSecret } from "../../signing/secrets.ts";
import type { EndpointChanges, EndpointRow } from "../../store/contract.ts";
import type { Handler, Handling } from "../app.ts";
import { checkFilters } from "../event-filters.ts";
import { ApiProblem, notFound } from "../problems.ts";
import { listOf, maybeTime, pageOf, timeText } from "./pages.ts";

export const listEndpoints: Handler<"endpoints.list"> = async (handling, { query }) => {
  const { provider, status } = query;
  const found = await handling.tables.endpoints.list(handling.principal.account.id, pageOf(query), {
    provider,
    status,
  });
  return listOf(found, (row) => show(handling, row));
};

export const getEndpoint: Handler<"endpoints.get"> = async (handling, { params }) =>
  show(handling, await find(handling, params.id));

export const createEndpoint: Handler<"endpoints.create"> = async (handling, { body }) => {
  const { tables, principal, options, now, newId, log } = handling;
  const provider = requireProvider(handling, body.provider);
  const { events, warnings } = checkFilters(provider, body.events);
  const id = newId("ep");
  const url = new URL(body.url);
  const secret = newSecret(handling, provider, url);
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
  };
  await tables.endpoints.insert(row);
  await log("endpoint.created", subjectOf(row), { provider: row.provider, events: events.join(" ") });
  return { ...show(handling, row), secret, warnings };
};

export const updateEndpoint: Handler<"endpoints.update"> = async (handling, { params, body }) => {
  const { tables, now, log } = handling;
  const row = await find(handling, params.id);
  const provider = handling.options.registry.get(row.provider);
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
  }
  const changed = { ...row, ...changes };
  if (Object.keys(changes).length > 0) await tables.endpoints.update(row.accountId, row.id, changes);
  const fields = Object.keys(body).filter((name) => name !== "status");
  if (fields.length > 0) await log("endpoint.updated", subjectOf(changed), { fields: fields.join(" ") });
  if (switched) await log(`endpoint.${body.status}`, subjectOf(changed));
  return { ...show(handling, changed), warnings: checked.warnings };
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
  });
  await log("endpoint.deleted", subjectOf(row));
  return { id: row.id, deleted: true };
};

export const rotateSecret: Handler<"endpoints.rotateSecret"> = async (handling, { params, body }) => {
  const { tables, options, now, log } = handling;
  const row = await find(handling, params.id);
  const scheme = options.registry.get(row.provider)?.signatures[0];
  if (row.secret === null || scheme === undefined) {
    throw new ApiProblem(
      "endpoint-unsigned",
      `${row.provider} signs nothing, so ${row.id} has no secret to rotate`,
    );
  }
  // Without a grace all former secrets end at once, also one that is in use still.
  if (isRotating(row, now) && body.grace_seconds > 0) {
    throw new ApiProblem(
      "rotation-under-way",
      `the secret of ${row.id} was rotated before, and the one before it is in use until ${timeText(row.previousUntil ?? now)}`,
      {
        nextSteps: [
          "wait until then, and rotate again",
          `or end both at once: hookline endpoints rotate-secret ${row.id} --grace 0`,
        ],
      },
    );
  }
  const place = placeOf(row.id);
  const secret = generateSecret(scheme, options.random);
  const previous = options.vault.open(row.secret, place);
  const previousUntil = now + body.grace_seconds * 1000;
  const changes = {
    secret: options.vault.seal(secret, place),
    secretHint: hintOf(secret),
    previousSecret: body.grace_seconds === 0 ? null : row.secret,
    previousUntil: body.grace_seconds === 0 ? null : previousUntil,
  };
  await tables.endpoints.update(row.accountId, row.id, changes);
  await log("endpoint.secret_rotated", subjectOf(row), { previous_until: timeText(previousUntil) });
  return { ...show(handling, { ...row, ...changes }), secret, previous_secret: previous };
};

async function find({ tables, principal }: Handling, id: string): Promise<EndpointRow> {
  const row = await tables.endpoints.get(principal.account.id, id);
  if (row === undefined) throw notFound();
  if (row.deletedAt === null) return row;
  throw new ApiProblem("endpoint-deleted", `${id} was deleted at ${timeText(row.deletedAt)}`);
}

function requireProvider({ options }: Handling, id: string): Provider {
  const provider = options.registry.get(id);
  if (provider !== undefined) return provider;
  throw new ApiProblem("body-invalid", "the provider is not known here", {
    errors: [
      { path: "provider", message: `must be one of ${options.registry.all.map((one) => one.id).join(", ")}` },
    ],
  });
}

/** The first secret of an endpoint; null where the provider signs nothing. */
function newSecret({ options, inProcess }: Handling, provider: Provider, url: URL): string | null {
  const scheme = provider.signatures[0];
  if (scheme === undefined || scheme.kind === "none") return null;
  const own = inProcess ? options.ownSecret?.(provider, url) : undefined;
  return own ?? generateSecret(scheme, options.random);
}

/** What an endpoint's secret is sealed for. */
function placeOf(id: string): string {
  return `endpoint/${id}`;
}

function subjectOf({ id, url }: EndpointRow): { id: string; name: string } {
  return { id, name: url };
}

function statusOf({ disabledAt }: EndpointRow): "enabled" | "disabled" {
  return disabledAt === null ? "enabled" : "disabled";
}

function isRotating({ previousUntil }: EndpointRow, now: number): boolean {
  return previousUntil !== null && previousUntil > now;
}

/** `whsec_…9f3a`. */
function hintOf(secret: string): string {
  const prefix = /^[A-Za-z]{1,8}_/.exec(secret)?.[0] ?? "";
  return `${prefix}…${secret.slice(-4)}`;
}

function show({ options, now }: Handling, row: EndpointRow): Endpoint {
  const scheme = options.registry.get(row.provider)?.signatures[0];
  const several = scheme !== undefined && "separator" in scheme && scheme.separator !== undefined;
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
    secret_rotation:
      row.previousUntil !== null && isRotating(row, now)
        ? { signs_with: several ? "both" : "previous", previous_until: timeText(row.previousUntil) }
        : null,
  };
}
