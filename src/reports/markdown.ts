import type { LoadFigures, Report, ReportCase, ReportFailure, ReportGroup } from "./report.ts";
import {
  answerLine,
  casesThat,
  countCases,
  fullName,
  head,
  interruption,
  latencyName,
  loneSurrogate,
  names,
  number,
  time,
} from "./words.ts";

/** Bytes of a report, well below the 1 MiB that GitHub takes as a step's summary. */
export const longestMarkdown = 900_000;
/** Bytes kept for the line that says how much was left out. */
const reserve = 500;

/** Characters of names and of messages, of answers and of what a handler printed. */
const longest = { code: 300, prose: 1000, text: 4000, output: 16_000 };
/** Rows of a table. */
const mostRows = 200;

/**
 * The report as Markdown that GitHub and GitLab render. Text from outside is inert in it: it stands in code, or escaped
 * within HTML, with what would be linked (`@name`, `#1`, URLs) broken up.
 * @param maxBytes at most so long; failures that have no room are counted
 */
export function markdownReport(report: Report, maxBytes = longestMarkdown): string {
  const failed = casesThat(report, "failed");
  const opening = [
    `## ${title(report)}`,
    facts(report),
    ...(report.interrupted ? [`**Interrupted**: ${interruption(report)}.`] : []),
    table(
      ["", "group", "passed", "failed", "skipped", "time"],
      report.groups.map((group) => groupRow(group)),
    ),
    ...(report.load === undefined ? [] : loadSection(report.load)),
  ];
  const sections = [
    ...failed.map(
      ({ group, one }) =>
        () =>
          failureSection(group, one),
    ),
    ...report.groups.flatMap((group) =>
      group.output === undefined ? [] : [() => outputSection(group, group.output ?? "")],
    ),
    ...notesSection(report),
  ];
  return fit(opening, sections, maxBytes);
}

/** As many sections as there is room for, in order; those behind are not made. */
function fit(opening: readonly string[], sections: readonly (() => string)[], maxBytes: number): string {
  const room = maxBytes - reserve;
  const parts = [...opening];
  let bytes = parts.reduce((sum, part) => sum + size(part), 0);
  if (bytes > room) return `${opening[0] ?? ""}\n\nThere is no room for more of this report.\n`;
  let made = 0;
  for (const section of sections) {
    const text = section();
    bytes += size(text);
    if (bytes > room) break;
    parts.push(text);
    made++;
  }
  const left = sections.length - made;
  if (left > 0)
    parts.push(
      `**${left} of ${sections.length} sections are left out**: the report would be too long. \`--report json:FILE\` has all.`,
    );
  return `${parts.join("\n\n")}\n`;
}

const size = (part: string): number => Buffer.byteLength(part) + 2;

