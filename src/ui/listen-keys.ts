import type { Listening, ListenReady } from "../actions/listen-events.ts";
import { readKeys, type KeySource } from "./key-reader.ts";
import type { KeyHint } from "./listen-ready.ts";
import type { ListenScreen } from "./listen-screen.ts";
import { isPromptAbort, type Prompts } from "./prompts.ts";

export interface ListenKeys extends KeySource {
  prompts: Pick<Prompts, "input">;
  /** Opens a page in the browser; false where nothing can. */
  open: (url: string) => Promise<boolean>;
}

/** Keys at work. */
export interface OpenKeys {
  /** Those that can do something. */
  hints: readonly KeyHint[];
  /** Leaves the terminal as it was, and the question that is open. */
  close(): void;
}

interface Key {
  key: string;
  does: string;
  press: () => void | Promise<void>;
}

/** Reads keys and does what they ask for. */
export function openKeys(
  { prompts, open, ...source }: ListenKeys,
  {
    screen,
    listening,
    ready,
    hasFilter,
  }: { screen: ListenScreen; listening: Listening; ready: ListenReady; hasFilter: boolean },
): OpenKeys {
  const { target, routes, inspector } = ready;
  let isReplaying = false;
  let isClosed = false;
  let isAsking = false;

  const replay = async (): Promise<void> => {
    if (isReplaying) return;
    isReplaying = true;
    try {
      if (!(await listening.replayLast()))
        screen.note("nothing to replay: no delivery was accepted yet, or no target takes it");
    } catch (error) {
      screen.note(`it was not replayed: ${(error as Error).message}`);
    } finally {
      isReplaying = false;
    }
  };
  const openInspector = async (): Promise<void> => {
    let byHand = inspector;
    let why = "nothing here opens a browser";
    try {
      const page = listening.inspectorPage();
      if (page === undefined) return screen.note("the inspector is off");
      if (await open(page)) return;
      byHand ??= page;
    } catch (error) {
      why = `the inspector was not opened: ${(error as Error).message}`;
    }
    if (byHand === undefined) return screen.note(why);
    screen.note(`${why}; open it by hand:`);
    screen.address(byHand);
  };
  const ask = async (): Promise<void> => {
    isAsking = true;
    reader.pause();
    screen.note("words such as order.*, or failed, rejected, verified, unverified; nothing shows all");
    screen.hold();
    try {
      const text = await prompts.input("Show only");
      if (!isClosed) screen.filter(text);
    } catch (error) {
      if (!isPromptAbort(error)) throw error;
    } finally {
      isAsking = false;
      if (!isClosed) {
        screen.release();
        reader.resume();
      }
    }
  };

  const keys: Key[] = [
    ...(target === undefined && routes.length === 0
      ? []
      : [{ key: "r", does: "replay the last", press: replay }]),
    ...(inspector === undefined ? [] : [{ key: "o", does: "open in the inspector", press: openInspector }]),
    ...(hasFilter ? [{ key: "f", does: "filter", press: ask }] : []),
    { key: "c", does: "clear", press: () => screen.clear() },
    { key: "q", does: "quit", press: () => listening.stop() },
  ];
  const reader = readKeys(source, (pressed) => {
    if (pressed === "?" || pressed === "h") screen.help();
    else void keys.find(({ key }) => key === pressed)?.press();
  });
  return {
    hints: keys.map(({ key, does }) => [key, does]),
    close() {
      if (isClosed) return;
      isClosed = true;
      reader.close();
      if (!isAsking) return;
      // The question stays unanswered; what follows stands below it.
      screen.note("");
      screen.release();
    },
  };
}
