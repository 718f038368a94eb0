/**
 * What must not be shown as it is, as a part of a regular expression with the flag `u`: controls (C0, DEL, C1), lone
 * surrogates, line and paragraph separators, interlinear marks, and every code point Unicode has drawn as nothing
 * (`\p{DI}`, Default_Ignorable_Code_Point: bidi controls, zero-width and filler characters, variation selectors, tags,
 * soft hyphen).
 */
export const hidden = String.raw`[\p{Cc}\p{Cs}\p{DI}\p{Zl}\p{Zp}\ufff9-\ufffb]`;

/** Kept of those, as emoji are made of them: a joiner between two pictures, a selector after one, a keycap's selector. */
export const emojiPart = [
  String.raw`(?<=\p{ExtPict}[\u{1f3fb}-\u{1f3ff}]?\ufe0f?)\u200d(?=\p{ExtPict})`,
  String.raw`(?<=\p{ExtPict})[\ufe0e\ufe0f]`,
  String.raw`(?<=[0-9#*])\ufe0f(?=\u20e3)`,
].join("|");

/** `\u001b`, or `\u{e0041}` above U+FFFF. */
export function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).padStart(4, "0");
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex}`;
}
