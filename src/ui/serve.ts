import type { RootKeyGiven, ServeEvent, ServeReady } from "../actions/serve-events.ts";
import { errorJson } from "./error.ts";
import { count, duration, timeOfDay } from "./format.ts";
import type { Output } from "./output.ts";
import { safeJson, safeLine } from "./safe.ts";
import type { Theme } from "./theme.ts";

/** Prints what a control plane reports: its address on standard output for programs, its log on standard error. */
export async function showServe(output: Output, events: AsyncIterable<ServeEvent>): Promise<void> {
  for await (const event of events) {
    if (event.type === "ready") showAddress(output, event);
    if (event.type === "root-key" && event.key !== undefined) showRootKey(output, event.key);
    showLog(output, event);
  }
}

function showAddress(output: Output, { urls, port, database, profile, exposed }: ServeReady): void {
  output.json({ type: "ready", url: urls[0] ?? "", urls, port, database, profile: profile?.name ?? null });
  if (exposed && output.logsForPeople)
    output.warn("others can reach this over plain HTTP: put a proxy with TLS in front of it");
}

/** Only a terminal gets it, and that is asked of standard output. */
function showRootKey(output: Output, key: string): void {
  output.line(output.out.bold(key));
  output.note(output.err.yellow("  the root key, which is not shown again"));
}

/** A line for people where they read it, else one of JSON. */
function showLog(output: Output, event: ServeEvent): void {
  if (output.logsForPeople) {
    const text = logText(output, event);
    if (text !== undefined) output.note(text);
  } else output.note(safeJson(JSON.stringify(logJson(event))));
}

function logJson(event: ServeEvent): Record<string, unknown> {
  // Named in each place: Node 20 is slow to add fields behind a spread.
  const time = new Date(event.at).toISOString();
  switch (event.type) {
    case "ready": {
      const { urls, database, profile, exposed } = event;
      const level = exposed ? "warn" : "info";
      return {
        time,
        event: event.type,
        level,
        url: urls[0] ?? "",
        database,
        profile: profile?.name ?? null,
        exposed,
      };
    }
    case "account":
      return {
        time,
        event: event.type,
        level: "info",
        account: event.name,
        account_id: event.id,
        made: event.made,
      };
    case "root-key": {
      const { account, keyId, file, profile } = event;
      return {
        time,
        event: event.type,
        level: "info",
        account,
        key_id: keyId,
        file: file ?? null,
        profile: profile ?? null,
      };
    }
    case "request":
      return {
        time,
        event: event.type,
        level: event.status >= 500 ? "error" : "info",
        request_id: event.id,
        method: event.method,
        path: event.path,
        status: event.status,
        code: event.code,
        duration_ms: Math.round(event.durationMs * 10) / 10,
        address: event.address,
        account_id: event.accountId,
        key_id: event.keyId,
      };
    case "auth-failed": {
      const { code, address, limited, keyId } = event;
      return { time, event: event.type, level: "warn", code, address, limited, key_id: keyId };
    }
    case "failed":
      return { time, event: event.type, level: "error", route: event.route, ...errorJson(event.error) };
    case "attempt":
      return {
        time,
        event: event.type,
        level: event.error === null ? "info" : "warn",
        delivery_id: event.deliveryId,
        endpoint_id: event.endpointId,
        account_id: event.accountId,
        provider: event.provider,
        event_type: event.eventType,
        number: event.number,
        kind: event.kind,
        status: event.status,
        error: event.error,
        message: event.message,
        duration_ms: event.durationMs,
        outcome: event.outcome,
        next_attempt_at: event.nextAttemptAt === null ? null : new Date(event.nextAttemptAt).toISOString(),
      };
    case "endpoint-disabled":
      return {
        time,
        event: event.type,
        level: "warn",
        account: event.account,
        endpoint_id: event.endpointId,
        url: event.url,
        reason: event.reason,
        failures: event.failures,
      };
    case "mail":
      return event.error === undefined
        ? { time, event: event.type, level: "info", endpoint_id: event.endpointId }
        : {
            time,
            event: event.type,
            level: "error",
            endpoint_id: event.endpointId,
            ...errorJson(event.error),
          };
    case "stopped":
      return { time, event: event.type, level: "info", requests: event.requests };
  }
}

