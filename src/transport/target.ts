import { HooklineError } from "../errors.ts";
import { shownUrl } from "../text/shown-url.ts";

/** Where requests go. */
export interface Target {
  url: URL;
  /** The user's text ended in `/`: whatever follows a listener's own path is added to it. */
  open: boolean;
}

/**
 * Reads a target: `3000`, `3000/path`, `host:port/path` or a URL.
 * @throws HooklineError `target-invalid`
 */
export function parseTarget(text: string): Target {
  const given = text.trim();
  const wrong = (why: string): HooklineError =>
    new HooklineError("target-invalid", `${JSON.stringify(shownUrl(given))} is not a target: ${why}`, {
      nextSteps: ["give a port (3000), a port and path (3000/webhooks), host:port/path, or a whole URL"],
    });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(given)?.[1]?.toLowerCase();
  let href: string;
  if (scheme !== undefined) {
    if (scheme !== "http" && scheme !== "https") throw wrong(`hookline speaks http and https, not ${scheme}`);
    href = given;
  } else if (/^\d+(?=$|[/?])/.test(given)) {
    href = `http://localhost:${given}`;
  } else if (/^(\[[0-9a-f:.]+\]|[^\s:/?#@]+):\d+(?=$|[/?])/i.test(given)) {
    href = `http://${given}`;
  } else if (given === "") {
    throw wrong("it is empty");
  } else {
    throw wrong("it has neither a port nor http:// or https:// in front");
  }
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    throw wrong("it is no URL (is the port above 65535, or the host misspelt?)");
  }
  if (url.port === "0") throw wrong("nothing can listen on port 0");
  if (url.username !== "" || url.password !== "") {
    throw wrong("a user name or password does not belong into a URL; send it with -H 'Authorization: …'");
  }
  url.hash = "";
  const path = given.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replace(/[?#].*$/s, "");
  return { url, open: path.endsWith("/") };
}

/** Whether the host is this machine by its very name or address. */
export function isLoopback(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return (
    host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127(\.\d+){3}$/.test(host)
  );
}
