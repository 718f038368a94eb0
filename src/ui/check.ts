import type { Area, CheckDone, CheckEvent, CheckPlan, CheckStart, CheckSummary } from "../actions/check.ts";
import { renderCause, type RenderedCause } from "./check-causes.ts";
import { checkJson, planJson, summaryJson } from "./check-json.ts";
import { cameText, decisive, noteText, reason, sentText } from "./check-text.ts";
import { areaTitles, checkWords, leftOutText } from "./check-words.ts";
import { count, duration } from "./format.ts";
import { originText } from "./origin.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { commandLine } from "./shell.ts";

/** Columns of a check's title. */
const titleWidth = 58;

/** What a run of checks came to. */
export interface Checked {
  start: CheckStart;
  checks: readonly CheckDone[];
  summary: CheckSummary;
}

/**
 * Prints checks as they end, and then what is wrong, what explains most first.
 * @param watch is told of each event as well
 * @returns undefined where it ended before the first check
 */
export async function showCheck(
  output: Output,
  events: AsyncIterable<CheckEvent>,
  watch: (event: CheckEvent) => void = () => undefined,
): Promise<Checked | undefined> {
  let start: CheckStart | undefined;
  let summary: CheckSummary | undefined;
  let area: Area | undefined;
  const checks: CheckDone[] = [];
  for await (const event of events) {
    watch(event);
    if (event.type === "start") showStart(output, (start = event));
    else if (event.type === "probing") {
      output.note(output.err.dim("right deliveries are refused: trying known mistakes to find out why"));
    } else if (event.type === "summary") summary = event;
    else {
      checks.push(event);
      output.json(checkJson(event));
      // Those that were not run are counted in the end.
      if (event.outcome === "not-run" && event.notes.length === 0) continue;
      if (event.check.area !== area) output.line(areaLine(output, (area = event.check.area)));
      output.line(checkLine(output, event));
    }
  }
  if (start === undefined || summary === undefined) return undefined;
  const checked = { start, checks, summary };
  showSummary(output, checked);
  return checked;
}

function showStart(
  output: Output,
  { title, origin, url, checks, leftOut, requests, loopback }: CheckStart,
): void {
  const { dim, yellow } = output.err;
  const say = (text: string): void => output.note(dim(text));
  if (origin !== undefined) say(`${safeLine(title, 60)} is signed with ${originText(origin)}`);
  const more = requests.more === 0 ? "" : `; up to ${requests.more} more where right ones are refused`;
  const what = `${count(checks.length, "check", "checks")} of ${safeLine(url, 200)}: ${count(requests.usual, "request", "requests")}, right and forged${more}`;
  say(what);
  if (!loopback) {
    output.note(
      yellow("your app takes the right ones for real events: point --to at a test or staging system"),
    );
  }
  if (leftOut.length > 0) say(`left out: ${leftOutText(leftOut)}`);
}

function areaLine({ out }: Output, area: Area): string {
  return `${out.bold(area)} ${areaTitles[area]}`;
}

const marks = { passed: "✓", failed: "✗", noted: "!", "not-run": "–" } as const;

/** `✓ takes order.created  200  12 ms` */
function checkLine(output: Output, done: CheckDone): string {
  const { out } = output;
  const { check, outcome, exchanges, notes } = done;
  const paint = { passed: out.green, failed: out.red, noted: out.yellow, "not-run": out.dim }[outcome];
  const shown = decisive(exchanges);
  const remarks = [
    ...(outcome === "passed" || shown === undefined ? [] : [reason(shown)]),
    ...notes.map(noteText),
  ];
  return [
    ` ${paint(marks[outcome])}`,
    checkWords(check).title.padEnd(titleWidth),
    ...(shown === undefined
      ? ["   ", "      "]
      : [
          paint(shown.status === undefined ? "—  " : String(shown.status)),
          duration(shown.durationMs).padEnd(6),
        ]),
    remarks.join("; "),
  ]
    .join(" ")
    .trimEnd();
}

