import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { charsets, endings, unwrapped, wrapped } from "../../../src/signing/diagnose/bodies.ts";

const most = 1024;
const evidenceOf = (
  bodies: Iterable<{ value: Buffer; clues: readonly { evidence: object }[] }>,
  wanted: Buffer,
) => [...bodies].find(({ value }) => value.equals(wanted))?.clues[0]?.evidence;

describe("what is wrapped", () => {
  const inner = '{"a":"é / ü"}';
  const cases: readonly (readonly [string, Buffer, object])[] = [
    ["base64", Buffer.from(Buffer.from(inner).toString("base64")), { encoding: "base64", change: "added" }],
    [
      "base64url",
      Buffer.from(Buffer.from(inner).toString("base64url")),
      { encoding: "base64", change: "added" },
    ],
    ["gzip", gzipSync(inner), { encoding: "gzip", change: "added" }],
    ["deflate", deflateSync(inner), { encoding: "deflate", change: "added" }],
    ["a JSON string", Buffer.from(JSON.stringify(inner)), { encoding: "a JSON string", change: "added" }],
    [
      "an event",
      Buffer.from(JSON.stringify({ body: Buffer.from(inner).toString("base64"), isBase64Encoded: true })),
      { encoding: "a gateway's event", change: "added" },
    ],
    [
      "HTML entities",
      Buffer.from("{&quot;a&#34;:&#x22;é / ü&quot;}"),
      { encoding: "HTML entities", change: "added" },
    ],
    ["a form", Buffer.from(`payload=${encodeURIComponent(inner)}`), { encoding: "a form", change: "added" }],
  ];
  test.each(cases)("%s", (_name, body, evidence) =>
    expect(evidenceOf(unwrapped(body, [], most), Buffer.from(inner))).toEqual(evidence),
  );
  test("entities beside quotation marks count first where the length says so", () => {
    const body = Buffer.from('{"a":"R&amp;D &lt;i&gt; &#39;&amp;lt;"}');
    const plain = Buffer.from('{"a":"R&D <i> \'&lt;"}');
    const evidence = { encoding: "HTML entities", change: "added" };
    const announced = ["Content-Length", String(plain.length)];
    expect(evidenceOf(unwrapped(body, announced, most), plain)).toEqual(evidence);
    expect(evidenceOf(unwrapped(body, [], most), plain)).toBeUndefined();
    expect(evidenceOf(wrapped(body), plain)).toEqual(evidence);
  });
  test("brotli, where the header says so", () => {
    const body = brotliCompressSync(inner);
    const headers = ["Content-Encoding", "br"];
    expect(evidenceOf(unwrapped(body, headers, most), Buffer.from(inner))).toEqual({
      encoding: "br",
      change: "added",
    });
    expect(evidenceOf(unwrapped(body, [], most), Buffer.from(inner))).toBeUndefined();
  });
});

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
] as const)("a %s bomb is not blown up", (_name, compress) => {
  const bomb = compress(Buffer.alloc(50 * 1024 * 1024));
  for (const { value } of unwrapped(bomb, [], most)) expect(value.length).toBeLessThan(bomb.length * 2);
  const small = compress(Buffer.alloc(most, 97));
  expect([...unwrapped(small, [], most)].some(({ value }) => value.length === most)).toBe(true);
});

test.each([
  ["truncated gzip", gzipSync("text").subarray(0, 12)],
  ["an event without a body", Buffer.from('{"body": {"a": 1}}')],
  ["an event of a prototype", Buffer.from('{"__proto__": {"body": "x"}}')],
  ["broken percents", Buffer.from("payload=%zz")],
  ["nothing", Buffer.alloc(0)],
] as const)("%s gives nothing that was added", (_name, body) => {
  const added = [...unwrapped(body, [], most)].filter(
    ({ clues }) => clues[0]?.evidence["encoding"] !== "a form",
  );
  expect(added.filter(({ clues }) => clues[0]?.evidence["change"] === "added")).toEqual([]);
});

