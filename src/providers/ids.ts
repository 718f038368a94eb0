const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Letters and digits, each equally likely. */
export function randomText(random: (bytes: number) => Buffer, length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of random(length)) {
      // 248 is the largest multiple of 62 that a byte can hold; above it some letters would come more often.
      if (byte < 248 && text.length < length) text += alphabet[byte % 62] ?? "";
    }
  }
  return text;
}

/** A version 4 UUID (RFC 9562). */
export function uuid(random: (bytes: number) => Buffer): string {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
