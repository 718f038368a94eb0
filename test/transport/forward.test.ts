import { describe, expect, test } from "vitest";
import { forward, forwardPath, relayed } from "../../src/transport/forward.ts";
import type { OutgoingRequest, Sender } from "../../src/transport/send.ts";
import { parseTarget } from "../../src/transport/target.ts";

test.each([
  ["3000/hooks", "a/b", "", "/hooks"],
  ["3000/hooks", "a/b", "x=1", "/hooks?x=1"],
  ["3000/hooks?own", "a", "", "/hooks?own"],
  ["3000/hooks?own=1", "a", "x=1&own=2", "/hooks?own=1&x=1&own=2"],
  ["3000/hooks/", "a/b", "x", "/hooks/a/b?x"],
  ["3000/hooks/?own", "", "", "/hooks/?own"],
  ["3000/", "a//b%2F", "", "/a//b%2F"],
  ["3000", "a", "", "/"],
])("forwardPath %s + %s + %s", (target, rest, query, expected) => {
  expect(forwardPath(parseTarget(target), rest, query)).toBe(expected);
});

const hops = [
  ...[
    "Connection",
    "keep-alive, X-Hop",
    "connection",
    "x-other",
    "X-Hop",
    "1",
    "X-OTHER",
    "2",
    "Keep-Alive",
    "5",
  ],
  ...["Proxy-Connection", "x", "Proxy-Authenticate", "x", "Proxy-Authorization", "x", "TE", "trailers"],
  ...["Trailer", "x", "Transfer-Encoding", "chunked", "Upgrade", "h2c", "Expect", "100-continue"],
  ...["Content-Length", "3"],
];
const kept = ["X-Twice", "1", "x-twice", "2", "Cookie", "a", "X-Hops", "stays"];

test("forward leaves out what belongs to the connection, and names the target as the host", async () => {
  const sent: OutgoingRequest[] = [];
  const sender: Sender = {
    send: (request) => {
      sent.push(request);
      return Promise.resolve({ ok: false, error: "refused", message: "", durationMs: 0 });
    },
    close: () => Promise.resolve(),
  };
  const headers = [...kept.slice(0, 4), ...hops, "HOST", "outside", "host", "again", ...kept.slice(4)];
  const body = Buffer.from([0, 255]);
  const request = { method: "POST", target: "/x", headers, body, receivedAt: 0 };
  await forward(sender, parseTarget("https://hook.example:8443/"), request, "/path");
  expect(sent).toEqual([
    { method: "POST", path: "/path", headers: ["host", "hook.example:8443", ...kept], body },
  ]);
});

test("relayed leaves out the same of the answer", () => {
  const body = Buffer.from("x");
  const result = {
    status: 418,
    headers: [...hops, ...kept],
    body,
    bytes: 1,
    durationMs: 1,
  };
  expect(relayed({ ok: true, ...result })).toEqual({ status: 418, headers: kept, body });
});

describe("a stranger's path", () => {
  test.each([
    ["../../admin", "/hook/admin"],
    ["a/%2e%2E/b", "/hook/a/b"],
    ["..\\..\\admin", "/hook/admin"],
    ["..%2f..%2Fadmin", "/hook/admin"],
    ["..%5cadmin", "/hook/admin"],
    ["..;/admin", "/hook/admin"],
    ["./x", "/hook/x"],
    ["..a/b..c/...", "/hook/..a/b..c/..."],
    ["a%2Fb\\c", "/hook/a%2Fb\\c"],
  ])("%s stays inside the target's", (rest, path) => {
    expect(forwardPath(parseTarget("3000/hook/"), rest, "")).toBe(path);
  });
});
