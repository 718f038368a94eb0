import { openPage } from "../actions/open-page.ts";
import { ownsTerminal } from "../actions/terminal-owner.ts";
import type { ListenKeys } from "../ui/listen-keys.ts";
import type { Session } from "./context.ts";

/** What the keys of `listen` need; undefined where standard input is no terminal. */
export function keysOf({ prompts }: Session): ListenKeys | undefined {
  const { stdin, platform, pid } = process;
  if (!stdin.isTTY) return undefined;
  return {
    prompts,
    stdin,
    process,
    ownsTerminal: () => ownsTerminal(platform, pid),
    open: async (url) => openPage(url, platform, (await import("node:child_process")).spawn),
  };
}
