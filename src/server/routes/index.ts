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

/** Who answers which route of the contract; a route without a handler is answered with 501. */
export const handlers: { [Name in RouteName]?: Handler<Name> } = {
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
