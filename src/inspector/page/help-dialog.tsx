import type { JSX } from "preact";
import { Dialog } from "./dialog.tsx";

const keys: readonly [keys: readonly string[], what: string][] = [
  [["j", "↓"], "next delivery"],
  [["k", "↑"], "previous delivery"],
  [["Enter"], "open it"],
  [["r"], "replay it"],
  [["e"], "edit its body and replay"],
  [["x"], "mark it; on another one, compare the two"],
  [["c"], "copy it as a curl command"],
  [["/"], "search"],
  [["Esc"], "close, or clear"],
  [["?"], "this list"],
];

export function HelpDialog({ version, onClose }: { version: string; onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Keys" class="help" onClose={onClose}>
      <dl class="keys">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="note">In the body's tree, the arrow keys move, open and close.</p>
      <p class="note">hookline {version}</p>
    </Dialog>
  );
}
