import type { ListenReady } from "../actions/listen-events.ts";
import { cells, cutMiddle, fit, joinFitting, wrap } from "./cells.ts";
import { safeLine } from "./safe.ts";
import type { Theme } from "./theme.ts";

/** A key and what it does: `["r", "replay the last"]`. */
export type KeyHint = readonly [key: string, does: string];

/** Code points of a URL that are printed where nothing limits them. */
const longestUrl = 500;

/** What a listener that is up has to say: where it is, where what comes goes, and what else it does. */
export function readyLines(
  ready: ListenReady,
  { theme, width, keys }: { theme: Theme; width: number; keys: readonly KeyHint[] },
): string[] {
  const { urls, port, target, routes, paths, inspector, registered } = ready;
  const [url = "", ...others] = urls;
  const room = width - 2;
  const lines: string[] = [];
  const note = (text: string): void => {
    for (const line of wrap(text, room)) lines.push(`  ${theme.dim(line)}`);
  };

  const head = `● listening on ${url}`;
  const forwarding = target === undefined || routes.length > 0 ? "" : ` → ${shownUrl(target)}`;
  const fits = cells(head + forwarding) <= width;
  lines.push(`${theme.green("●")} listening on ${theme.bold(url)}${fits ? forwarding : ""}`);
  if (!fits) lines.push(fit(`  → ${cutMiddle(forwarding.slice(3), room - 2)}`, width));
  lines.push(...routeLines(ready, width));
  if (others.length > 0) note(`and on ${others.join(", ")}`);
  const examples = [2, 1].map((some) => {
    const shown = paths.slice(0, some).map((path) => `${url}/${path}`);
    return `each provider has its own path: ${shown.join(", ")}${paths.length > some ? " …" : ""}`;
  });
  note(examples.find((text) => wrap(text, room).length <= 2) ?? examples.at(-1) ?? "");
  const cloudflared = `from outside: cloudflared tunnel --url ${url}`;
  const ssh = `ssh -R 80:localhost:${port} localhost.run`;
  const inOne = `${cloudflared}   or   ${ssh}`;
  for (const line of cells(inOne) <= room ? [inOne] : [cloudflared, `or: ${ssh}`]) note(line);
  for (const { id, provider, url: its, profile } of registered)
    note(
      `registered: ${safeLine(id, 100)} at ${safeLine(profile, 60)}, ${safeLine(provider, 60)} → ${shownUrl(its)}`,
    );
  note(ready.recording ? "recorded: hookline inbox list" : "not recorded");
  // Never cut: the end of it is what opens the door.
  if (inspector !== undefined) lines.push(`  ${theme.dim("inspector:")} ${safeLine(inspector, longestUrl)}`);
  lines.push(...keyLines(keys, theme, width));
  return lines;
}

/** `r replay the last · q quit` */
export function keyLines(keys: readonly KeyHint[], theme: Theme, width: number): string[] {
  const items = keys.map(([key, does]) => `${theme.bold(key)} ${theme.dim(does)}`);
  return joinFitting(items, theme.dim(" · "), width - 2).map((line) => `  ${line}`);
}

/** Routes, one below the other, and what goes to the target for want of a route. */
function routeLines({ routes, target }: ListenReady, width: number): string[] {
  if (routes.length === 0) return [];
  const all = routes.map(({ match, target: to }) => [safeLine(match, 60), to.url.href] as const);
  if (target !== undefined) all.push(["all else", target]);
  const longest = Math.max(...all.map(([match]) => cells(match)));
  // A long pattern leaves the rest to where it leads.
  const column = Math.min(longest, Math.max(Math.floor(width / 3), 8));
  return all.map(([match, to]) => {
    const name = cutMiddle(match, column);
    const start = `  ${name}${" ".repeat(column - cells(name))} → `;
    return fit(`${start}${cutMiddle(shownUrl(to), Math.max(width - cells(start), 16))}`, width);
  });
}

const shownUrl = (url: string): string => safeLine(url, longestUrl);
