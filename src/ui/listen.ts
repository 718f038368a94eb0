import type {
  ListenDelivery,
  ListenEvent,
  ListenReady,
  ListenStopped,
  RefusalCode,
} from "../actions/listen-events.ts";
import { bodyLines } from "./body.ts";
import { findingLine, fixLine, renderFinding } from "./findings.ts";
import { bytes, count, duration, milliseconds, timeOfDay } from "./format.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** How much of each delivery is printed. */
export type PrintMode = "line" | "body" | "full" | "none";

/**
 * Prints what a listener reports, as it comes.
 * @returns its last words
 */
export async function showListen(
  output: Output,
  print: PrintMode,
  events: AsyncIterable<ListenEvent>,
): Promise<ListenStopped | undefined> {
  let stopped: ListenStopped | undefined;
  for await (const event of events) {
    if (event.type === "ready") showReady(output, event);
    else if (event.type === "delivery") showDelivery(output, event, print);
    else {
      stopped = event;
      showStopped(output, event);
    }
  }
  return stopped;
}

function showReady(output: Output, ready: ListenReady): void {
  const { urls, port, target, paths } = ready;
  const [url = "", ...others] = urls;
  output.json({ type: "ready", url, urls, port, target: target ?? null });
  const { err } = output;
  const note = (text: string): void => output.note(err.dim(`  ${text}`));
  const forwarding = target === undefined ? "" : ` → ${safeLine(target, 200)}`;
  output.note(`${err.green("●")} listening on ${err.bold(url)}${forwarding}`);
  if (others.length > 0) note(`and on ${others.join(", ")}`);
  const examples = paths.slice(0, 2).map((path) => `${url}/${path}`);
  note(`each provider has its own path: ${examples.join(", ")}${paths.length > 2 ? " …" : ""}`);
  note(`from outside: cloudflared tunnel --url ${url}   or   ssh -R 80:localhost:${port} localhost.run`);
}

export function showDelivery(output: Output, delivery: ListenDelivery, print: PrintMode): void {
  if (print === "none") return;
  if (output.jsonMode) return output.json(deliveryJson(delivery));
  output.line(deliveryLine(output, delivery));
  for (const line of details(output, delivery)) output.line(`  ${line}`);
  if (print === "full") showHeaders(output, delivery);
  const wanted = print === "full" || (print === "body" && delivery.accepted);
  if (wanted && delivery.body !== undefined) {
    for (const line of bodyLines(delivery.body, output.out)) output.line(`  ${line}`);
  }
}

function deliveryLine(output: Output, delivery: ListenDelivery): string {
  const { out } = output;
  const what =
    delivery.provider === undefined
      ? requestLine(delivery)
      : `${delivery.provider}  ${delivery.event ?? requestLine(delivery)}`;
  const status = String(delivery.status);
  return [
    out.dim(timeOfDay(delivery.receivedAt)),
    mark(output, delivery),
    safeLine(what, 120),
    ...(delivery.deliveryId === undefined ? [] : [out.dim(safeLine(delivery.deliveryId, 60))]),
    out.dim(bytes(delivery.bytes)),
    delivery.status < 300 ? out.green(status) : out.red(status),
    duration(delivery.durationMs),
    ...(delivery.duplicate ? [out.yellow("duplicate")] : []),
  ].join("  ");
}

function mark({ out }: Output, { verified, accepted }: ListenDelivery): string {
  if (verified === true) return out.green("✓ verified  ");
  if (!accepted) return out.red("✗ rejected  ");
  return verified === false ? out.red("✗ invalid   ") : out.yellow("? unverified");
}

function requestLine({ method, target }: ListenDelivery): string {
  return method === "" ? "(no HTTP request)" : `${method} ${target}`;
}

