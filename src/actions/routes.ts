import { projectError, type Project, type ProjectProblem } from "../config/project.ts";
import { readDuration } from "../config/units.ts";
import { HooklineError, isHooklineError } from "../errors.ts";
import { closest } from "../providers/closest.ts";
import type { Provider } from "../providers/contract.ts";
import type { Registry } from "../providers/index.ts";
import { isOpen } from "../server/event-filters.ts";
import { shownUrl } from "../text/shown-url.ts";
import { isLoopback, parseTarget, type Target } from "../transport/target.ts";

/** Where deliveries of some events are forwarded to. */
export interface Route {
  /** As the user wrote it: `order.*`, `fikafi/*`, `*`. */
  match: string;
  target: Target;
  /** Milliseconds the target has for its answer. */
  timeoutMs: number;
}

/** Who is known, and what holds where a route does not say it. */
export interface RouteContext {
  registry: Registry;
  /** Milliseconds that a target has for its answer. */
  timeoutMs: number;
}

/** The routes that take a delivery, in their order. */
export type Router = (provider: string | undefined, event: string | undefined) => readonly Route[];

/** Answers that a router remembers. */
const mostRemembered = 1000;

/**
 * Reads a route: `order.*=3000/orders`, `fikafi/*=3001/`, `*=4000 timeout=5s`.
 * @throws HooklineError `route-invalid`
 */
export function parseRoute(text: string, { registry, timeoutMs }: RouteContext): Route {
  const split = text.indexOf("=");
  if (split < 0) throw invalid(`${JSON.stringify(text)} is no route: it has no = between events and target`);
  const match = text.slice(0, split).trim();
  const problem = patternProblem(match, registry);
  if (problem !== undefined) throw invalid(`what the route ${JSON.stringify(text)} takes ${problem}`);
  const route = `the route for ${JSON.stringify(match)}`;
  const [to = "", ...settings] = text
    .slice(split + 1)
    .trim()
    .split(/\s+/);
  if (to === "") throw invalid(`${route} has no target behind its =`);
  let ownTimeoutMs: number | undefined;
  for (const setting of settings) {
    if (!setting.startsWith("timeout=") || ownTimeoutMs !== undefined)
      throw invalid(
        `${route} has ${JSON.stringify(setting)} behind its target, where only timeout=5s may stand`,
      );
    const reading = readDuration(setting.slice("timeout=".length));
    if ("problem" in reading) throw invalid(`${route} has a bad timeout: it ${reading.problem}`);
    ownTimeoutMs = reading.value;
  }
  try {
    return { match, target: parseTarget(to), timeoutMs: ownTimeoutMs ?? timeoutMs };
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    throw invalid(`${route} leads nowhere: ${error.message}`, error.nextSteps);
  }
}

/**
 * The routes of a project file, one for each target. They lead to this machine alone: a cloned repository must not be
 * able to send deliveries elsewhere.
 * @throws HooklineError `project-invalid`
 */
export async function projectRoutes(
  project: Pick<Project, "file" | "listen"> | undefined,
  { registry, timeoutMs }: RouteContext,
): Promise<Route[]> {
  const routes: Route[] = [];
  const problems: ProjectProblem[] = [];
  for (const [index, route] of (project?.listen?.routes ?? []).entries()) {
    const path = ["listen", "routes", index];
    const match = route.match.trim();
    const problem = patternProblem(match, registry);
    if (problem !== undefined) problems.push({ path: [...path, "match"], text: problem });
    for (const [item, text] of route.to.entries()) {
      const read = readLocal(text);
      if ("target" in read)
        routes.push({ match, target: read.target, timeoutMs: route.timeoutMs ?? timeoutMs });
      else
        problems.push({ path: [...path, "to", ...(route.to.length > 1 ? [item] : [])], text: read.problem });
    }
  }
  if (project !== undefined && problems.length > 0) throw await refused(project.file, problems);
  return routes;
}

/**
 * The target that a project file names, as it stands there; it leads to this machine, as its routes do.
 * @throws HooklineError `project-invalid`
 */
export async function projectTarget(
  project: Pick<Project, "file" | "listen"> | undefined,
): Promise<string | undefined> {
  const text = project?.listen?.target;
  if (project === undefined || text === undefined) return undefined;
  const read = readLocal(text);
  if ("target" in read) return text;
  throw await refused(project.file, [{ path: ["listen", "target"], text: read.problem }]);
}

/**
 * @param fallback takes what no route does, whatever its pattern
 * @returns each URL once: of several routes to one the first counts
 */
export function createRouter(routes: readonly Route[], fallback: Route | undefined): Router {
  const compiled = routes.map((route) => ({ route, takes: matcher(route.match) }));
  const otherwise = fallback === undefined ? [] : [fallback];
  const remembered = new Map<string, readonly Route[]>();
  return (provider, event) => {
    // Ids of providers have no slash, and no event is without a letter.
    const key = `${provider ?? ""}/${event ?? ""}`;
    const before = remembered.get(key);
    if (before !== undefined) return before;
    const taking = new Map<string, Route>();
    for (const { route, takes } of compiled) {
      const { href } = route.target.url;
      if (!taking.has(href) && takes(provider, event)) taking.set(href, route);
    }
    const answer = taking.size === 0 ? otherwise : [...taking.values()];
    // Names of events come from outside: whoever makes up new ones must not fill the memory.
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(key, answer);
    return answer;
  };
}

