import type { ListedStep } from "../actions/test-suites.ts";
import type { TestEvent, TestStep, TestSummary } from "../actions/test-events.ts";
import { bodyLines } from "./body.ts";
import { count, duration, milliseconds } from "./format.ts";
import type { Output } from "./output.ts";
import { safeBytes, safeLine, safeText } from "./safe.ts";
import { commandLine } from "./shell.ts";
import { failureWords, leftOutWords } from "./test-words.ts";

/** Failures of one step that are printed; the rest is counted. */
const shownFailures = 10;
/** Code points of a name that are printed, and those up to which what follows stands in a column. */
const longestName = 80;
const widestName = 48;

/**
 * Prints a run of suites as it goes.
 * @param watch is told of each event as well
 * @returns its summary
 */
export async function showTest(
  output: Output,
  events: AsyncIterable<TestEvent>,
  { ci, watch = () => undefined }: { ci: boolean; watch?: ((event: TestEvent) => void) | undefined },
): Promise<TestSummary | undefined> {
  let summary: TestSummary | undefined;
  let width = 0;
  let isBegun = false;
  for await (const event of events) {
    watch(event);
    switch (event.type) {
      case "start":
        output.json({
          type: "start",
          suites: event.suites,
          steps: event.steps,
          stub_url: event.stubUrl ?? null,
        });
        break;
      case "suite":
        width = Math.min(event.widest, widestName);
        isBegun = event.begun;
        output.json({
          type: "suite",
          name: event.name,
          file: event.file,
          url: event.url,
          steps: event.steps,
        });
        if (!event.begun) break;
        output.line(
          `${output.out.bold(safeLine(event.name, 120))}  ${output.out.dim(`→ ${safeLine(event.url, 200)}`)}`,
        );
        break;
      case "step":
        output.json(stepJson(event));
        showStep(output, event, width);
        break;
      case "suite-end":
        output.json({
          type: "suite_end",
          file: event.file,
          failed: event.failed,
          duration_ms: milliseconds(event.durationMs),
          output: event.failed ? (event.output ?? null) : null,
        });
        if (event.failed) showAppOutput(output, event.output);
        if (isBegun) output.line("");
        break;
      case "app-output":
        output.json({ type: "app_output", output: event.output });
        showAppOutput(output, event.output);
        break;
      case "summary":
        summary = event;
    }
  }
  if (summary !== undefined) showSummary(output, summary, ci);
  return summary;
}

function showStep(output: Output, step: TestStep, width: number): void {
  // How many were not run is told in the end.
  if (output.jsonMode || step.leftOut?.by === "interrupted") return;
  const { out } = output;
  const name = safeLine(step.name, longestName);
  if (step.outcome === "skipped") return output.line(out.dim(`– ${name}  ${leftOutWords(step.leftOut)}`));
  const { delivery } = step;
  const isFailed = step.outcome === "failed";
  const status = delivery?.status === undefined ? "—" : String(delivery.status);
  output.line(
    [
      isFailed ? out.red("✗") : out.green("✓"),
      name.padEnd(width),
      isFailed ? out.red(status) : out.green(status),
      duration(step.durationMs),
      ...(step.sent > 1 ? [out.dim(`${step.sent} deliveries`)] : []),
    ].join("  "),
  );
  if (!isFailed) return;
  output.line(`  ${out.dim(`${safeLine(step.file, 300)}:${step.line}`)}`);
  for (const failure of step.failures.slice(0, shownFailures)) {
    const { message, lines, fix } = failureWords(failure);
    output.line(`  ${out.red(message)}`);
    for (const line of lines)
      output.line(
        `    ${line.startsWith("-") ? out.green(line) : line.startsWith("+") ? out.red(line) : line}`,
      );
    if (fix !== undefined) output.line(`    ${out.dim(`fix: ${fix}`)}`);
  }
  const more = step.failures.length - shownFailures + step.moreFailures;
  if (more > 0) output.line(`  ${out.dim(`… and ${count(more, "more failure", "more failures")}`)}`);
  if (delivery?.answer !== undefined && delivery.answer.bytes > 0)
    for (const line of bodyLines(delivery.answer.body, out, { maxLines: 10, length: delivery.answer.bytes }))
      output.line(`  ${line}`);
  if (delivery !== undefined) output.line(`  ${out.dim("again:")} ${againText(step)}`);
}

/** A line for a shell that sends the same once more. */
export function againText({ delivery }: TestStep): string {
  return (delivery?.again ?? []).map(commandLine).join(" | ");
}

function showAppOutput(output: Output, text: string | undefined): void {
  if (text === undefined || text.trim() === "") return;
  output.note(output.err.dim("what the app printed:"));
  for (const line of safeText(text.trimEnd()).split("\n")) output.note(`${output.err.dim("│")} ${line}`);
}

