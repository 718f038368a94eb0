import type { Node, Style } from "./json-tree.ts";

/**
 * Measures how many bytes a document takes in a style without writing it: what strings and numbers take is counted
 * once for each of their spellings, all else is known from how many there are of everything.
 */
export function createRuler(root: Node): (style: Style) => number {
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

  const ofTexts = remembered((spell: Style["string"]) =>
    texts.reduce((sum, token) => sum + Buffer.byteLength(spell(token)), 0),
  );
  const ofNumbers = remembered((spell: Style["number"]) =>
    numbers.reduce((sum, [token, key]) => sum + spell(token, key).length, 0),
  );
  return ({ indent, comma, colon, string, number }) => {
    const { fixed, commas, colons, breaks, levels } = counts;
    const layout = indent === "" ? commas * comma.length : commas + breaks + levels * indent.length;
    return fixed + layout + colons * colon.length + ofTexts(string) + ofNumbers(number);
  };
}

function remembered<Argument, Result>(compute: (argument: Argument) => Result): (argument: Argument) => Result {
  const known = new Map<Argument, Result>();
  return (argument) => {
    let result = known.get(argument);
    if (result === undefined) known.set(argument, (result = compute(argument)));
    return result;
  };
}
