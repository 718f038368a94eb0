import { candidate, type Candidate, type Clue } from "./clues.ts";

// What `\s` leaves out: zero-width characters and the word joiner come along with copied text; NUL and U+FFFD are what a
// file in UTF-16 has between and before its letters when it is read as UTF-8.
const blank = /[\s\u200b-\u200d\u2060\ufffd\0]/;
const allBlanks = /[\s\u200b-\u200d\u2060\ufffd\0]+/g;
/** Line breaks as they are written in source text. */
const writtenBreaks = /(?:\\r)?\\n$|\\r$/;
const quotePairs: Readonly<Record<string, readonly [close: string, name: string]>> = {
  '"': ['"', "double"],
  "'": ["'", "single"],
  "`": ["`", "back"],
  "\u201c": ["\u201d", "curly"],
  "\u2018": ["\u2019", "curly"],
  "\u00ab": ["\u00bb", "angle"],
};

/** The secret without what came along when it was copied, the cleanest first. */
export function textsCopied(secret: string): Candidate<string>[] {
  const found: Candidate<string>[] = [{ value: secret, clues: [] }];
  for (let index = 0; index < found.length && found.length < 10; index++) {
    const { value, clues } = found[index] ?? { value: "", clues: [] };
    for (const step of cleanings(value)) {
      if (step.value === "" || found.some((one) => one.value === step.value)) continue;
      found.push({ value: step.value, clues: [...clues, ...step.clues] });
    }
  }
  return found.slice(1).reverse();
}

/** Words with spaces between them make a secret too. */
export function isDoubtful({ evidence }: Clue): boolean {
  return evidence["where"] === "inside" && evidence["characters"] === "space";
}

/** The text without one thing that is around it or within. */
function* cleanings(text: string): Generator<Candidate<string>> {
  const ends = trimmed(text);
  if (ends.value !== text) {
    yield ends;
    return;
  }
  const line = text.replace(writtenBreaks, "");
  if (line !== text)
    yield candidate(line, "secret-whitespace", { side: "yours", where: "end", characters: "newline" });
  // As Python shows bytes.
  const [, mark, bytes] = /^b(["'])(.+)\1$/s.exec(text) ?? [];
  if (bytes !== undefined) {
    yield candidate(bytes, "secret-quoted", { side: "yours", quotes: mark === "'" ? "single" : "double" });
    return;
  }
  const [first = "", last = ""] = [text.slice(0, 1), text.slice(-1)];
  const [close, quotes] = (Object.hasOwn(quotePairs, first) ? quotePairs[first] : undefined) ?? [];
  if (text.length > 2 && close === last && quotes !== undefined)
    yield candidate(text.slice(1, -1), "secret-quoted", { side: "yours", quotes });
  else if (/^["'`]|["'`]$/.test(text))
    yield candidate(text.replace(/^["'`]|["'`]$/g, ""), "secret-quoted", { side: "yours", quotes: "one" });
  const together = text.replace(allBlanks, "");
  if (together !== text)
    yield candidate(together, "secret-whitespace", {
      side: "yours",
      where: "inside",
      characters: blanksOf(text),
    });
  const name = /^(?:export\s+)?[A-Z][A-Z0-9_]{0,99}=(?=[^=])/.exec(text)?.[0];
  if (name !== undefined)
    yield candidate(text.slice(name.length), "secret-prefix", {
      prefix: "NAME=",
      yours: "with",
      signer: "without",
    });
}

function trimmed(text: string): Candidate<string> {
  let start = 0;
  let end = text.length;
  while (start < end && blank.test(text[start] ?? "")) start++;
  while (end > start && blank.test(text[end - 1] ?? "")) end--;
  const value = text.slice(start, end);
  if (value === text || value === "") return { value: text, clues: [] };
  const where = start === 0 ? "end" : end === text.length ? "start" : "both ends";
  const characters = blanksOf(text.slice(0, start) + text.slice(end));
  return candidate(value, "secret-whitespace", { side: "yours", where, characters });
}

function blanksOf(text: string): string {
  const found = (text.match(allBlanks) ?? []).join("");
  if (/^[\r\n]+$/.test(found)) return "newline";
  if (/^ +$/.test(found)) return "space";
  // The byte-order mark is white space to a regular expression, and to nobody's eyes.
  return /^\s+$/.test(found) && !found.includes("\ufeff") ? "white space" : "invisible characters";
}
