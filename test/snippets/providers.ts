/** Providers as users write them: every kind of scheme, and text that would like to be code. */
import fc from "fast-check";
import type { Provider } from "../../src/providers/contract.ts";
import { defineProvider } from "../../src/providers/custom.ts";

const hmac = { kind: "hmac", algorithm: "sha256", encoding: "hex", header: "x-acme-signature" };
const ed25519 = { kind: "ed25519", encoding: "base64", header: "x-acme-signature" };
const seconds = { header: "x-acme-time", unit: "s", toleranceSeconds: 60 };

/** Ends whatever it stands in, in any of the three languages, and sets a global. */
const breakout = [
  `"); globalThis.touched = true; //`,
  "`); ${globalThis.touched = true} //",
  `"""\nimport builtins; builtins.touched = True\n"""`,
  "{__import__('builtins').__setattr__('touched', True)}",
  `\\'; $GLOBALS['touched'] = true; //`,
  "${touched} {$touched} \\u{41}",
  "*/ ?> <?php $GLOBALS['touched'] = true; // \n",
].join(" ");
/** What the schema lets through of it in a prefix. */
const printable = breakout.replaceAll("\n", " ").slice(0, 200);
/** In signed content braces are placeholders. */
const braceless = breakout.replace(/[{}]/g, "(");

const inputs: Readonly<Record<string, object>> = {
  everything: {
    algorithm: "sha512",
    encoding: "base64",
    prefix: "sig:",
    separator: ";",
    content: "v2|{header:X-Acme-Id}|{timestamp}|{body}|{header:X-Acme-Event}|{body}",
    timestamp: { header: "x-acme-signature", item: "at:", unit: "ms", toleranceSeconds: 60 },
    secret: { encoding: "base64", prefix: "key_", minBytes: 24 },
  },
  least: { algorithm: "sha1" },
  "time-first": { timestamp: seconds, content: "{timestamp}{body}", algorithm: "sha384" },
  "time-unsigned": { timestamp: { ...seconds, future: "accept" } },
  "optional-list": { prefix: "ab", prefixOptional: true, separator: ", " },
  "optional-base64": {
    prefix: "h=",
    prefixOptional: true,
    encoding: "base64",
    secret: { encoding: "base64" },
  },
  "header-names": {
    content:
      "{header:id}{header:class}{header:x-a-b}{header:a.b}{header:1-2}{header:content-type}{header:tolerance-seconds}{header:x-acme-time}.{timestamp}.{body}",
    timestamp: seconds,
  },
  quoted: {
    header: "x-acme'`$",
    prefix: printable,
    content: `'"\`\u2028\u0000é💥\ud800 {header:x-'id'} ##vso[x] {timestamp}${braceless}{body}\\'"`,
    separator: `'"\\`,
    timestamp: { header: "x-acme'`$", item: printable.slice(9), unit: "s", toleranceSeconds: 60 },
    secret: { encoding: "base64", prefix: printable },
  },
  "quoted-optional": {
    prefix: printable,
    prefixOptional: true,
    secret: { encoding: "raw", prefix: printable },
  },
};

const sealed: Readonly<Record<string, object>> = {
  sealed: {
    prefix: "v1a,",
    separator: " ",
    content: "{header:x-acme-id}.{header:x-acme-time}.{timestamp}.{body}",
    timestamp: seconds,
  },
  "sealed-hex": { encoding: "hex" },
  "sealed-optional": { encoding: "hex", prefix: "ed", prefixOptional: true },
  "sealed-optional-list": { prefix: "s=", prefixOptional: true, separator: "," },
  "sealed-quoted": {
    prefix: printable,
    content: `${braceless}{body}`,
    secret: { privatePrefix: "sk'", publicPrefix: `pk'"\\\`$` },
  },
};

const define = (id: string, scheme: object): Provider =>
  defineProvider(id, {
    title: `*/ ?>"""\n'); <?php $GLOBALS['touched'] = true; globalThis.touched = true; //`,
    signatures: [scheme],
    dedupe: { pointer: '/*/ ?><?php \n"""' },
    ack: { timeoutMs: 2500, success: [202, 204] },
  });

/** Of the schemes that every interpreter knows. */
export const customProviders: readonly Provider[] = [
  ...Object.entries(inputs).map(([id, input]) => define(id, { ...hmac, ...input })),
  // The schema lets no such braces through; they are text all the same.
  {
    ...define("braces", hmac),
    signatures: [
      {
        kind: "hmac",
        header: "x-acme-signature",
        algorithm: "sha256",
        encoding: "hex",
        content: "{} {touched} {{header:x-acme-id}} ${1} {{body}}{",
        secret: { encoding: "raw" },
      },
    ],
  },
  define("token", { kind: "bearer" }),
  define("own-token", { kind: "bearer", header: "x-acme-token", prefix: "" }),
  define("quoted-token", { kind: "bearer", header: "x-acme-token", prefix: printable }),
  define("password", { kind: "basic" }),
];

/** Of Ed25519, which is no part of every Python and PHP. */
export const ed25519Providers: readonly Provider[] = Object.entries(sealed).map(([id, input]) =>
  define(id, { ...ed25519, ...input }),
);

const mark = fc.string({
  unit: fc.constantFrom(...`'"\`$\\{}()/*?><#%;:=.,- abcnux017`),
  minLength: 1,
  maxLength: 12,
});
const signedText = fc.string({
  unit: fc.constantFrom(
    ...`'"\`$\\()/*?><#%;:= anux1`,
    "\n",
    "\r",
    "\0",
    "\u2028",
    "\u202e",
    "é",
    "💥",
    "\ud800",
  ),
  maxLength: 12,
});

/** Schemes whose text is any at all. */
export const randomProviders: readonly Provider[] = fc
  .sample(
    fc.record(
      {
        encoding: fc.constantFrom("hex", "base64"),
        prefix: mark,
        prefixOptional: fc.boolean(),
        separator: mark,
        content: fc
          .tuple(signedText, signedText, signedText)
          .map(([start, middle, end]) => `${start}{header:x-acme-id}${middle}{body}${end}`),
        item: mark,
      },
      { requiredKeys: ["encoding", "content"] },
    ),
    { numRuns: 80, seed: 20_260_317 },
  )
  .map(({ item, prefixOptional = false, ...scheme }, index) =>
    define(`random-${index}`, {
      ...hmac,
      ...scheme,
      prefixOptional: prefixOptional && scheme.prefix !== undefined,
      // A time of the header's own needs something between it and the signature.
      ...(item !== undefined && scheme.separator !== undefined
        ? { timestamp: { ...seconds, header: "x-acme-signature", item } }
        : {}),
    }),
  );
