import type { JSX } from "preact";
import type { Session } from "../api.ts";
import { Value } from "./value.tsx";

interface CopyProps {
  text: string;
  onCopy: (what: string, text: string) => void;
}

/** What stands in the list's place before anything has come. */
export function NothingYet(props: { session: Session; onCopy: CopyProps["onCopy"] }): JSX.Element {
  const { session, onCopy } = props;
  const { listening, providers } = session;
  const first = providers[0];
  return (
    <div class="empty">
      <p class="empty-title">Nothing received yet</p>
      <p>Deliveries show up here as they arrive. This listener is at</p>
      <Copyable text={listening} onCopy={onCopy} />
      {first !== undefined && (
        <>
          <p>and each provider has its own path, such as</p>
          <Copyable text={`${listening.replace(/\/$/, "")}/${first.id}`} onCopy={onCopy} />
        </>
      )}
      <p>Send it something:</p>
      <Copyable text={`hookline replay order.created --to ${listening}`} onCopy={onCopy} />
    </div>
  );
}

function Copyable({ text, onCopy }: CopyProps): JSX.Element {
  return (
    <div class="copyable">
      <code>
        <Value text={text} max={300} />
      </code>
      <button type="button" onClick={() => onCopy("text", text)}>
        Copy
      </button>
    </div>
  );
}

export function NothingFits({ onClear }: { onClear: () => void }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">Nothing fits the filter</p>
      <button type="button" onClick={onClear}>
        Clear filters
      </button>
    </div>
  );
}

/** The whole page, where this tab has no token or a wrong one. */
export function Closed(): JSX.Element {
  return (
    <main class="closed">
      <h1>This page is locked</h1>
      <p>
        The inspector opens with a link of its own, made anew whenever <code>hookline listen</code> starts.
      </p>
      <p>
        Press <kbd>o</kbd> in the terminal where it runs, or open the link that it printed.
      </p>
    </main>
  );
}
