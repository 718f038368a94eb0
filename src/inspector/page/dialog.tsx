import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface DialogProps {
  title: ComponentChildren;
  class?: string;
  /** A click beside it closes it. */
  closesBeside?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal dialog, open as long as it is drawn. The first element with `data-autofocus` gets the focus. */
export function Dialog({
  title,
  class: name = "",
  closesBeside = true,
  onClose,
  children,
}: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    element?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    // Closed before it leaves the document, so that the focus goes back to where it was.
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={name}
      aria-labelledby={id}
      onClose={onClose}
      onPointerDown={(event) => {
        // The backdrop belongs to the dialog itself.
        if (closesBeside && event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="icon" aria-label="Close" onClick={onClose}>
          <span aria-hidden="true">✕</span>
        </button>
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
