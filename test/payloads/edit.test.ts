import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editBody, freshenBody, type Edit } from "../../src/payloads/edit.ts";
import type { Segment } from "../../src/payloads/path.ts";
import { showPath } from "../../src/payloads/path.ts";

const set = (path: string, value: string): Edit => ({ op: "set", path, value });
const unset = (path: string): Edit => ({ op: "unset", path });
const edited = (body: string, ...edits: Edit[]): string => editBody(Buffer.from(body), edits).toString();

const order = `{
  "id": "evt_1",
  "data": {
    "items": [
      { "price": 8.00 },
      { "price": 3.50 }
    ],
    "note": "caf\\u00e9",
    "empty": {}
  }
}
`;

describe("set", () => {
  test.each<[string, Edit, string]>([
    ["a number stays as typed", set("a", "8.00"), '{"a":8.00}'],
    ["an object stays as typed", set("a", '{"b": 1}'), '{"a":{"b": 1}}'],
    ["a quoted text is a string", set("a", '"8.00"'), '{"a":"8.00"}'],
    ["text in JSON goes in as UTF-8", set("a", '{"é": "€"}'), '{"a":{"é": "€"}}'],
    ["null and booleans are themselves", set("a", "null"), '{"a":null}'],
    ["what is not JSON is a string", set("a", 'say "hi"\n'), '{"a":"say \\"hi\\"\\n"}'],
    ["nothing is the empty string", set("a", ""), '{"a":""}'],
    ["a JSON Pointer", set("/a", "2"), '{"a":2}'],
    ["a new key in compact JSON", set("b.c", "2"), '{"a":1,"b":{"c":2}}'],
    ["new lists and keys below", set("b[0].c[0]", "2"), '{"a":1,"b":[{"c":[2]}]}'],
    ["a key that needs quoting", set('["b.\\"c"]', "2"), '{"a":1,"b.\\"c":2}'],
  ])("%s", (_, edit, result) => {
    expect(edited('{"a":1}', edit)).toBe(result);
  });

  test.each<[string, string, Edit, string]>([
    ["an empty object", "{ }", set("a", "1"), '{"a":1}'],
    ["an empty object over two lines", "{\r\n}", set("a", "1"), '{\r\n  "a": 1\r\n}'],
    ["an empty list", "[]", set("[0]", "1"), "[1]"],
    ["the end of a list", "[1, 2]", set("[2]", "3"), "[1, 2, 3]"],
    ["the end of a list, by pointer", "[1,2]", set("/-", "3"), "[1,2,3]"],
    ["one line with spaces", '{"a": 1}', set("b", "2"), '{"a": 1, "b": 2}'],
    ["one line with spaces here and none there", '{"a": 1,"b": 2}', set("c", "3"), '{"a": 1,"b": 2,"c": 3}'],
    ["an empty object inside one line with spaces", '{"a": {}}', set("a.b", "1"), '{"a": {"b": 1}}'],
    ["one line with padding", '{ "a": 1 }', set("b.c", "2"), '{ "a": 1, "b": {"c": 2} }'],
    [
      "tabs and CRLF",
      '{\r\n\t"a": []\r\n}',
      set("a[0].b", "1"),
      '{\r\n\t"a": [\r\n\t\t{\r\n\t\t\t"b": 1\r\n\t\t}\r\n\t]\r\n}',
    ],
  ])("adds to %s", (_, body, edit, result) => {
    expect(edited(body, edit)).toBe(result);
  });

  test("adds lines like those around, and touches no other", () => {
    expect(
      edited(
        order,
        set("data.empty.deep.x", "1"),
        set("data.items[2]", '{ "price": 1.00 }'),
        set("z", "true"),
      ),
    ).toBe(
      order
        .replace('{ "price": 3.50 }', '{ "price": 3.50 },\n      { "price": 1.00 }')
        .replace('"empty": {}', '"empty": {\n      "deep": {\n        "x": 1\n      }\n    }')
        .replace("\n  }\n}", '\n  },\n  "z": true\n}'),
    );
  });

  test("later edits see earlier ones", () => {
    expect(edited("{}", set("a", "[]"), set("a[0]", "1"), set("a[1]", "2"), unset("a[0]"))).toBe('{"a":[2]}');
  });
});

