// Loads the chart: import this file dynamically, where there is a chart to draw.
import { plot } from "simple-ascii-chart";
import type { LoadFigures } from "../actions/reports.ts";
import { duration } from "./format.ts";

/** Rows of the chart. */
const height = 8;
/** Columns beside the plot: labels, the axis and the arrow at its end. */
const beside = 14;
const widest = 100;

/**
 * The 99th percentile of each second over time, a line of text for each row.
 * @param width columns there are
 * @returns nothing where there is too little to see
 */
export function latencyChart(seconds: LoadFigures["seconds"], width: number): string[] {
  const measured = seconds.filter(({ p99 }) => p99 !== null);
  const first = measured[0];
  const last = measured.at(-1);
  if (first === undefined || last === undefined || measured.length < 3) return [];
  const columns = Math.min(widest, width - beside);
  if (columns < 20) return [];
  const points = thinned(measured, columns).map(({ at, p99 }): [number, number] => [at, p99 ?? 0]);
  const top = ceiling(Math.max(...points.map(([, ms]) => ms)));
  const text = plot(points, {
    width: columns,
    height,
    yRange: [0, top],
    customYAxisTicks: [0, top / 2, top],
    customXAxisTicks: timeTicks(first.at, last.at, columns),
    formatter: (value, { axis }) => (axis === "y" ? duration(value) : `${value}s`),
  });
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}

/** As many as there are columns, of each of which the worst stays. */
function thinned(seconds: LoadFigures["seconds"], columns: number): LoadFigures["seconds"] {
  const each = Math.ceil(seconds.length / columns);
  if (each === 1) return seconds;
  return Array.from({ length: Math.ceil(seconds.length / each) }, (_, index) =>
    seconds
      .slice(index * each, (index + 1) * each)
      .reduce((worst, second) => ((second.p99 ?? 0) > (worst.p99 ?? 0) ? second : worst)),
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
