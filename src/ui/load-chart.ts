// Loads the chart: import this file dynamically, where there is a chart to draw.
import { plot, type Point } from "simple-ascii-chart";
import type { LoadFigures, LoadSecond } from "../actions/reports.ts";
import { duration } from "./format.ts";

/** Rows of the chart. */
const height = 8;
/** Columns beside the plot: labels, the axis and the arrow at its end. */
const beside = 14;
const widest = 100;

/**
 * The 99th percentile of each second over time, a line of text for each row, and whether there is one in it that has a
 * `✗` at its foot: requests failed in it, and nothing was measured.
 * @param width columns there are
 * @returns no lines where there is too little to see
 */
export function latencyChart(
  { seconds, forMs }: Pick<LoadFigures, "seconds" | "forMs">,
  width: number,
): { lines: string[]; hasOutage: boolean } {
  const columns = Math.min(widest, width - beside);
  const known = withoutEnd(seconds, forMs).filter((second) => second.p99 !== null || isOutage(second));
  const shown = thinned(known, columns);
  const first = shown[0];
  const last = shown.at(-1);
  if (first === undefined || last === undefined || shown.length < 3 || columns < 20)
    return { lines: [], hasOutage: false };
  const top = ceiling(Math.max(...shown.map(({ p99 }) => p99 ?? 0)));
  const ticks = [0, top / 2, top];
  const label = Math.max(...ticks.map((ms) => duration(ms).length));
  const outages = shown.filter(isOutage).map(({ at }) => ({ x: at, y: 0 }));
  // What stands at the ends bounds the chart.
  const ends = [first, last].filter(isOutage).map(({ at }): Point[] => [[at, 0]]);
  const text = plot([...ends, ...stretches(shown)], {
    width: columns,
    height,
    yRange: [0, top],
    customYAxisTicks: ticks,
    customXAxisTicks: timeTicks(first.at, last.at, columns),
    formatter: (value, { axis }) => (axis === "y" ? duration(value).padStart(label) : `${value}s`),
    points: outages,
    symbols: { point: "✗" },
  });
  const lines = text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
  return { lines, hasOutage: outages.length > 0 };
}

/** Without the second in which the last answers came in, where it is the only one after the end. */
function withoutEnd(seconds: LoadFigures["seconds"], forMs: number): LoadFigures["seconds"] {
  const within = seconds.filter(({ at }) => at * 1000 < forMs);
  return seconds.length - within.length === 1 ? within : seconds;
}

function isOutage({ p99, failed }: LoadSecond): boolean {
  return p99 === null && failed > 0;
}

/** Lines from one outage to the next. */
function stretches(seconds: LoadFigures["seconds"]): Point[][] {
  const lines: Point[][] = [[]];
  for (const { at, p99 } of seconds) {
    if (p99 === null) lines.push([]);
    else lines.at(-1)?.push([at, p99]);
  }
  return lines.filter((line) => line.length > 0);
}

/** As many as there are columns, of each of which the worst stays. */
function thinned(seconds: LoadFigures["seconds"], columns: number): LoadFigures["seconds"] {
  const each = Math.ceil(seconds.length / columns);
  if (each <= 1) return seconds;
  const badness = ({ p99 }: LoadSecond): number => p99 ?? Infinity;
  return Array.from({ length: Math.ceil(seconds.length / each) }, (_, index) =>
    seconds
      .slice(index * each, (index + 1) * each)
      .reduce((worst, second) => (badness(second) > badness(worst) ? second : worst)),
  );
}

/** The next of 1, 2, 5 and their tens. */
function ceiling(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(ms, 1e-3)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= ms) ?? ms;
}

/** Round times, with room for their words. */
function timeTicks(from: number, to: number, columns: number): number[] {
  const most = Math.max(2, Math.floor(columns / 12));
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
  const step = steps.find((seconds) => (to - from) / seconds <= most) ?? 14_400;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}