describe("unset", () => {
  test.each([
    ['{"a":1}', "a", "{}"],
    ['{ "a": 1, "b": 2 }', "a", '{ "b": 2 }'],
    ['{ "a": 1, "b": 2 }', "b", '{ "a": 1 }'],
    ["[1, 2, 3]", "[1]", "[1, 3]"],
    ["[1, 2, 3]", "[2]", "[1, 2]"],
    ["[ 1 ]", "/0", "[]"],
    [order, "data.note", order.replace('    "note": "caf\\u00e9",\n', "")],
    [order, "data.empty", order.replace(',\n    "empty": {}', "")],
  ])("%j without %s", (body, path, result) => {
    expect(edited(body, unset(path))).toBe(result);
  });
});

describe("keys and bytes", () => {
  test("a key is found as UTF-8, as escapes and as both", () => {
    for (const key of ["é€", "\\u00e9\\u20ac", "é\\u20AC"]) {
      expect(edited(`{"${key}":1}`, set("é€", "2"))).toBe(`{"${key}":2}`);
    }
    expect(() => edited('{"Ã©":1}', unset("é"))).toThrow("has no é");
  });

  test("bytes that are not UTF-8 and a byte order mark stay", () => {
    const body = Buffer.from('\xef\xbb\xbf{"a":"\xff\xfe\x80","\xff":1,"b":1}', "latin1");
    expect(editBody(body, [set("b", "é")])).toEqual(
      Buffer.from('\xef\xbb\xbf{"a":"\xff\xfe\x80","\xff":1,"b":"\xc3\xa9"}', "latin1"),
    );
  });

  test("no edits give the body itself, JSON or not", () => {
    const body = Buffer.from("not json");
    expect(editBody(body, [])).toBe(body);
  });
});

describe("refuses", () => {
  test.each<[string, Edit, string]>([
    ["an index past the end", set("data.items[5]", "1"), "data.items has 2 items, so [5] is out of range"],
    ["the same by pointer", set("/data/items/5", "1"), "data.items has 2 items, so [5] is out of range"],
    [
      "an index past the end, below",
      set("data.items[3].x", "1"),
      "data.items has 2 items, so [3] is out of range",
    ],
    ["removing after the last", unset("data.items[2]"), "data.items has 2 items, so [2] is out of range"],
    [
      "removing after the last, by pointer",
      unset("/data/items/-"),
      "data.items has 2 items, so - is out of range",
    ],
    [
      "a path through a number",
      set("data.items[0].price.x", "1"),
      "data.items[0].price is a number, so it has no x",
    ],
    ["a path through a string", set("id[0]", "1"), "id is a string, so it has no [0]"],
    [
      "a key into a list",
      set("data.items.first", "1"),
      "data.items is a list with 2 items, so it has no first",
    ],
    ["a negative index", set("/data/items/-1", "1"), "data.items is a list with 2 items, so it has no -1"],
    ["an index into an object", set("data[0]", "1"), "data is an object, so it has no item [0]"],
    ["a new list that starts late", set("data.new[2]", "1"), "data.new is not there, so [2] is out of range"],
    ["removing a missing key", unset("data.x"), "data has no x: its keys are items, note, empty"],
    ["removing below a missing key", unset("x.y"), "the body has no x: its keys are id, data"],
    ["removing from an empty object", unset("data.empty.x"), "data.empty has no x: it is empty"],
    ["the root", set("", "1"), "an empty path means the whole body"],
    ["a prototype", set("data.__proto__.x", "1"), "__proto__"],
  ])("%s", (_, edit, message) => {
    let thrown: unknown;
    try {
      edited(order, edit);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "edit-path", exitCode: 2 });
    expect(String(thrown)).toContain(message);
  });

  test("a key that is there twice, whichever way it is written", () => {
    expect(() => edited('{"é":1,"b":2,"\\u00e9":3}', set("é", "4"))).toThrow(/"é" more than once.*ambiguous/);
    expect(edited('{"é":1,"b":2,"\\u00e9":3}', set("b", "4"))).toBe('{"é":1,"b":4,"\\u00e9":3}');
  });

  test.each(["", "{", '{"a":1,}', "// x\n{}", "a=1", "{'a':1}", '{"a":01}', "{}{}", "\u00a0{}"])(
    "the body %j, which is not JSON",
    (body) => {
      expect(() => edited(body, set("a", "1"))).toThrow(
        expect.objectContaining({ code: "edit-not-json", exitCode: 2 }),
      );
    },
  );

  test("says where a body stops being JSON, a byte order mark counted", () => {
    expect(() => edited('{"a":1,}', set("a", "1"))).toThrow("byte 7)");
    expect(() => edited('\ufeff{"é":1,}', set("a", "1"))).toThrow("byte 11)");
  });

  test("more than 1,000 levels, and takes 1,000", () => {
    const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
    const tooDeep = expect.objectContaining({ code: "edit-too-deep", exitCode: 2 }) as Error;
    expect(() => edited(nested(100_000), set("[0]", "1"))).toThrow(tooDeep);
    expect(() => edited(nested(1001), set("[0]", "1"))).toThrow(tooDeep);
    expect(edited(nested(1000), set("[1]", "1"))).toBe(`[${nested(999)},1]`);
    expect(edited(JSON.stringify({ a: '\\"' + "[".repeat(2000), b: 1 }), unset("a"))).toBe('{"b":1}');
  });
});

