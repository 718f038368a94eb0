import type { RootKeyGiven, ServeEvent, ServeReady } from "../actions/serve-events.ts";
import { errorJson } from "./error.ts";
import { count, duration, timeOfDay } from "./format.ts";
import type { Output } from "./output.ts";
import { safeJson, safeLine } from "./safe.ts";

type Logged = Exclude<ServeEvent, { type: "ready" | "root-key" | "account" }>;

/** Prints what a control plane reports: its address on standard output for programs, its log on standard error. */
export async function showServe(output: Output, events: AsyncIterable<ServeEvent>): Promise<void> {
  for await (const event of events) {
    if (event.type === "ready") showReady(output, event);
    else if (event.type === "root-key") showRootKey(output, event);
    else if (event.type === "account") {
      const { err } = output;
      const name = safeLine(event.name, 100);
      output.note(
        event.made ? `${err.green("✓")} account ${name} (${event.id})` : `account ${name} is there already`,
      );
    } else showLog(output, event);
  }
}

function showReady(output: Output, ready: ServeReady): void {
  const [url = ""] = ready.urls;
  output.json({
    type: "ready",
    url,
    urls: ready.urls,
    port: ready.port,
    database: ready.database,
    profile: ready.profile?.name ?? null,
  });
  const { err } = output;
  output.note(`${err.green("●")} control plane on ${err.bold(url)}`);
  for (const other of ready.urls.slice(1)) output.note(err.dim(`  and on ${other}`));
  output.note(err.dim(`  database ${safeLine(ready.database, 300)}`));
  const { profile } = ready;
  if (profile !== undefined) {
    const how = profile.current
      ? "which is the current one"
      : `switch to it with: hookline profiles use ${profile.name}`;
    output.note(err.dim(`  profile ${profile.name}, ${how}`));
  }
  if (ready.exposed)
    output.warn("others can reach this over plain HTTP: put a proxy with TLS in front of it");
}

function showRootKey(output: Output, { account, key, file, profile, keyId }: RootKeyGiven): void {
  const places = [
    ...(file === undefined ? [] : [`in ${safeLine(file, 300)}`]),
    ...(profile === undefined ? [] : [`in the profile ${profile}`]),
  ];
  const { err } = output;
  output.note(
    `${err.green("✓")} root key of the account ${safeLine(account, 100)} (${keyId})${places.length > 0 ? ` is ${places.join(" and ")}` : ""}`,
  );
  if (key === undefined) return;
  // Only a terminal gets it, and that is asked of standard output.
  output.line(output.out.bold(key));
  output.note(err.yellow("  it is not shown again"));
}

/** A line for people where they read it, else one of JSON. */
function showLog(output: Output, event: Logged): void {
  if (output.logsForPeople) {
    const text = logText(output, event);
    if (text !== undefined) output.note(text);
  } else output.note(safeJson(JSON.stringify(logJson(event))));
}

function logJson(event: Logged): Record<string, unknown> {
  const head = { time: new Date(event.at).toISOString(), event: event.type };
  switch (event.type) {
    case "request":
      return {
        ...head,
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
      return { ...head, level: "warn", code, address, limited, key_id: keyId };
    }
    case "failed":
      return { ...head, level: "error", route: event.route, ...errorJson(event.error) };
    case "stopped":
      return { ...head, level: "info", requests: event.requests };
  }
}

function logText({ err }: Output, event: Logged): string | undefined {
  const time = err.dim(timeOfDay(event.at));
  switch (event.type) {
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
    case "stopped":
      return `${err.green("✓")} stopped after ${count(event.requests, "request", "requests")}`;
  }
}
