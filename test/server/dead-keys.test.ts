import { expect, test } from "vitest";
import type { RouteName } from "../../src/remote/contract.ts";
import { addEndpoint, codeOf } from "./deliveries-of.ts";
import { openPlane } from "./plane.ts";

const target = { url: "https://1.1.1.1/", provider: "fareplay", events: ["*"] };
const event = { provider: "fareplay", type: "order.created", payload: "{}" };
const asked: [what: string, name: RouteName, input: object, extra?: object][] = [
  ["that is right", "events.publish", { body: event }],
  ["with a body that is wrong", "events.publish", { body: {} }],
  ["of an unknown provider", "events.publish", { body: { ...event, provider: "x" } }],
  ["with an Idempotency-Key that is wrong", "events.publish", { body: event }, { idempotencyKey: " " }],
  ["to a target that is refused", "endpoints.create", { body: { ...target, url: "http://0.0.0.0/" } }],
  ["about what is not there", "endpoints.test", { params: { id: "ep_0" }, body: {} }],
  ["about what is not there", "deliveries.retry", { params: { id: "dlv_0" }, body: {} }],
  ["about what is there", "endpoints.test", { params: { id: "the endpoint" }, body: {} }],
];

test.each(asked)(
  "a key that worked a moment ago and is revoked learns nothing else from a request %s: %s",
  async (_, name, input, extra = {}) => {
    const plane = await openPlane();
    const endpoint = await addEndpoint(plane, "https://1.1.1.1/");
    const { id, key } = await plane.makeKey(["*"]);
    await plane.done("events.publish", { body: event }, key);
    await plane.done("endpoints.create", { body: target }, key);
    await plane.done("keys.revoke", { params: { id } });
    const request = JSON.parse(JSON.stringify(input).replace("the endpoint", endpoint.id)) as object;
    const answer = await plane.call(name, request, key, extra);
    expect([answer.status, codeOf(answer)]).toEqual([401, "key-revoked"]);
    expect(codeOf(await plane.call(name, request, key, extra))).toBe("key-revoked");
    await plane.app.close();
    const { data } = await plane.done("activity.list", { query: { action: "key.refused", key_id: id } });
    expect(data).toMatchObject([{ count: 2 }]);
    expect(await plane.done("deliveries.list", { query: {} })).toMatchObject({ data: [{}] });
  },
);
