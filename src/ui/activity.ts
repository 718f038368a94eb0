import type { Listed } from "../actions/pages.ts";
import type { ActivityEntry } from "../remote/contract.ts";
import { dateTime, timeOfDay } from "./format.ts";
import { showMore } from "./more.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { table } from "./table.ts";

/**
 * A log, so its times are those of the clock.
 * @param options.isFiltered whether not all of it was asked for
 * @param options.knownActions those that there are, where another was asked for
 */
export async function showActivity(
  output: Output,
  entries: Listed<ActivityEntry>,
  { isFiltered, knownActions }: { isFiltered: boolean; knownActions: readonly string[] | undefined },
): Promise<void> {
  output.json(entries);
  if (entries.data.length === 0 && knownActions !== undefined)
    output.note(`no such action is known; there are: ${knownActions.join(", ")}`);
  if (output.jsonMode) return;
  const { data, next_cursor: cursor } = entries;
  if (data.length === 0) output.note(isFiltered ? "no activity that matches the filters" : "no activity");
  else {
    // A narrow terminal gets names in place of ids, and no addresses.
    const isNarrow = output.width < 110;
    const rows = data.map((entry) => [
      dateTime(Date.parse(entry.at)).slice(isNarrow ? "2026-".length : 0),
      safeLine(entry.action, 40),
      whoText(entry, isNarrow),
      whatText(entry, isNarrow),
    ]);
    output.line(
      await table(rows, {
        head: ["TIME", "ACTION", "WHO", "WHAT"],
        theme: output.out,
        width: output.width,
      }),
    );
  }
  showMore(output, cursor);
}

function whoText({ actor, address }: ActivityEntry, isNarrow: boolean): string {
  const who =
    actor.kind === "key"
      ? safeLine(actor.name ?? actor.key_id ?? "", isNarrow ? 14 : 24)
      : actor.kind === "embedded"
        ? "this machine"
        : "the server";
  return address === null || isNarrow ? who : `${who}, ${safeLine(address, 40)}`;
}

/** `ci (key_…) · reason expired · 3 times until 14:32:07` */
function whatText({ subject, detail, count, last_at: last }: ActivityEntry, isNarrow: boolean): string {
  return [
    ...(subject === null ? [] : [subjectText(subject, isNarrow)]),
    ...Object.entries(detail).flatMap(([field, value]) => detailText(field.replaceAll("_", " "), value)),
    ...(count === 1 ? [] : [`${count} times until ${timeOfDay(Date.parse(last))}`]),
  ].join(" · ");
}

function subjectText({ id, name }: { id: string; name: string | null }, isNarrow: boolean): string {
  if (name === null) return id;
  return isNarrow ? safeLine(name, 40) : `${safeLine(name, 40)} (${id})`;
}

/** What is null or false is not worth a word; times are those of the clock, as everywhere in the table. */
function detailText(field: string, value: string | number | boolean | null): string[] {
  if (value === null || typeof value === "boolean") return value === true ? [field] : [];
  const isTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(String(value));
  const ms = isTime ? Date.parse(String(value)) : NaN;
  return [`${field} ${Number.isNaN(ms) ? value : dateTime(ms)}`];
}
