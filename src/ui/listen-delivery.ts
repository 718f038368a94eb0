import type { Forward, ListenDelivery, ListenReplayed, RefusalCode } from "../actions/listen-events.ts";
import { bodyLines } from "./body.ts";
import { fieldsLine, wrap, type Field } from "./cells.ts";
import { findingLine, fixLine, renderFinding } from "./findings.ts";
import { bytes, duration, timeOfDay } from "./format.ts";
import { safeLine } from "./safe.ts";
import type { Theme } from "./theme.ts";

/** How much of each delivery is printed. */
export type PrintMode = "line" | "body" | "full" | "none";

export interface DeliveryView {
  theme: Theme;
  /** Columns of the terminal, `Infinity` where there is none. */
  width: number;
  print: PrintMode;
  /** Ways to see the lines of a body that are left out; undefined where none are left out. */
  fold?: readonly string[];
}

/** Lines of a body that show where it is folded. */
const foldedLines = 24;
/** Lines of an app's answer that show. */
const answerLines = 20;
/** The same where there are several apps. */
const answerLinesOfMany = 6;

/** A delivery for people: a line, what is to be said about it below, and as much of it as is asked for. */
export function deliveryLines(delivery: ListenDelivery, view: DeliveryView): string[] {
  const { theme, width, print, fold } = view;
  if (print === "none") return [];
  const room = width - indent;
  const below = [...details(delivery, theme, room), ...forwardsLines(delivery, view)];
  if (print === "full") below.push(...headerLines(delivery, theme));
  const wanted = print === "full" || (print === "body" && delivery.accepted);
  if (wanted && delivery.body !== undefined) {
    const folding = fold === undefined ? {} : { maxLines: foldedLines, ways: fold };
    below.push(...bodyLines(delivery.body, theme, { ...folding, columns: columnsOf(view) - indent }));
  }
  return [summaryLine(delivery, theme, width), ...indented(below)];
}

/** Whoever asks for all of a body gets all of it, however long its lines are. */
const columnsOf = ({ print, width }: DeliveryView): number => (print === "full" ? Infinity : width);

const indent = 2;
const indented = (lines: readonly string[]): string[] => lines.map((line) => `${" ".repeat(indent)}${line}`);

function summaryLine(delivery: ListenDelivery, theme: Theme, width: number): string {
  const { provider, event, deliveryId, status } = delivery;
  const what = safeLine(event ?? requestLine(delivery), 120);
  const fields: Field[] = [
    { text: timeOfDay(delivery.receivedAt), style: theme.dim },
    mark(delivery, theme),
    ...(provider === undefined ? [] : [{ text: safeLine(provider, 60), shrinks: 2 as const }]),
    { text: what, shrinks: 1 },
    ...(deliveryId === undefined
      ? []
      : [{ text: safeLine(deliveryId, 60), style: theme.dim, leaves: 1 as const }]),
    { text: bytes(delivery.bytes), style: theme.dim, leaves: 2 },
    { text: String(status), style: status < 300 ? theme.green : theme.red },
    { text: duration(delivery.durationMs), leaves: 3 },
    ...(delivery.duplicate ? [{ text: "duplicate", style: theme.yellow }] : []),
  ];
  return fieldsLine(fields, width);
}

function mark({ verified, accepted }: ListenDelivery, theme: Theme): Field {
  if (verified === true) return { text: "✓ verified  ", style: theme.green };
  if (!accepted) return { text: "✗ rejected  ", style: theme.red };
  return verified === false
    ? { text: "✗ invalid   ", style: theme.red }
    : { text: "? unverified", style: theme.yellow };
}

function requestLine({ method, target }: ListenDelivery): string {
  return method === "" ? "(no HTTP request)" : `${method} ${target}`;
}

/** Why it is not verified, and what to do about it. */
function details({ code, secretEnv, ...delivery }: ListenDelivery, theme: Theme, width: number): string[] {
  const lines: string[] = [];
  const [finding, second] = delivery.findings.map((found, index) => renderFinding(found, index));
  if (finding !== undefined) {
    lines.push(findingLine(theme, finding), fixLine(theme, finding));
    if (second?.confidence === "proved") lines.push(`${theme.dim("also:")} ${findingLine(theme, second)}`);
  } else if (code === "provider-unknown") {
    lines.push(theme.dim("whose it is nothing says: send it to /<provider>, or pass --provider"));
  } else if (code === "secret-unconfigured") {
    lines.push(
      theme.dim(`to verify: set ${secretEnv ?? "the provider's variable"} or pass --secret env:NAME`),
    );
  } else if (code !== null && !delivery.accepted) {
    lines.push(refusals[code] ?? code);
  }
  return lines.flatMap((line) => wrap(line, width));
}

const refusals: Readonly<Record<string, string | undefined> & Record<RefusalCode, string>> = {
  "request-malformed": "what came is no HTTP request",
  "method-not-allowed": "webhooks come by POST",
  "body-too-large": "the body is larger than --max-body allows",
  "headers-too-large": "the headers are larger than 64 kB",
  overloaded: "more is under way than fits into memory; the sender was asked to come again",
};

