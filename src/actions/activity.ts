import type { ActivityEntry, Remote } from "../remote/contract.ts";
import { readPages, type Listed, type PageOptions } from "./pages.ts";

/** What a server of this version writes down. */
export const knownActions = [
  "key.created",
  "key.used",
  "key.rotated",
  "key.retired",
  "key.revoked",
  "key.refused",
  "key.denied",
  "endpoint.created",
  "endpoint.updated",
  "endpoint.deleted",
  "endpoint.secret_rotated",
  "endpoint.enabled",
  "endpoint.disabled",
  "endpoint.tested",
  "delivery.retried",
] as const;

export interface ActivityFilter {
  /** `key.created`, `key.refused` … */
  action?: string;
  /** Id of a key that did it, or that it was done to. */
  key?: string;
  /** Unix milliseconds: from this on … */
  since?: number;
  /** … and before this. */
  until?: number;
}

/** Who did what with which key, newest first. */
export function listActivity(
  remote: Remote,
  { action, key, since, until }: ActivityFilter,
  page: PageOptions,
): Promise<Listed<ActivityEntry>> {
  const filter = {
    ...(action === undefined ? {} : { action }),
    ...(key === undefined ? {} : { key_id: key }),
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  };
  return readPages((part) => remote.call("activity.list", { query: { ...filter, ...part } }), page);
}
