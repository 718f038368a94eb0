/** The least that is looked for in another form: less may stand anywhere. */
const leastLength = 12;

/**
 * How a secret may be written where it is to be hidden: as it is, without its prefix (libraries take it so), in a URL, in
 * base64 (also in the midst of something longer, such as Basic authentication, and for URLs), and in hexadecimal. A part
 * of a secret is none of its forms.
 * @returns texts, each once, the longest first: of two that begin alike the longer one is meant
 */
export function formsOf(secret: string): string[] {
  if (secret === "") return [];
  const bare = secret.replace(/^[A-Za-z]{1,8}_/, "");
  const others = [secret, bare]
    .flatMap((text) => [
      text,
      encodeURIComponent(Buffer.from(text).toString()),
      ...base64(text),
      ...hex(text),
    ])
    .filter((form) => form.length >= leastLength);
  return [...new Set([secret, ...others])].sort((one, other) => other.length - one.length);
}

/** In both alphabets, wherever in a group of three bytes it begins: those characters alone that it decides by itself. */
function base64(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    const own = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** Its bytes; itself too, where it is hexadecimal already. */
function hex(text: string): string[] {
  const digits = Buffer.from(text).toString("hex");
  const all = /^[0-9a-f]+$/i.test(text) ? [digits, text] : [digits];
  return all.flatMap((one) => [one.toLowerCase(), one.toUpperCase()]);
}
