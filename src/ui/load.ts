import type { LoadEvent, LoadStart, LoadSummary, LoadTick } from "../actions/load.ts";
import type { LoadFigures } from "../actions/reports.ts";
import { count, duration, milliseconds } from "./format.ts";
import { createLoadProgress, type LoadProgress } from "./load-progress.ts";
import {
  actualText,
  errorsOf,
  figureName,
  interruptedAfter,
  perSecond,
  remarks,
  thousands,
} from "./load-words.ts";
import { originText } from "./origin.ts";
import type { Output } from "./output.ts";
import { countsText, loadReport, rateText } from "./report-load.ts";
import { safeLine } from "./safe.ts";

/** Cells of the longest bar. */
const barCells = 30;

/** Columns that lines are made for where there is no terminal. */
const usualWidth = 80;

/**
 * Prints a load as it goes, and its figures in the end.
 * @returns how it began and ended; undefined where it did not get so far
 */
export async function showLoad(
  output: Output,
  stderr: NodeJS.WriteStream,
  events: AsyncIterable<LoadEvent>,
): Promise<{ start: LoadStart; summary: LoadSummary } | undefined> {
  let start: LoadStart | undefined;
  let summary: LoadSummary | undefined;
  let progress: LoadProgress | undefined;
  try {
    for await (const event of events) {
      if (event.type === "start") {
        start = event;
        showStart(output, event);
        progress = await createLoadProgress(stderr, event, {
          enabled: output.interactive,
          theme: output.err,
        });
      } else if (event.type === "second") {
        progress?.update(event);
        output.json(secondJson(event));
      } else summary = event;
    }
  } finally {
    progress?.stop();
  }
  if (start === undefined || summary === undefined) return undefined;
  output.json(summaryJson(summary));
  if (!output.jsonMode) await showSummary(output, start, summary);
  return { start, summary };
}

function showStart(output: Output, start: LoadStart): void {
  const { signing, names, url, rate, concurrency, forMs, rampMs } = start;
  const note = (text: string): void => output.note(output.err.dim(text));
  for (const { title, origin } of signing) note(`${safeLine(title)} is signed with ${originText(origin)}`);
  const [name = ""] = names;
  const what =
    names.length === 1 ? safeLine(name, 80) : `${count(names.length, "payload", "payloads")} in turns`;
  const how = rate === null ? `${thousands(concurrency)} at once` : `${perSecond(rate)}/s`;
  const ramp = rampMs === 0 ? "" : `, reached over ${duration(rampMs)}`;
  note(`sending ${what} to ${safeLine(url, 200)} for ${duration(forMs)}, ${how}${ramp}`);
}

async function showSummary(output: Output, start: LoadStart, summary: LoadSummary): Promise<void> {
  const { out } = output;
  const { load } = loadReport(start, summary, 0);
  if (load === undefined) return;
  const width = output.width === Infinity ? usualWidth : output.width;
  const lasted = summary.interrupted
    ? out.yellow(`interrupted after ${interruptedAfter(summary)}`)
    : duration(summary.durationMs);
  output.line(`${countsText(load)} · ${lasted}`);
  output.line(rateText(load));
  if (load.latencyMs !== null) {
    output.line("");
    for (const line of latencyLines(load.latencyMs, width)) output.line(line);
    const { latencyChart } = await import("./load-chart.ts");
    const { lines: chart, hasOutage } = latencyChart(load, width);
    if (chart.length > 0) {
      output.line("");
      output.line(`${out.bold("p99 of each second")}${hasOutage ? "; ✗ is one without any answer" : ""}`);
    }
    for (const line of chart) output.line(out.cyan(line));
  }
  if (load.errors.length > 0) {
    output.line("");
    for (const { code, message, count: amount } of load.errors)
      output.line(`${out.red("✗")} ${thousands(amount)} × ${code}  ${message}`);
  }
  if (summary.thresholds.length > 0) {
    output.line("");
    for (const judged of summary.thresholds) {
      const text = safeLine(judged.threshold.text, 80);
      const name = figureName(judged.threshold.figure);
      const actual = `${name} ${name === "errors" ? "were" : "was"} ${actualText(judged)}`;
      output.line(
        judged.failed
          ? `${out.red("✗")} ${text}  ${out.red(judged.actual === null ? actualText(judged) : `it holds: ${actual}`)}`
          : `${out.green("✓")} ${text}  ${out.dim(`it does not hold: ${actual}`)}`,
      );
    }
  }
  for (const text of load.notes) output.note(output.err.dim(`note: ${text}`));
}

/** `p99      34 ms  ██████`: each with a bar as long as it took. */
function latencyLines(latency: NonNullable<LoadFigures["latencyMs"]>, width: number): string[] {
  const names = { p999: "p99.9" } as Readonly<Record<string, string>>;
  const room = Math.max(0, Math.min(barCells, width - 20));
  return Object.entries(latency).map(([key, ms]) => {
    const bar = "█".repeat(Math.round((ms / latency.max) * room));
    return `${(names[key] ?? key).padEnd(6)} ${duration(ms).padStart(10)}  ${bar}`.trimEnd();
  });
}

function secondJson(second: LoadTick): object {
  const { at, due, started, succeeded, failed, answered, p50, p99, max, underWay } = second;
  return {
    type: "second",
    at,
    due,
    started,
    succeeded,
    failed,
    answered,
    latency_ms: p50 === null ? null : { p50: ms(p50), p99: ms(p99 ?? 0), max: ms(max ?? 0) },
    under_way: underWay,
  };
}

const ms = milliseconds;

function summaryJson(summary: LoadSummary): object {
  const { latencyMs, late, held } = summary;
  return {
    type: "summary",
    rate: summary.rate,
    concurrency: summary.concurrency,
    achieved_rate: ms(summary.achievedRate),
    sent: summary.sent,
    succeeded: summary.succeeded,
    failed: summary.failed,
    duration_ms: ms(summary.durationMs),
    latency_ms:
      latencyMs === null
        ? null
        : Object.fromEntries(Object.entries(latencyMs).map(([name, value]) => [name, ms(value)])),
    percentiles: summary.percentiles.map(({ percentile, ms: value }) => ({ percentile, ms: ms(value) })),
    statuses: summary.statuses,
    errors: errorsOf(summary),
    thresholds: summary.thresholds.map((judged) => ({
      text: judged.threshold.text,
      actual: judged.actual === null ? null : ms(judged.actual),
      failed: judged.failed,
    })),
    late: { count: late.count, max_ms: ms(late.maxMs) },
    held: { count: held.count, max_ms: ms(held.maxMs) },
    unstarted: summary.unstarted,
    abandoned: summary.abandoned,
    gave_up: summary.gaveUp,
    busy: ms(summary.busy),
    notes: remarks(summary),
    interrupted: summary.interrupted,
  };
}
