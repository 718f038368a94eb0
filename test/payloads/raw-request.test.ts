import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isHooklineError } from "../../src/errors.ts";
import { parseRawRequest } from "../../src/payloads/raw-request.ts";

const parse = (text: string) => parseRawRequest(Buffer.from(text, "latin1"));

describe("parseRawRequest", () => {
  test("takes method, target, headers as they stand, and the bytes behind the empty line", () => {
    const request = parse(
      "POST /a?b HTTP/1.1\r\nHost: x\r\nX-Twice:1\r\nx-twice: \t2 \r\nX-Empty:\r\n\r\n\x00\xff\r\n",
    );
    expect(request).toMatchObject({ method: "POST", target: "/a?b" });
    expect(request.headers).toEqual(["Host", "x", "X-Twice", "1", "x-twice", "2", "X-Empty", ""]);
    expect([...request.body]).toEqual([0, 255, 13, 10]);
  });

  test("lines may end in LF alone, and a body's own empty lines are its own", () => {
    const request = parse("POST / HTTP/1.0\nA: 1\n\none\n\ntwo\r\n\r\n");
    expect(request.headers).toEqual(["A", "1"]);
    expect(request.body.toString()).toBe("one\n\ntwo\r\n\r\n");
  });

  test("a request that ends with its head has an empty body", () => {
    for (const text of [
      "POST / HTTP/1.1",
      "POST / HTTP/1.1\r\n",
      "POST / HTTP/1.1\r\nA: 1\r\n",
      "POST / HTTP/1.1\n\n",
    ])
      expect(parse(text).body).toHaveLength(0);
  });

  test("Content-Length says where the body ends", () => {
    expect(parse("POST / HTTP/1.1\ncontent-LENGTH: 3\n\nabc\n").body.toString()).toBe("abc");
    expect(parse("POST / HTTP/1.1\nContent-Length: 0\n\n\n").body).toHaveLength(0);
  });

  test("a chunked body is put together, extensions and trailers left out", () => {
    const head = "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 2\r\n\r\n";
    expect(parse(`${head}3\r\nabc\r\nA;x="y"\r\n0123456789\r\n0\r\nT: 1\r\n\r\n`).body.toString()).toBe(
      "abc0123456789",
    );
    expect(parse(`${head}0\r\n\r\n`).body).toHaveLength(0);
    // As an editor leaves it.
    expect(parse(`${head}3\nabc\n0\n`).body.toString()).toBe("abc");
  });

  test.each([
    ["nothing", ""],
    ["JSON", '{"a":1}'],
    ["an answer", "HTTP/1.1 200 OK\r\n\r\n"],
    ["HTTP/2", "POST / HTTP/2\r\n\r\n"],
    ["a header without a colon", "POST / HTTP/1.1\r\nNo header\r\n\r\n"],
    ["a header folded over two lines", "POST / HTTP/1.1\r\nA: 1\r\n 2\r\n\r\n"],
    ["a length that is none", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"],
    ["chunks that are none", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{}"],
    ["chunks that end too early", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"],
    ["chunks without an end", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
  ])("%s is told apart", (_, text) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: "request-malformed", exitCode: 2 }) as Error,
    );
  });

  test("whatever the bytes: a request or an error of ours", () => {
    const start = fc.constantFrom(
      "",
      "POST / HTTP/1.1\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (head, bytes) => {
        try {
          parseRawRequest(Buffer.concat([Buffer.from(head), bytes]));
        } catch (error) {
          if (!isHooklineError(error)) throw error;
        }
      }),
    );
  });

  test("any body survives, with a length or in chunks", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.integer({ min: 1, max: 700 }), (bytes, size) => {
        const body = Buffer.from(bytes);
        const plain = Buffer.concat([
          Buffer.from(`POST / HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n`),
          body,
          Buffer.from("\n"),
        ]);
        const chunks = [Buffer.from("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")];
        for (let at = 0; at < body.length; at += size) {
          const part = body.subarray(at, at + size);
          chunks.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
        }
        chunks.push(Buffer.from("0\r\n\r\n"));
        expect(parseRawRequest(plain).body.equals(body)).toBe(true);
        expect(parseRawRequest(Buffer.concat(chunks)).body.equals(body)).toBe(true);
      }),
    );
  });
});
