import type { Provider } from "../../providers/contract.ts";
import type { Checked, Event, PublishedEvent } from "../../remote/contract.ts";
import { maxPayload } from "../../remote/schemas.ts";
import type { EventHead } from "../../store/contract.ts";
import type { Handler } from "../app.ts";
import { isOpen, matches, nearTo } from "../event-filters.ts";
import { ApiProblem, notFound } from "../problems.ts";
import { publish } from "../publish.ts";
import { requireProvider } from "./endpoints.ts";
import { listOf, pageWithin, timeText } from "./pages.ts";

export const publishEvent: Handler<"events.publish"> = async (handling, { body }) => {
  const { tables, principal } = handling;
  const { type } = body;
  const provider = requireProvider(handling, body.provider);
  const warnings = checkType(provider, type);
  const payload = payloadOf(body);
  checkSize(payload, body.payload_base64 === undefined ? "payload" : "payload_base64");
  const subscribed = (await tables.endpoints.ofProvider(principal.account.id, provider.id)).filter(
    ({ events }) => events.some((filter) => matches(filter, type)),
  );
  const endpoints = subscribed.filter(({ disabledAt }) => disabledAt === null);
  const disabled = subscribed.filter(({ disabledAt }) => disabledAt !== null);
  return publish(handling, { provider, type, payload, endpoints, disabled, warnings, isTest: false });
};

export const listEvents: Handler<"events.list"> = async ({ tables, principal }, { query }) => {
  const { provider, type } = query;
  const page = pageWithin("evt", query);
  return listOf(await tables.events.list(principal.account.id, page, { provider, type }), show);
};

export const getEvent: Handler<"events.get"> = async ({ tables, principal }, { params }) => {
  const row = await tables.events.get(principal.account.id, params.id);
  if (row === undefined) throw notFound();
  const payload = Buffer.from(row.payload);
  const text = payload.toString("utf8");
  // What is no UTF-8 does not come back the same.
  const isText = Buffer.from(text, "utf8").equals(payload);
  return {
    ...show(row),
    payload: isText ? text : null,
    payload_base64: isText ? null : payload.toString("base64"),
  };
};

function show({ id, provider, type, createdAt }: EventHead): Event {
  return { id, provider, type, created_at: timeText(createdAt) };
}

/** @throws ApiProblem `body-invalid` where the provider is known not to send it */
function checkType(provider: Provider, type: string): PublishedEvent["warnings"] {
  const known = Object.keys(provider.events);
  if (known.length === 0 || known.includes(type)) return [];
  if (isOpen(provider)) {
    const message = `${type} is none of the events that are known of ${provider.title}${nearTo(type, known)}`;
    return [{ code: "event-unknown", message }];
  }
  throw new ApiProblem("body-invalid", `${provider.title} sends no such event`, {
    errors: [
      { path: "type", message: `is ${type}, which ${provider.title} does not send${nearTo(type, known)}` },
    ],
    nextSteps: [`see what it sends: hookline events types --provider ${provider.id}`],
  });
}

/** @throws ApiProblem `body-invalid` */
function checkSize({ length }: Uint8Array, path: string): void {
  if (length <= maxPayload) return;
  const message = `has ${length} bytes, and may have ${maxPayload} at most`;
  throw new ApiProblem("body-invalid", "the payload is too large", { errors: [{ path, message }] });
}

/** Text goes out as it is, anything else as compact JSON. */
function payloadOf({ payload, payload_base64 }: Checked<"events.publish">["body"]): Buffer {
  if (payload_base64 !== undefined) return Buffer.from(payload_base64, "base64");
  if (typeof payload !== "string") return Buffer.from(JSON.stringify(payload), "utf8");
  if (!/\p{Surrogate}/u.test(payload)) return Buffer.from(payload, "utf8");
  throw new ApiProblem("body-invalid", "the payload cannot be written as UTF-8", {
    errors: [{ path: "payload", message: "holds half of a surrogate pair" }],
    nextSteps: ["send its bytes as payload_base64"],
  });
}
