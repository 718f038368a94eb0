/**
 * What a run found, in words, as every report writes it. All text is safe for a terminal (no control or bidi characters)
 * and holds no secret; each format escapes it for itself.
 */
export interface Report {
  /** What ran: `hookline test`. */
  title: string;
  /** URL that was tested. */
  target: string;
  /** Unix milliseconds. */
  startedAt: number;
  durationMs: number;
  groups: readonly ReportGroup[];
  /** Ended by a signal, so that cases are missing. */
  interrupted: boolean;
  score?: ReportScore;
  load?: LoadFigures;
}

/** A file of steps, a provider, an area of the contract check. */
export interface ReportGroup {
  /** The same from run to run, and its own within the report. */
  name: string;
  durationMs: number;
  cases: readonly ReportCase[];
  /** What the handler printed meanwhile. */
  output?: string;
}

export interface ReportCase {
  /** The same from run to run, and its own within the group: `fareplay/order.created`. */
  name: string;
  /** Fewer words than a sentence where the name does not say it. */
  title?: string;
  outcome: "passed" | "failed" | "skipped";
  durationMs: number;
  /** At least one where it failed. */
  failures: readonly ReportFailure[];
  /** What is to be known of one that did not fail: why it was skipped, or what was noticed. */
  note?: string;
  /** Where it is written, for annotations. */
  place?: { file: string; line: number };
  request?: ReportRequest;
  answer?: { status: number | null; durationMs: number; text: string };
}

export interface ReportFailure {
  /** Stable, in kebab-case. */
  code: string;
  message: string;
  /** Why it matters. */
  why?: string;
  /** What to do about it. */
  fix?: string;
}

export interface ReportRequest {
  method: string;
  url: string;
  bytes: number;
  /** A line for a shell that sends it again, with the secret by reference. */
  command: string;
}

export interface ReportScore {
  passed: number;
  total: number;
}

/** How a target bore up under load. Times in milliseconds. */
export interface LoadFigures {
  /** Names of what was sent, in turns. */
  payloads: readonly string[];
  /** How long requests were to be started; where it was interrupted, it ended sooner. */
  forMs: number;
  /** Requests asked for per second; null where as many were sent as the target took. */
  rate: number | null;
  concurrency: number | null;
  sent: number;
  succeeded: number;
  failed: number;
  /** Were due, and never started: they are failures to whoever sends, and in neither `sent` nor `failed`. */
  unstarted: number;
  /** Sent per second, once the ramp was over. */
  achievedRate: number;
  latencyMs: {
    min: number;
    mean: number;
    p50: number;
    p90: number;
    p95: number;
    p99: number;
    p999: number;
    max: number;
  } | null;
  /** Failures by kind, the most frequent first; `unstarted` is one. */
  errors: readonly { code: string; message: string; count: number }[];
  statuses: readonly { status: number; count: number }[];
  /** Of each second: when it began, what was started and answered in it, and how long those answers took. */
  seconds: readonly LoadSecond[];
  /** For the distribution: share of answers (0 to 100) that took at most so long. */
  percentiles: readonly { percentile: number; ms: number }[];
  /** `p99>500ms`, and whether it held. */
  thresholds: readonly { text: string; actual: string; failed: boolean }[];
  notes: readonly string[];
}

export interface LoadSecond {
  /** Seconds since the start. */
  at: number;
  /** Requests that were due to start. */
  due: number;
  started: number;
  succeeded: number;
  failed: number;
  /** Got an answer of whatever status. */
  answered: number;
  p50: number | null;
  p99: number | null;
  max: number | null;
  /** Under way at its end. */
  underWay: number;
}
