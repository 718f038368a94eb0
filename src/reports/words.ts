import type { Report, ReportCase, ReportGroup } from "./report.ts";

/** How many cases there are, and what became of them. */
export interface CaseCounts {
  total: number;
  passed: number;
  failed: number;
  skipped: number;
}

export function countCases(groups: readonly Pick<ReportGroup, "cases">[]): CaseCounts {
  const counts = { total: 0, passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of groups.flatMap(({ cases }) => cases)) {
    counts.total++;
    counts[outcome]++;
  }
  return counts;
}

/** Cases with that outcome, each with its group. */
export function casesThat(
  { groups }: Pick<Report, "groups">,
  outcome: ReportCase["outcome"],
): { group: ReportGroup; one: ReportCase }[] {
  return groups.flatMap((group) =>
    group.cases.filter((one) => one.outcome === outcome).map((one) => ({ group, one })),
  );
}

/** `fareplay/order.created`, `signatures: missing`: a case's name where its group is not seen. */
export function fullName({ name: group }: ReportGroup, { name }: ReportCase): string {
  return name.startsWith(`${group}/`) ? name : `${group}: ${name}`;
}

/** What is to be known of a report of a run that a signal ended. */
export function interruption({ load }: Pick<Report, "load">): string {
  return load === undefined
    ? "ended by a signal; cases are missing"
    : `ended by a signal; it was to last ${time(load.forMs)}, and the figures are of what was sent until then`;
}

/** `9.5`, `480`, `12,345` */
export function number(value: number): string {
  const text = String(value < 100 ? Number(value.toFixed(1)) : Math.round(value));
  return text.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `p99.9` */
export function latencyName(key: string): string {
  return key === "p999" ? "p99.9" : key;
}

/** The first of them, and in words how many there are beyond: ` and 12 more`. */
export function names(all: readonly string[], most = 5): { shown: readonly string[]; more: string } {
  const left = all.length - most;
  return { shown: all.slice(0, most), more: left > 0 ? ` and ${number(left)} more` : "" };
}

/** Milliseconds for people: `12.5 ms`, `1.2 s`, `2 min 5 s`. */
export function time(ms: number): string {
  if (ms < 1000) return `${Number(ms.toFixed(ms < 100 ? 1 : 0))} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest === 0 ? "" : ` ${rest} s`}`;
}

/** Half of a character, as is left where text is cut. */
export const loneSurrogate = /\p{Cs}/gu;

/** The text, or its beginning and how much there is in all. */
export function head(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max).replace(loneSurrogate, "")}… (${text.length} characters in all)`;
}

/** What is known of a case: what went wrong, the request that shows it, and the answer; parts apart by an empty line. */
export function caseText({ title, failures, place, request, answer }: ReportCase): string {
  const parts = [
    ...(title === undefined ? [] : [title]),
    ...failures.map(({ code, message, why, fix }) =>
      [
        `${code}: ${message}`,
        ...(why === undefined ? [] : [`why it matters: ${why}`]),
        ...(fix === undefined ? [] : [`fix: ${fix}`]),
      ].join("\n"),
    ),
    ...(place === undefined ? [] : [`written in ${place.file}:${place.line}`]),
    ...(request === undefined
      ? []
      : [`${request.method} ${request.url} (${request.bytes} B), again:\n${request.command}`]),
    ...(answer === undefined ? [] : [`${answerLine(answer)}${answer.text === "" ? "" : `\n${answer.text}`}`]),
  ];
  return parts.join("\n\n");
}

/** `answered 500 after 12.5 ms` */
export function answerLine({ status, durationMs }: NonNullable<ReportCase["answer"]>): string {
  return status === null
    ? `no answer after ${time(durationMs)}`
    : `answered ${status} after ${time(durationMs)}`;
}