/** How the apps took it: where there is but the listener's own target, only what went wrong. */
function forwardsLines({ forwards, title }: ListenDelivery, view: DeliveryView): string[] {
  const [only, ...others] = forwards;
  if (only === undefined) return [];
  if (others.length > 0 || only.route !== null) return manyLines(forwards, title, view);
  const { theme, width } = view;
  const lines = [
    ...(only.ok || isLate(only) ? [] : [theme.red(`your app${answered(only)}`)]),
    ...afterwards(only, title, theme),
  ].flatMap((line) => wrap(line, width - indent));
  return [...lines, ...answerOf(only, view, indent, answerLines)];
}

/** `↻ 14:32:07 replayed fareplay order.created (signed anew)`, and how each app took it. */
export function replayedLines(replayed: ListenReplayed, at: number, view: DeliveryView): string[] {
  const { id, provider, event, signed, forwards } = replayed;
  const { width } = view;
  const what = [provider, event].filter((word) => word !== undefined).join(" ");
  const text = `↻ ${timeOfDay(at)} replayed ${safeLine(what === "" ? id : what, 120)} (${signed ? "signed anew" : "with the headers it came with"})`;
  return [
    ...wrap(text, width - indent).map((line, index) => (index === 0 ? line : `  ${line}`)),
    ...indented(manyLines(forwards, undefined, view)),
  ];
}

/** `→ order.*  http://localhost:3000/orders  200  12 ms`, for each. */
function manyLines(forwards: readonly Forward[], title: string | undefined, view: DeliveryView): string[] {
  const { theme, width } = view;
  const room = width - indent;
  const deeper = (lines: readonly string[]): string[] =>
    lines.flatMap((line) => wrap(line, room - indent)).map((line) => `  ${line}`);
  return forwards.flatMap((forward) => {
    const { route, url, result, ok } = forward;
    const style = ok ? {} : { style: theme.red };
    const fields: Field[] = [
      ...(route === null ? [] : [{ text: safeLine(route, 60), shrinks: 2 as const, ...style }]),
      { text: safeLine(url, 500), shrinks: 1, ...style },
      { text: result.ok ? String(result.status) : result.error, style: ok ? theme.green : theme.red },
      { text: duration(result.durationMs), leaves: 1 },
    ];
    const line = `${ok ? "→" : theme.red("→")} ${fieldsLine(fields, room - 2)}`;
    const why = ok || result.ok ? [] : [theme.red(reason(result))];
    const answer = answerOf(forward, view, 2 * indent, answerLinesOfMany);
    return [
      line,
      ...deeper([...why, ...afterwards(forward, title, theme)]),
      ...answer.map((each) => `  ${each}`),
    ];
  });
}

/** All that is wrong with it is the time it took. */
function isLate({ result, allowedMs }: Forward): boolean {
  return result.ok && result.status < 300 && allowedMs !== undefined;
}

function answered({ result }: Forward): string {
  return result.ok ? ` answered ${result.status}` : `: ${reason(result)}`;
}

function reason(result: Exclude<Forward["result"], { ok: true }>): string {
  return result.error === "timeout"
    ? `did not answer within ${duration(result.durationMs)}`
    : safeLine(result.message, 200);
}

/** What else is to be said of how an app answered. */
function afterwards(forward: Forward, title: string | undefined, theme: Theme): string[] {
  const { result, ok, allowedMs } = forward;
  const who = safeLine(title ?? "the provider", 60);
  return [
    ...(!result.ok && result.error === "refused" ? [theme.dim("is it running, and on that port?")] : []),
    ...(result.ok && result.status < 300 && !ok && !isLate(forward)
      ? [theme.yellow(`${who} takes another status as success`)]
      : []),
    ...(allowedMs === undefined
      ? []
      : [
          theme.yellow(
            `slow: ${duration(result.durationMs)}, and ${who} gives up after ${duration(allowedMs)}`,
          ),
        ]),
  ];
}

/** The answer of an app that did not take it. */
function answerOf({ result, ok }: Forward, view: DeliveryView, indent: number, maxLines: number): string[] {
  if (ok || !result.ok || result.status < 300) return [];
  const columns = columnsOf(view) - indent;
  return bodyLines(result.body, view.theme, { maxLines, length: result.bytes, columns });
}

/** Headers whose values are credentials. */
const credentials = /^(authorization|proxy-authorization|cookie|set-cookie|x-api-key)$/i;

function headerLines({ headers }: ListenDelivery, theme: Theme): string[] {
  return Array.from({ length: headers.length >> 1 }, (_, index) => {
    const name = headers[2 * index] ?? "";
    const value = credentials.test(name) ? "[redacted]" : safeLine(headers[2 * index + 1] ?? "", 1000);
    return `${theme.dim("│")} ${theme.key(safeLine(name, 100))}: ${value}`;
  });
}
