import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { vendorWritings, write, type Fields, type Numeral, type Tree, type Writing } from "./json-writers.ts";
import type { Draw } from "./random.ts";

const writings: Record<string, Writing> = vendorWritings;

/** How each vendor's bodies are typically written, and how its requests name their event. */
const usual: Record<string, readonly (keyof typeof vendorWritings)[]> = {
  fareplay: ["pretty 2", "pretty 2", "compact", "spaced"],
  fynn: ["php's", "compact", "php's, unicode kept"],
  fikafi: ["compact", "pretty 2", "php's, pretty"],
  stripe: ["pretty 2", "pretty 2", "compact"],
  "standard-webhooks": ["compact", "python's", "go's", "python's, compact"],
  svix: ["compact", "spaced", "for HTML", "python's, sorted"],
  github: ["compact", "compact", "pretty 2", "sorted"],
  shopify: ["for HTML", "php's, unicode kept", "compact"],
  slack: ["php's", "compact", "tabs", "pretty 4"],
};

const words = [
  "order",
  "Grönsakssoppa",
  "café",
  "Fjällräven",
  "señor",
  "10 €",
  "Zoë",
  "東京",
  "naïve",
  "Draft IPA",
];
const texts = [
  "https://example.com/a/b?c=d&e=f",
  "<b>bold</b> & more",
  'she said "hi"',
  "C:\\temp\\x",
  "line one\nline two",
  "tab\there",
  "5 > 3 & 2 < 4",
  "O'Brien",
  "pending",
  "2026-03-17T14:32:00Z",
  "a/b/c",
  "🎉 party",
  "",
];
const names = [
  "id",
  "type",
  "amount",
  "total",
  "name",
  "customer",
  "items",
  "status",
  "url",
  "note",
  "zip",
  "meta",
];

const numeral = (text: string): Numeral => ({ numeral: text });

/** Money and measures as vendors write them; `plain` ones survive any parser. */
function number(draw: Draw, plain: boolean): Numeral {
  const whole = String(draw.int(500));
  if (plain) return numeral(draw.chance(0.6) ? whole : `${whole}.${1 + draw.int(9)}`);
  return numeral(
    draw.pick([
      whole,
      `${whole}.00`,
      `${whole}.50`,
      `${whole}.0`,
      `${whole}.${1 + draw.int(9)}${1 + draw.int(9)}`,
      `-${whole}.25`,
      "1760000000123",
      "0.000015",
    ]),
  );
}

function tree(draw: Draw, depth: number, plain: boolean, top = false): Tree {
  const kind = depth === 0 ? draw.int(6) : draw.int(10);
  if (!top && kind < 2) return number(draw, plain);
  if (!top && kind < 4) return draw.pick(draw.chance(0.5) ? texts : words);
  if (!top && kind === 4) return draw.pick([true, false, null]);
  if (!top && kind === 5) return `${draw.pick(["evt", "ord", "cus"])}_${draw.hex(10)}`;
  if (!top && kind === 6) return Array.from({ length: draw.int(4) }, () => tree(draw, depth - 1, plain));
  const own = new Map<string, Tree>();
  if (top) {
    own.set("type", `${draw.pick(["order", "invoice", "user"])}.${draw.pick(["created", "paid"])}`);
    own.set("id", `evt_${draw.hex(16)}`);
    if (!plain) own.set("price", numeral(`${draw.int(90)}.00`));
    own.set("note", `${draw.pick(words)} – ${draw.pick(texts)}`);
  }
  const count = (top ? 3 : 1) + draw.int(6);
  for (let index = 0; index < count; index++) {
    const name = draw.chance(0.7) ? draw.pick(names) : `${draw.pick(names)}_${draw.hex(3)}`;
    own.set(name, tree(draw, depth - 1, plain));
  }
  // Ids as keys, whose order JavaScript does not keep.
  if (!plain && draw.chance(0.05)) own.set("12", "b").set("7", "a");
  if (draw.chance(0.03)) own.set("empty", draw.chance(0.5) ? [] : { fields: [] });
  return { fields: [...own] } satisfies Fields;
}

export interface PayloadWish {
  /** Of numbers that every parser writes as they stood, such as 8 and 12.5. */
  plain?: boolean;
  /** With text beyond ASCII that is written as such. */
  text?: "latin1" | "beyond latin1";
  /** Over several lines. */
  lines?: boolean;
}

/** A body as the vendor might send it; of a share of them a real one, byte for byte. */
export function payload(draw: Draw, vendor: string, wish: PayloadWish = {}): Buffer {
  const real = fixturesOf(vendor);
  const isFree = wish.text === undefined && wish.lines === undefined && wish.plain === undefined;
  if (isFree && real.length > 0 && draw.chance(0.25)) return draw.pick(real);
  const writing: Writing =
    wish.lines === true
      ? { indent: draw.pick(["  ", "    "]) }
      : (writings[draw.pick(usual[vendor] ?? ["compact"])] ?? {});
  const root = tree(draw, 3, wish.plain ?? draw.chance(0.5), true) as Fields;
  const fields = [...root.fields];
  if (wish.text !== undefined) {
    fields.push(["greeting", "Año nuevo, été, Ünder"]);
    if (wish.text === "beyond latin1") fields.push(["place", "東京 – 10 €"]);
  }
  const own: Writing = wish.text === undefined ? writing : omit(writing);
  let text = write(wish.text === "latin1" ? latin1(fields) : { fields }, own);
  if (draw.chance(0.12)) text += "\n";
  return Buffer.from(text);
}

function omit({ unicode, ...writing }: Writing): Writing {
  void unicode;
  return writing;
}

function latin1(fields: readonly (readonly [string, Tree])[]): Fields {
  const narrow = (value: Tree): Tree => {
    if (typeof value === "string") return value.replace(/[^\0-\xff]/g, "ö");
    if (value === null || typeof value !== "object" || "numeral" in value) return value;
    return "fields" in value ? latin1(value.fields) : value.map(narrow);
  };
  return { fields: fields.map(([name, value]) => [name, narrow(value)]) };
}

const read = new Map<string, readonly Buffer[]>();

/** The vendor's own examples. */
function fixturesOf(vendor: string): readonly Buffer[] {
  const folder = join(import.meta.dirname, "../../../fixtures", vendor);
  let bodies = read.get(vendor);
  bodies ??= readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => readFileSync(join(folder, file)));
  read.set(vendor, bodies);
  return bodies;
}
