import { describe, expect, test } from "vitest";
import { rawRequest, safeName } from "../../src/actions/inbox-export.ts";
import { parseRawRequest } from "../../src/payloads/raw-request.ts";

test.each([
  ["order.created", "order.created"],
  ["orders/create", "orders-create"],
  ["../../etc/passwd", "etc-passwd"],
  ["..", "unnamed"],
  ["", "unnamed"],
  [".hidden", "hidden"],
  ["-rf", "rf"],
  ["a\\b:c", "a-b-c"],
  ["a\u0000\u001b[31m\u202eb\n", "a-31m-b"],
  ["Bestellung-größer", "Bestellung-gr-er"],
  ["con", "_con"],
  ["LPT1.x", "_LPT1.x"],
  ["console", "console"],
  ["name.", "name"],
  ["x".repeat(500), "x".repeat(80)],
])("%j becomes %j in a file's name", (text, name) => {
  expect(safeName(text)).toBe(name);
});

describe("a raw request", () => {
  const body = Buffer.from([0x00, 0xff, 0x0d, 0x0a, 0x0d, 0x0a]);

  test.each<[name: string, headers: string[], expected: string[]]>([
    [
      "keeps order, case and repetition",
      ["B", "2", "a", "1 \xe4", "b", "", "Content-Length", "6"],
      ["B", "2", "a", "1 \xe4", "b", "", "Content-Length", "6"],
    ],
    [
      "has its length in place of its chunks",
      ["a", "1", "transfer-encoding", "gzip, chunked", "b", "2"],
      ["a", "1", "Content-Length", "6", "b", "2"],
    ],
    ["is told its length where nothing does", ["a", "1"], ["a", "1", "Content-Length", "6"]],
  ])("%s, and is read back", (_, headers, expected) => {
    const read = parseRawRequest(rawRequest({ method: "POST", target: "/a?b=c", headers }, body));
    expect(read).toMatchObject({ method: "POST", target: "/a?b=c", headers: expected });
    expect(read.body).toEqual(body);
  });

  test("has no byte in its target that a request line cannot have", () => {
    const read = parseRawRequest(rawRequest({ method: "POST", target: "/\xa0\xe4 x", headers: [] }, body));
    expect(read.target).toBe("/%a0%e4%20x");
  });
});
