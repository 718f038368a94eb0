import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Connection } from "./event-stream.ts";
import { formatCount } from "./format.ts";
import type { Live } from "./live.ts";
import { keepTheme, nextTheme, readTheme } from "./theme.ts";
import { Value } from "./value.tsx";

const states: Readonly<Record<Connection, string>> = {
  connecting: "Connecting …",
  live: "Live",
  lost: "Listener stopped · reconnecting …",
};

/** Which listener this is, whether it runs, and what concerns the whole page. */
export function TopBar({ live, onHelp }: { live: Live; onHelp: () => void }): JSX.Element {
  const { connection, session, list } = live;
  const [theme, setTheme] = useState(readTheme);
  const change = (): void => {
    const chosen = nextTheme(theme);
    keepTheme(chosen);
    setTheme(chosen);
  };
  return (
    <header class="top-bar">
      <h1>
        hookline<span class="unseen"> inspector</span>
      </h1>
      <p class={`connection ${connection}`} role="status">
        <span class="dot" aria-hidden="true" />
        {states[connection]}
      </p>
      {session !== undefined && <Value text={session.listening} max={100} class="listening" />}
      <span class="total">
        {list.total !== undefined && formatCount(list.total, "delivery", "deliveries")}
      </span>
      <button
        type="button"
        class="icon"
        aria-label={`Theme: ${theme}`}
        title={`Theme: ${theme}`}
        onClick={change}
      >
        <span aria-hidden="true">{theme === "system" ? "◐" : theme === "light" ? "○" : "●"}</span>
      </button>
      <button type="button" class="icon" aria-label="Keys" aria-keyshortcuts="?" onClick={onHelp}>
        <span aria-hidden="true">?</span>
      </button>
    </header>
  );
}
