import type { DeliveryDetail, PublishedEvent } from "../../src/remote/contract.ts";
import type { Plane } from "./plane.ts";

// What tests of delivering do again and again.

export interface MadeEndpoint {
  id: string;
  secret: string;
}

/** An endpoint of Fareplay that takes every event, unless told otherwise. */
export async function addEndpoint(plane: Plane, url: string, more: object = {}): Promise<MadeEndpoint> {
  const body = { url, provider: "fareplay", events: ["*"], ...more };
  const made = await plane.done("endpoints.create", { body });
  return { id: made["id"] as string, secret: made["secret"] as string };
}

export async function publish(plane: Plane, more: object = {}): Promise<PublishedEvent> {
  const body = { provider: "fareplay", type: "order.created", payload: `{"total":8.00}`, ...more };
  return (await plane.done("events.publish", { body })) as PublishedEvent;
}

/** Publishes to the one endpoint there is. @returns its delivery's id */
export async function publishOne(plane: Plane, more: object = {}): Promise<string> {
  const { deliveries } = await publish(plane, more);
  if (deliveries.length !== 1 || deliveries[0] === undefined)
    throw new Error(`there are ${deliveries.length} deliveries, not one`);
  return deliveries[0].id;
}

export async function show(plane: Plane, id: string): Promise<DeliveryDetail> {
  return (await plane.done("deliveries.get", { params: { id } })) as DeliveryDetail;
}

export async function retry(plane: Plane, id: string, body: object = {}) {
  return plane.call("deliveries.retry", { params: { id }, body });
}

export const update = (plane: Plane, id: string, body: object) =>
  plane.done("endpoints.update", { params: { id }, body });

export const codeOf = ({ body }: { body: unknown }): unknown => (body as { code?: string }).code;
