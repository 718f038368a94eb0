import type { JSX } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";
import { Value } from "./value.tsx";

/** A line that tells how something went. */
export interface Notice {
  id: number;
  kind: "done" | "failed" | "under way";
  text: string;
}

export type Tell = (kind: Notice["kind"], text: string) => void;

const shownMs = { done: 4000, failed: 10_000, "under way": 30_000 } as const;
const most = 3;

/** The notices shown, and how to add one; one that is under way makes room for its outcome. */
export function useNotices(): [Notice[], Tell, (id: number) => void] {
  const [notices, setNotices] = useState<Notice[]>([]);
  const last = useRef(0);
  const dismiss = useCallback((id: number): void => {
    setNotices((shown) => shown.filter((notice) => notice.id !== id));
  }, []);
  const tell = useCallback<Tell>((kind, text) => {
    const id = ++last.current;
    setNotices((shown) => [
      ...shown.filter((notice) => notice.kind !== "under way").slice(1 - most),
      { id, kind, text },
    ]);
    setTimeout(() => dismiss(id), shownMs[kind]);
  }, []);
  return [notices, tell, dismiss];
}

export function Notices(props: { notices: Notice[]; onDismiss: (id: number) => void }): JSX.Element {
  const { notices, onDismiss } = props;
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.map(({ id, kind, text }) => (
        <div key={id} class={`notice ${kind === "under way" ? "waiting" : kind}`}>
          <Value text={text} max={300} />
          <button type="button" class="icon" aria-label="Dismiss" onClick={() => onDismiss(id)}>
            <span aria-hidden="true">✕</span>
          </button>
        </div>
      ))}
    </div>
  );
}