function logText({ err }: Output, event: ServeEvent): string | undefined {
  const time = err.dim(timeOfDay(event.at));
  switch (event.type) {
    case "ready":
      return readyText(err, event);
    case "account":
      return event.made
        ? `${err.green("✓")} account ${safeLine(event.name, 100)} (${event.id})`
        : `account ${safeLine(event.name, 100)} is there already`;
    case "root-key":
      return rootKeyText(err, event);
    case "request": {
      const status = event.status < 400 ? err.green(String(event.status)) : err.red(String(event.status));
      const parts = [
        `${time}  ${event.method} ${safeLine(event.path, 120)}`,
        status,
        duration(event.durationMs),
        ...(event.code === null ? [] : [event.code]),
        err.dim(event.keyId ?? event.address ?? ""),
      ];
      return parts.join("  ");
    }
    // The line of its request says as much.
    case "auth-failed":
      return undefined;
    case "failed":
      return `${time}  ${err.red("failed")}  ${event.route}: ${safeLine(errorJson(event.error).error.message, 500)}`;
    case "attempt":
      return `${time}  ${attemptText(err, event)}`;
    case "endpoint-disabled": {
      const why =
        event.reason === "gone"
          ? "it answered 410 Gone"
          : `${count(event.failures, "delivery", "deliveries")} in a row failed for good`;
      return `${time}  ${err.yellow("disabled")}  ${event.endpointId} ${safeLine(event.url, 120)}: ${why}`;
    }
    case "mail":
      return event.error === undefined
        ? `${time}  mailed about ${event.endpointId}`
        : `${time}  ${err.red("no mail")}  about ${event.endpointId}: ${safeLine(errorJson(event.error).error.message, 500)}`;
    case "stopped":
      return `${err.green("✓")} stopped after ${count(event.requests, "request", "requests")}`;
  }
}

function attemptText(err: Theme, event: Extract<ServeEvent, { type: "attempt" }>): string {
  const isKept = event.error === null;
  const next = event.nextAttemptAt === null ? event.outcome : `next at ${timeOfDay(event.nextAttemptAt)}`;
  return [
    `→ ${safeLine(`${event.provider}/${event.eventType}`, 80)}`,
    safeLine(event.url, 120),
    isKept
      ? err.green(String(event.status ?? ""))
      : err.red(event.status === null ? (event.error ?? "") : String(event.status)),
    duration(event.durationMs),
    ...(isKept && event.number === 1
      ? []
      : [`${event.kind === "manual" ? "by hand, " : ""}attempt ${event.number}`]),
    ...(isKept ? [] : [next]),
    err.dim(event.deliveryId),
  ].join("  ");
}

function readyText(err: Theme, { urls, database, profile }: ServeReady): string {
  const [url = "", ...others] = urls;
  const how = profile?.current
    ? "which is the current one"
    : `switch to it with: hookline profiles use ${profile?.name ?? ""}`;
  return [
    `${err.green("●")} control plane on ${err.bold(url)}`,
    ...others.map((other) => err.dim(`  and on ${other}`)),
    err.dim(`  database ${safeLine(database, 300)}`),
    ...(profile === undefined ? [] : [err.dim(`  profile ${profile.name}, ${how}`)]),
  ].join("\n");
}

function rootKeyText(err: Theme, { account, keyId, file, profile }: RootKeyGiven): string {
  const places = [
    ...(file === undefined ? [] : [`in ${safeLine(file, 300)}`]),
    ...(profile === undefined ? [] : [`in the profile ${profile}`]),
  ];
  const where = places.length > 0 ? ` is ${places.join(" and ")}` : "";
  return `${err.green("✓")} root key of the account ${safeLine(account, 100)} (${keyId})${where}`;
}
