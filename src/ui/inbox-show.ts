import { isUtf8 } from "node:buffer";
import type { AttemptShape, ShownDelivery } from "../actions/inbox.ts";
import { bodyLines } from "./body.ts";
import { findingLine, fixLine, renderFinding } from "./findings.ts";
import { bytes, count, dateTime, duration, relativeTime } from "./format.ts";
import { rounded, whatOf } from "./inbox.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import type { Theme } from "./theme.ts";

/** Lines of an answer that show. */
const answerLines = 200;

/** A delivery with all that is known of it: what came, the verdict, and how apps took it. */
export function showInboxDelivery(output: Output, shown: ShownDelivery, now: number): void {
  if (output.jsonMode) return output.json(deliveryJson(shown));
  const { delivery, findings, body, title, allowedMs } = shown;
  const { out } = output;
  const line = (name: string, value: string): void =>
    output.line(`  ${out.dim(name.padEnd(8))}  ${safeLine(value, 2100)}`);
  output.line(`${out.bold(String(delivery.number))}  ${safeLine(whatOf(delivery), 300)}`);
  line("id", delivery.id);
  if (delivery.delivery_id !== null) line("delivery", delivery.delivery_id);
  line("received", time(delivery.received_at, now));
  line("request", `${delivery.method} ${delivery.target}, ${bytes(delivery.bytes)}`);
  line("answered", `${delivery.status} after ${duration(delivery.duration_ms)}`);
  const notes = notesOf(delivery);
  if (notes !== "") line("note", notes);

  output.line("");
  output.line(`  ${verdict(shown, out)}`);
  const hint = hintOf(shown);
  if (hint !== undefined) output.line(`    ${out.dim(hint)}`);
  for (const [index, finding] of findings.entries()) {
    const rendered = renderFinding(finding, index);
    output.line(`    ${findingLine(out, rendered)}`);
    output.line(`    ${fixLine(out, rendered)}`);
  }
  for (const attempt of delivery.attempts) {
    output.line("");
    output.line(`  ${attemptLine(attempt, out, now)}`);
    if (attempt.ok && allowedMs !== undefined && attempt.duration_ms > allowedMs)
      output.line(
        `    ${out.yellow(`slow: ${safeLine(title ?? "", 60)} gives up after ${duration(allowedMs)}`)}`,
      );
    for (const text of answerOf(attempt, out)) output.line(`    ${text}`);
  }

  output.line("");
  for (const [name, value] of delivery.headers)
    output.line(`  ${out.dim("│")} ${out.key(safeLine(name, 100))}: ${safeLine(value, 8000)}`);
  output.line("");
  if (body === null) return output.line(`  ${out.dim("its body was not read")}`);
  for (const text of bodyLines(body, out)) output.line(`  ${text}`);
}

function deliveryJson({ delivery, findings, body }: ShownDelivery): object {
  const text = body !== null && isUtf8(body);
  const bytesOf = (content: Uint8Array): Buffer =>
    Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  return {
    ...rounded(delivery),
    attempts: delivery.attempts.map(rounded),
    findings: findings.map((finding, index) => renderFinding(finding, index)),
    body: text ? bytesOf(body).toString("utf8") : null,
    body_base64: body === null || text ? null : bytesOf(body).toString("base64"),
  };
}

function notesOf({ duplicate, failed, replays }: ShownDelivery["delivery"]): string {
  return [
    ...(duplicate ? ["a duplicate"] : []),
    ...(failed ? ["not accepted by your app"] : []),
    ...(replays > 0 ? [`replayed ${count(replays, "time", "times")}`] : []),
  ].join(", ");
}

function verdict({ delivery: { verified, accepted, code }, title }: ShownDelivery, theme: Theme): string {
  const why = code === null ? "" : ` (${safeLine(code, 100)})`;
  const who = title === undefined ? "" : ` ${safeLine(title, 60)}`;
  if (verified === true) return theme.green(`✓ verified: signed by${who || " its sender"}`);
  if (!accepted) return theme.red(`✗ rejected${why}`);
  return verified === false
    ? theme.red(`✗ invalid, and accepted all the same${why}`)
    : theme.yellow(`? unverified${why}`);
}

/** What to do where nothing is wrong but could not be told either. */
function hintOf({ delivery: { code }, secretEnv }: ShownDelivery): string | undefined {
  if (code === "provider-unknown")
    return "whose it is nothing says: send it to /<provider>, or pass --provider to hookline listen";
  return code === "secret-unconfigured"
    ? `to verify: set ${secretEnv ?? "the provider's variable"} or pass --secret env:NAME to hookline listen`
    : undefined;
}

/** `✓ forwarded to http://localhost:3000/orders  2026-03-17 14:32:07 (3 min ago)  200 in 12 ms` */
function attemptLine(attempt: AttemptShape, theme: Theme, now: number): string {
  const { kind, url, route, ok, status, message, started_at } = attempt;
  const how = kind === "replay" ? "replayed" : "forwarded";
  const by = route === null ? "" : ` (${safeLine(route, 100)})`;
  const took = duration(attempt.duration_ms);
  const result =
    status === null ? `${safeLine(message ?? "no answer", 300)} (${took})` : `${status} in ${took}`;
  return [
    ok ? theme.green("✓") : theme.red("✗"),
    ` ${how} to ${safeLine(url, 500)}${by}  ${theme.dim(time(started_at, now))}  `,
    ok ? result : theme.red(result),
  ].join("");
}

function answerOf({ answer, answer_bytes: length }: AttemptShape, theme: Theme): string[] {
  if (length === 0) return [];
  if (answer === null) return [theme.dim(`│ (${bytes(length)} that are no UTF-8 text)`)];
  return bodyLines(Buffer.from(answer, "utf8"), theme, { maxLines: answerLines, length });
}

/** `2026-03-17 14:32:07 (3 min ago)` */
function time(at: string, now: number): string {
  const ms = Date.parse(at);
  return `${dateTime(ms)} (${relativeTime(ms, now)})`;
}
