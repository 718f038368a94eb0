import type { DeliveryDiff, DeliveryShape, Difference } from "../actions/inbox.ts";
import { cells } from "./cells.ts";
import { bytes, count } from "./format.ts";
import { whatOf } from "./inbox.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** Characters of a path, and of a value. */
const longestPath = 60;
const longestValue = 500;
/** Columns that paths take at most so that values stand below each other. */
const widestPath = 32;

/** How two bodies differ, by path: what was there in red behind `-`, what is there now in green behind `+`. */
export function showDeliveryDiff(output: Output, { before, after, diff }: DeliveryDiff): void {
  output.json({ before: before.number, after: after.number, ...diff });
  if (output.jsonMode) return;
  const { out } = output;
  if (diff.equal)
    return output.line(
      `${out.green("=")} ${before.number} and ${after.number} are the same, byte for byte (${bytes(before.bytes)})`,
    );
  output.line(`${out.red("-")} ${nameOf(before)}`);
  output.line(`${out.green("+")} ${nameOf(after)}`);
  output.line("");
  if (diff.kind === "binary")
    return output.line(
      `no UTF-8 text: ${bytes(diff.bytes.before)} and ${bytes(diff.bytes.after)}, which differ from byte ${diff.offset} on`,
    );
  const paths = diff.differences.map(({ path }) => safeLine(path === "" ? "the body" : path, longestPath));
  const width = Math.min(Math.max(...paths.map(cells)), widestPath);
  for (const [index, difference] of diff.differences.entries()) {
    const path = paths[index] ?? "";
    for (const line of linesOf(output, difference, path + " ".repeat(Math.max(width - cells(path), 0))))
      output.line(line);
  }
  if (diff.more > 0) output.line(`… and ${count(diff.more, "more difference", "more differences")}`);
  if (diff.differences.every(({ op }) => op === "written" || op === "order" || op === "blanks"))
    output.note(
      output.err.dim(
        "they mean the same and are written differently, which a signature takes for another body",
      ),
    );
}

function nameOf(delivery: DeliveryShape): string {
  return `${delivery.number}  ${safeLine(whatOf(delivery), 200)}  ${bytes(delivery.bytes)}`;
}

const notes: Readonly<Record<Difference["op"], string>> = {
  added: "",
  removed: "",
  changed: "",
  written: "written differently",
  order: "in another order",
  blanks: "white space",
};

function linesOf({ out }: Output, { op, before, after }: Difference, path: string): string[] {
  const note = notes[op] === "" ? "" : `  ${out.dim(`(${notes[op]})`)}`;
  const value = (text: string): string => {
    const shown =
      op === "blanks" ? JSON.stringify(text) : text.replace(/\r?\n$/, op === "written" ? "$&" : "");
    return safeLine(shown, longestValue);
  };
  return [
    ...(before === undefined ? [] : [`${out.red(`- ${path}  ${value(before)}`)}${note}`]),
    ...(after === undefined ? [] : [`${out.green(`+ ${path}  ${value(after)}`)}${note}`]),
  ];
}