/** A value written with white space of any kind, and where each part of it came to stand. */
interface Written {
  text: string;
  value: unknown;
  places: { path: Segment[]; start: number; end: number; value: unknown }[];
}

function write(value: unknown, spaces: readonly string[], escapeKeys: boolean): Written {
  let text = "";
  let turn = 0;
  const places: Written["places"] = [];
  const space = (): void => void (text += spaces[turn++ % spaces.length] ?? "");
  const key = (name: string): string =>
    escapeKeys
      ? `"${[...Array(name.length).keys()].map((at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`
      : JSON.stringify(name);
  const visit = (part: unknown, path: Segment[]): void => {
    const start = text.length;
    if (typeof part === "object" && part !== null) {
      const children = Array.isArray(part)
        ? part.map((item, at) => [at, item] as const)
        : Object.entries(part);
      text += Array.isArray(part) ? "[" : "{";
      children.forEach(([name, child], index) => {
        if (index > 0) text += ",";
        space();
        if (typeof name === "string") {
          text += key(name);
          space();
          text += ":";
          space();
        }
        visit(child, [...path, name]);
        space();
      });
      if (children.length === 0) space();
      text += Array.isArray(part) ? "]" : "}";
    } else text += JSON.stringify(part);
    places.push({ path, start, end: text.length, value: part });
  };
  space();
  visit(value, []);
  space();
  return { text, value: JSON.parse(text) as unknown, places };
}

