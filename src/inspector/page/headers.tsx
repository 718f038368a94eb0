import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Value } from "./value.tsx";

/** Headers that are shown at first. */
const most = 60;

/** Headers in the order and case in which they came. */
export function Headers(props: { headers: [name: string, value: string][]; label: string }): JSX.Element {
  const { headers, label } = props;
  const [all, showAll] = useState(false);
  const shown = all ? headers : headers.slice(0, most);
  return (
    <>
      <table class="pairs" aria-label={label}>
        <thead class="unseen">
          <tr>
            <th scope="col">Header</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(([name, value], index) => (
            <tr key={index}>
              <th scope="row">
                <Value text={name} max={100} />
              </th>
              <td class={value === "[redacted]" ? "redacted" : undefined}>
                <Value text={value} max={500} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < headers.length && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          Show all: {headers.length - shown.length} more
        </button>
      )}
    </>
  );
}
