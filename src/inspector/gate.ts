import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { InspectorProblem } from "./problem.ts";

/** Who may speak to the inspector. Every check stands by itself: none relies on what another one refuses. */
export interface Gate {
  /**
   * The request is meant for this server, and no other page's doing.
   * @param isPage whether the page itself is asked for, to which a link may lead from anywhere
   * @throws InspectorProblem 421, 403
   */
  checkSite(request: IncomingMessage, isPage: boolean): void;
  /** @throws InspectorProblem 401 */
  checkToken(request: IncomingMessage): void;
}

export function createGate({ port, token }: { port: number; token: string }): Gate {
  const names = ["127.0.0.1", "localhost", "[::1]"];
  // Browsers leave out the port that is http's own.
  const hosts = new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])));
  const expected = digest(token);
  return {
    checkSite(request, isPage) {
      const { method, url = "", headersDistinct } = request;
      const host = only(headersDistinct["host"])?.toLowerCase();
      // A name that somebody else's DNS points here is theirs, and so would be whatever their page reads under it.
      if (host === undefined || !hosts.has(host) || !isOwnForm(method, url)) {
        throw new InspectorProblem(421, "host-refused", "this request is not addressed to the inspector", {
          nextSteps: [`open the inspector at http://127.0.0.1:${port}/`],
        });
      }
      const origins = headersDistinct["origin"];
      const isOwn = origins === undefined ? method !== "POST" : only(origins) === `http://${host}`;
      if (!isOwn) throw foreign("its Origin is not the inspector's own");
      const sites = headersDistinct["sec-fetch-site"];
      if (sites === undefined || sites.every((site) => site === "same-origin" || site === "none")) return;
      if (!isPage || !isNavigation(request)) throw foreign("another page made it");
    },
    checkToken({ headersDistinct }) {
      const given = /^Bearer +([\w-]{1,200})$/i.exec(only(headersDistinct["authorization"]) ?? "")?.[1];
      // Of equal length whatever was given, so that the time it takes tells nothing.
      if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
      throw new InspectorProblem(401, "token-missing", "the inspector's token is missing or wrong", {
        nextSteps: ["open the inspector by the link that `hookline listen` printed"],
        headers: { "WWW-Authenticate": "Bearer" },
      });
    },
  };
}

/** A path: a whole URL names another host than the header, and is a proxy's business. */
function isOwnForm(method: string | undefined, url: string): boolean {
  return url.startsWith("/") || (url === "*" && method === "OPTIONS");
}

/** In a tab of its own: there the page has no token, and whoever led there sees nothing of it. */
function isNavigation({ method, headersDistinct }: IncomingMessage): boolean {
  return (
    method === "GET" &&
    only(headersDistinct["sec-fetch-mode"]) === "navigate" &&
    only(headersDistinct["sec-fetch-dest"]) === "document"
  );
}

function foreign(why: string): InspectorProblem {
  return new InspectorProblem(403, "origin-refused", `only the inspector's own page may ask this: ${why}`);
}

/** The value of a header that is there once. */
function only(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 ? values[0] : undefined;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
