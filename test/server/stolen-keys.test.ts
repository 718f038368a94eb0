import { connect } from "node:net";
import { expect, test } from "vitest";
import { openPlane } from "./plane.ts";

test("what a key makes whose grace has begun does not outlive it", async () => {
  const plane = await openPlane();
  const { id: oldId, key: old } = await plane.makeKey(["*"]);
  await plane.done("keys.rotate", { params: { id: oldId }, body: { grace_seconds: 60 } });
  const child = await plane.done("keys.create", { body: { name: "child", scopes: ["keys:write"] } }, old);
  expect(child["expires_at"]).toBe(new Date(plane.time() + 60_000).toISOString());
  const longer = { body: { name: "longer", scopes: ["keys:write"], expires_in: 61 } };
  expect((await plane.call("keys.create", longer, old)).body).toMatchObject({ code: "expiry-exceeded" });
  const { id: other } = await plane.makeKey(["keys:read"]);
  const rotated = await plane.call("keys.rotate", { params: { id: other }, body: {} }, old);
  expect(rotated).toMatchObject({ status: 403, body: { code: "expiry-exceeded" } });

  plane.pass(60_000);
  expect((await plane.call("keys.current", {}, child["key"] as string)).status).toBe(401);
});

test("while the grace is open, the one who rotates may still undo it with the old key", async () => {
  const plane = await openPlane();
  const { id, key } = await plane.makeKey(["*"]);
  const made = await plane.done("keys.rotate", { params: { id }, body: { grace_seconds: null } }, key);
  await plane.done("keys.revoke", { params: { id: made["id"] } }, key);
  expect(await plane.done("keys.get", { params: { id } }, key)).toMatchObject({
    status: "active",
    replaced_by: null,
  });
});

test("whoever has no key is turned away before the body is read", async () => {
  const plane = await openPlane();
  const { url } = await plane.serve();
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const answer = new Promise<string>((resolve) =>
    socket.once("data", (chunk: Buffer) => resolve(chunk.toString("latin1"))),
  );
  // Of four million bytes only the first are ever sent.
  socket.write(
    "POST /v1/keys HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n[[[[",
  );
  expect(await answer).toMatch(/^HTTP\/1\.1 401 /);
  socket.destroy();
});