function showSummary(output: Output, summary: TestSummary, ci: boolean): void {
  const { suites, steps, passed, failed, skipped, durationMs, narrowed, interrupted, notRun } = summary;
  output.json({
    type: "summary",
    suites,
    steps,
    passed,
    failed,
    skipped,
    duration_ms: milliseconds(durationMs),
    only: narrowed,
    interrupted,
    not_run: notRun,
    app_ended: summary.appEnded ?? null,
    app_killed: summary.appKilled,
  });
  const { out } = output;
  const parts = [
    ...(suites > 1 ? [count(suites, "suite", "suites")] : []),
    count(steps, "step", "steps"),
    passed > 0 ? out.green(`${passed} passed`) : `${passed} passed`,
    failed > 0 ? out.red(`${failed} failed`) : `${failed} failed`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    duration(durationMs),
  ];
  output.line(parts.join(" · "));
  if (narrowed.length > 0) output.warn(onlyText(narrowed, ci));
  if (passed + failed === 0 && !interrupted)
    output.warn("nothing was run, so nothing is proved: exit code 1");
  if (interrupted)
    output.warn(`interrupted: ${notRun === 1 ? "1 step was" : `${notRun} steps were`} not run`);
  if (summary.appEnded !== undefined) output.warn(`${appEndedText(summary.appEnded)}: exit code 1`);
  if (summary.appKilled)
    output.warn("the app did not end when it was asked to (SIGTERM), and was killed after 5 s (SIGKILL)");
}

/** What is to be said of steps that say `only`. */
export function onlyText(files: readonly string[], ci: boolean): string {
  const where = safeLine(files.join(", "), 300);
  return ci
    ? `"only" stands in ${where}, so other steps were not run: in CI that fails the run; take it out`
    : `"only" stands in ${where}, so other steps were not run: take it out before you commit, as in CI it fails the run`;
}

/** What is to be said of an app that ended by itself. @param how `with code 1` */
export function appEndedText(how: string): string {
  return `the app that was started ended ${safeLine(how, 300)} before the run was over, so what answered may be another`;
}

/** Whether a run that came to its end proved what it was to prove. */
export function testPassed({ passed, failed, narrowed, appEnded }: TestSummary, ci: boolean): boolean {
  return failed === 0 && passed > 0 && appEnded === undefined && (narrowed.length === 0 || !ci);
}

function stepJson(step: TestStep): object {
  const { delivery } = step;
  return {
    type: "step",
    suite: step.suite,
    file: step.file,
    line: step.line,
    name: step.name,
    tags: step.tags,
    outcome: step.outcome,
    reason: step.leftOut === undefined ? null : leftOutWords(step.leftOut),
    sent: step.sent,
    duration_ms: milliseconds(step.durationMs),
    failures: step.failures.map((failure) => {
      const { code, message, lines } = failureWords(failure);
      return { code, message, delivery: failure.delivery ?? null, diff: lines };
    }),
    more_failures: step.moreFailures,
    delivery:
      delivery === undefined
        ? null
        : {
            payload: delivery.name,
            provider: delivery.provider,
            delivery_id: delivery.deliveryId,
            tampering: delivery.tampering ?? null,
            bytes: delivery.bytes,
            status: delivery.status ?? null,
            duration_ms: milliseconds(delivery.durationMs),
            answer:
              delivery.answer === undefined || step.outcome === "passed"
                ? null
                : { bytes: delivery.answer.bytes, text: safeBytes(delivery.answer.body).text },
            again: againText(step),
          },
  };
}

/** Prints the steps of suites, one a line. */
export function showSteps(output: Output, steps: readonly ListedStep[]): void {
  output.json({
    data: steps.map(({ leftOut, ...step }) => ({
      ...step,
      runs: leftOut === undefined,
      reason: leftOut === undefined ? null : leftOutWords(leftOut),
    })),
    next_cursor: null,
  });
  const { out } = output;
  const rows = steps.map((step) => ({
    ...step,
    place: `${safeLine(step.file, 300)}:${step.line}`,
    shown: safeLine(step.name, longestName),
  }));
  const widthOf = (texts: readonly string[]): number =>
    Math.min(
      widestName,
      texts.reduce((most, text) => Math.max(most, text.length), 0),
    );
  const widths = {
    place: widthOf(rows.map(({ place }) => place)),
    name: widthOf(rows.map(({ shown }) => shown)),
  };
  for (const { place, shown, name, send, tags, leftOut } of rows)
    output.line(
      [
        place.padEnd(widths.place),
        shown.padEnd(widths.name),
        ...(name === send ? [] : [out.dim(safeLine(send, 100))]),
        ...tags.map((tag) => out.cyan(`#${safeLine(tag, 100)}`)),
        ...(leftOut === undefined ? [] : [out.dim(`(not run: ${leftOutWords(leftOut)})`)]),
      ]
        .join("  ")
        .trimEnd(),
    );
}
