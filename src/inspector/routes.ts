import type { IncomingMessage, ServerResponse } from "node:http";
import type { RecordedDelivery } from "../inbox/types.ts";
import type { DeliveryList, RouteShape } from "./api.ts";
import { readBody, readListQuery, readNoQuery, readReplay, readRouteQuery } from "./input.ts";
import type { InspectorOptions } from "./options.ts";
import { badRequest, InspectorProblem } from "./problem.ts";
import { download, json, plainText, type Reply } from "./reply.ts";
import { attemptShape, deliveryDetail, deliveryShape } from "./shape.ts";
import { search } from "./search.ts";
import type { Streams } from "./stream.ts";

export interface Asked {
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
  /** Of the delivery in the path; 0 where the path has none. */
  number: number;
}

export interface ApiRoute {
  method: "GET" | "POST";
  /** The number of a delivery is its only group. */
  path: RegExp;
  /** @returns undefined where it has taken the response over */
  answer: (asked: Asked) => Reply | undefined | Promise<Reply>;
}

export function createRoutes(options: InspectorOptions, streams: Streams): readonly ApiRoute[] {
  const { inbox, session, redact } = options;

  const find = (number: number): RecordedDelivery => {
    const delivery = inbox.get(number);
    if (delivery !== undefined) return delivery;
    throw new InspectorProblem(404, "delivery-not-found", `the inbox has no delivery ${number}`, {
      nextSteps: ["the oldest are removed when the inbox is full: see `hookline inbox limits`"],
    });
  };
  const findRedacted = (number: number): RecordedDelivery => {
    const delivery = find(number);
    const { headers, attempts } = delivery;
    return {
      ...delivery,
      headers: redact(delivery, headers),
      attempts: attempts.map((attempt) => ({ ...attempt, headers: redact(delivery, attempt.headers) })),
    };
  };
  const routeAt = (index: number): RouteShape => {
    const route = session().routes.find((candidate) => candidate.index === index);
    if (route === undefined) throw badRequest(`there is no route ${index}`);
    return route;
  };

  const list = async ({ query, response }: Asked): Promise<Reply> => {
    const { filter, page } = readListQuery(query);
    const found =
      filter.text === undefined
        ? inbox.list(filter, page)
        : await search(inbox, filter, page, () => response.destroyed);
    const data = found.map(deliveryShape);
    const last = data.length === page.limit ? data.at(-1) : undefined;
    const total = inbox.totals().count;
    return json({ data, next_cursor: last?.number ?? null, total } satisfies DeliveryList);
  };
  const detail = ({ number, query }: Asked): Reply => {
    readNoQuery(query);
    const delivery = findRedacted(number);
    return json(deliveryDetail(delivery, options.findings(delivery.findings)));
  };
  const body = ({ number, query }: Asked): Reply => {
    readNoQuery(query);
    return download(bodyOf(find(number)), `delivery-${number}.bin`);
  };
  const curl = ({ number, query }: Asked): Reply => {
    const index = readRouteQuery(query);
    const url = index === undefined ? session().listening : routeAt(index).url;
    const delivery = findRedacted(number);
    bodyOf(delivery);
    return plainText(options.curl(delivery, url));
  };
  const replay = async ({ number, query, request }: Asked): Promise<Reply> => {
    readNoQuery(query);
    const order = readReplay(await readBody(request));
    routeAt(order.route);
    const delivery = find(number);
    if (order.body === undefined) bodyOf(delivery);
    const attempt = await options.replay(delivery, order);
    streams.changed([number]);
    return json(attemptShape({ ...attempt, headers: redact(delivery, attempt.headers) }));
  };
  const stream = ({ query, response }: Asked): undefined => {
    readNoQuery(query);
    streams.open(response);
  };

  return [
    {
      method: "GET",
      path: /^\/api\/session$/,
      answer: ({ query }) => {
        readNoQuery(query);
        return json(session());
      },
    },
    { method: "GET", path: /^\/api\/deliveries$/, answer: list },
    { method: "GET", path: /^\/api\/deliveries\/([1-9]\d{0,14})$/, answer: detail },
    { method: "GET", path: /^\/api\/deliveries\/([1-9]\d{0,14})\/body$/, answer: body },
    { method: "GET", path: /^\/api\/deliveries\/([1-9]\d{0,14})\/curl$/, answer: curl },
    { method: "POST", path: /^\/api\/deliveries\/([1-9]\d{0,14})\/replay$/, answer: replay },
    { method: "GET", path: /^\/api\/stream$/, answer: stream },
  ];
}

function bodyOf({ number, body }: RecordedDelivery): Uint8Array {
  if (body !== null) return body;
  throw new InspectorProblem(404, "body-not-recorded", `the body of delivery ${number} was never read`, {
    nextSteps: ["it was refused before its body was read: its status says why"],
  });
}
