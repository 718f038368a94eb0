import type { Area, CheckDone, CheckEvent, CheckPlan, CheckStart, CheckSummary } from "../actions/check.ts";
import { renderCause, type RenderedCause } from "./check-causes.ts";
import { cells, fit, wrap } from "./cells.ts";
import { checkJson, planJson, summaryJson } from "./check-json.ts";
import { silent, type WaitingLine } from "./check-progress.ts";
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
 * @param waiting shows what is under way
 * @returns undefined where it ended before the first check
 */
export async function showCheck(
  output: Output,
  events: AsyncIterable<CheckEvent>,
  watch: (event: CheckEvent) => void = () => undefined,
  waiting: WaitingLine = silent,
): Promise<Checked | undefined> {
  let start: CheckStart | undefined;
  let summary: CheckSummary | undefined;
  let area: Area | undefined;
  const checks: CheckDone[] = [];
  try {
    for await (const event of events) {
      watch(event);
      waiting.clear();
      switch (event.type) {
        case "start":
          showStart(output, (start = event));
          break;
        case "begun":
          waiting.say(`${checkWords(event.check).title} (${event.done + 1} of ${start?.checks.length ?? 0})`);
          break;
        case "probing":
          output.note(output.err.dim("right deliveries are refused: trying known mistakes to find out why"));
          waiting.say("trying known mistakes");
          break;
        case "summary":
          summary = event;
          break;
        case "check":
          checks.push(event);
          output.json(checkJson(event));
          // Those that were not run are counted in the end.
          if (event.outcome === "not-run" && event.notes.length === 0) break;
          if (event.check.area !== area) output.line(areaLine(output, (area = event.check.area)));
          for (const line of checkLines(output, event)) output.line(line);
      }
    }
  } finally {
    waiting.clear();
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
  const say = (text: string): void => {
    for (const line of wrap(text, output.width)) output.note(dim(line));
  };
  if (origin !== undefined) say(`${safeLine(title, 60)} is signed with ${originText(origin)}`);
  const forged = checks.filter(({ area }) => area === "refuses").length;
  const kinds = forged === 0 ? "right" : forged === checks.length ? "forged" : "right and forged";
  const more =
    requests.more === 0 || kinds === "forged"
      ? ""
      : `; up to ${requests.more} more where right ones are refused`;
  say(
    `${count(checks.length, "check", "checks")} of ${safeLine(url, 200)}: ${count(requests.usual, "request", "requests")}, ${kinds}${more}`,
  );
  if (!loopback) {
    const text = "your app takes the right ones for real events: point --to at a test or staging system";
    for (const line of wrap(text, output.width)) output.note(yellow(line));
  }
  if (leftOut.length > 0) say(`left out: ${leftOutText(leftOut)}`);
}

function areaLine({ out }: Output, area: Area): string {
  return `${out.bold(area)} ${areaTitles[area]}`;
}

const marks = { passed: "✓", failed: "✗", noted: "!", "not-run": "–" } as const;

/** `✓ takes order.created  200  12 ms`, and remarks below it where there is no room. */
function checkLines(output: Output, done: CheckDone): string[] {
  const { out } = output;
  const { check, outcome, exchanges, notes } = done;
  const paint = { passed: out.green, failed: out.red, noted: out.yellow, "not-run": out.dim }[outcome];
  const shown = decisive(exchanges);
  const remarks = [
    ...(outcome === "passed" || shown === undefined ? [] : [reason(shown)]),
    ...notes.map(noteText),
  ];
  const title = checkWords(check).title;
  const status = shown?.status === undefined ? "—" : String(shown.status);
  const took = shown === undefined ? "" : duration(shown.durationMs);
  const remark = remarks.join("; ");
  const fields = [title.padEnd(titleWidth), (shown === undefined ? "" : status).padEnd(3), took.padEnd(6)];
  const isBelow = remark !== "" && cells([" ✓", ...fields, remark].join(" ")) > output.width;
  const [padded = "", padding = "", ...rest] = fields;
  const line = [` ${paint(marks[outcome])}`, padded, paint(padding), ...rest, ...(isBelow ? [] : [remark])];
  return [
    fit(line.join(" ").trimEnd(), output.width),
    ...(isBelow ? wrap(remark, output.width - 3).map((part) => `   ${part}`) : []),
  ];
}

function showSummary(output: Output, { checks, summary, start }: Checked): void {
  const causes = summary.causes.map((cause) => renderCause(cause, start.provider));
  output.json(summaryJson(summary, causes));
  if (output.jsonMode) return;
  const shown = new Set<string>();
  for (const cause of causes) {
    output.line("");
    showCause(output, cause, checks, shown);
  }
  showNoted(output, { checks, summary, start });
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
  const line = (label: string, text: string): void => showLabelled(output, label, text);
  const start = confidence === "likely" ? "likely: " : "";
  const tail = `(${code})`;
  wrap(`${start}${message} ${tail}`, output.width - 2).forEach((text, index) => {
    const from = index === 0 ? start.length : 0;
    const to = text.endsWith(tail) ? text.length - tail.length : text.length;
    const painted = `${out.yellow(text.slice(0, from))}${out.bold(text.slice(from, to))}${out.dim(text.slice(to))}`;
    output.line(`${index === 0 ? out.red("✗") : " "} ${painted}`);
  });
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
    showAgain(output, first);
  }
  // What is wrong along with the cause before keeps the same checks from passing.
  if (fresh.length === 0) line("fails", "the same checks, together with the above");
  else line("fails", `${count(explained.length, "check", "checks")}: ${briefly(explained, checks)}`);
  for (const { check } of explained) shown.add(check.id);
}

/** `  fix: …`, continued below itself where the line is full. */
function showLabelled(output: Output, label: string, text: string): void {
  const indent = " ".repeat(label.length + 4);
  wrap(text, output.width - indent.length).forEach((part, index) =>
    output.line(index === 0 ? `  ${output.out.dim(`${label}:`)} ${part}` : `${indent}${part}`),
  );
}

/** A command stays on its line: it is to be copied. */
function showAgain(output: Output, { again }: CheckDone): void {
  output.line(`  ${output.out.dim("again:")} ${again.map(commandLine).join(" | ")}`);
}

/** What is not as it should be and not scored, unless it is a consequence of what is. */
function showNoted(output: Output, { checks, summary }: Checked): void {
  const { out } = output;
  const refusesAll = checks.every(
    ({ check, outcome }) => check.area !== "refuses" || !check.scored || outcome === "passed",
  );
  const noted = checks.filter(
    ({ check, outcome }) =>
      outcome === "noted" && (check.area === "refuses" ? refusesAll : summary.latency !== undefined),
  );
  for (const done of noted) {
    const { title, why, fix } = checkWords(done.check);
    const exchange = decisive(done.exchanges);
    output.line("");
    for (const line of wrap(`! not scored: ${title} (${done.check.id})`, output.width))
      output.line(out.yellow(line));
    if (exchange !== undefined) showLabelled(output, "came", cameText(exchange));
    showLabelled(output, "why", why);
    showLabelled(output, "fix", fix);
    showAgain(output, done);
  }
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
  const unsteady = checks.flatMap(({ exchanges }) => exchanges).filter((one) => one.unsteady !== undefined);
  return [
    passed === total ? out.green(score) : out.red(score),
    ...(noted > 0 ? [`${noted} noted`] : []),
    ...(missing > 0 ? [out.yellow(`${missing} not run`)] : []),
    ...(unsteady.length > 0 ? [out.yellow(`${unsteady.length} answered 5xx at first alone`)] : []),
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
