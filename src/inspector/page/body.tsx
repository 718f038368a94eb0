import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { DeliveryDetail } from "../api.ts";
import { formParameters, hexLines, textOf } from "./body-text.ts";
import { formatBytes } from "./format.ts";
import { parseJson } from "./json-tree.ts";
import { Pairs } from "./pairs.tsx";
import { Tree } from "./tree.tsx";
import { Value } from "./value.tsx";
import { head, visibleText } from "./visible.ts";

/** Bytes of a body that is taken apart without being asked to. */
const longestTree = 2_000_000;
/** Characters of text, and bytes in hexadecimal, that are shown at first and at each step after the second. */
const longestText = 20_000;
const longestHex = 2048;
const largeStep = 1_000_000;

type View = "tree" | "form" | "text" | "hex";
const names: Readonly<Record<View, string>> = {
  tree: "Tree",
  form: "Parameters",
  text: "Raw",
  hex: "Hex",
};

interface BodyProps {
  headers: DeliveryDetail["headers"];
  body: Uint8Array;
  onCopy: (what: string, text: string) => void;
}

/** A body, in the ways it can be read. */
export function Body({ headers, body, onCopy }: BodyProps): JSX.Element {
  const [asked, setAsked] = useState<View>();
  const text = useMemo(() => textOf(body), [body]);
  const isLarge = body.length > longestTree && asked !== "tree";
  const tree = useMemo(() => (text === undefined || isLarge ? undefined : parseJson(text)), [text, isLarge]);
  const parameters = useMemo(() => formParameters(headers, text), [headers, text]);
  const views: View[] = [
    ...(tree !== undefined || (isLarge && text !== undefined) ? (["tree"] as const) : []),
    ...(parameters === undefined ? [] : (["form"] as const)),
    ...(text === undefined ? [] : (["text"] as const)),
    "hex",
  ];
  const first = views.find((view) => view !== "tree" || !isLarge) ?? "hex";
  const view = asked !== undefined && views.includes(asked) ? asked : first;
  if (body.length === 0) return <p class="note">The body is empty.</p>;
  return (
    <>
      <div class="segments" role="group" aria-label="View of the body">
        {views.map((name) => (
          <button key={name} type="button" aria-pressed={name === view} onClick={() => setAsked(name)}>
            {names[name]}
          </button>
        ))}
      </div>
      {view === "tree" && tree !== undefined && <Tree tree={tree} label="Body" onCopy={onCopy} />}
      {view === "form" && <Parameters parameters={parameters ?? []} onCopy={onCopy} />}
      {view === "text" && <RawText text={text ?? ""} />}
      {view === "hex" && <Hex body={body} />}
    </>
  );
}

function RawText({ text }: { text: string }): JSX.Element {
  const [max, setMax] = useState(longestText);
  const shown = head(text, max);
  const rest = text.length - shown.length;
  const more = Math.min(rest, largeStep);
  return (
    <>
      {/* Long text scrolls, so the keyboard must get to it. */}
      <pre class="raw" tabIndex={0} aria-label="Body as text">
        <Value text={shown} lines />
      </pre>
      {rest > 0 && (
        <button type="button" class="more" onClick={() => setMax(shown.length + more)}>
          {more === rest ? "Show all" : "Show more"}: {rest.toLocaleString("en-US")} more characters
        </button>
      )}
    </>
  );
}

function Hex({ body }: { body: Uint8Array }): JSX.Element {
  const [max, setMax] = useState(longestHex);
  const rest = Math.max(body.length - max, 0);
  const more = Math.min(rest, largeStep / 4);
  return (
    <>
      <pre class="raw hex" tabIndex={0} aria-label="Body in hexadecimal">
        {hexLines(body, 0, max)}
      </pre>
      {rest > 0 && (
        <button type="button" class="more" onClick={() => setMax(max + more)}>
          {more === rest ? "Show all" : "Show more"}: {formatBytes(rest)} more
        </button>
      )}
    </>
  );
}

interface ParametersProps {
  parameters: [name: string, value: string][];
  onCopy: BodyProps["onCopy"];
}

/** Parameters of a form; a value that is JSON (GitHub and Slack send such) as a tree. */
function Parameters({ parameters, onCopy }: ParametersProps): JSX.Element {
  return (
    <Pairs pairs={parameters} of="Parameter" most={200}>
      {(name, value) => (
        <td>
          <ParameterValue name={name} value={value} onCopy={onCopy} />
        </td>
      )}
    </Pairs>
  );
}

function ParameterValue(props: { name: string; value: string; onCopy: BodyProps["onCopy"] }): JSX.Element {
  const { name, value, onCopy } = props;
  const tree = useMemo(() => (/^\s*[{[]/.test(value) ? parseJson(value) : undefined), [value]);
  if (tree === undefined) return <Value text={value} max={2000} />;
  return <Tree tree={tree} label={`Parameter ${visibleText(name)}`} onCopy={onCopy} />;
}
