import { html } from "./html-text.ts";
import type { LoadFigures, LoadSecond, Report, ReportCase } from "./report.ts";
import { answerLine, fullName, interruption, latencyName, names, number, time } from "./words.ts";

/** Rows of the table of seconds; of a longer run the slowest of each stretch stands there. */
const mostSeconds = 300;
const mostCases = 500;

export function factsSection(report: Report): string {
  const { target, startedAt, durationMs, load, interrupted } = report;
  const { shown, more } = names(load?.payloads ?? []);
  const what = `${shown.map((name) => `<code>${html(name)}</code>`).join(", ")}${more}`;
  const how =
    load === undefined
      ? []
      : [
          load.rate === null
            ? `${load.concurrency ?? 1} at once, as many as the target took`
            : `${number(load.rate)} a second, whatever the target did`,
        ];
  const parts = [
    `${shown.length === 0 ? "" : `${what} to `}<code>${html(target)}</code>`,
    ...how,
    time(durationMs),
    `<time>${new Date(startedAt).toISOString().slice(0, 19).replace("T", " ")} UTC</time>`,
  ];
  const ended = interrupted ? `\n<p class="bad">Interrupted: ${html(interruption(report))}</p>` : "";
  return `<p class="facts">${parts.map((part) => `<span>${part}</span>`).join(" ")}</p>${ended}`;
}

export function figuresSection(load: LoadFigures): string {
  const { sent, succeeded, failed, unstarted, achievedRate, latencyMs } = load;
  const part = failed > 0 ? ` <small>${share((failed / (sent + unstarted)) * 100)}</small>` : "";
  const asked = load.rate === null ? "" : ` <small>of ${number(load.rate)}</small>`;
  const counts = [
    ["sent", number(sent)],
    ["succeeded", number(succeeded)],
    ["failed", `${number(failed)}${part}`, failed > 0 ? "bad" : ""],
    ...(unstarted === 0 ? [] : [["never started", number(unstarted), "bad"]]),
    ["a second", `${number(achievedRate)}${asked}`],
  ].map(([name, value, mark = ""]) => `<div class="${mark}"><dt>${name}</dt><dd>${value}</dd></div>`);
  const latency =
    latencyMs === null
      ? "<p>Not one answer came, so there is no latency.</p>"
      : table("Latency", Object.keys(latencyMs).map(latencyName), [Object.values(latencyMs).map(time)], true);
  return `<section>\n<h2>Figures</h2>\n<dl class="counts">${counts.join("")}</dl>\n${latency}\n</section>`;
}

export function thresholdsSection({ thresholds }: LoadFigures): string {
  if (thresholds.length === 0) return "";
  const rows = thresholds.map(({ text, actual, failed }) => [
    `<span class="${failed ? "bad" : "good"}">${failed ? "✗ failed" : "✓ passed"}</span>`,
    `<code>${html(text)}</code>`,
    html(actual),
  ]);
  return section("Thresholds", table("Thresholds", ["", "fails if", "was"], rows));
}

export function notesSection({ notes }: LoadFigures): string {
  if (notes.length === 0) return "";
  return section("Notes", `<ul>${notes.map((note) => `<li>${html(note)}</li>`).join("")}</ul>`);
}

export function errorsSection({ errors, statuses }: LoadFigures): string {
  const parts = [
    ...(errors.length === 0
      ? []
      : [
          table(
            "Errors",
            ["count", "kind", "the first of them"],
            errors.map(({ count, code, message }) => [
              number(count),
              `<code>${html(code)}</code>`,
              html(message),
            ]),
          ),
        ]),
    ...(statuses.length === 0
      ? []
      : [
          table(
            "Answers",
            ["count", "status"],
            statuses.map(({ status, count }) => [number(count), String(status)]),
          ),
        ]),
  ];
  return parts.length === 0 ? "" : section(errors.length === 0 ? "Answers" : "Errors", parts.join("\n"));
}

export function secondsSection({ seconds }: LoadFigures): string {
  if (seconds.length === 0) return "";
  const each = Math.ceil(seconds.length / mostSeconds);
  const rows = slowestOf(seconds, each).map((second) => [
    `${second.at} s`,
    ...[second.due, second.started, second.answered, second.succeeded, second.failed].map(number),
    ...[second.p50, second.p99, second.max].map((ms) => (ms === null ? "–" : time(ms))),
    number(second.underWay),
  ]);
  const caption = each === 1 ? "Second by second" : `The slowest of every ${each} seconds`;
  const names = ["at", "due", "started", "answered", "succeeded", "failed", "p50", "p99", "max", "under way"];
  return `<section><details>\n<summary>${caption}</summary>\n${table(caption, names, rows, true)}\n</details></section>`;
}

export function casesSection(report: Report): string {
  const cases = report.groups.flatMap((group) => group.cases.map((one) => ({ group, one })));
  const shown = cases.slice(0, mostCases);
  const items = shown.map(({ group, one }) => caseItem(fullName(group, one), one));
  const more = cases.length > shown.length ? `<p>${cases.length - shown.length} more are not shown.</p>` : "";
  const request = report.load === undefined ? undefined : cases.find(({ one }) => one.request)?.one.request;
  const again =
    request === undefined
      ? ""
      : `<h3>Such a request by hand</h3>\n<p>${html(request.method)} ${html(request.url)}, ${number(request.bytes)} bytes</p>\n<pre>${html(request.command)}</pre>`;
  return section("Checks", `<ul class="cases">${items.join("")}</ul>${more}${again}`);
}

function caseItem(name: string, { outcome, title, note, failures, answer }: ReportCase): string {
  const mark = { passed: "✓", failed: "✗", skipped: "–" }[outcome];
  const tone = { passed: "good", failed: "bad", skipped: "" }[outcome];
  const lines = [
    ...(title === undefined ? [] : [html(title)]),
    ...(note === undefined ? [] : [html(note)]),
    ...failures.flatMap(({ message, why, fix }) =>
      [message, why, fix].filter((text) => text !== undefined).map(html),
    ),
    ...(answer === undefined ? [] : [html(answerLine(answer))]),
  ];
  return `<li><span class="${tone}">${mark} ${outcome}</span> <code>${html(name)}</code>${lines.map((line) => `<p>${line}</p>`).join("")}</li>`;
}

function slowestOf(seconds: readonly LoadSecond[], each: number): readonly LoadSecond[] {
  if (each === 1) return seconds;
  return Array.from({ length: Math.ceil(seconds.length / each) }, (_, index) =>
    seconds
      .slice(index * each, (index + 1) * each)
      .reduce((slowest, second) => ((second.p99 ?? 0) > (slowest.p99 ?? 0) ? second : slowest)),
  );
}

function section(title: string, content: string): string {
  return `<section>\n<h2>${title}</h2>\n${content}\n</section>`;
}

/** Cells are HTML. Wider than the page, it scrolls in itself, from the keyboard too. */
function table(
  label: string,
  names: readonly string[],
  rows: readonly (readonly string[])[],
  wide = false,
): string {
  const header = names.map((name) => `<th scope="col">${name}</th>`).join("");
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("\n");
  return `<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table${wide ? ' class="wide"' : ""}>\n<thead><tr>${header}</tr></thead>\n<tbody>${body}</tbody>\n</table></div>`;
}

function share(percent: number): string {
  return percent > 0 && percent < 0.01 ? "&lt; 0.01 %" : `${Number(percent.toFixed(percent < 1 ? 2 : 1))} %`;
}
