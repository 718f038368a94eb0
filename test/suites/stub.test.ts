import { afterEach, describe, expect, test } from "vitest";
import { createClaims } from "../../src/suites/calls.ts";
import { createPatterns } from "../../src/suites/patterns.ts";
import { openStub, pathFor, type Stub, type StubCall } from "../../src/suites/stub.ts";
import type { Mismatch } from "../../src/suites/expectations.ts";
import { post } from "../cli/run-servers.ts";

const patterns = createPatterns();
let stub: Stub | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

describe("the stub", () => {
  test("records every call, and answers as it was told, else 200 and {}", async () => {
    stub = await openStub(0, patterns);
    const { url } = stub;
    stub.begin([
      { method: "GET", path: { equals: "/a" }, status: 404, headers: { "x-own": "v" }, body: "gone" },
      { path: { matches: "^/b/\\d+$" }, status: 201, headers: {}, body: { made: true } },
      { path: { equals: "/a?x=1" }, status: 202, headers: {}, body: null },
    ]);
    const seen = [];
    for (const [method, path] of [
      ["GET", "/a?y=2"],
      ["POST", "/a"],
      ["DELETE", "/b/12"],
      ["POST", "/a?x=1"],
    ] as const) {
      const { status, body } = await post(url + path, { method, body: method === "POST" ? "{}" : "" });
      seen.push([status, body.toString()]);
    }
    expect(seen).toEqual([
      [404, "gone"],
      [200, "{}"],
      [201, '{"made":true}'],
      [202, "null"],
    ]);
    expect(stub.calls.map(({ method, target }) => `${method} ${target}`)).toEqual([
      "GET /a?y=2",
      "POST /a",
      "DELETE /b/12",
      "POST /a?x=1",
    ]);
    stub.begin([]);
    expect(stub.calls).toEqual([]);
  });

  test("a body beyond 5 MiB is refused and not kept", async () => {
    stub = await openStub(0, patterns);
    const { status } = await post(stub.url, { body: Buffer.alloc(5 * 1024 * 1024 + 1) });
    expect([status, stub.calls.length]).toEqual([413, 0]);
  });

  test("a port that is taken is told", async () => {
    stub = await openStub(0, patterns);
    await expect(openStub(Number(new URL(stub.url).port), patterns)).rejects.toMatchObject({
      code: "port-taken",
    });
  });
});

test.each([
  [{ equals: "/a" }, "/a?x=1", "/a"],
  [{ equals: "/a?x=1" }, "/a?x=1", "/a?x=1"],
  [{ matches: "^/ab?$" }, "/a?x=1", "/a"],
  [{ matches: "\\?x=" }, "/a?x=1", "/a?x=1"],
])("%j looks at the query of %s where it names one", (matcher, target, path) => {
  expect(pathFor(matcher, target)).toBe(path);
});

describe("each call counts for one", () => {
  const call = (target: string): StubCall => ({ method: "POST", target, headers: [], body: Buffer.alloc(0) });
  const none: Mismatch[] = [];
  const off: Mismatch[] = [{ subject: "path", kind: "different" }];
  const only =
    (...targets: string[]) =>
    ({ target }: StubCall): Mismatch[] =>
      targets.includes(target) ? none : off;

  test("a call that is claimed is no other's", () => {
    const calls = [call("/a")];
    const claims = createClaims(calls);
    const [one, two] = [0, 1].map(() => claims.want({ times: 1, from: 0, check: only("/a") }));
    expect([one?.actual(), two?.actual()]).toEqual([1, 0]);
    calls.push(call("/a"));
    expect([one?.actual(), two?.actual()]).toEqual([1, 1]);
    expect([one?.calls(), two?.calls()]).toEqual([[calls[0]], [calls[1]]]);
  });

  test("whoever can take another call gives way to whoever cannot", () => {
    const calls = [call("/a"), call("/b")];
    const claims = createClaims(calls);
    const any = claims.want({ times: 1, from: 0, check: only("/a", "/b") });
    expect(any.calls()).toEqual([calls[0]]);
    const picky = claims.want({ times: 1, from: 0, check: only("/a") });
    expect([any.actual(), picky.actual()]).toEqual([1, 1]);
    expect([any.calls(), picky.calls()]).toEqual([[calls[1]], [calls[0]]]);
  });

  test("what is closed keeps its calls, and calls before the step count for nobody", () => {
    const calls = [call("/a")];
    const claims = createClaims(calls);
    const first = claims.want({ times: 1, from: 0, check: only("/a") });
    first.close();
    const later = claims.want({ times: 1, from: 0, check: only("/a") });
    const after = claims.want({ times: 0, from: 1, check: only("/a") });
    expect([later.actual(), after.actual()]).toEqual([0, 0]);
  });

  test("none wanted: a call that nobody else claims is one too many", () => {
    const calls = [call("/a"), call("/b")];
    const claims = createClaims(calls);
    const one = claims.want({ times: 1, from: 0, check: only("/a") });
    const none = claims.want({ times: 0, from: 0, check: only("/a") });
    expect([one.actual(), none.actual()]).toEqual([1, 0]);
    one.close();
    calls.push(call("/a"));
    expect(none.actual()).toBe(1);
    expect(none.others().map(({ call: { target } }) => target)).toEqual(["/b", "/a"]);
  });

  test("more than are wanted are counted, but where more may come", () => {
    const calls = [call("/a"), call("/a"), call("/a")];
    const claims = createClaims(calls);
    const one = claims.want({ times: 1, from: 0, check: only("/a") });
    expect(one.actual()).toBe(3);
    const many = claims.want({ times: 1, orMore: true, from: 0, check: only("/a") });
    expect([one.actual(), many.actual(), many.calls().length]).toEqual([1, 2, 1]);
  });

  test("a call that only somebody closed wanted came late, and is told once", () => {
    const calls = [call("/a")];
    const claims = createClaims(calls);
    const first = claims.want({ times: 1, from: 0, check: only("/a") });
    first.actual();
    first.close();
    const next = claims.want({ times: 1, from: 1, check: only("/b") });
    calls.push(call("/a"), call("/b"), call("/c"));
    expect(next.actual()).toBe(1);
    expect(claims.late(1)).toEqual([calls[1]]);
    expect(claims.late(1)).toEqual([]);
  });
});
