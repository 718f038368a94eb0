import type { Difference } from "../inbox/difference.ts";
import type { Mismatch } from "../suites/expectations.ts";
import type { LeftOut } from "../suites/select.ts";
import type { RefusalOutcome } from "../transport/judge.ts";
import type { Tampering } from "./prepare.ts";
import type { Pipeline } from "./reproduce.ts";

export type { LeftOut } from "../suites/select.ts";
export type { Mismatch } from "../suites/expectations.ts";
export type { Difference } from "../inbox/difference.ts";

/** What a run of suites tells, in order. */
export type TestEvent = TestStart | TestSuiteStart | TestStep | TestSuiteEnd | TestAppOutput | TestSummary;

export interface TestStart {
  type: "start";
  suites: number;
  steps: number;
  /** Of the stub, where there is one. */
  stubUrl: string | undefined;
  /** The command that was started. */
  command: string | undefined;
}

export interface TestSuiteStart {
  type: "suite";
  name: string;
  /** As the user would name it: below the current folder. */
  file: string;
  url: string;
  steps: number;
  /** Names of the steps have at most so many characters. */
  widest: number;
  /** False where the run was interrupted before it. */
  begun: boolean;
}

export interface TestStep {
  type: "step";
  suite: string;
  file: string;
  line: number;
  name: string;
  tags: readonly string[];
  outcome: "passed" | "failed" | "skipped";
  /** Why it was not run. */
  leftOut: LeftOut | { by: "bail" } | { by: "interrupted" } | undefined;
  /** Milliseconds, waiting for calls included. */
  durationMs: number;
  sent: number;
  /** Of all of them: the first hundred. */
  failures: readonly StepFailure[];
  moreFailures: number;
  /** What was sent, and came of it: the first delivery that failed, else the last one. */
  delivery: StepDelivery | undefined;
}

export interface StepDelivery {
  name: string;
  provider: string;
  /** The provider's name. */
  title: string;
  deliveryId: string;
  tampering: Tampering | undefined;
  bytes: number;
  status: number | undefined;
  durationMs: number;
  /** The head of the answer, and its whole length; undefined where none came. */
  answer: { body: Buffer; bytes: number } | undefined;
  /** A command that sends the same once more. */
  again: Pipeline;
}

/** One thing that was not as expected. */
export type StepFailure = {
  /** Which of several deliveries, from 1; undefined where there is one, or it concerns none. */
  delivery?: number;
} & (
  | {
      kind: "outcome";
      outcome: Exclude<RefusalOutcome, { ok: true }>;
      title: string;
      tampering: Tampering | undefined;
    }
  | { kind: "status"; expected: readonly (string | number)[]; actual: number }
  | { kind: "late"; allowedMs: number; actualMs: number }
  | { kind: "mismatch"; mismatch: Mismatch; differences: readonly Difference[] }
  | {
      kind: "calls";
      /** `POST /orders` */
      call: string;
      wanted: number;
      /** Whether more of them may come. */
      orMore: boolean;
      /** Of these so many came. */
      actual: number;
      withinMs: number;
      /** The first few other calls since the step began, and what is wrong with each. */
      others: readonly { call: string; mismatches: readonly Mismatch[] }[];
    }
  /** A call that an earlier step expects, once more than that says. */
  | { kind: "late-call"; call: string }
  | { kind: "capture"; name: string; where: string }
  /** The step could not be sent, or a variable is missing. */
  | { kind: "error"; code: string; message: string }
  /** The app that was started has ended. */
  | { kind: "app-ended"; how: string }
);

export interface TestSuiteEnd {
  type: "suite-end";
  file: string;
  durationMs: number;
  /** Whether a step failed. */
  failed: boolean;
  /** What the app printed meanwhile; undefined where none was started. */
  output: string | undefined;
}

/** What the app printed that never became ready. */
export interface TestAppOutput {
  type: "app-output";
  output: string;
}

export interface TestSummary {
  type: "summary";
  suites: number;
  steps: number;
  passed: number;
  failed: number;
  skipped: number;
  durationMs: number;
  /** Files in which `only` stands. */
  narrowed: readonly string[];
  interrupted: boolean;
  /** Steps that were not run as the run was interrupted. */
  notRun: number;
  /** How the app that was started ended of its own accord, `with code 1`: then nothing is proved. */
  appEnded: string | undefined;
  /** Whether it ignored SIGTERM. */
  appKilled: boolean;
}
