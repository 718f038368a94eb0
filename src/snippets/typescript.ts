import type { Ed25519Scheme, HmacScheme, TimestampSource } from "../signing/types.ts";
import { tsString, tsTemplate } from "./literals.ts";
import {
  camel,
  credentialOf,
  render,
  runsOf,
  signedOf,
  type Code,
  type CredentialScheme,
  type Plan,
  type Signed,
  type SignedScheme,
  type Text,
  type WrittenVerifier,
} from "./plan.ts";

export function typescriptSnippet(plan: Plan): WrittenVerifier | undefined {
  const { scheme } = plan;
  if (scheme.kind === "none") return undefined;
  const signed = scheme.kind === "hmac" || scheme.kind === "ed25519";
  const verifier = signed ? signedVerifier({ ...plan, scheme }) : credentialVerifier({ ...plan, scheme });
  return {
    function: camel(plan.name),
    verifier: render(verifier, "  "),
    example: render(example(plan, signed), "  "),
  };
}

function signedVerifier(plan: Plan<SignedScheme>): Code {
  const { scheme, sender } = plan;
  const { timestamp, separator } = scheme;
  const signed = signedOf(scheme);
  const isHmac = scheme.kind === "hmac";
  return [
    isHmac
      ? 'import { createHmac, timingSafeEqual } from "node:crypto";'
      : 'import { createPublicKey, verify } from "node:crypto";',
    "",
    "/**",
    ` * Whether ${sender} signed this request.`,
    " * @param body the raw body: JSON that was parsed and written again has other bytes (8.00 becomes 8)",
    " * @param headers by lower-case name, as in Node's req.headers",
    ...(isHmac
      ? [` * @param secret the value of ${plan.secretEnv}; with an empty one nothing passes`]
      : [
          ` * @param publicKey the value of ${plan.secretEnv}: the public key, as only the sender has the private one`,
        ]),
    timestamp !== undefined && " * @param now Unix milliseconds",
    " */",
    `export function ${camel(plan.name)}(`,
    [
      "body: Uint8Array,",
      "headers: Record<string, string | string[] | undefined>,",
      `${isHmac ? "secret" : "publicKey"}: string,`,
      ...(timestamp === undefined
        ? []
        : [`toleranceSeconds = ${timestamp.toleranceSeconds},`, "now = Date.now(),"]),
    ],
    "): boolean {",
    [
      `const header = headers[${tsString(scheme.header)}];`,
      `if (typeof header !== "string"${isHmac && scheme.secret.encoding === "raw" ? ' || secret === ""' : ""}) return false;`,
      ...signed.headers.flatMap((one) => [
        `const ${camel(one.variable)} = headers[${tsString(one.header)}];`,
        `if (typeof ${camel(one.variable)} !== "string" || ${camel(one.variable)} === "") return false;`,
      ]),
      ...(timestamp === undefined ? [] : readTime(timestamp, scheme)),
      ...(timestamp === undefined ? [] : checkAge(timestamp)),
      "",
      ...(isHmac
        ? checkHmac(scheme, signed, itemsOf(timestamp, separator))
        : checkEd25519(scheme, signed, itemsOf(timestamp, separator))),
    ],
    "}",
  ];
}

/** The expression of the header's items, or undefined where there is but one. */
function itemsOf(timestamp: TimestampSource | undefined, separator: string | undefined): string | undefined {
  if (separator === undefined) return undefined;
  return timestamp?.item === undefined ? `header.split(${tsString(separator)})` : "items";
}

const wholeNumber = String.raw`/^[1-9]\d{0,14}$/`;

function readTime({ header, item }: TimestampSource, scheme: SignedScheme): Code {
  if (item === undefined) {
    const own = header !== scheme.header;
    return [
      `const timestamp = ${own ? `headers[${tsString(header)}]` : "header"};`,
      own
        ? `if (typeof timestamp !== "string" || !${wholeNumber}.test(timestamp)) return false;`
        : `if (!${wholeNumber}.test(timestamp)) return false;`,
    ];
  }
  return [
    "",
    `const items = header.split(${tsString(scheme.separator ?? "")});`,
    `const times = items.filter((item) => item.startsWith(${tsString(item)}));`,
    `const timestamp = (times[0] ?? "").slice(${tsString(item)}.length);`,
    `if (times.length !== 1 || !${wholeNumber}.test(timestamp)) return false;`,
  ];
}

