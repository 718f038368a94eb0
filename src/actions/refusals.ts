import type { Connection } from "../config/connection.ts";
import { HooklineError, isHooklineError } from "../errors.ts";
import type { RouteName } from "../remote/contract.ts";

/** What the API says of a key that it does not let in. */
const keyRefused = new Set(["key-missing", "key-invalid", "key-expired", "key-replaced", "key-revoked"]);

/** Commands that list what there is of an area, by the first part of a route's name. */
const listedBy: Readonly<Record<string, string>> = {
  keys: "hookline keys list",
  endpoints: "hookline endpoints list",
  events: "hookline events list",
  deliveries: "hookline deliveries list",
};

/** What was asked for, and of whom. */
interface Asked {
  name: RouteName;
  input: unknown;
  connection: Connection;
}

/**
 * An error of the API for who sits at this machine: what to do about the key, named by the place it came from, and the
 * id that there is not. Any other comes back as it is.
 */
export function explainRefusal(error: unknown, { name, input, connection }: Asked): unknown {
  if (!isHooklineError(error)) return error;
  const { code, message, exitCode } = error;
  const as = (text: string, nextSteps: readonly string[]): HooklineError =>
    new HooklineError(code, text, { exitCode, nextSteps, cause: error });
  if (keyRefused.has(code)) {
    // Stripe's message says best where its keys are.
    const more = connection.kind === "stripe" ? error.nextSteps.slice(0, 1) : [];
    return as(message, [...stepsForKey(connection), ...more]);
  }
  if (connection.kind === "stripe") return error;
  const id = (input as { params?: { id?: unknown } }).params?.id;
  if ((code === "not-found" || code === "id-invalid") && typeof id === "string") {
    const list = listedBy[name.split(".")[0] ?? ""];
    const nextSteps = list === undefined ? error.nextSteps : [`see what there is: ${list}`];
    // An id that is malformed stands in the message as it is.
    return as(code === "not-found" ? `${message}: ${quoted(id)}` : message, nextSteps);
  }
  return error;
}

/** Where the key came from, and how to put another in its place. */
function stepsForKey({ kind, profile, keySource, urlSource, url }: Connection): string[] {
  const login =
    kind === "stripe"
      ? "hookline login --stripe"
      : `hookline login ${url === undefined ? "URL" : shownUrl(url)}`;
  switch (keySource) {
    case "profile":
      return [
        `the key is the one of the profile ${profile}: log in again with ${login} --profile ${profile}`,
      ];
    case "environment":
    case "env-file": {
      const file = keySource === "env-file" ? " of the env file" : "";
      const isEmbedded = kind === "embedded";
      return [
        `the key is the one of HOOKLINE_API_KEY${file}: put another there`,
        isEmbedded
          ? "or unset it, so that this machine itself asks"
          : profile !== "embedded" && urlSource === "profile"
            ? `or unset it, so that the key of the profile ${profile} is used`
            : `or unset it and log in with ${login}`,
      ];
    }
    case undefined:
      return [`log in with ${login}`];
  }
}

function shownUrl(url: URL): string {
  return url.href.replace(/\/$/, "");
}

function quoted(id: string): string {
  return JSON.stringify(id.length > 100 ? `${id.slice(0, 99)}…` : id);
}
