import type { Node, Style } from "./json-tree.ts";

/** What a style would give. */
export interface Measure {
  bytes: number;
  /** The same for styles that spell every string and every number of the document alike. */
  spelling: string;
}

/**
 * Measures how many bytes a document takes in a style without writing it: what strings and numbers take is counted
 * once for each of their spellings, all else is known from how many there are of everything.
 */
export function createRuler(root: Node): (style: Style) => Measure {
  const texts: string[] = [];
  const numbers: (readonly [token: string, key: string])[] = [];
  const counts = { fixed: 0, commas: 0, colons: 0, breaks: 0, levels: 0 };
  const visit = (node: Node, depth: number, key: string): void => {
    if (node.kind === "string") texts.push(node.text);
    else if (node.kind === "scalar") {
      if (/^[-\d]/.test(node.text)) numbers.push([node.text, key]);
      else counts.fixed += node.text.length;
    } else {
      const { length } = node.kind === "array" ? node.items : node.members;
      counts.fixed += 2;
      if (length > 0) {
        counts.commas += length - 1;
        counts.breaks += length + 1;
        counts.levels += length * (depth + 1) + depth;
      }
      if (node.kind === "array") for (const item of node.items) visit(item, depth + 1, key);
      else {
        counts.colons += length;
        for (const [name, member] of node.members) {
          texts.push(name);
          visit(member, depth + 1, name);
        }
      }
    }
  };
  visit(root, 0, "");

  const ofTexts = spelled((spell: Style["string"]) => texts.map(spell));
  const ofNumbers = spelled((spell: Style["number"]) => numbers.map(([token, key]) => spell(token, key)));
  return ({ indent, comma, colon, string, number }) => {
    const { fixed, commas, colons, breaks, levels } = counts;
    const layout = indent === "" ? commas * comma.length : commas + breaks + levels * indent.length;
    const [text, figures] = [ofTexts(string), ofNumbers(number)];
    return {
      bytes: fixed + layout + colons * colon.length + text.bytes + figures.bytes,
      spelling: `${String(text.id)} ${String(figures.id)}`,
    };
  };
}

/** Bytes of all tokens in a spelling, and a number by which those that come out alike are known; computed once each. */
function spelled<Spell>(apply: (spell: Spell) => string[]): (spell: Spell) => { bytes: number; id: number } {
  const results = new Map<Spell, { bytes: number; id: number }>();
  const ids = new Map<string, number>();
  return (spell) => {
    let result = results.get(spell);
    if (result === undefined) {
      const tokens = apply(spell);
      const all = tokens.join("\n");
      const id = ids.get(all) ?? ids.size;
      ids.set(all, id);
      result = { bytes: Buffer.byteLength(all) - Math.max(0, tokens.length - 1), id };
      results.set(spell, result);
    }
    return result;
  };
}
