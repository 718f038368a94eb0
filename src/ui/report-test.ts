import type { Report, ReportCase, ReportGroup } from "../actions/reports.ts";
import type { TestEvent, TestStep } from "../actions/test-events.ts";
import { bytes } from "./format.ts";
import { safeBytes, safeLine, safeText } from "./safe.ts";
import { againText, appEndedText, onlyText } from "./test.ts";
import { failureWords, leftOutWords } from "./test-words.ts";

/** Gathers a run of suites for its reports. */
export interface TestRecorder {
  watch(this: void, event: TestEvent): void;
  report(this: void): Report;
}

/** Code points of a name, and of an answer, that are kept. */
const longest = { name: 300, answer: 4000 };

interface Group extends Omit<ReportGroup, "cases"> {
  file: string;
  cases: ReportCase[];
}

/** @param options.now Unix milliseconds; `ci` makes a failure of each `only` */
export function recordTest({ now, ci }: { now: () => number; ci: boolean }): TestRecorder {
  const startedAt = now();
  const groups: Group[] = [];
  const urls = new Map<string, string>();
  let url = "";
  let end: { durationMs: number; interrupted: boolean } | undefined;

  return {
    watch(event) {
      const group = groups.at(-1);
      switch (event.type) {
        case "suite":
          url = url === "" ? event.url : url;
          groups.push({
            name: ownName(
              safeLine(event.name, longest.name),
              safeLine(event.file, longest.name),
              groups.map(({ name }) => name),
            ),
            file: event.file,
            durationMs: 0,
            cases: [],
          });
          urls.set(event.file, event.url);
          break;
        case "step":
          group?.cases.push(caseOf(event, urls.get(event.file) ?? ""));
          break;
        case "suite-end":
          if (group === undefined) break;
          group.durationMs = event.durationMs;
          if (event.failed && event.output !== undefined && event.output !== "")
            group.output = safeText(event.output);
          break;
        case "start":
        case "app-output":
          break;
        case "summary":
          end = event;
          if (event.appEnded !== undefined) group?.cases.push(appCase(event.appEnded, group.file));
          if (ci)
            for (const one of groups)
              if (event.narrowed.includes(one.file)) one.cases.push(onlyCase(one.file));
      }
    },
    report: () => ({
      title: "hookline test",
      target: safeLine(url),
      startedAt,
      durationMs: end?.durationMs ?? now() - startedAt,
      groups: groups.map(({ name, durationMs, cases, output }) => ({
        name,
        durationMs,
        cases,
        ...(output === undefined ? {} : { output }),
      })),
      interrupted: end?.interrupted ?? true,
    }),
  };
}

/** A name that no group before has. */
function ownName(name: string, file: string, taken: readonly string[]): string {
  return taken.includes(name) ? `${name} (${file})` : name;
}

function onlyCase(file: string): ReportCase {
  return {
    name: "no step says only",
    outcome: "failed",
    durationMs: 0,
    failures: [{ code: "only", message: onlyText([file], true) }],
    place: { file: safeLine(file), line: 1 },
  };
}

function appCase(how: string, file: string): ReportCase {
  return {
    name: "the app that was started runs to the end",
    outcome: "failed",
    durationMs: 0,
    failures: [{ code: "app-ended", message: appEndedText(how) }],
    place: { file: safeLine(file), line: 1 },
  };
}

function caseOf(step: TestStep, url: string): ReportCase {
  const { delivery } = step;
  const failures = step.failures.map((failure) => {
    const { code, message, lines, why, fix } = failureWords(failure);
    return {
      code,
      message: [message, ...lines].join("\n"),
      ...(why === undefined ? {} : { why }),
      ...(fix === undefined ? {} : { fix }),
    };
  });
  return {
    name: safeLine(step.name, longest.name),
    outcome: step.outcome,
    durationMs: step.durationMs,
    failures,
    ...(step.leftOut === undefined ? {} : { note: leftOutWords(step.leftOut) }),
    place: { file: safeLine(step.file), line: step.line },
    ...(delivery === undefined
      ? {}
      : {
          request: { method: "POST", url: safeLine(url), bytes: delivery.bytes, command: againText(step) },
          ...(step.outcome === "failed" ? { answer: answerOf(delivery) } : {}),
        }),
  };
}

function answerOf({
  status,
  durationMs,
  answer,
}: NonNullable<TestStep["delivery"]>): NonNullable<ReportCase["answer"]> {
  return { status: status ?? null, durationMs, text: answer === undefined ? "" : textOf(answer) };
}

function textOf({ body, bytes: whole }: { body: Buffer; bytes: number }): string {
  const { text, binary } = safeBytes(body);
  if (binary) return `(binary, ${bytes(whole)})`;
  const short = safeText(text, longest.answer);
  return whole > body.length || short.endsWith("…") ? `${short}\n(${bytes(whole)} in all)` : short;
}
