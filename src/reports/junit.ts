import Builder from "fast-xml-builder";
import type { LoadFigures, Report, ReportCase, ReportGroup } from "./report.ts";
import { caseText, countCases, interruption } from "./words.ts";

/** Characters of a failure's message as an attribute; its text has it whole. */
const longestMessage = 500;

/** What XML 1.0 allows in no form, escaped or not. */
const forbidden = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Readers of JUnit files obey these in captured output: `[[ATTACHMENT|/etc/passwd]]` has the file published. */
const readerCommand = /\[(?=\[\/?(?:ATTACHMENT|PROPERTY)\b)/gi;

/**
 * The report as JUnit XML, as the schemas of Jenkins (junit-10.xsd) and Ant have it; `skipped`, `timestamp` and their
 * kind stand on suites alone, as those of Jenkins allow no more on `testsuites`. Times are seconds, timestamps UTC.
 */
export function junitReport(report: Report): string {
  const groups = report.interrupted ? [...report.groups, interruptedGroup(report)] : report.groups;
  const { failed, total } = countCases(groups);
  const properties = propertiesOf(report);
  const builder = new Builder({
    ignoreAttributes: false,
    // Else an attribute that says "true" would stand without its value.
    suppressBooleanAttributes: false,
    suppressEmptyNode: true,
    format: true,
  });
  return builder.build({
    "?xml": attributes({ version: "1.0", encoding: "UTF-8" }),
    testsuites: {
      ...attributes({
        name: report.title,
        tests: total,
        failures: failed,
        errors: 0,
        time: seconds(report.durationMs),
      }),
      testsuite: groups.map((group, id) => suite(group, id, report, properties)),
    },
  });
}

/** Else what is missing would look passed to whoever reads the files alone. */
function interruptedGroup(report: Report): ReportGroup {
  return {
    name: "interrupted",
    durationMs: 0,
    cases: [
      {
        name: "interrupted",
        outcome: "failed",
        durationMs: 0,
        failures: [{ code: "interrupted", message: interruption(report) }],
      },
    ],
  };
}

function suite(group: ReportGroup, id: number, report: Report, properties: readonly Attributes[]): object {
  const { failed, skipped, total } = countCases([group]);
  return {
    ...attributes({
      name: group.name === "" ? "unnamed" : group.name,
      // Both of Ant's schema, which counts the suites and takes no name for the machine but this where it is not known.
      id,
      package: "",
      hostname: "localhost",
      timestamp: new Date(report.startedAt).toISOString().slice(0, 19),
      tests: total,
      failures: failed,
      errors: 0,
      skipped,
      time: seconds(group.durationMs),
    }),
    properties: { property: properties.map(attributes) },
    testcase: group.cases.map((one) => testCase(one, group)),
    "system-out": text(outputOf(group)),
    "system-err": "",
  };
}

function testCase(one: ReportCase, { name }: ReportGroup): object {
  return {
    ...attributes({ name: one.name, classname: name, time: seconds(one.durationMs) }),
    ...(one.outcome === "failed" ? { failure: failure(one) } : {}),
    ...(one.outcome === "skipped" ? { skipped: attributes({ message: one.note ?? "skipped" }) } : {}),
  };
}

/** One element, however many failures there are: Ant's schema has no more, and many readers look at the first alone. */
function failure(one: ReportCase): object {
  const [first, ...others] = one.failures;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return {
    ...attributes({
      type: first?.code ?? "failed",
      message: (first?.message ?? "failed").slice(0, longestMessage) + more,
    }),
    "#text": text(caseText(one)),
  };
}

/** What was noticed of cases that did not fail, and what the handler printed. */
function outputOf({ cases, output }: ReportGroup): string {
  const notes = cases.flatMap(({ name, note, outcome }) =>
    note === undefined || outcome === "skipped" ? [] : [`${name}: ${note}`],
  );
  return [...notes, ...(output === undefined ? [] : [output])].join("\n");
}

function propertiesOf(report: Report): Attributes[] {
  const { target, startedAt, score, load, interrupted } = report;
  const all: Record<string, string | number> = {
    target,
    started_at: new Date(startedAt).toISOString(),
    ...(interrupted ? { interrupted: "true" } : {}),
    ...(score === undefined ? {} : { score: `${score.passed}/${score.total}` }),
    ...(load === undefined ? {} : figures(load)),
  };
  return Object.entries(all).map(([name, value]) => ({ name, value }));
}

function figures({ latencyMs, ...load }: LoadFigures): Record<string, number> {
  return {
    ...(load.rate === null ? {} : { rate: load.rate }),
    ...(load.concurrency === null ? {} : { concurrency: load.concurrency }),
    achieved_rate: rounded(load.achievedRate),
    sent: load.sent,
    succeeded: load.succeeded,
    failed: load.failed,
    unstarted: load.unstarted,
    ...Object.fromEntries(Object.entries(latencyMs ?? {}).map(([name, ms]) => [`${name}_ms`, rounded(ms)])),
  };
}

type Attributes = Readonly<Record<string, string | number>>;

/** Line ends in an attribute are spaces to whoever reads it. */
function attributes(values: Attributes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`@_${name}`, text(String(value)).replace(/\s/g, " ")]),
  );
}

function text(value: string): string {
  return value.replace(/\r\n?/g, "\n").replace(forbidden, "").replace(readerCommand, "[ ");
}

/** To the millisecond: Jenkins' schema takes no more digits, and no exponent. */
function seconds(ms: number): string {
  return (Math.max(0, ms) / 1000).toFixed(3);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