function checkAge({ unit, future }: TimestampSource): Code {
  const at = unit === "s" ? "Number(timestamp)" : "Math.floor(Number(timestamp) / 1000)";
  return [
    "",
    "// An old request may be one that somebody recorded and sends again.",
    `const age = Math.floor(now / 1000) - ${at};`,
    future === "accept"
      ? "if (age > toleranceSeconds) return false;"
      : "if (Math.abs(age) > toleranceSeconds) return false;",
  ];
}

function checkHmac(scheme: HmacScheme, signed: Signed, items: string | undefined): Code {
  const { algorithm, encoding, prefix = "", prefixOptional = false } = scheme;
  const updates = runsOf(signed.content).map((run) => `.update(${run === "body" ? "body" : textOf(run)})`);
  const key = scheme.secret.encoding === "raw" ? "secret" : "key";
  const whole = `createHmac(${tsString(algorithm)}, ${key})${updates.join("")}.digest(${tsString(encoding)})`;
  const same = "given.length === expected.length && timingSafeEqual(given, expected)";
  const lengths = "// timingSafeEqual throws where the lengths differ.";
  const either = prefix !== "" && prefixOptional;
  const expected = prefix === "" ? "signature" : `\`${tsTemplate(prefix)}\${signature}\``;

  const compare: Code = either
    ? [
        `// The prefix may be missing.`,
        ...(items === undefined ? ["const given = Buffer.from(header);"] : []),
        items === undefined
          ? `return [signature, ${expected}].some((text) => {`
          : `const accepted = [signature, ${expected}].map((text) => Buffer.from(text));`,
        ...(items === undefined
          ? [["const expected = Buffer.from(text);", lengths, `return ${same};`], "});"]
          : [
              `return ${items}.some((item) => {`,
              ["const given = Buffer.from(item);", lengths, `return accepted.some((expected) => ${same});`],
              "});",
            ]),
      ]
    : [
        `const expected = Buffer.from(${expected});`,
        ...(items === undefined
          ? ["const given = Buffer.from(header);", lengths, `return ${same};`]
          : [
              "// One of them is enough: while a secret is rotated there are several.",
              `return ${items}.some((item) => {`,
              ["const given = Buffer.from(item);", lengths, `return ${same};`],
              "});",
            ]),
      ];
  return [
    ...hmacKey(scheme),
    ...(whole.length <= 80
      ? [`const signature = ${whole};`]
      : [
          `const signature = createHmac(${tsString(algorithm)}, ${key})`,
          [...updates, `.digest(${tsString(encoding)});`],
        ]),
    ...compare,
  ];
}

function hmacKey({ secret: { encoding, prefix } }: HmacScheme): Code {
  if (encoding === "raw")
    return prefix === undefined ? [] : ["// The key is the whole secret, its prefix included."];
  return [
    prefix === undefined
      ? "// The key is what the secret's base64 stands for."
      : "// The key is what the base64 behind the secret's prefix stands for.",
    ...(prefix === undefined
      ? ['const key = Buffer.from(secret, "base64");']
      : [
          `const encoded = secret.startsWith(${tsString(prefix)}) ? secret.slice(${tsString(prefix)}.length) : secret;`,
          'const key = Buffer.from(encoded, "base64");',
        ]),
    "if (key.length === 0) return false;",
  ];
}

function checkEd25519(scheme: Ed25519Scheme, signed: Signed, items: string | undefined): Code {
  const { encoding, prefix = "", prefixOptional = false } = scheme;
  const { publicPrefix } = scheme.secret;
  const length = encoding === "hex" ? 128 : 88;
  const pieces = runsOf(signed.content).map((run) =>
    run === "body" ? "body" : `Buffer.from(${textOf(run)})`,
  );
  const item = items === undefined ? "header" : "item";
  const text = prefix === "" ? item : "text";
  const slice = `${item}.slice(${tsString(prefix)}.length)`;
  const check: Code = [
    ...(prefix === ""
      ? []
      : prefixOptional
        ? [
            "// The prefix may be missing.",
            `const text = ${item}.length > ${length} && ${item}.startsWith(${tsString(prefix)}) ? ${slice} : ${item};`,
          ]
        : [`if (!${item}.startsWith(${tsString(prefix)})) return false;`, `const text = ${slice};`]),
    `const signature = Buffer.from(${text}, ${tsString(encoding)});`,
    "// Buffer.from passes over what it cannot read; written again, only a well-formed signature is the same.",
    `if (signature.toString(${tsString(encoding)}) !== ${text}) return false;`,
    "return verify(null, message, key, signature);",
  ];
  return [
    `if (!publicKey.startsWith(${tsString(publicPrefix)})) return false;`,
    `const point = Buffer.from(publicKey.slice(${tsString(publicPrefix)}.length), "base64");`,
    "if (point.length !== 32) return false;",
    "// Node reads keys as SubjectPublicKeyInfo: these bytes in front of the 32 of an Ed25519 key (RFC 8410).",
    'const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), point]);',
    'const key = createPublicKey({ key: spki, format: "der", type: "spki" });',
    `const message = Buffer.concat([${pieces.join(", ")}]);`,
    ...(items === undefined ? check : [`return ${items}.some((item) => {`, check, "});"]),
  ];
}

