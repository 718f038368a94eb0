import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "./client.ts";
import { readPlace, writePlace } from "./filter.ts";
import type { Place } from "./filter.ts";

/** How a change of place goes into the history: `push` is what the back button undoes. */
export type Go = (change: Partial<Place>, how: "push" | "replace") => void;

/** Where in the page one is, as the address says it. */
export function usePlace(): [Place, Go] {
  const [place, setPlace] = useState(() => readPlace(location.search));
  const latest = useRef(place);
  const go = useCallback<Go>((change, how) => {
    latest.current = { ...latest.current, ...change };
    const address = `${location.pathname}${writePlace(latest.current)}`;
    if (how === "push") history.pushState({ within: true }, "", address);
    else history.replaceState(history.state, "", address);
    setPlace(latest.current);
  }, []);
  useEffect(() => {
    const onBack = (): void => {
      latest.current = readPlace(location.search);
      setPlace(latest.current);
    };
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, []);
  return [place, go];
}

/** Whether a media query fits, now and whenever that changes. */
export function useMedia(query: string): boolean {
  const [fits, setFits] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const onChange = (): void => setFits(list.matches);
    list.addEventListener("change", onChange);
    return () => list.removeEventListener("change", onChange);
  }, [query]);
  return fits;
}

/** What was asked for: on its way, there, or why it will not come. */
export interface Asked<Value> {
  value?: Value;
  problem?: string;
}

/**
 * Asks for something, again whenever `subject` changes (what was there is dropped) or `version` does (it stays until
 * the new one is there). Where `subject` is undefined, nothing is asked for.
 */
export function useAsked<Subject, Value>(
  subject: Subject | undefined,
  version: number,
  ask: (subject: Subject, signal: AbortSignal) => Promise<Value>,
): Asked<Value> {
  const [answer, setAnswer] = useState<Asked<Value> & { subject?: Subject }>({});
  useEffect(() => {
    if (subject === undefined) return;
    const run = new AbortController();
    ask(subject, run.signal).then(
      (value) => {
        if (!run.signal.aborted) setAnswer({ subject, value });
      },
      (error: unknown) => {
        if (!run.signal.aborted) setAnswer({ subject, problem: messageOf(error) });
      },
    );
    return () => run.abort();
  }, [subject, version]);
  return answer.subject === subject ? answer : {};
}
