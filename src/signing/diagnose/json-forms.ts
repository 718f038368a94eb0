import { isAscii, isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { Evidence } from "../types.ts";
import { usualLimits } from "./budget.ts";
import { candidate, type Candidate } from "./clues.ts";
import { createRuler, type Measure } from "./json-ruler.ts";
import { forms, layouts, natives, numbers, spellings, strings, styleOf, type Form } from "./json-styles.ts";
import { eitherWriter } from "./stack.ts";
import { depthOf, isSorted, numbersOf, parseTree, render, type Node, type Style } from "./json-tree.ts";

/** Keys whose numbers are likely money, written with two decimals. */
const money = /price|amount|total|sum|cost|fee|tax|tip|discount|balance|paid|refund|rate/i;

export interface JsonForms {
  /** Name of the form the body itself has, where it has one. */
  own: () => string | undefined;
  /** The body in every other form, the likeliest first; each is made when it is asked for. */
  all: (isLate?: () => boolean) => Generator<Candidate<Buffer>>;
  /** Every form of that many bytes, whatever the layout, the escapes and the numbers; a length is quickly measured. */
  ofLength: (bytes: number, isLate: () => boolean) => Generator<Candidate<Buffer>>;
}

/**
 * The ways in which the JSON of a body may have been written when it was signed; undefined where it is no JSON.
 * @param mostValues of a document that is written in other ways than JavaScript's own
 */
export function jsonForms(body: Buffer, mostValues = usualLimits.jsonValues): JsonForms | undefined {
  if (!isUtf8(body)) return undefined;
  const text = body.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // A lone number or text has but one form, or a dozen that mean nothing.
  if (typeof value !== "object" || value === null) return undefined;
  let tree: Node | undefined;
  let isParsed = false;
  const treeOf = (): Node | undefined => {
    if (!isParsed) tree = parseTree(text, mostValues);
    isParsed = true;
    return tree;
  };
  let isShallow: boolean | undefined;
  const native = ({ native: write }: Form): string | undefined =>
    (isShallow ??= depthOf(text) <= shallow) ? write?.(value) : undefined;
  // Indenting what is nested deep makes a small body a very large one.
  const isTooLarge = ({ bytes }: Measure): boolean => bytes > body.length * 8 + 4096;
  let ruler: ReturnType<typeof createRuler> | undefined;
  const measure = (root: Node, style: Style): Measure => (ruler ??= createRuler(root))(style);
  let isInOrder: boolean | undefined;
  /** The same for styles in which this document is written alike. */
  const likeness = (root: Node, { spelling }: Measure, { indent, comma, colon, sorted }: Style): string =>
    JSON.stringify([spelling, indent, comma, colon, sorted && !(isInOrder ??= isSorted(root))]);
  const ownForm = (): string | undefined => {
    const first = natives.find((form) => native(form) === text);
    const root = first === undefined ? treeOf() : undefined;
    if (root === undefined) return first?.name;
    return forms.find((form) => {
      const style = styleOf(form.style);
      // Only what has the length can be the same, and few have it.
      return measure(root, style).bytes === body.length && render(root, style) === text;
    })?.name;
  };
  const isAlike = !text.includes("/") && isAscii(body);
  const rewritten = (form: string, evidence: Evidence): Candidate<Buffer> => {
    const value = Buffer.from(form);
    // `curl -d @file` does this to what is indented.
    return form.includes("\n") && form.replace(/[\r\n]/g, "") === text
      ? candidate(value, "body-newline", { change: "all lost", newline: "LF" })
      : candidate(value, "body-reserialised", evidence);
  };
  return {
    own() {
      const name = ownForm();
      return name === "JSON.stringify" && isAlike ? eitherWriter : name;
    },
    *all(isLate = () => false) {
      const root = isLate() ? undefined : treeOf();
      if (isLate()) return;
      const seen = createSeen(text);
      if (root === undefined) {
        for (const form of natives) {
          const own = isLate() ? undefined : native(form);
          if (own !== undefined && !seen.has(own)) yield rewritten(own, { signed: form.name });
        }
        return;
      }
      const tried = new Set<string>();
      // JavaScript puts such keys first, which no other writer does.
      const isReordered = /"\d+"\s*:/.test(text);
      const written: { text: string; name: string }[] = [];
      for (const { name, style, form } of likeliestFirst(root, text.includes("\\"))) {
        const measured = measure(root, style);
        const like = likeness(root, measured, style);
        const isNative = form?.native !== undefined;
        if (isTooLarge(measured)) continue;
        if (tried.has(like) && !(isNative && isReordered)) continue;
        if (!(isNative && isReordered)) tried.add(like);
        const own = (form === undefined ? undefined : native(form)) ?? render(root, style);
        if (seen.has(own)) continue;
        seen.add(own);
        if (own.length <= mostAgain) written.push({ text: own, name });
        yield rewritten(own, { signed: name });
      }
      const isDecimal = ({ name }: { name: string }): boolean => name.includes("decimal");
      const lines = [...written.filter(isDecimal), ...written.filter((one) => !isDecimal(one)).slice(0, 9)];
      for (const { text: own, name } of lines) yield rewritten(`${own}\n`, { signed: name, ...lost });
    },
    *ofLength(bytes, isLate) {
      const seen = createSeen(text);
      const fresh = function* (written: string | undefined, signed: string): Generator<Candidate<Buffer>> {
        if (written === undefined) return;
        const end = ends[bytes - Buffer.byteLength(written)];
        if (end === undefined || seen.has(written + end)) return;
        seen.add(written + end);
        yield rewritten(written + end, { signed, ...(end === "" ? {} : lost) });
      };
      for (const form of natives) if (!isLate()) yield* fresh(native(form), form.name);
      const root = isLate() ? undefined : treeOf();
      if (root === undefined) return;
      const tried = new Set<string>();
      for (const { name, style } of every(root)) {
        if (isLate()) return;
        const measured = measure(root, style);
        if (ends[bytes - measured.bytes] === undefined || isTooLarge(measured)) continue;
        const like = likeness(root, measured, style);
        if (tried.has(like)) continue;
        tried.add(like);
        yield* fresh(render(root, style), name);
      }
    },
  };
}

/** Levels up to which JavaScript's own writer is used, whatever it gives. */
const shallow = 16;

interface Named {
  name: string;
  style: Style;
  form?: Form;
}

/** Line breaks at the end of a body, by their bytes. */
const ends: readonly string[] = ["", "\n", "\r\n"];

/** What stands in evidence where the line break at the end of the body went with its form. */
const lost = { newline: "lost" };

/** Those that have a name, with what puts decimals back behind the likeliest of them and at the end. */
function likeliestFirst(root: Node, hasEscapes: boolean): Named[] {
  const named = forms.map((form): Named => ({ name: form.name, style: styleOf(form.style), form }));
  const spelt = [...decimalSpellings(root)];
  // Who drops decimals has parsed the document, and has spelt its strings too.
  const decimals = (counts: typeof spelt, details: readonly string[]): Named[] =>
    counts.flatMap(([number, name]) =>
      (["compact", "2 spaces", "spaced", "4 spaces"] as const).flatMap((layout) =>
        details.map((detail): Named => ({
          name: `${layout}${detail}, ${name}`,
          style: {
            ...styleOf(layouts[layout]),
            string: detail === "" ? strings.asWritten : strings.javascript,
            number,
          },
        })),
      ),
    );
  const kept = ", unicode kept";
  const likely = decimals(spelt.slice(0, 1), [hasEscapes ? kept : ""]).slice(0, 2);
  return [
    ...named.slice(0, likeliest),
    ...likely,
    ...named.slice(likeliest),
    ...decimals(spelt, [""]),
    ...(hasEscapes ? decimals(spelt, [kept]) : []),
  ];
}

/** Forms before the first with decimals put back: to where all layouts were tried with what is as it was written. */
const likeliest = 9;

/** Those that have a name, and then whatever layout, escapes and numbers give together. */
function* every(root: Node): Generator<{ name: string; style: Style }> {
  for (const { name, style } of forms) yield { name, style: styleOf(style) };
  const counts: readonly (readonly [Style["number"], string])[] = [
    [numbers.asWritten, ""],
    [numbers.javascript, ""],
    [numbers.python, ""],
    ...[...decimalSpellings(root)].map(([number, name]) => [number, `, ${name}`] as const),
  ];
  for (const sorted of [false, true])
    for (const [layout, style] of Object.entries(layouts))
      for (const [detail, string] of Object.entries(spellings))
        for (const [number, decimals] of counts)
          yield {
            name: `${layout}${detail}${decimals}${sorted ? ", keys sorted" : ""}`,
            style: { ...styleOf(style), string: strings[string], number, sorted },
          };
}

/**
 * Decimals that a parser has dropped, put back: `8` where `8.00` was signed. Which numbers had them is told by others
 * under the same key that still have some, and by keys that name money.
 */
function* decimalSpellings(root: Node): Generator<[Style["number"], string]> {
  const all = numbersOf(root);
  if (!all.some(({ text }) => /^-?\d+(\.\d)?$/.test(text))) return;
  const fractional = new Set(all.filter(({ text }) => text.includes(".")).map(({ key }) => key));
  const padded =
    (places: number, wanted: (key: string) => boolean): Style["number"] =>
    (token, key) =>
      wanted(key) && /^-?\d{1,15}(\.\d{1,2})?$/.test(token) && (token.split(".")[1]?.length ?? 0) < places
        ? Number(token).toFixed(places)
        : token;
  for (const places of [2, 1]) {
    const name = places === 2 ? "two decimals" : "one decimal";
    yield [padded(places, (key) => fractional.has(key) || money.test(key)), name];
    if (fractional.size > 0) yield [padded(places, (key) => fractional.has(key)), name];
  }
}

/** Characters of the largest text that is also tried with a line break behind it: so many forms of it are kept. */
const mostAgain = 256 * 1024;

/** Texts that were tried; of large ones, which would fill the memory, a hash stands for the text. */
function createSeen(first: string): { has(text: string): boolean; add(text: string): void } {
  const seen = new Set<string>();
  const short = (text: string): string =>
    text.length <= mostAgain ? text : createHash("sha256").update(text).digest("base64");
  seen.add(short(first));
  return { has: (text) => seen.has(short(text)), add: (text) => void seen.add(short(text)) };
}