function showSummary(output: Output, { checks, summary, start }: Checked): void {
  const causes = summary.causes.map(renderCause);
  output.json(summaryJson(summary, causes));
  if (output.jsonMode) return;
  const shown = new Set<string>();
  for (const cause of causes) {
    output.line("");
    showCause(output, cause, checks, shown);
  }
  output.line("");
  output.line(scoreText(output, { checks, summary, start }));
}

/** A cause with the first check that it explains in full, and the others by name. */
function showCause(
  output: Output,
  { message, code, confidence, fix, explains }: RenderedCause,
  checks: readonly CheckDone[],
  shown: Set<string>,
): void {
  const { out } = output;
  const explained = checks.filter(
    ({ check, outcome }) => outcome === "failed" && explains.includes(check.id),
  );
  const likely = confidence === "likely" ? `${out.yellow("likely:")} ` : "";
  const line = (label: string, text: string): void => output.line(`  ${out.dim(`${label}:`)} ${text}`);
  output.line(`${out.red("✗")} ${likely}${out.bold(message)} ${out.dim(`(${code})`)}`);
  const [any] = explained;
  if (any === undefined) {
    if (fix !== undefined) line("fix", fix);
    return;
  }
  const fresh = explained.filter(({ check }) => !shown.has(check.id));
  const first = fresh.find(({ exchanges }) => exchanges.length > 0);
  const words = checkWords((first ?? any).check);
  const exchange = decisive(first?.exchanges ?? []);
  line("fix", fix ?? words.fix);
  if (first !== undefined && exchange !== undefined) {
    line("why", words.why);
    line("sent", `${first.check.id}: ${sentText(exchange)}`);
    line("came", cameText(exchange));
    line("again", first.again.map(commandLine).join(" | "));
  }
  // What is wrong along with the cause before keeps the same checks from passing.
  if (fresh.length === 0) line("fails", "the same checks, together with the above");
  else line("fails", `${count(explained.length, "check", "checks")}: ${briefly(explained, checks)}`);
  for (const { check } of explained) shown.add(check.id);
}

/** Checks by their ids; where all of an area's scored ones are among them, by the area. */
function briefly(explained: readonly CheckDone[], all: readonly CheckDone[]): string {
  const areas = [...new Set(explained.map(({ check }) => check.area))];
  return areas
    .flatMap((area) => {
      const own = explained.filter(({ check }) => check.area === area);
      const scored = all.filter(({ check }) => check.area === area && check.scored);
      return own.length > 2 && own.length === scored.length
        ? [`all of ${area}`]
        : own.map(({ check }) => check.id);
    })
    .join(", ");
}

function scoreText(output: Output, { checks, summary }: Checked): string {
  const { out } = output;
  const { passed, total, percent } = summary.score;
  const score = `${passed}/${total} (${percent} %)`;
  const noted = checks.filter(({ outcome }) => outcome === "noted").length;
  const missing = checks.filter(({ outcome }) => outcome === "not-run").length;
  return [
    passed === total ? out.green(score) : out.red(score),
    ...(noted > 0 ? [`${noted} noted`] : []),
    ...(missing > 0 ? [out.yellow(`${missing} not run`)] : []),
    count(summary.requests, "request", "requests"),
    duration(summary.durationMs),
  ].join(" · ");
}

/** Prints what would be checked. */
export function showPlan(output: Output, plan: CheckPlan): void {
  output.json(planJson(plan));
  if (output.jsonMode) return;
  const { checks, leftOut } = plan;
  const width = Math.max(...checks.map(({ id }) => id.length));
  checks.forEach((check, index) => {
    if (check.area !== checks[index - 1]?.area) output.line(areaLine(output, check.area));
    const unscored = check.scored ? "" : output.out.dim(" (not scored)");
    output.line(`  ${check.id.padEnd(width)}  ${checkWords(check).title}${unscored}`);
  });
  if (leftOut.length > 0) output.note(output.err.dim(`left out: ${leftOutText(leftOut)}`));
}