/** A sentence for each pattern that no known event fits, with what was likely meant. */
export function routeWarnings(routes: readonly Pick<Route, "match">[], registry: Registry): string[] {
  const patterns = new Set(routes.map(({ match }) => match));
  return [...patterns].flatMap((match) => {
    const { head, rest } = splitPattern(match);
    const owner = head === undefined ? undefined : registry.get(head);
    const senders = owner === undefined ? registry.all : [owner];
    if (isAll(owner === undefined ? match : rest)) return [];
    const takes = matcher(match);
    if (senders.some(({ id, events }) => Object.keys(events).some((event) => takes(id, event)))) return [];
    const near = owner === undefined ? nearPattern(match, registry) : nearEvent(rest, [owner]);
    const isPossible = senders.some(isOpen);
    // Whose users name events of their own may send it; still it is likely a slip where it almost fits what is known.
    if (isPossible && (owner !== undefined || near === undefined)) return [];
    const whose = owner === undefined ? "no known event" : `no event of ${owner.title}`;
    const meant = near === undefined ? "" : `; did you mean ${owner === undefined ? "" : `${head}/`}${near}?`;
    return [`${whose} fits the route for ${JSON.stringify(match)}${meant}`];
  });
}

/** What is wrong with a pattern, as a problem of the place where it stands. */
function patternProblem(match: string, registry: Registry): string | undefined {
  if (match === "") return "must not be empty: * is everything";
  const { head, rest } = splitPattern(match);
  return head !== undefined && rest === "" && registry.get(head) !== undefined
    ? `must name events behind the provider: ${head}/* is all of them`
    : undefined;
}

function splitPattern(match: string): { head: string | undefined; rest: string } {
  const slash = match.indexOf("/");
  return slash < 0
    ? { head: undefined, rest: match }
    : { head: match.slice(0, slash), rest: match.slice(slash + 1) };
}

const isAll = (pattern: string): boolean => /^\*+$/.test(pattern);

/**
 * `a/b` is the event b of the provider a, or an event that is itself called a/b: Shopify's have a slash. A pattern that
 * is all wildcard takes what has no event, too.
 */
function matcher(match: string): (provider: string | undefined, event: string | undefined) => boolean {
  if (isAll(match)) return () => true;
  const { head, rest } = splitPattern(match);
  const whole = glob(match);
  if (head === undefined) return (_, event) => event !== undefined && whole(event);
  const behind = glob(rest);
  return (provider, event) => {
    if (head === "*" || head === provider) {
      if (isAll(rest) || (event !== undefined && behind(event))) return true;
    }
    return event !== undefined && whole(event);
  };
}

/** Whether a text fits a pattern whose `*` stand for any characters. Piece by piece, and never back: both may be hostile. */
function glob(pattern: string): (text: string) => boolean {
  const [first = "", ...pieces] = pattern.split("*");
  const last = pieces.pop();
  if (last === undefined) return (text) => text === pattern;
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let from = first.length;
    for (const piece of pieces) {
      const found = text.indexOf(piece, from);
      if (found < 0 || found + piece.length > end) return false;
      from = found + piece.length;
    }
    return true;
  };
}

function nearPattern(match: string, registry: Registry): string | undefined {
  const { head, rest } = splitPattern(match);
  const ids = registry.all.map(({ id }) => id);
  const provider = head === undefined ? undefined : closest(head, ids)[0];
  return provider === undefined ? nearEvent(match, registry.all) : `${provider}/${rest}`;
}

/** The event, or for a pattern the group of events (`order.*`), that it was likely meant as. */
function nearEvent(match: string, providers: readonly Provider[]): string | undefined {
  const events = providers.flatMap((provider) => Object.keys(provider.events));
  const groups = events.flatMap((event) =>
    [...event.matchAll(/[./]/g)].map(({ index }) => `${event.slice(0, index + 1)}*`),
  );
  return closest(match, match.includes("*") ? [...groups, ...events] : events)[0];
}

/** A target of this machine. A name below localhost is none: some resolvers ask the network for it. */
function readLocal(text: string): { target: Target } | { problem: string } {
  try {
    const target = parseTarget(text);
    if (isLoopback(target.url) && !target.url.hostname.endsWith(".localhost")) return { target };
    return {
      problem:
        "may only name this machine (localhost or 127.0.0.1): this file comes with a repository, which must not be able to send your deliveries elsewhere",
    };
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    // Without the text itself, which the message begins with.
    return { problem: error.message.slice(JSON.stringify(shownUrl(text.trim())).length + 1) };
  }
}

function refused(file: string, problems: readonly ProjectProblem[]): Promise<HooklineError> {
  return projectError(file, problems, {
    nextSteps: [
      "name a port (3000), a port and path (3000/webhooks) or a URL of this machine",
      "give any other target yourself: hookline listen TARGET, or --route 'EVENTS=TARGET'",
    ],
  });
}

function invalid(
  message: string,
  nextSteps: readonly string[] = [
    "write it as EVENTS=TARGET: 'order.*=3000/orders', 'fikafi/*=3001/' or '*=4000'",
  ],
): HooklineError {
  return new HooklineError("route-invalid", message, { nextSteps });
}
