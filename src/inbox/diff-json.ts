import { parseTree, type Node } from "jsonc-parser/lib/esm/main.js";
import { align, type Pair } from "./diff-align.ts";
import type { Findings } from "./difference.ts";

/** JSON beyond these bounds is compared as text. */
const longest = 2_000_000;
const mostValues = 50_000;
const deepest = 200;

/** Keys that items of a list are told apart by, where all items have one of their own. */
const identities = ["id", "_id", "uuid", "guid", "key", "sku", "slug"];

type Path = readonly (string | number)[];

/** Whether text is strict JSON, small enough to be taken apart; a byte order mark may stand before it. */
export function isJson(text: string): boolean {
  if (text.length > longest || !isBounded(text)) return false;
  try {
    JSON.parse(withoutMark(text));
    return true;
  } catch {
    return false;
  }
}

/** Compares two texts of which {@link isJson} is true, value by value. */
export function diffJson(before: string, after: string, findings: Findings): void {
  const [one, other] = [parse(before), parse(after)];
  const valueOf = createValues();
  let blanks = false;

  /** Tells of white space once: where one body is indented and the other is not, it is everywhere. */
  const compareBlanks = (path: Path, old: string, now: string): void => {
    if (old === now || blanks) return;
    blanks = true;
    findings.add("blanks", () => showPath(path), old, now);
  };

  const compare = (old: Node, now: Node, path: Path): void => {
    const [text, newer] = [one.textOf(old), other.textOf(now)];
    if (text === newer) return;
    if (old.type === "object" && now.type === "object") return compareObjects(old, now, path);
    if (old.type === "array" && now.type === "array") return compareLists(old, now, path);
    const isSame = valueOf(old, one.text) === valueOf(now, other.text);
    findings.add(isSame ? "written" : "changed", () => showPath(path), text, newer);
  };

  const compareObjects = (old: Node, now: Node, path: Path): void => {
    const [olds, news] = [membersOf(old), membersOf(now)];
    compareInside(old, now, path);
    const common: string[] = [];
    for (const [name, member] of olds) {
      const same = news.get(name);
      const at = [...path, member.key];
      if (same === undefined) findings.add("removed", () => showPath(at), one.textOf(member.value));
      else {
        common.push(name);
        compareAround(member, same, at);
        const [key, newKey] = [one.textOf(member.name), other.textOf(same.name)];
        if (key !== newKey) findings.add("written", () => showPath(at), key, newKey);
        compareBlanks(at, one.between(member.name, member.value), other.between(same.name, same.value));
        compare(member.value, same.value, at);
      }
    }
    for (const [name, { key, value }] of news)
      if (!olds.has(name))
        findings.add("added", () => showPath([...path, key]), undefined, other.textOf(value));
    const order = [...news.keys()].filter((name) => olds.has(name));
    if (order.some((name, index) => name !== common[index])) {
      const keys = (names: readonly string[]): string =>
        names.map((name) => olds.get(name)?.key ?? "").join(", ");
      findings.add("order", () => showPath(path), keys(common), keys(order));
    }
  };

  const compareLists = (old: Node, now: Node, path: Path): void => {
    const [olds, news] = [old.children ?? [], now.children ?? []];
    compareInside(old, now, path);
    for (const pair of pairs(olds, news)) {
      const item = pair.before === undefined ? undefined : olds[pair.before];
      const same = pair.after === undefined ? undefined : news[pair.after];
      const at = [...path, pair.after ?? pair.before ?? 0];
      if (item === undefined) {
        if (same !== undefined) findings.add("added", () => showPath(at), undefined, other.textOf(same));
      } else if (same === undefined) findings.add("removed", () => showPath(at), one.textOf(item));
      else {
        const isLast = (index: number | undefined, list: readonly Node[]): boolean =>
          index === list.length - 1;
        compareAround(
          { whole: item, isFirst: pair.before === 0, isLast: isLast(pair.before, olds) },
          { whole: same, isFirst: pair.after === 0, isLast: isLast(pair.after, news) },
          at,
        );
        compare(item, same, at);
      }
    }
  };

  /** Which items belong together: those of one identity, else those of one value, else those at one place. */
  const pairs = (olds: readonly Node[], news: readonly Node[]): Pair[] => {
    const key = identities.find((name) => identify(olds, name) && identify(news, name));
    const mark = (node: Node, text: string): number =>
      valueOf(key === undefined ? node : (memberOf(node, key) ?? node), text);
    return align(
      olds.map((node) => mark(node, one.text)),
      news.map((node) => mark(node, other.text)),
    );
  };

  const identify = (items: readonly Node[], name: string): boolean => {
    const seen = new Set<unknown>();
    for (const item of items) {
      const id = item.type === "object" ? memberOf(item, name) : undefined;
      if (id === undefined || (id.type !== "string" && id.type !== "number") || seen.has(id.value))
        return false;
      seen.add(id.value);
    }
    return seen.size > 0;
  };

  /** What stands before and behind a member, where it has the same neighbours: a bracket, or a comma. */
  const compareAround = (old: Around, now: Around, path: Path): void => {
    if (old.isFirst === now.isFirst) compareBlanks(path, one.before(old.whole), other.before(now.whole));
    if (old.isLast === now.isLast) compareBlanks(path, one.behind(old.whole), other.behind(now.whole));
  };

  const compareInside = (old: Node, now: Node, path: Path): void => {
    if ((old.children ?? []).length > 0 || (now.children ?? []).length > 0) return;
    compareBlanks(path, one.textOf(old), other.textOf(now));
  };

  compareBlanks([], one.before(one.root), other.before(other.root));
  compare(one.root, other.root, []);
  compareBlanks([], one.behind(one.root), other.behind(other.root));
}

