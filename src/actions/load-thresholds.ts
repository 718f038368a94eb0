import { HooklineError } from "../errors.ts";

/** A condition that must not hold. */
export interface Threshold {
  /** As it was given. */
  text: string;
  /** What is looked at; a number is a percentile of the latency. */
  figure: "min" | "mean" | "max" | "errors" | "error-share" | "rate" | number;
  operator: ">" | ">=" | "<" | "<=";
  /** Milliseconds, requests per second, a count, or a share from 0 to 100. */
  limit: number;
}

export interface JudgedThreshold {
  threshold: Threshold;
  /** In the unit of its limit; null where nothing was measured, which fails too. */
  actual: number | null;
  failed: boolean;
}

/** What thresholds are held against. */
export interface ThresholdFigures {
  sent: number;
  failed: number;
  /** Were due, and never started: errors like those that failed. */
  unstarted: number;
  achievedRate: number;
  /** Milliseconds; null where there were no answers. */
  latency(this: void, figure: "min" | "mean" | "max" | number): number | null;
}

const milliseconds = new Map([
  ["us", 0.001],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
]);

/** @throws HooklineError `usage` */
export function readThreshold(text: string): Threshold {
  const [, name = "", operator = "", amount = "", unit = ""] =
    /^\s*([a-z]+[\d.]*)\s*([<>]=?)\s*(\d+(?:\.\d+)?)\s*([a-z%/]*)\s*$/i.exec(text) ?? [];
  const figure = readFigure(name.toLowerCase(), unit);
  const factor = figure === undefined ? undefined : factorOf(figure, unit.toLowerCase());
  if (figure === undefined || factor === undefined) throw unreadable(text);
  return {
    text: text.trim(),
    figure,
    operator: operator as Threshold["operator"],
    limit: Number(amount) * factor,
  };
}

function readFigure(name: string, unit: string): Threshold["figure"] | undefined {
  if (name === "errors") return unit === "%" ? "error-share" : "errors";
  if (name === "min" || name === "mean" || name === "max" || name === "rate") return name;
  const percentile = Number(/^p(\d{1,2}(?:\.\d{1,4})?)$/.exec(name)?.[1]);
  return percentile > 0 ? percentile : undefined;
}

function factorOf(figure: Threshold["figure"], unit: string): number | undefined {
  switch (figure) {
    case "errors":
      return unit === "" ? 1 : undefined;
    case "error-share":
      return 1;
    case "rate":
      return unit === "" || unit === "/s" ? 1 : undefined;
    default:
      return milliseconds.get(unit);
  }
}

function unreadable(text: string): HooklineError {
  return new HooklineError("usage", `--fail-if cannot read ${JSON.stringify(text.slice(0, 80))}`, {
    nextSteps: [
      "latency takes a time: p50, p90, p95, p99, p99.9 (or any other), min, mean or max, as in 'p99>500ms' or 'mean>=1.5s'",
      "errors take a share or a number: 'errors>1%', 'errors>10'",
      "the rate achieved takes requests per second: 'rate<450'",
      "between them stands one of > >= < <=, and quotes around it all keep the shell from reading > as a file",
    ],
  });
}

export function judgeThreshold(threshold: Threshold, figures: ThresholdFigures): JudgedThreshold {
  const actual = actualOf(threshold.figure, figures);
  return { threshold, actual, failed: actual === null || holds(actual, threshold) };
}

function actualOf(
  figure: Threshold["figure"],
  { sent, failed, unstarted, achievedRate, latency }: ThresholdFigures,
): number | null {
  const errors = failed + unstarted;
  const due = sent + unstarted;
  switch (figure) {
    case "errors":
      return errors;
    case "error-share":
      return due === 0 ? null : (errors / due) * 100;
    case "rate":
      return achievedRate;
    default:
      return latency(figure);
  }
}

function holds(actual: number, { operator, limit }: Threshold): boolean {
  switch (operator) {
    case ">":
      return actual > limit;
    case ">=":
      return actual >= limit;
    case "<":
      return actual < limit;
    case "<=":
      return actual <= limit;
  }
}
