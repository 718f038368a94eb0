import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { formatCount } from "./format.ts";
import { Value } from "./value.tsx";

interface PairsProps {
  pairs: readonly (readonly [name: string, value: string])[];
  /** What a name is one of: `Header`. */
  of: string;
  label?: string;
  /** How many are shown at first. */
  most: number;
  children: (name: string, value: string) => ComponentChildren;
}

/** Names and values, in their order. */
export function Pairs({ pairs, of, label, most, children }: PairsProps): JSX.Element {
  const [all, showAll] = useState(false);
  const shown = all ? pairs : pairs.slice(0, most);
  return (
    <>
      <table class="pairs" aria-label={label}>
        <thead class="unseen">
          <tr>
            <th scope="col">{of}</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(([name, value], index) => (
            <tr key={index}>
              <th scope="row">
                <Value text={name} max={200} />
              </th>
              {children(name, value)}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < pairs.length && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          Show all: {formatCount(pairs.length - shown.length, "more", "more")}
        </button>
      )}
    </>
  );
}
