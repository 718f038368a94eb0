import type { JSX } from "preact";
import type { Session } from "../api.ts";
import type { Actions } from "./actions.ts";
import type { Bodies } from "./bodies.ts";
import { CompareDialog } from "./compare-dialog.tsx";
import { Dialog } from "./dialog.tsx";
import { EditDialog } from "./edit-dialog.tsx";
import { HelpDialog } from "./help-dialog.tsx";
import { useAsked } from "./hooks.ts";
import { ReplayDialog } from "./replay-dialog.tsx";
import { Value } from "./value.tsx";

/** The dialog that is open, and what it is about. */
export type OpenDialog =
  | { kind: "help" }
  | { kind: "replay" | "edit"; number: number; likely: number | undefined }
  | { kind: "compare"; before: number; after: number }
  | { kind: "copy"; what: string; text: string };

interface DialogsProps {
  open: OpenDialog | undefined;
  session: Session | undefined;
  bodies: Bodies;
  actions: Actions;
  onClose: () => void;
}

export function Dialogs({ open, session, bodies, actions, onClose }: DialogsProps): JSX.Element | null {
  const edited = useAsked(open?.kind === "edit" ? open.number : undefined, 0, (number) => bodies(number));
  const routes = session?.routes ?? [];
  switch (open?.kind) {
    case undefined:
      return null;
    case "help":
      return <HelpDialog version={session?.version ?? ""} onClose={onClose} />;
    case "replay":
      return (
        <ReplayDialog
          number={open.number}
          routes={routes}
          likely={open.likely}
          onReplay={(request) => void actions.replay(open.number, request)}
          onClose={onClose}
        />
      );
    case "edit":
      if (edited.value === undefined && edited.problem === undefined) return null;
      return (
        <EditDialog
          number={open.number}
          body={edited.value ?? new Uint8Array()}
          routes={routes}
          likely={open.likely}
          onReplay={(request) => actions.replay(open.number, request)}
          onClose={onClose}
        />
      );
    case "compare":
      return <CompareDialog before={open.before} after={open.after} bodies={bodies} onClose={onClose} />;
    case "copy":
      return (
        <Dialog title={`Copy the ${open.what}`} onClose={onClose}>
          <p class="note">The browser did not let the page copy it: select it here.</p>
          <pre class="raw" tabIndex={0} data-autofocus="">
            <Value text={open.text} lines />
          </pre>
        </Dialog>
      );
  }
}
