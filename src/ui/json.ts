import { count } from "./format.ts";
import { safeLine, safeText } from "./safe.ts";
import type { Style, Theme } from "./theme.ts";

export interface JsonOptions {
  /** Lines of JSON at most; one more says how many were left out. */
  maxLines?: number;
  /** Code points of a line at most. */
  width?: number;
}

const MAX_DEPTH = 200;
/** However deep the indentation, this much of a line's content shows. */
const MIN_CONTENT = 20;

/**
 * JSON text, pretty-printed token by token: numbers, escapes, the order of keys and duplicate keys stay as they were
 * written (`8.00` is not `8`). Text that is not JSON, or is nested more than 200 deep, comes back as its own lines.
 * Everything is safe for a terminal. @returns lines, without line breaks
 */
export function formatJson(text: string, theme: Theme, options: JsonOptions = {}): string[] {
  const lines = new Lines(options);
  if (!isJson(text) || !print(text, theme, lines)) {
    const fallback = new Lines(options);
    for (const line of safeText(text).split("\n")) {
      fallback.add(line, same);
      fallback.end(0);
    }
    return fallback.done();
  }
  lines.end(0);
  return lines.done();
}

const same: Style = (text) => text;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Adds valid JSON to `lines`; false where it is nested too deep. */
function print(text: string, theme: Theme, lines: Lines): boolean {
  /** Per open container, whether it is an object. */
  const open: boolean[] = [];
  let empty = false;
  let key = false;
  const value = (token: string, style: Style): void => {
    if (empty) lines.end(open.length);
    empty = false;
    lines.add(token, style);
  };
  for (const token of tokens(text)) {
    switch (token) {
      case "{":
      case "[":
        value(token, theme.punctuation);
        if (open.push(token === "{") > MAX_DEPTH) return false;
        empty = true;
        key = token === "{";
        break;
      case "}":
      case "]":
        open.pop();
        if (!empty) lines.end(open.length);
        empty = false;
        lines.add(token, theme.punctuation);
        break;
      case ",":
        lines.add(token, theme.punctuation);
        lines.end(open.length);
        key = open.at(-1) === true;
        break;
      case ":":
        lines.add(": ", theme.punctuation);
        key = false;
        break;
      default:
        value(token, key ? theme.key : styleOf(token, theme));
    }
  }
  return true;
}

function styleOf(scalar: string, theme: Theme): Style {
  if (scalar.startsWith('"')) return theme.string;
  return /^[tfn]/.test(scalar) ? theme.literal : theme.number;
}

/** The tokens of valid JSON, without blanks. (A scanner for any text would have to know errors as well.) */
function* tokens(text: string): Generator<string> {
  const next = /\S/g;
  const scalarEnd = /[\s,\]}]|$/g;
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    const start = found.index;
    let end = start + 1;
    if (found[0] === '"') {
      while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
      end++;
    } else if (!"{}[]:,".includes(found[0])) {
      scalarEnd.lastIndex = end;
      end = scalarEnd.exec(text)?.index ?? text.length;
    }
    yield text.slice(start, end);
    next.lastIndex = end;
  }
}

/** Gathers safe, styled lines; beyond the limit it only counts them. */
class Lines {
  readonly #options: JsonOptions;
  readonly #lines: string[] = [];
  #total = 0;
  #line = "";
  #room: number;

  constructor(options: JsonOptions) {
    this.#options = options;
    this.#room = options.width ?? Infinity;
  }

  add(text: string, style: Style): void {
    if (this.#full() || this.#room <= 0) return;
    if (this.#room === Infinity) {
      this.#line += style(safeLine(text));
      return;
    }
    const safe = safeLine(text, this.#room);
    this.#room -= Array.from(safe).length;
    this.#line += style(safe);
  }

  /** Ends the line; the next one is indented by `depth`. */
  end(depth: number): void {
    this.#total++;
    if (this.#full()) return;
    this.#lines.push(this.#line);
    this.#line = "  ".repeat(depth);
    this.#room = Math.max((this.#options.width ?? Infinity) - this.#line.length, MIN_CONTENT);
  }

  done(): string[] {
    const more = this.#total - this.#lines.length;
    return more > 0 ? [...this.#lines, `… ${count(more, "more line", "more lines")}`] : this.#lines;
  }

  #full(): boolean {
    return this.#lines.length >= (this.#options.maxLines ?? Infinity);
  }
}
