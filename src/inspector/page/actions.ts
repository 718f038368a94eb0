import type { AttemptShape, ReplayRequest, RouteShape } from "../api.ts";
import { messageOf } from "./client.ts";
import type { Client } from "./client.ts";
import { copyText } from "./clipboard.ts";
import { formatDuration } from "./format.ts";
import type { Tell } from "./notices.tsx";
import { visibleText } from "./visible.ts";

/** What can be done with a delivery. None of them throws: how it went is told. */
export interface Actions {
  /** @returns whether the app took it */
  replay(number: number, request: ReplayRequest): Promise<boolean>;
  copy(what: string, text: string | Promise<string>): void;
}

interface ActionOptions {
  client: Client;
  tell: Tell;
  /** A delivery has changed. */
  onReplayed: (number: number) => void;
  /** The browser would not let the page copy it. */
  onNotCopied: (what: string, text: string) => void;
}

export function createActions({ client, tell, onReplayed, onNotCopied }: ActionOptions): Actions {
  return {
    async replay(number, request) {
      tell("under way", `Replaying #${number} …`);
      try {
        const attempt = await client.replay(number, request);
        tell(attempt.ok ? "done" : "failed", outcome(number, attempt));
        onReplayed(number);
        return attempt.ok;
      } catch (error) {
        tell("failed", `#${number} was not replayed: ${messageOf(error)}`);
        return false;
      }
    },
    copy(what, text) {
      copyText(text).then(
        () => tell("done", `Copied the ${what}`),
        () =>
          Promise.resolve(text).then(
            (value) => onNotCopied(what, value),
            (error: unknown) => tell("failed", `The ${what} was not copied: ${messageOf(error)}`),
          ),
      );
    },
  };
}

function outcome(
  number: number,
  { url, ok, status, error, message, duration_ms: took }: AttemptShape,
): string {
  const answer = status === null ? (message ?? error ?? "no answer") : `answered ${status}`;
  return `Replayed #${number} to ${visibleText(url)}: ${answer}${ok ? "" : ", not taken"}, after ${formatDuration(took)}`;
}

/** The route a delivery went by, else the first: where a replay of it most likely belongs. */
export function likelyRoute(
  routes: readonly RouteShape[],
  attempts: readonly AttemptShape[],
): RouteShape | undefined {
  const last = attempts.at(-1);
  const byUrl = routes.find(({ url }) => url === last?.url);
  return byUrl ?? routes.find(({ match }) => last !== undefined && match === last.route) ?? routes[0];
}
