import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ReplayRequest, RouteShape } from "../api.ts";
import { asEdited, editedBytes, textOf, toBase64 } from "./body-text.ts";
import { Dialog } from "./dialog.tsx";
import { jsonProblem } from "./json-tree.ts";
import { NoRoutes } from "./replay-dialog.tsx";
import { hasHidden, visibleText } from "./visible.ts";

interface EditDialogProps {
  number: number;
  body: Uint8Array;
  routes: readonly RouteShape[];
  /** Index of the route that is chosen at first. */
  likely: number | undefined;
  /** @returns whether the app took it */
  onReplay: (request: ReplayRequest) => Promise<boolean>;
  onClose: () => void;
}

/** A body to be changed and sent again, signed anew. */
export function EditDialog({
  number,
  body,
  routes,
  likely,
  onReplay,
  onClose,
}: EditDialogProps): JSX.Element {
  const original = textOf(body);
  const [text, setText] = useState(() => asEdited(original ?? ""));
  const [route, setRoute] = useState(likely ?? 0);
  const [sending, setSending] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    // Browsers put the caret behind the text, and scroll there.
    field.current?.setSelectionRange(0, 0);
    field.current?.scrollTo(0, 0);
  }, []);
  if (original === undefined || routes.length === 0) {
    return (
      <Dialog title={`Edit #${number}`} onClose={onClose}>
        {original === undefined ? (
          <p class="note">The body is no UTF-8 text, so it cannot be edited here.</p>
        ) : (
          <NoRoutes />
        )}
      </Dialog>
    );
  }
  const isChanged = text !== asEdited(original);
  const problem =
    jsonProblem(original) === undefined || /^\s*[{[]/.test(text) ? jsonProblem(text) : undefined;
  async function send(): Promise<void> {
    if (sending) return;
    setSending(true);
    const body_base64 = toBase64(editedBytes(text, original ?? ""));
    const taken = await onReplay({ route, ...(isChanged ? { body_base64 } : {}) });
    if (taken) onClose();
    else setSending(false);
  }
  return (
    <Dialog title={`Edit #${number} and replay`} class="edit" closesBeside={false} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          void send();
        }}
      >
        <textarea
          ref={field}
          aria-label="Body"
          data-autofocus=""
          spellcheck={false}
          autocomplete="off"
          value={text}
          aria-describedby="edit-state"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div id="edit-state" class="edit-state" aria-live="polite">
          {problem !== undefined && (
            <p class="warning">Not valid JSON, and sent all the same: {visibleText(problem)}</p>
          )}
          {hasHidden(text) && <p class="warning">Holds characters that are not seen here: Raw shows them.</p>}
        </div>
        <div class="edit-foot">
          {routes.length > 1 && (
            <select
              aria-label="Route"
              value={String(route)}
              onChange={(event) => setRoute(Number(event.currentTarget.value))}
            >
              {routes.map(({ index, url, match }) => (
                <option key={index} value={String(index)}>
                  {visibleText(match === null ? url : `${match} → ${url}`)}
                </option>
              ))}
            </select>
          )}
          {routes.length === 1 && <span class="note">to {visibleText(routes[0]?.url ?? "")}</span>}
          <button type="submit" class="primary" disabled={sending}>
            {sending ? "Sending …" : isChanged ? "Send" : "Send unchanged"} <kbd aria-hidden="true">⌃⏎</kbd>
          </button>
        </div>
      </form>
    </Dialog>
  );
}
