import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { head, visible } from "./visible.ts";

interface ValueProps {
  text: string;
  /** Characters shown before it is cut; all of them where it is left out. */
  max?: number;
  /** Line feeds and tabs stay. */
  lines?: boolean;
  class?: string;
}

/** Text from outside: characters that would not be seen are written out, and its direction keeps to itself. */
export function Value({ text, max, lines = false, class: name }: ValueProps): JSX.Element {
  const [isWhole, showWhole] = useState(false);
  const shown = max === undefined || isWhole ? text : head(text, max);
  const rest = text.length - shown.length;
  return (
    <bdi class={name === undefined ? "value" : `value ${name}`}>
      {visible(shown, lines).map(({ text: piece, escape }) =>
        escape ? <span class="escape">{piece}</span> : piece,
      )}
      {rest > 0 && (
        <button type="button" class="more" onClick={() => showWhole(true)}>
          … {rest.toLocaleString("en-US")} more
        </button>
      )}
    </bdi>
  );
}
