import type { RouteName } from "../../remote/contract.ts";
import type { Handler } from "../app.ts";
import { listActivity } from "./activity.ts";
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  updateEndpoint,
} from "./endpoints.ts";
import { health, listEventTypes } from "./information.ts";
import { createKey, currentKey, getKey, listKeys, retireKey, revokeKey, rotateKey } from "./keys.ts";

/** Routes that are drawn up and not served yet: they are answered with 501. */
type Planned =
  | "endpoints.test"
  | "events.list"
  | "events.publish"
  | "events.get"
  | "deliveries.list"
  | "deliveries.get"
  | "deliveries.retry"
  | "deliveries.retryMany";

/** Who answers which route of the contract. */
export const handlers: { [Name in Exclude<RouteName, Planned>]: Handler<Name> } = {
  health,
  "keys.current": currentKey,
  "keys.list": listKeys,
  "keys.create": createKey,
  "keys.get": getKey,
  "keys.rotate": rotateKey,
  "keys.retire": retireKey,
  "keys.revoke": revokeKey,
  "endpoints.list": listEndpoints,
  "endpoints.create": createEndpoint,
  "endpoints.get": getEndpoint,
  "endpoints.update": updateEndpoint,
  "endpoints.delete": deleteEndpoint,
  "endpoints.rotateSecret": rotateSecret,
  "eventTypes.list": listEventTypes,
  "activity.list": listActivity,
};
