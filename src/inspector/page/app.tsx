import type { JSX } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { createActions, likelyRoute } from "./actions.ts";
import { createBodies } from "./bodies.ts";
import type { Client } from "./client.ts";
import { Detail } from "./detail.tsx";
import type { DetailCommands } from "./commands.tsx";
import { Dialogs } from "./dialogs.tsx";
import type { OpenDialog } from "./dialogs.tsx";
import { NothingFits, NothingYet } from "./empty.tsx";
import { everything, isFiltered } from "./filter.ts";
import { formatCount } from "./format.ts";
import { TopBar } from "./top-bar.tsx";
import { useAsked, useMedia, usePlace } from "./hooks.ts";
import { useKeys } from "./keyboard.ts";
import type { KeyName } from "./keyboard.ts";
import { List } from "./list.tsx";
import { useLive } from "./live.ts";
import { Notices, useNotices } from "./notices.tsx";
import { findRow } from "./rows.ts";
import { searchId, Toolbar } from "./toolbar.tsx";

/** Milliseconds between two announcements of new deliveries. */
const announceMs = 4000;

interface AppProps {
  client: Client;
  /** When the page was opened. */
  opened: Date;
}

/** The inspector: the list, the delivery that is open, and what can be done with it. */
export function App({ client, opened }: AppProps): JSX.Element {
  const [place, go] = usePlace();
  const { filter, selected } = place;
  const isPhone = useMedia("(max-width: 760px)");
  const [announced, arrived] = useAnnouncement();
  const live = useLive(client, filter, selected, arrived);
  const { session, list, deliveries } = live;
  const routes = session?.routes ?? [];
  const [notices, tell, dismiss] = useNotices();
  const [dialog, setDialog] = useState<OpenDialog>();
  const [marked, setMarked] = useState<number>();
  const bodies = useMemo(() => createBodies(client), [client]);
  const touch = useRef(live.touch);
  touch.current = live.touch;
  const actions = useMemo(
    () =>
      createActions({
        client,
        tell,
        onReplayed: (number) => touch.current(number),
        onNotCopied: (what, text) => setDialog({ kind: "copy", what, text }),
      }),
    [client],
  );
  const detail = useAsked(selected, live.version, (number, signal) => client.delivery(number, signal));

  const select = (number: number | undefined): void => {
    if (number !== selected) go({ selected: number }, isPhone && selected === undefined ? "push" : "replace");
  };
  function close(): void {
    // Opening it on a phone made an entry in the history.
    if (isPhone && (history.state as { within?: boolean } | null)?.within === true) history.back();
    else select(undefined);
    document.querySelector<HTMLElement>("[role=listbox]")?.focus();
  }
  function move(to: (index: number) => number): void {
    if (list.rows.length === 0 || (isPhone && selected !== undefined)) return;
    const index = selected === undefined ? -1 : findRow(list.rows, selected);
    // Where the open delivery is not in the list, its neighbours are.
    const from = index >= 0 || selected === undefined ? index : ~index - 0.5;
    const next = Math.round(to(from));
    select(list.rows[Math.min(Math.max(next, 0), list.rows.length - 1)]?.number);
  }
  function compare(): void {
    if (selected === undefined) return;
    if (marked === undefined) setMarked(selected);
    else {
      setMarked(undefined);
      if (marked !== selected) {
        setDialog({ kind: "compare", before: Math.min(marked, selected), after: Math.max(marked, selected) });
      }
    }
  }
  function openDialog(kind: "replay" | "edit"): void {
    if (selected === undefined) return;
    const likely = likelyRoute(routes, detail.value?.attempts ?? [])?.index;
    setDialog({ kind, number: selected, likely });
  }
  function replay(): void {
    const [only] = routes;
    if (selected === undefined) return;
    if (routes.length === 1 && only !== undefined) void actions.replay(selected, { route: only.index });
    else openDialog("replay");
  }
  const commands: DetailCommands = {
    replay,
    replayTo: () => openDialog("replay"),
    edit: () => openDialog("edit"),
    compare,
    copyCurl() {
      if (selected === undefined) return;
      const route = likelyRoute(routes, detail.value?.attempts ?? [])?.index;
      actions.copy("curl command", client.curl(selected, route));
    },
    close,
  };
  useKeys((key) => {
    const does: Readonly<Record<KeyName, () => void>> = {
      next: () => move((index) => index + 1),
      previous: () => move((index) => (index < 0 ? 0 : index - 1)),
      first: () => move(() => 0),
      last: () => move(() => Infinity),
      open: () => document.getElementById("detail-title")?.focus(),
      replay,
      edit: commands.edit,
      compare,
      curl: commands.copyCurl,
      search: () => document.getElementById(searchId)?.focus(),
      help: () => setDialog({ kind: "help" }),
      escape: () => (selected === undefined ? setMarked(undefined) : close()),
    };
    does[key]();
  });

  const isEmpty = !list.loading && list.rows.length === 0;
  const covers = selected === undefined ? "" : isPhone ? "covered" : "split";
  return (
    <>
      <TopBar live={live} onHelp={() => setDialog({ kind: "help" })} />
      <main class={`workbench ${covers}`}>
        <section class="list-pane" aria-label="Deliveries">
          <Toolbar
            filter={filter}
            providers={session?.providers ?? []}
            onFilter={(next, how) => go({ filter: next }, how)}
          />
          {list.problem !== undefined && live.connection === "live" && (
            <p class="problem" role="alert">
              The list may be incomplete: {list.problem}
            </p>
          )}
          {!isEmpty ? (
            <List
              key={list.generation}
              rows={list.rows}
              selected={selected}
              marked={marked}
              loading={list.loading}
              opened={opened}
              onSelect={select}
              onEnd={() => deliveries.more()}
            />
          ) : isFiltered(filter) ? (
            <NothingFits onClear={() => go({ filter: everything }, "push")} />
          ) : (
            session !== undefined && (
              <NothingYet session={session} onCopy={(what, text) => actions.copy(what, text)} />
            )
          )}
          {marked !== undefined && (
            <p class="marked">
              Comparing #{marked}: choose another and press <kbd>x</kbd>
              <button type="button" class="quiet" onClick={() => setMarked(undefined)}>
                Cancel
              </button>
            </p>
          )}
        </section>
        {selected !== undefined && (
          <Detail
            key={selected}
            number={selected}
            detail={detail}
            summary={list.rows[findRow(list.rows, selected)]}
            session={session}
            bodies={bodies}
            actions={actions}
            commands={commands}
            marked={marked}
          />
        )}
      </main>
      <Dialogs
        open={dialog}
        session={session}
        bodies={bodies}
        actions={actions}
        onClose={() => setDialog(undefined)}
      />
      <Notices notices={notices} onDismiss={dismiss} />
      <p class="unseen" aria-live="polite">
        {announced}
      </p>
    </>
  );
}

/** Says how many deliveries arrived, now and then and not each time. */
function useAnnouncement(): [text: string, arrived: (count: number) => void] {
  const [text, setText] = useState("");
  const count = useRef(0);
  const timer = useRef<number>(undefined);
  return [
    text,
    (more) => {
      count.current += more;
      timer.current ??= setTimeout(() => {
        setText(formatCount(count.current, "new delivery", "new deliveries"));
        count.current = 0;
        timer.current = undefined;
      }, announceMs);
    },
  ];
}
