import type { ActivityEntry, Key, Remote } from "../remote/contract.ts";
import { listActivity } from "./activity.ts";
import { currentKey, listKeys } from "./keys.ts";

export interface AuditOptions {
  /** Milliseconds: keys that end, and dead ones that were used, within this. */
  withinMs: number;
  /** Milliseconds after which a key that was not used is idle. */
  idleMs: number;
  /** Unix milliseconds. */
  now: number;
}

export type KeyFinding =
  /** A key that works no more was used. */
  | { finding: "dead-key-used"; key: Key; count: number; lastAt: string; addresses: string[] }
  /** It has a successor, but no end. */
  | { finding: "rotation-open"; key: Key }
  | { finding: "expiring"; key: Key }
  | { finding: "idle"; key: Key }
  | { finding: "never-used"; key: Key }
  | { finding: "never-expires"; key: Key };

export interface KeyAudit {
  /** The gravest first. */
  findings: KeyFinding[];
  /** Keys that work. */
  live: number;
  /** Whether the activity log could be read: without it uses of dead keys are unknown. */
  sawActivity: boolean;
}

/** Milliseconds within which a key need not have been used: one that was just made is on its way. */
const newMs = 86_400_000;

/** Looks for keys that want attention. One whose grace runs wants none. */
export async function auditKeys(remote: Remote, { withinMs, idleMs, now }: AuditOptions): Promise<KeyAudit> {
  const { scopes } = await currentKey(remote);
  const { data: keys } = await listKeys(remote, undefined, { all: true });
  const live = keys.filter(({ status }) => status === "active" || status === "rotating");
  const of = (
    finding: Exclude<KeyFinding["finding"], "dead-key-used">,
    holds: (key: Key) => boolean,
  ): KeyFinding[] => live.filter(holds).map((key) => ({ finding, key }));
  const isLasting = ({ status }: Key): boolean => status === "active";
  const isUnused = (key: Key): boolean => isLasting(key) && key.last_used_at === null;
  const isBefore = (time: string | null, end: number): boolean => time !== null && Date.parse(time) <= end;
  const sawActivity = scopes.includes("activity:read");
  const refused = sawActivity
    ? await listActivity(remote, { action: "key.refused", since: now - withinMs }, { all: true })
    : { data: [] };
  return {
    findings: [
      ...usesOfDeadKeys(keys, refused.data),
      ...of("rotation-open", (key) => key.status === "rotating" && key.grace_ends_at === null),
      ...of("expiring", (key) => isLasting(key) && isBefore(key.expires_at, now + withinMs)),
      ...of("idle", (key) => isLasting(key) && isBefore(key.last_used_at, now - idleMs)),
      ...of("never-used", (key) => isUnused(key) && isBefore(key.created_at, now - newMs)),
      ...of("never-expires", (key) => isLasting(key) && key.expires_at === null),
    ],
    live: live.length,
    sawActivity,
  };
}

/** @param entries newest first */
function usesOfDeadKeys(keys: readonly Key[], entries: readonly ActivityEntry[]): KeyFinding[] {
  return keys.flatMap((key): KeyFinding[] => {
    const uses = entries.filter(({ subject }) => subject?.id === key.id);
    const [last] = uses;
    if (last === undefined) return [];
    return [
      {
        finding: "dead-key-used",
        key,
        count: uses.reduce((sum, { count }) => sum + count, 0),
        lastAt: last.last_at,
        addresses: [...new Set(uses.flatMap(({ address }) => address ?? []))],
      },
    ];
  });
}