test.each([
  ["a=1&b=x%20y&c=%7E", "a=1&b=x+y&c=%7E"],
  ["a=1&b=x+y&c=%C3%A9", "a=1&b=x%20y&c=%C3%A9"],
  ["a=1&b=x y&c=é", "a=1&b=x%20y&c=%C3%A9"],
])("the fields of %s signed as %s", (body, signed) =>
  expect(
    evidenceOf(
      [Buffer.from(body)].flatMap((one) => [...unwrapped(one, [], most), ...wrapped(one)]),
      Buffer.from(signed),
    ),
  ).toEqual({
    encoding: "percent",
    change: "removed",
  }),
);

describe("ends and line breaks", () => {
  const cases = [
    ["{}\n", "{}", { change: "added", newline: "LF" }],
    ["{}\r\n", "{}", { change: "added", newline: "CRLF" }],
    ["{}", "{}\n", { change: "lost", newline: "LF" }],
    ["{}", "{}\r\n", { change: "lost", newline: "CRLF" }],
    ["{\r\n}", "{\n}", { change: "became CRLF", newline: "LF" }],
    ["{\n}", "{\r\n}", { change: "became LF", newline: "CRLF" }],
    ["{\n}", "{\r\n}\r\n", { change: "became LF", newline: "CRLF" }],
    [" {} \n\n", "{}", { change: "added", newline: "white space" }],
    ["\ufeff{}", "{}", { change: "added" }],
    ["{}", "\ufeff{}", { change: "lost" }],
  ] as const;
  test.each(cases)("%j signed as %j", (body, signed, evidence) =>
    expect(evidenceOf(endings(Buffer.from(body)), Buffer.from(signed))).toEqual(evidence),
  );
  test("bytes that are no text are kept", () => {
    const [first] = endings(Buffer.from([0xff, 0xfe, 0x0a]));
    expect(first?.value).toEqual(Buffer.from([0xff, 0xfe]));
  });
});

describe("other encodings", () => {
  const utf8 = Buffer.from("é ñ");
  type Case = readonly [string, Buffer, Buffer, object];
  const cases: readonly Case[] = [
    ["latin1 for UTF-8", Buffer.from("é ñ", "latin1"), utf8, { signed: "UTF-8", arrived: "ISO-8859-1" }],
    ["UTF-8 for latin1", utf8, Buffer.from("é ñ", "latin1"), { signed: "ISO-8859-1", arrived: "UTF-8" }],
    [
      "read as latin1",
      Buffer.from(utf8.toString("latin1")),
      utf8,
      { signed: "UTF-8", arrived: "UTF-8 read as ISO-8859-1" },
    ],
    [
      "read as Windows-1252",
      Buffer.from("â‚¬"),
      Buffer.from("€"),
      { signed: "UTF-8", arrived: "UTF-8 read as Windows-1252" },
    ],
    ...[Buffer.from("\ufeffé ñ", "utf16le"), Buffer.from("\ufeffé ñ", "utf16le").swap16()].map(
      (body): Case => ["UTF-16 with its mark", body, utf8, { signed: "UTF-8", arrived: "UTF-16" }],
    ),
    ...[Buffer.from("{}\r\n", "utf16le"), Buffer.from("{}\r\n", "utf16le").swap16()].flatMap((body) =>
      ["{}\r\n", "{}"].map((signed): Case => [
        "UTF-16 without a mark",
        body,
        Buffer.from(signed),
        { signed: "UTF-8", arrived: "UTF-16" },
      ]),
    ),
    ["decomposed", Buffer.from("e\u0301"), Buffer.from("é"), { signed: "NFC", arrived: "NFD" }],
  ];
  test.each(cases)("%s", (_name, body, signed, evidence) =>
    expect(evidenceOf(charsets(body), signed)).toEqual(evidence),
  );
});