/** What is worth a line of its own under a delivery. */
function details({ out }: Output, delivery: ListenDelivery): string[] {
  const { code, forwarded, secretEnv } = delivery;
  const lines: string[] = [];
  const [finding, second] = delivery.findings.map((found, index) => renderFinding(found, index));
  if (finding !== undefined) {
    lines.push(findingLine(out, finding), fixLine(out, finding));
    if (second?.confidence === "proved") lines.push(`${out.dim("also:")} ${findingLine(out, second)}`);
  } else if (code === "provider-unknown") {
    lines.push(out.dim("whose it is nothing says: send it to /<provider>, or pass --provider"));
  } else if (code === "secret-unconfigured") {
    lines.push(out.dim(`to verify: set ${secretEnv ?? "the provider's variable"} or pass --secret env:NAME`));
  } else if (code !== null && !delivery.accepted) {
    lines.push(refusals[code] ?? code);
  }
  if (forwarded === undefined) return lines;
  const { result, allowedMs } = forwarded;
  if (!result.ok) {
    const why =
      result.error === "timeout"
        ? `did not answer within ${duration(result.durationMs)}`
        : safeLine(result.message, 200);
    lines.push(out.red(`your app: ${why}`));
    if (result.error === "refused") lines.push(out.dim("is it running, and on that port?"));
  } else if (result.status >= 300) {
    lines.push(
      out.red(`your app answered ${result.status}`),
      ...bodyLines(result.body, out, { maxLines: 20, length: result.bytes }),
    );
  }
  if (allowedMs !== undefined) {
    lines.push(
      out.yellow(
        `slow: ${duration(result.durationMs)}, and ${safeLine(delivery.title ?? "", 60)} gives up after ${duration(allowedMs)}`,
      ),
    );
  }
  return lines;
}

const refusals: Readonly<Record<string, string | undefined> & Record<RefusalCode, string>> = {
  "request-malformed": "what came is no HTTP request",
  "method-not-allowed": "webhooks come by POST",
  "body-too-large": "the body is larger than --max-body allows",
  "headers-too-large": "the headers are larger than 64 kB",
  overloaded: "more is under way than fits into memory; the sender was asked to come again",
};

function showHeaders(output: Output, { headers }: ListenDelivery): void {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    const value = /^(authorization|proxy-authorization|cookie|x-api-key)$/i.test(name)
      ? "[redacted]"
      : safeLine(headers[index + 1] ?? "", 1000);
    output.line(`  ${output.out.dim("│")} ${output.out.key(safeLine(name, 100))}: ${value}`);
  }
}

function showStopped(output: Output, stopped: ListenStopped): void {
  const { received, verified, rejected, unverified, duplicates, unmet } = stopped;
  output.json({ type: "stopped", received, verified, rejected, unverified, duplicates, unmet });
  output.note(
    `${count(received, "delivery", "deliveries")}: ${verified} verified · ${unverified} unverified · ${rejected} rejected${duplicates > 0 ? ` · ${count(duplicates, "duplicate", "duplicates")}` : ""}`,
  );
  for (const expected of unmet) output.warn(`expected ${expected}, which did not arrive`);
}

function deliveryJson(delivery: ListenDelivery): object {
  const { forwarded } = delivery;
  return {
    type: "delivery",
    id: delivery.id,
    provider: delivery.provider ?? null,
    event: delivery.event ?? null,
    delivery_id: delivery.deliveryId ?? null,
    verified: delivery.verified,
    code: delivery.code,
    findings: delivery.findings.map((finding, index) => renderFinding(finding, index)),
    duplicate: delivery.duplicate,
    bytes: delivery.bytes,
    forwarded:
      forwarded === undefined
        ? null
        : {
            status: forwarded.result.ok ? forwarded.result.status : null,
            duration_ms: milliseconds(forwarded.result.durationMs),
            error: forwarded.result.ok ? null : forwarded.result.error,
          },
    status: delivery.status,
    duration_ms: milliseconds(delivery.durationMs),
    received_at: new Date(delivery.receivedAt).toISOString(),
  };
}