function textOf(run: readonly Text[]): string {
  const [only] = run;
  if (run.length === 1 && only !== undefined)
    return "text" in only ? tsString(only.text) : camel(only.variable);
  const inner = run.map((part) => ("text" in part ? tsTemplate(part.text) : `\${${camel(part.variable)}}`));
  return `\`${inner.join("")}\``;
}

function credentialVerifier({ scheme, sender, name }: Plan<CredentialScheme>): Code {
  const { header, prefix } = credentialOf(scheme);
  const given = prefix === "" ? "header" : `header.slice(${tsString(prefix)}.length)`;
  const expected = scheme.kind === "basic" ? 'Buffer.from(secret).toString("base64")' : "secret";
  return [
    'import { createHash, timingSafeEqual } from "node:crypto";',
    "",
    "/**",
    ` * Whether ${sender} sent this request: it carries the secret${scheme.kind === "basic" ? " (user:password)" : ""}. Nothing signs the body.`,
    " * @param headers by lower-case name, as in Node's req.headers",
    " */",
    `export function ${camel(name)}(`,
    ["headers: Record<string, string | string[] | undefined>,", "secret: string,"],
    "): boolean {",
    [
      `const header = headers[${tsString(header)}];`,
      'if (typeof header !== "string" || secret === "") return false;',
      prefix !== "" &&
        `if (header.slice(0, ${tsString(prefix)}.length).toLowerCase() !== ${tsString(prefix.toLowerCase())}) return false;`,
      "",
      "// Digests have one length, which timingSafeEqual needs.",
      'const digest = (text: string) => createHash("sha256").update(text).digest();',
      `return timingSafeEqual(digest(${given}), digest(${expected}));`,
    ],
    "}",
  ];
}

function example(plan: Plan, signed: boolean): Code {
  const env = /^\d/.test(plan.secretEnv)
    ? `process.env[${tsString(plan.secretEnv)}]`
    : `process.env.${plan.secretEnv}`;
  const path = tsString(`/webhooks/${plan.id}`);
  const verify = camel(plan.name);
  return [
    "// In use, with Express:",
    'import express from "express";',
    "",
    "const app = express();",
    "",
    ...(signed
      ? [
          "// express.raw leaves the body as it came; no other parser may run before it.",
          `app.post(${path}, express.raw({ type: "*/*", limit: "5mb" }), (req, res) => {`,
        ]
      : [`app.post(${path}, (req, res) => {`]),
    [
      ...(signed
        ? [
            "// Without a body there is no Buffer.",
            "const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);",
          ]
        : []),
      `if (!${verify}(${signed ? "body, " : ""}req.headers, ${env} ?? "")) {`,
      ["res.sendStatus(401);", "return;"],
      "}",
      ...afterwards(plan),
      `res.sendStatus(${plan.status});`,
    ],
    "});",
    "",
    "app.listen(3000);",
    "",
    ...(signed
      ? [
          "// With the Next.js App Router: a body of new Uint8Array(await request.arrayBuffer()),",
          "// and headers of Object.fromEntries(request.headers).",
        ]
      : ["// With the Next.js App Router: headers of Object.fromEntries(request.headers)."]),
  ];
}

function afterwards({ acknowledge, dedupe, sender }: Plan): string[] {
  return [
    `// It may come again, ${dedupe}: handle it once.`,
    `// ${sender} waits for ${acknowledge}: queue what takes longer.`,
  ];
}