const refusedKeys = ["__proto__", "constructor", "prototype"];
const key = fc.string({ unit: "grapheme", maxLength: 4 }).filter((name) => !refusedKeys.includes(name));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: "grapheme" }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const space = fc.constantFrom("", "", " ", "  ", "\t", "\n", "\n  ", "\r\n\t");
const document = fc
  .tuple(
    fc.oneof(
      fc.array(tree, { minLength: 1, maxLength: 4 }),
      fc.dictionary(key, tree, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
    ),
    fc.array(space, { minLength: 1, maxLength: 9 }),
    fc.boolean(),
  )
  .map(([value, spaces, escapeKeys]) => write(value, spaces, escapeKeys));
const value = fc.oneof(
  fc.json(),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("8.00", "1E5", '{ "a" : [ ] }'),
);

const pointer = (path: readonly Segment[]): string =>
  path.map((segment) => `/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
const asText = (path: readonly Segment[], dotted: boolean): string =>
  dotted ? showPath(path) : pointer(path);

function parsed(text: string): { json: unknown; literal: string } {
  try {
    return { json: JSON.parse(text), literal: text };
  } catch {
    return { json: text, literal: JSON.stringify(text) };
  }
}

/** The container a path leads to in a copy of the value, and the copy. */
function copyAndParent(
  value: unknown,
  path: readonly Segment[],
): { copy: unknown; parent: Record<Segment, unknown> } {
  const copy: unknown = structuredClone(value);
  let parent = copy as Record<Segment, unknown>;
  for (const segment of path.slice(0, -1)) parent = parent[segment] as Record<Segment, unknown>;
  return { copy, parent };
}

/** What of `before` is not in `after`, where `after` is `before` with one span replaced. */
function replacedSpan(before: string, after: string): string {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end))
    end++;
  return before.slice(start, before.length - end);
}

describe("for any document", () => {
  test("setting what is there replaces its bytes alone", () => {
    fc.assert(
      fc.property(document, fc.nat(), value, fc.boolean(), (written, pick, newValue, dotted) => {
        const places = written.places.filter(({ path }) => path.length > 0);
        const place = places[pick % places.length];
        if (place === undefined) throw new Error("every document has a place");
        const { json, literal } = parsed(newValue);
        const result = edited(written.text, set(asText(place.path, dotted), newValue));
        expect(result).toBe(written.text.slice(0, place.start) + literal + written.text.slice(place.end));
        const { copy, parent } = copyAndParent(written.value, place.path);
        parent[place.path.at(-1) ?? ""] = json;
        expect(JSON.parse(result)).toEqual(JSON.parse(JSON.stringify(copy)));
      }),
    );
  });

  test("adding changes the value as meant and takes away nothing but white space", () => {
    fc.assert(
      fc.property(
        document,
        fc.nat(),
        fc.array(key, { maxLength: 3 }),
        key,
        value,
        (written, pick, below, name, newValue) => {
          const containers = written.places.filter(
            (place) => typeof place.value === "object" && place.value !== null,
          );
          const place = containers[pick % containers.length];
          if (place === undefined) throw new Error("every document is a container");
          const isNew = Array.isArray(place.value) || !Object.hasOwn(place.value as object, name);
          fc.pre(isNew);
          const path = [...place.path, Array.isArray(place.value) ? place.value.length : name];
          const { json } = parsed(newValue);
          const result = edited(written.text, set(showPath([...path, ...below]), newValue));
          const { copy, parent } = copyAndParent(written.value, path);
          parent[path.at(-1) ?? ""] = below.reduceRight<unknown>(
            (inner, segment) => ({ [segment]: inner }),
            json,
          );
          expect(JSON.parse(result)).toEqual(JSON.parse(JSON.stringify(copy)));
          expect(replacedSpan(written.text, result).trim()).toBe("");
        },
      ),
    );
  });

  test("removing changes the value as meant and cuts one span", () => {
    fc.assert(
      fc.property(document, fc.nat(), fc.boolean(), (written, pick, dotted) => {
        const places = written.places.filter(({ path }) => path.length > 0);
        const place = places[pick % places.length];
        if (place === undefined) throw new Error("every document has a place");
        const result = edited(written.text, unset(asText(place.path, dotted)));
        const { copy, parent } = copyAndParent(written.value, place.path);
        const last = place.path.at(-1) ?? "";
        if (Array.isArray(parent)) parent.splice(Number(last), 1);
        else delete parent[last];
        expect(JSON.parse(result)).toEqual(copy);
        expect(replacedSpan(written.text, result)).toHaveLength(written.text.length - result.length);
      }),
    );
  });

  test("bytes of any kind inside strings survive", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ min: 0x80, maxLength: 40 }),
        fc.uint8Array({ min: 0x80, maxLength: 9 }),
        (first, second) => {
          const around = (middle: string): Buffer =>
            Buffer.concat([Buffer.from('{"a":"'), first, Buffer.from(middle), second, Buffer.from('"}')]);
          expect(editBody(around('","x":{"b":1},"c":"'), [set("x.b", "8.00")])).toEqual(
            around('","x":{"b":8.00},"c":"'),
          );
          expect(editBody(around('","x":1,"c":"'), [unset("x")])).toEqual(around('","c":"'));
        },
      ),
    );
  });
});

describe("freshenBody", () => {
  const fresh = { id: () => "new", now: Date.UTC(2026, 2, 17, 14, 32, 5, 678) };
  const freshened = (body: string, envelope: Parameters<typeof freshenBody>[1]): string =>
    freshenBody(Buffer.from(body), envelope, fresh).toString();

  test("renews id and time in the provider's writing, and nothing else", () => {
    expect(
      freshened('{ "id": "evt_old", "created_at": "2020", "total": 8.00 }', {
        id: "/id",
        createdAt: "/created_at",
        idPrefix: "evt_",
        time: "iso",
      }),
    ).toBe('{ "id": "evt_new", "created_at": "2026-03-17T14:32:05Z", "total": 8.00 }');
    expect(freshened('{"event":{"created":"x"}}', { createdAt: "/event/created", time: "iso-ms" })).toBe(
      '{"event":{"created":"2026-03-17T14:32:05.678Z"}}',
    );
    expect(freshened('{"created":1}', { createdAt: "/created", time: "unix" })).toBe(
      '{"created":1773757925}',
    );
  });

  test("adds neither where the body lacks it", () => {
    expect(freshened('{"id":"1"}', { id: "/id", createdAt: "/created" })).toBe('{"id":"new"}');
  });

  test("refuses where there is nothing to renew", () => {
    const noEnvelope = expect.objectContaining({ code: "no-envelope", exitCode: 2 }) as Error;
    expect(() => freshened('{"id":1}', {})).toThrow(noEnvelope);
    expect(() => freshened("{}", { id: "/id", createdAt: "/t" })).toThrow(noEnvelope);
    expect(() => freshened("x", { id: "/id" })).toThrow(expect.objectContaining({ code: "edit-not-json" }));
  });
});
