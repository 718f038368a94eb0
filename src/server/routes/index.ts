import type { Checked, RouteName } from "../../remote/contract.ts";
import type { Handler, Handling } from "../app.ts";
import { listActivity } from "./activity.ts";
import { getDelivery, listChanges, listDeliveries, retryDeliveries, retryDelivery } from "./deliveries.ts";
import {
  checkTarget,
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  loadSample,
  testEndpoint,
  updateEndpoint,
} from "./endpoints.ts";
import { restoreSecret, retireSecret, rotateSecret } from "./endpoint-secrets.ts";
import { getEvent, listEvents, publishEvent } from "./events.ts";
import { health, listEventTypes } from "./information.ts";
import { createKey, currentKey, getKey, listKeys, retireKey, revokeKey, rotateKey } from "./keys.ts";

/** Who answers which route of the contract. */
export const handlers: { [Name in RouteName]: Handler<Name> } = {
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
  "endpoints.retireSecret": retireSecret,
  "endpoints.restoreSecret": restoreSecret,
  "endpoints.test": testEndpoint,
  "eventTypes.list": listEventTypes,
  "events.list": listEvents,
  "events.publish": publishEvent,
  "events.get": getEvent,
  "deliveries.list": listDeliveries,
  "deliveries.changes": listChanges,
  "deliveries.get": getDelivery,
  "deliveries.retry": retryDelivery,
  "deliveries.retryMany": retryDeliveries,
  "activity.list": listActivity,
};

/** What some routes have to do before their transaction, as it asks the network or the disk; they get what it gives. */
export const preparations: {
  [Name in RouteName]?: (handling: Handling, input: Checked<Name>) => Promise<unknown>;
} = {
  "endpoints.create": checkTarget,
  "endpoints.update": checkTarget,
  "endpoints.test": loadSample,
};
