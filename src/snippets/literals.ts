/**
 * Text from a provider's data as literals of each language. A user's own provider comes with a cloned repository: what
 * it says must stay inside its literal. All but printable ASCII is escaped, so that no terminal obeys it either, and so
 * is a `#` after another, which logs of CI systems obey.
 */
const unprintable = /[^\x20-\x7e]|(?<=#)#/gu;

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");
const codeOf = (character: string): number => character.codePointAt(0) ?? 0;
/** UTF-8 has no lone surrogates: signed text is the bytes of U+FFFD in their place. */
const wellFormed = (text: string): string => Buffer.from(text, "utf8").toString("utf8");

const escapeTypeScript = (text: string): string =>
  text.replace(unprintable, (found) => {
    const code = codeOf(found);
    return code > 0xffff ? `\\u{${hex(code, 1)}}` : `\\u${hex(code, 4)}`;
  });
const escapePython = (text: string): string =>
  text.replace(unprintable, (found) => {
    const code = codeOf(found);
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  });

/** Between double quotes. */
export function tsString(text: string): string {
  return `"${escapeTypeScript(wellFormed(text).replace(/[\\"]/g, "\\$&"))}"`;
}

/** What stands between backticks. */
export function tsTemplate(text: string): string {
  return escapeTypeScript(wellFormed(text).replace(/[\\`]|\$(?=\{|$)/g, "\\$&"));
}

/** Between double quotes. */
export function pyString(text: string): string {
  return `"${escapePython(wellFormed(text).replace(/[\\"]/g, "\\$&"))}"`;
}

/** What stands between the double quotes of an f-string. */
export function pyFormat(text: string): string {
  return escapePython(wellFormed(text).replace(/[\\"]/g, "\\$&").replace(/[{}]/g, "$&$&"));
}

/** Between single quotes, or, where something has to be escaped, double ones. */
export function phpString(text: string): string {
  const formed = wellFormed(text);
  if (formed.search(unprintable) === -1) return `'${formed.replace(/[\\']/g, "\\$&")}'`;
  const escaped = formed
    .replace(/[\\"$]/g, "\\$&")
    .replace(unprintable, (found) => `\\u{${hex(codeOf(found), 1)}}`);
  return `"${escaped}"`;
}

/** Text for a comment of any of the languages: nothing in it ends a comment, a docstring or PHP itself. */
export function commentText(text: string): string {
  return text
    .replace(/\p{DI}/gu, "")
    .replace(/[^\p{L}\p{N}._,:;()'&+=/|-]+/gu, " ")
    .trim();
}
