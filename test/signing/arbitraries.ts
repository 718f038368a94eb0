import fc from "fast-check";

// One seed for every property, so that a run can be repeated; a failing one prints its counterexample.
fc.configureGlobal({ seed: 20_260_317, numRuns: 60 });

/** Text of any code points, control characters and astral planes included. */
export const text = fc.string({ unit: "binary", maxLength: 60 });

/** Bytes that are mostly no UTF-8. */
export const bytes = fc.uint8Array({ maxLength: 300 });

/** A JSON document with its spacing and escapes as they come, for libraries that parse what they verified. */
export const json = fc
  .tuple(fc.jsonValue(), fc.constantFrom(undefined, 2, "\t"), fc.constantFrom("", "\n", " \r\n"))
  .map(([value, indent, end]) => JSON.stringify(value, null, indent) + end);

/** A header value as it can stand on the wire: printable ASCII, no space at its ends. */
export const headerText = fc
  .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 })
  .map((value) => value.trim())
  .filter((value) => value !== "");

/** Unix seconds; 0 is left out, which Stripe's library takes for "not given". */
export const seconds = fc.integer({ min: 1, max: 9_999_999_999 });

/** A secret as Stripe and GitHub use it: the text itself is the key. */
export const rawSecret = fc
  .string({ unit: "binary", minLength: 1, maxLength: 40 })
  .map((value) => `whsec_${value}`);

/** A secret as Standard Webhooks writes it, with and without prefix and padding. */
export const whsec = fc
  .tuple(fc.uint8Array({ minLength: 24, maxLength: 64 }), fc.boolean(), fc.boolean())
  .map(([key, prefixed, padded]) => {
    const encoded = Buffer.from(key).toString("base64");
    return (prefixed ? "whsec_" : "") + (padded ? encoded : encoded.replace(/=+$/, ""));
  });
