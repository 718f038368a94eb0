import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { diffBodies } from "../../inbox/diff.ts";
import type { BodyDiff, Difference } from "../../inbox/diff.ts";
import type { Bodies } from "./bodies.ts";
import { Dialog } from "./dialog.tsx";
import { formatBytes } from "./format.ts";
import { useAsked } from "./hooks.ts";
import { Value } from "./value.tsx";

interface CompareDialogProps {
  /** Numbers of the two. */
  before: number;
  after: number;
  bodies: Bodies;
  onClose: () => void;
}

/** Where the bodies of two deliveries differ. */
export function CompareDialog({ before, after, bodies, onClose }: CompareDialogProps): JSX.Element {
  const pair = useMemo(() => [before, after] as const, [before, after]);
  const { value, problem } = useAsked(pair, 0, async ([one, other]) =>
    diffBodies(...(await Promise.all([bodies(one), bodies(other)]))),
  );
  const title = (
    <>
      #{before} <span aria-hidden="true">→</span>
      <span class="unseen">compared with</span> #{after}
    </>
  );
  return (
    <Dialog title={title} class="compare" onClose={onClose}>
      {problem !== undefined && (
        <p class="problem">
          <Value text={problem} />
        </p>
      )}
      {value === undefined ? (
        problem === undefined && <p class="note">Comparing …</p>
      ) : (
        <Result diff={value} />
      )}
    </Dialog>
  );
}

function Result({ diff }: { diff: BodyDiff }): JSX.Element {
  const { kind, equal, bytes, offset, differences, more } = diff;
  const sizes = `${formatBytes(bytes.before)} and ${formatBytes(bytes.after)}`;
  if (equal) return <p class="note">The bodies are the same, byte for byte ({formatBytes(bytes.before)}).</p>;
  if (kind === "binary") {
    return (
      <p class="note">
        Binary bodies of {sizes}; the first byte that differs is at offset {offset}.
      </p>
    );
  }
  return (
    <>
      <p class="note">
        {(differences.length + more).toLocaleString("en-US")}{" "}
        {differences.length + more === 1 ? "difference" : "differences"} · {sizes}
      </p>
      <table class="differences">
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col">What</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {differences.map((difference, index) => (
            <DifferenceRow key={index} difference={difference} />
          ))}
        </tbody>
      </table>
      {more > 0 && <p class="note">{more.toLocaleString("en-US")} more are not listed.</p>}
    </>
  );
}

const words: Readonly<Record<Difference["op"], string>> = {
  added: "added",
  removed: "removed",
  changed: "changed",
  written: "same value, written differently",
  order: "another order",
  blanks: "other white space",
};

function DifferenceRow({ difference: { path, op, before, after } }: { difference: Difference }): JSX.Element {
  return (
    <tr class={op}>
      <th scope="row">
        <Value text={path === "" ? "(whole body)" : path} max={300} />
      </th>
      <td class="op">{words[op]}</td>
      <td class="before">{before !== undefined && <Value text={before} max={300} lines />}</td>
      <td class="after">{after !== undefined && <Value text={after} max={300} lines />}</td>
    </tr>
  );
}
