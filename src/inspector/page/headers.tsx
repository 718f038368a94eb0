import type { JSX } from "preact";
import { Pairs } from "./pairs.tsx";
import { Value } from "./value.tsx";

/** Headers in the order and case in which they came. */
export function Headers(props: { headers: [name: string, value: string][]; label: string }): JSX.Element {
  return (
    <Pairs pairs={props.headers} of="Header" label={props.label} most={60}>
      {(_, value) => (
        <td class={value === "[redacted]" ? "redacted" : undefined}>
          <Value text={value} max={500} />
        </td>
      )}
    </Pairs>
  );
}
