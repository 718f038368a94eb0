import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Session } from "../api.ts";
import { changeFilter, everything, isFiltered } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { visibleText } from "./visible.ts";

/** Milliseconds without a key after which what was typed is searched for. */
const pauseMs = 200;

export const searchId = "search";

interface ToolbarProps {
  filter: Filter;
  providers: Session["providers"];
  onFilter: (filter: Filter, how: "push" | "replace") => void;
}

/** Search and filters. */
export function Toolbar({ filter, providers, onFilter }: ToolbarProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const { provider, verified } = filter;
  const known = providers.some(({ id }) => id === provider);
  const change = (part: Parameters<typeof changeFilter>[1], how: "push" | "replace" = "push"): void =>
    onFilter(changeFilter(filter, part), how);
  const count = Object.keys(changeFilter(filter, { text: undefined })).length;
  return (
    <search class={open ? "toolbar open" : "toolbar"}>
      <TypedField
        id={searchId}
        class="search-field"
        label="Search"
        placeholder="Search bodies, headers, ids"
        value={filter.text ?? ""}
        onValue={(text) => change({ text }, "replace")}
      />
      <button
        type="button"
        class="when-phone"
        aria-expanded={open}
        aria-controls="filters"
        onClick={() => setOpen(!open)}
      >
        Filters{count > 0 ? ` (${count})` : ""}
      </button>
      <div id="filters" class="filters">
        <select
          aria-label="Provider"
          value={provider ?? ""}
          class={provider === undefined ? undefined : "set"}
          onChange={(event) => change({ provider: event.currentTarget.value })}
        >
          <option value="">All providers</option>
          {provider !== undefined && !known && <option value={provider}>{visibleText(provider)}</option>}
          {providers.map(({ id, title }) => (
            <option key={id} value={id}>
              {visibleText(title)}
            </option>
          ))}
        </select>
        <TypedField
          id="event"
          class="event-field"
          label="Event"
          placeholder="Event: order.*"
          value={filter.event ?? ""}
          onValue={(event) => change({ event }, "replace")}
        />
        <select
          aria-label="Verdict"
          value={verified === undefined ? "" : String(verified)}
          class={verified === undefined ? undefined : "set"}
          onChange={({ currentTarget: { value } }) =>
            change({ verified: value === "" ? undefined : value === "true" })
          }
        >
          <option value="">All verdicts</option>
          <option value="true">Verified</option>
          <option value="false">Not verified</option>
        </select>
        <button
          type="button"
          aria-pressed={filter.failed === true}
          onClick={() => change({ failed: filter.failed === true ? undefined : true })}
        >
          Failed
        </button>
        {isFiltered(filter) && (
          <button type="button" class="quiet" onClick={() => onFilter(everything, "push")}>
            Clear
          </button>
        )}
      </div>
    </search>
  );
}

interface TypedFieldProps {
  id: string;
  class: string;
  label: string;
  placeholder: string;
  value: string;
  onValue: (value: string) => void;
}

/** A field whose text counts once one stops typing. */
function TypedField({ id, class: name, label, placeholder, value, onValue }: TypedFieldProps): JSX.Element {
  const [typed, setTyped] = useState(value);
  const timer = useRef<number>(undefined);
  const latest = useRef(onValue);
  latest.current = onValue;
  // The back button, or Clear.
  useEffect(() => {
    clearTimeout(timer.current);
    setTyped(value);
  }, [value]);
  const settle = (text: string): void => {
    clearTimeout(timer.current);
    if (text !== value) latest.current(text);
  };
  return (
    <input
      id={id}
      class={value === "" ? name : `${name} set`}
      type="search"
      aria-label={label}
      placeholder={placeholder}
      autocomplete="off"
      spellcheck={false}
      value={typed}
      onInput={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => settle(text), pauseMs);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") settle(typed);
        if (event.key !== "Escape") return;
        event.preventDefault();
        if (typed === "") return event.currentTarget.blur();
        setTyped("");
        settle("");
      }}
    />
  );
}