interface Around {
  /** An item, or a key with its value. */
  whole: Node;
  isFirst: boolean;
  isLast: boolean;
}

interface Member extends Around {
  key: string;
  name: Node;
  value: Node;
}

/** A text and its values; offsets are the same in both. */
interface Parsed {
  text: string;
  root: Node;
  textOf(node: Node): string;
  /** What stands between a key and its value. */
  between(name: Node, value: Node): string;
  /** The white space before and behind. */
  before(node: Node): string;
  behind(node: Node): string;
}

const blank = (text: string, index: number): boolean => " \t\r\n\ufeff".includes(text[index] ?? "x");

function parse(text: string): Parsed {
  // A mark counts as white space here: a blank in its place keeps the offsets.
  const root = parseTree(withoutMark(text).padStart(text.length), [], { disallowComments: true });
  if (root === undefined) throw new Error("strict JSON has a value");
  return {
    text,
    root,
    textOf: ({ offset, length }) => text.slice(offset, offset + length),
    between: (name, value) => text.slice(name.offset + name.length, value.offset),
    before({ offset }) {
      let start = offset;
      while (blank(text, start - 1)) start--;
      return text.slice(start, offset);
    },
    behind({ offset, length }) {
      let end = offset + length;
      while (blank(text, end)) end++;
      return text.slice(offset + length, end);
    },
  };
}

function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** An object's members by name and how often the name came before: a key may stand there twice. */
function membersOf(object: Node): Map<string, Member> {
  const members = new Map<string, Member>();
  const seen = new Map<string, number>();
  const all = object.children ?? [];
  for (const [index, whole] of all.entries()) {
    const [name, value] = whole.children ?? [];
    if (name === undefined || value === undefined) continue;
    const key = String(name.value);
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    const around = { whole, isFirst: index === 0, isLast: index === all.length - 1 };
    members.set(`${nth} ${key}`, { ...around, key, name, value });
  }
  return members;
}

function memberOf(object: Node, key: string): Node | undefined {
  return object.children?.find(({ children }) => children?.[0]?.value === key)?.children?.[1];
}

/** Numbers values, so that equal ones have the same number however they are written, in whichever text they stand. */
function createValues(): (node: Node, text: string) => number {
  const numbers = new Map<string, number>();
  const known = new WeakMap<Node, number>();
  const valueOf = (node: Node, text: string): number => {
    const before = known.get(node);
    if (before !== undefined) return before;
    const form = formOf(node, text);
    const number = numbers.get(form) ?? numbers.size;
    numbers.set(form, number);
    known.set(node, number);
    return number;
  };
  const formOf = (node: Node, text: string): string => {
    switch (node.type) {
      case "object": {
        const members = [...membersOf(node)].map(
          ([name, { value }]) => `${JSON.stringify(name)}:${valueOf(value, text)}`,
        );
        return `{${members.sort().join()}}`;
      }
      case "array":
        return `[${(node.children ?? []).map((item) => valueOf(item, text)).join()}]`;
      case "number":
        return exact(text.slice(node.offset, node.offset + node.length));
      default:
        return JSON.stringify(node.value);
    }
  };
  return valueOf;
}

/** A number's exact value: 8.00 is 8 and 8e0, yet no digit of a long one is lost as JavaScript would lose it. */
function exact(literal: string): string {
  const [, sign = "", whole = "", fraction = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`;
}

/** `data.items[0].name`, or a JSON Pointer where a key has characters of the notation in it. */
function showPath(path: Path): string {
  if (path.every((segment) => typeof segment === "number" || /^[^.[\]"/]+$/.test(segment)))
    return path
      .map((segment, index) => {
        if (typeof segment === "number") return `[${segment}]`;
        return index === 0 ? segment : `.${segment}`;
      })
      .join("");
  return path.map((segment) => `/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Whether text, if it is JSON, has neither too many values nor too many levels; a look at its punctuation tells. */
function isBounded(text: string): boolean {
  let depth = 0;
  let values = 1;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === "\\") index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") {
      if (++depth > deepest || ++values > mostValues) return false;
    } else if (character === "}" || character === "]") depth--;
    else if (character === "," && ++values > mostValues) return false;
  }
  return true;
}