function title({ title: words, groups, interrupted }: Report): string {
  const { failed, skipped, total } = countCases(groups);
  const passed = `${number(total - skipped)} passed${skipped === 0 ? "" : `, ${number(skipped)} skipped`}`;
  const found = failed === 0 ? passed : `${number(failed)} of ${number(total)} failed`;
  const outcome = interrupted ? `✗ interrupted, ${found}` : `${failed === 0 ? "✓" : "✗"} ${found}`;
  // As entities, punctuation is none of Markdown's.
  const safe = line(words).replace(
    /[!-/:-@[-`{-~]/g,
    (found) => `&#${found.charCodeAt(0)};${/[@#$:.]/.test(found) ? gap : ""}`,
  );
  return `${safe}: ${outcome}`;
}

function facts({ target, startedAt, durationMs, score }: Report): string {
  return [
    // Not first in its line, where many backticks would begin a block.
    `Target: ${code(target)}`,
    ...(score === undefined ? [] : [`score **${score.passed}/${score.total}**`]),
    time(durationMs),
    `${new Date(startedAt).toISOString().slice(0, 19).replace("T", " ")} UTC`,
  ].join(" · ");
}

function groupRow(group: ReportGroup): string[] {
  const { passed, failed, skipped } = countCases([group]);
  const mark = failed > 0 ? "✗" : passed > 0 ? "✓" : "–";
  return [mark, code(group.name), ...[passed, failed, skipped].map(number), time(group.durationMs)];
}

function loadSection({ latencyMs, ...load }: LoadFigures): string[] {
  const asked = [
    ...(load.rate === null ? [] : [`${number(load.rate)}/s asked for`]),
    ...(load.concurrency === null ? [] : [`${number(load.concurrency)} at once`]),
  ].join(", ");
  const { shown, more } = names(load.payloads);
  const figures = table(
    ["figure", "value"],
    [
      ["payload", `${shown.map(code).join(", ")}${more}`],
      ["sent", number(load.sent)],
      ["rate", `${number(load.achievedRate)}/s${asked === "" ? "" : ` (${asked})`}`],
      ["succeeded", number(load.succeeded)],
      ["failed", number(load.failed)],
      ...(load.unstarted === 0 ? [] : [["never started", number(load.unstarted)]]),
      ...Object.entries(latencyMs ?? {}).map(([name, ms]) => [`latency ${latencyName(name)}`, time(ms)]),
      ...load.statuses.map(({ status, count }) => [`answered ${status}`, number(count)]),
    ],
  );
  return [
    "### Load",
    figures,
    ...(load.thresholds.length === 0
      ? []
      : [
          table(
            ["", "limit", "measured"],
            load.thresholds.map(({ text, actual, failed }) => [failed ? "✗" : "✓", code(text), code(actual)]),
          ),
        ]),
    ...(load.errors.length === 0
      ? []
      : [
          table(
            ["failure", "what", "times"],
            load.errors.map((error) => [code(error.code), code(error.message), number(error.count)]),
          ),
        ]),
    ...(load.notes.length === 0 ? [] : [list(load.notes.map((note) => html(note)))]),
  ];
}

function failureSection(group: ReportGroup, one: ReportCase): string {
  const { title: words, failures, place, request, answer } = one;
  const what = failures[0]?.message ?? words ?? "failed";
  const facts = [
    ...(words === undefined ? [] : [html(words)]),
    ...failures.flatMap(failureLines),
    ...(place === undefined ? [] : [`Written in ${htmlCode(`${place.file}:${place.line}`)}`]),
  ];
  return details(`✗ ${htmlCode(fullName(group, one))} ${html(what)}`, facts, [
    ...(request === undefined
      ? []
      : [
          `Sent: ${code(request.method)} ${code(request.url)} (${request.bytes} B); again:`,
          fence(request.command, "sh"),
        ]),
    ...(answer === undefined ? [] : [`It ${answerLine(answer).replace(/^no answer/, "gave no answer")}.`]),
    ...(answer === undefined || answer.text === "" ? [] : [fence(head(answer.text, longest.text))]),
  ]);
}

function failureLines({ code: kind, message, why, fix }: ReportFailure): string[] {
  return [
    `<b>${html(kind)}</b>: ${html(message)}`,
    ...(why === undefined ? [] : [`<b>Why it matters</b>: ${html(why)}`]),
    ...(fix === undefined ? [] : [`<b>Fix</b>: ${html(fix)}`]),
  ];
}

function outputSection({ name }: ReportGroup, output: string): string {
  const end =
    output.length <= longest.output ? output : `…${output.slice(-longest.output).replace(loneSurrogate, "")}`;
  return details(`Output during ${htmlCode(name)}`, [], [fence(end)]);
}

function notesSection(report: Report): (() => string)[] {
  const notes = (["passed", "skipped"] as const).flatMap((outcome) =>
    casesThat(report, outcome).flatMap(({ group, one }) =>
      one.note === undefined
        ? []
        : [`${htmlCode(fullName(group, one))} ${outcome === "skipped" ? "skipped: " : ""}${html(one.note)}`],
    ),
  );
  if (notes.length === 0) return [];
  const shown = notes.slice(0, mostRows);
  const more = notes.length > shown.length ? [`and ${notes.length - shown.length} more`] : [];
  return [() => details(`Noticed (${notes.length})`, [...shown, ...more], [])];
}

/** @param summary HTML @param facts HTML, a line each @param parts Markdown */
function details(summary: string, facts: readonly string[], parts: readonly string[]): string {
  const opening = ["<details>", `<summary>${summary}</summary>`];
  if (facts.length > 0) opening.push(`<p>${facts.join("<br>\n")}</p>`);
  // An empty line ends HTML; within it nothing is Markdown.
  return [opening.join("\n"), ...parts, "</details>"].join("\n\n");
}

/** @param items HTML */
function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${item}</li>`).join("\n")}\n</ul>`;
}

/** @param cells Markdown without `|` */
function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const shown = rows.slice(0, mostRows);
  const more = rows.length > shown.length ? [`\n… and ${rows.length - shown.length} more`] : [];
  return [row(names), row(names.map(() => "---")), ...shown.map(row), ...more].join("\n");
}

/** As one line. */
function line(text: string, max = longest.code): string {
  return head(text.replace(/\s+/g, " ").trim(), max);
}

/** As code within a line, a table's too, where no escape of `|` is read alike by all. */
function code(text: string): string {
  const shown = line(text).replaceAll("|", "│");
  if (shown === "") return "";
  const mark = "`".repeat(longestRun(shown) + 1);
  const pad = /^`|`$/.test(shown) ? " " : "";
  return mark + pad + shown + pad + mark;
}

/** As a block of code. */
function fence(text: string, language = "text"): string {
  const mark = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${mark}${language}\n${text.replace(/\r\n?/g, "\n").replace(/\n+$/, "")}\n${mark}`;
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** A space of no width: breaks up what would be linked or typeset. */
const gap = "&#8203;";

/** As text within HTML. */
function html(text: string): string {
  return line(text, longest.prose)
    .replace(/[&<>"']/g, (found) => entities[found] ?? "")
    .replace(/@|#(?=\d)|:(?=\/\/)|\$|\bwww(?=\.)|\bGH(?=-)/gi, (found) => found + gap);
}

/** As code within HTML, in which nothing is linked. */
function htmlCode(text: string): string {
  return `<code>${line(text).replace(/[&<>"']/g, (found) => entities[found] ?? "")}</code>`;
}
