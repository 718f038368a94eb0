import type { JSX } from "preact";
import type { DeliveryDetail, Session } from "../api.ts";
import type { Asked } from "./hooks.ts";

/** What the buttons of a delivery, and the keys, do. */
export interface DetailCommands {
  replay: () => void;
  replayTo: () => void;
  edit: () => void;
  compare: () => void;
  copyCurl: () => void;
  close: () => void;
}

/** The toolbar of a delivery. */
export function Commands(props: {
  number: number;
  commands: DetailCommands;
  marked: number | undefined;
  session: Session | undefined;
  detail: Asked<DeliveryDetail>;
}): JSX.Element {
  const { number, commands, marked, session, detail } = props;
  const { replay, replayTo, edit, compare, copyCurl } = commands;
  const hasRoutes = (session?.routes.length ?? 0) > 0;
  const hasBody = detail.value?.has_body !== false;
  return (
    <div class="commands" role="toolbar" aria-label="Delivery">
      <span class="split">
        <Command keys="r" label="Replay" primary onAct={replay} disabled={!hasRoutes || !hasBody} />
        <button
          type="button"
          class="primary"
          aria-label="Replay to …"
          title="Replay to another route, or with the original headers"
          disabled={!hasRoutes || !hasBody}
          onClick={replayTo}
        >
          <span aria-hidden="true">▾</span>
        </button>
      </span>
      <Command keys="e" label="Edit" onAct={edit} disabled={!hasRoutes || !hasBody} />
      <Command
        keys="x"
        label={
          marked === undefined ? "Compare" : marked === number ? "Stop comparing" : `Compare with #${marked}`
        }
        onAct={compare}
        disabled={!hasBody}
      />
      <Command keys="c" label="Copy as curl" onAct={copyCurl} disabled={!hasBody} />
    </div>
  );
}

function Command(props: {
  keys: string;
  label: string;
  primary?: boolean;
  disabled?: boolean;
  onAct: () => void;
}): JSX.Element {
  const { keys, label, primary = false, disabled = false, onAct } = props;
  return (
    <button
      type="button"
      class={primary ? "primary" : undefined}
      disabled={disabled}
      aria-keyshortcuts={keys}
      onClick={onAct}
    >
      {label} <kbd aria-hidden="true">{keys}</kbd>
    </button>
  );
}
