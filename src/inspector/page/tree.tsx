import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { childrenOf, chunk, countNodes, pathOf, treeLines, valueText } from "./json-tree.ts";
import type { JsonTree, Line } from "./json-tree.ts";
import { Value } from "./value.tsx";

/** Documents of fewer values are shown whole at first. */
const small = 150;
/** Lines that are drawn, and how many more at each step. */
const step = 1000;

interface TreeProps {
  tree: JsonTree;
  label: string;
  onCopy: (what: string, text: string) => void;
}

/** A JSON document whose parts open and close; what is selected can be copied, as can its path. */
export function Tree({ tree, label, onCopy }: TreeProps): JSX.Element {
  const { root } = tree;
  const box = useRef<HTMLDivElement>(null);
  const openLevels = useMemo(() => (countNodes(root, small) < small ? Infinity : 2), [root]);
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [shown, setShown] = useState<ReadonlyMap<string, number>>(new Map());
  const [max, setMax] = useState(step);
  const [current, setCurrent] = useState("");
  const focusWanted = useRef(false);

  const unfolding = {
    isOpen: (id: string, level: number) => toggled.get(id) ?? level <= openLevels,
    shown: (id: string) => shown.get(id) ?? chunk,
  };
  const { lines, isCut } = treeLines(root, unfolding, max);
  const at = lines.findIndex((line) => line.id === current);
  const index = Math.max(at, 0);
  const line = lines[index];

  useLayoutEffect(() => {
    if (!focusWanted.current) return;
    focusWanted.current = false;
    box.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  });
  const goTo = (id: string | undefined): void => {
    if (id === undefined) return;
    focusWanted.current = true;
    setCurrent(id);
  };
  const toggle = (id: string, open: boolean): void => setToggled(new Map(toggled).set(id, open));
  const showMore = (id: string): void => setShown(new Map(shown).set(id, unfolding.shown(id) + chunk));

  function act(chosen: Line): void {
    goTo(chosen.id);
    if (chosen.kind === "more") showMore(chosen.of);
    else if (chosen.expanded !== undefined) toggle(chosen.id, !chosen.expanded);
  }
  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || line === undefined) return;
    const expanded = line.kind === "value" ? line.expanded : undefined;
    if (event.key === "ArrowDown") goTo(lines[index + 1]?.id);
    else if (event.key === "ArrowUp") goTo(lines[index - 1]?.id);
    else if (event.key === "Home") goTo(lines[0]?.id);
    else if (event.key === "End") goTo(lines.at(-1)?.id);
    else if (event.key === "ArrowRight" && expanded === true) goTo(lines[index + 1]?.id);
    else if (event.key === "ArrowRight" && expanded === false) toggle(line.id, true);
    else if (event.key === "ArrowLeft" && expanded === true) toggle(line.id, false);
    else if (event.key === "ArrowLeft") goTo(line.id.slice(0, Math.max(line.id.lastIndexOf("/"), 0)));
    else if (event.key === "Enter" || event.key === " ") act(line);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const node = line?.kind === "value" ? line.node : undefined;
  const path = pathOf(root, line?.kind === "more" ? line.of : (line?.id ?? ""));
  return (
    <div class="tree">
      <div class="tree-bar">
        <Value text={path} max={200} class="path" />
        <button type="button" onClick={() => onCopy("path", path)}>
          Copy path
        </button>
        <button
          type="button"
          disabled={node === undefined}
          onClick={() => node !== undefined && onCopy("value", valueText(tree, node))}
        >
          Copy value
        </button>
      </div>
      <div ref={box} role="tree" aria-label={label} class="lines" onKeyDown={onKeyDown}>
        {lines.map((shownLine, place) => (
          <TreeLine
            key={shownLine.id}
            tree={tree}
            line={shownLine}
            isCurrent={place === index}
            onAct={() => {
              // Whoever drags over text wants to select it.
              if (getSelection()?.isCollapsed !== false) act(shownLine);
            }}
          />
        ))}
      </div>
      {isCut && (
        <button type="button" class="more" onClick={() => setMax(max + step)}>
          Show more lines
        </button>
      )}
    </div>
  );
}

interface TreeLineProps {
  tree: JsonTree;
  line: Line;
  isCurrent: boolean;
  onAct: () => void;
}

function TreeLine({ tree, line, isCurrent, onAct }: TreeLineProps): JSX.Element {
  const indent = { paddingInlineStart: `${(Math.min(line.level, 40) - 1) * 16 + 20}px` };
  const shared = { role: "treeitem", tabIndex: isCurrent ? 0 : -1, style: indent, onClick: onAct } as const;
  if (line.kind === "more") {
    const text = `${line.left.toLocaleString("en-US")} more`;
    return (
      <div {...shared} class="line rest" aria-level={line.level} aria-selected={isCurrent}>
        … {text}
      </div>
    );
  }
  const { node, key, level, position, siblings, expanded } = line;
  return (
    <div
      {...shared}
      class="line"
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-expanded={expanded}
      aria-selected={isCurrent}
    >
      <span class="chevron" aria-hidden="true">
        {expanded === undefined ? "" : expanded ? "▾" : "▸"}
      </span>
      {key !== undefined && (
        <>
          <Value
            text={key === "" ? '""' : String(key)}
            max={200}
            class={typeof key === "number" ? "index" : "key"}
          />
          <span class="colon">: </span>
        </>
      )}
      <Literal tree={tree} node={node} />
    </div>
  );
}

function Literal({ tree, node }: { tree: JsonTree; node: JsonTree["root"] }): JSX.Element {
  const written = tree.text.slice(node.offset, node.offset + node.length);
  switch (node.type) {
    case "string":
      return (
        <span class="string">
          "<Value text={String(node.value)} max={500} />"
        </span>
      );
    case "object":
    case "array": {
      const count = childrenOf(node).length;
      const [open, close] = node.type === "object" ? "{}" : "[]";
      const what = node.type === "object" ? (count === 1 ? "key" : "keys") : count === 1 ? "item" : "items";
      return (
        <span class="container">
          {open}
          {count === 0 ? "" : ` ${count.toLocaleString("en-US")} ${what} `}
          {close}
        </span>
      );
    }
    default:
      return <Value text={written} max={200} class={node.type === "number" ? "number" : "literal"} />;
  }
}
