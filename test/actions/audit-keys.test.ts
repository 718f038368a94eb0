import { describe, expect, test } from "vitest";
import { auditKeys, type AuditOptions, type KeyAudit } from "../../src/actions/audit-keys.ts";
import { openPlane, type Plane } from "../server/plane.ts";
import { remoteOf } from "./remotes.ts";

const day = 86_400_000;
const seconds = (days: number): number => (days * day) / 1000;

/** An audit of all but the root key, as finding and id. */
async function audit(
  plane: Plane,
  options: Partial<AuditOptions> = {},
): Promise<{ found: string[]; audit: KeyAudit }> {
  const done = await auditKeys(remoteOf(plane), {
    withinMs: 14 * day,
    idleMs: 90 * day,
    now: plane.time(),
    ...options,
  });
  const found = done.findings.filter(({ key }) => key.name !== "root");
  return { found: found.map(({ finding, key }) => `${finding} ${key.id}`), audit: done };
}

/** A key that was used just now. */
async function usedKey(plane: Plane, more: object = {}): Promise<{ id: string; key: string }> {
  const made = await plane.makeKey(["events:read"], more);
  await plane.done("keys.current", {}, made.key);
  return made;
}

describe("an audit", () => {
  test("finds nothing about a key that is used and ends some day", async () => {
    const plane = await openPlane();
    await usedKey(plane, { expires_in: seconds(30) });
    const { found, audit: whole } = await audit(plane);
    expect(found).toEqual([]);
    expect(whole).toMatchObject({ live: 2, sawActivity: true });
  });

  test("finds keys that end within the time, to the moment", async () => {
    const plane = await openPlane();
    const { id } = await usedKey(plane, { expires_in: seconds(14) });
    expect((await audit(plane, { withinMs: 14 * day - 1 })).found).toEqual([]);
    expect((await audit(plane)).found).toEqual([`expiring ${id}`]);
    plane.pass(14 * day);
    // What has ended is no finding: who still uses it is.
    expect((await audit(plane)).found).toEqual([]);
  });

  test("finds keys without an end, and those never used", async () => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["events:read"]);
    // One that was just made is on its way to who is to use it.
    plane.pass(day - 1);
    expect((await audit(plane)).found).toEqual([`never-expires ${id}`]);
    plane.pass(1);
    expect((await audit(plane)).found).toEqual([`never-used ${id}`, `never-expires ${id}`]);
  });

  test("finds keys that nobody used for so long", async () => {
    const plane = await openPlane();
    const { id } = await usedKey(plane, { expires_in: seconds(365) });
    plane.pass(90 * day - 1);
    expect((await audit(plane)).found).toEqual([]);
    plane.pass(1);
    expect((await audit(plane)).found).toEqual([`idle ${id}`]);
  });

  test("finds rotations left open, but wants nothing of a key whose grace runs", async () => {
    const plane = await openPlane();
    const old = await usedKey(plane, { expires_in: seconds(10) });
    const body = { grace_seconds: null, expires_in: seconds(30) };
    const { id: successor } = await plane.done("keys.rotate", { params: { id: old.id }, body });
    // Whatever was used by now is idle.
    const found = async (): Promise<string[]> => (await audit(plane, { idleMs: 0 })).found;
    expect(await found()).toEqual([`rotation-open ${old.id}`]);
    plane.pass(day);
    expect(await found()).toEqual([`rotation-open ${old.id}`, `never-used ${String(successor)}`]);
    await plane.done("keys.retire", { params: { id: old.id }, body: { grace_seconds: 60 } });
    expect(await found()).toEqual([`never-used ${String(successor)}`]);
  });

  test("finds uses of dead keys, counted and with their places, within the time", async () => {
    const plane = await openPlane();
    const { id, key } = await usedKey(plane, { expires_in: seconds(30) });
    await plane.done("keys.revoke", { params: { id } });
    for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2"])
      await plane.call("keys.current", {}, key, { address });
    plane.pass(60_000);
    await plane.call("keys.current", {}, key, { address: "192.0.2.1" });
    const { findings } = (await audit(plane)).audit;
    const uses = findings.filter(({ finding }) => finding === "dead-key-used");
    expect(uses).toHaveLength(1);
    expect(uses[0]).toMatchObject({
      key: { id, status: "revoked" },
      count: 4,
      lastAt: new Date(plane.time()).toISOString(),
    });
    expect((uses[0] as { addresses: string[] }).addresses.sort()).toEqual(["192.0.2.1", "192.0.2.2"]);
    plane.pass(14 * day);
    expect((await audit(plane)).found).toEqual([`dead-key-used ${id}`]);
    plane.pass(1);
    expect((await audit(plane)).found).toEqual([]);
  });

  test("goes on without the log where the key may not read it, and asks for nothing it may not see", async () => {
    const plane = await openPlane();
    const { key } = await plane.makeKey(["keys:read"]);
    const remote = remoteOf(plane, { key });
    const options = { withinMs: day, idleMs: day, now: plane.time() };
    expect(await auditKeys(remote, options)).toMatchObject({ sawActivity: false, live: 2 });
    expect(remote.log).toEqual(["keys.current", "keys.list"]);
  });

  test("reads every page", async () => {
    const plane = await openPlane();
    for (let number = 0; number < 120; number++) await plane.makeKey(["events:read"]);
    plane.pass(day);
    const { found, audit: whole } = await audit(plane);
    expect(whole.live).toBe(121);
    expect(new Set(found).size).toBe(240);
  });
});
