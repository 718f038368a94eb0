import type { Ed25519Scheme, HmacScheme, TimestampSource } from "../signing/types.ts";
import { phpString } from "./literals.ts";
import {
  camel,
  credentialOf,
  render,
  signedOf,
  type Code,
  type CredentialScheme,
  type Plan,
  type Signed,
  type SignedScheme,
  type WrittenVerifier,
} from "./plan.ts";

export function phpSnippet(plan: Plan): WrittenVerifier | undefined {
  const { scheme } = plan;
  if (scheme.kind === "none") return undefined;
  const signed = scheme.kind === "hmac" || scheme.kind === "ed25519";
  const verifier = signed ? signedVerifier({ ...plan, scheme }) : credentialVerifier({ ...plan, scheme });
  return {
    function: camel(plan.name),
    verifier: render(["<?php", "", "declare(strict_types=1);", "", ...verifier], "    "),
    example: render(example(plan, signed), "    "),
  };
}

function signedVerifier(plan: Plan<SignedScheme>): Code {
  const { scheme, sender } = plan;
  const { timestamp, separator } = scheme;
  const signed = signedOf(scheme);
  const isHmac = scheme.kind === "hmac";
  return [
    "/**",
    ` * Whether ${sender} signed this request.`,
    " *",
    " * @param string $body the raw body: JSON that was parsed and written again has other bytes (8.00 becomes 8)",
    " * @param array<string, mixed> $server $_SERVER, which holds the headers",
    isHmac
      ? ` * @param string $secret the value of ${plan.secretEnv}; with an empty one nothing passes`
      : ` * @param string $publicKey the value of ${plan.secretEnv}: the public key, as only the sender has the private one`,
    timestamp !== undefined && " * @param int|null $now Unix seconds",
    " */",
    `function ${camel(plan.name)}(`,
    [
      "string $body,",
      "array $server,",
      `string $${isHmac ? "secret" : "publicKey"},`,
      ...(timestamp === undefined
        ? []
        : [`int $toleranceSeconds = ${timestamp.toleranceSeconds},`, "?int $now = null,"]),
    ],
    "): bool {",
    [
      `$header = $server[${phpString(serverKey(scheme.header))}] ?? '';`,
      ...(isHmac && scheme.secret.encoding === "raw"
        ? ["if ($secret === '') {", ["return false;"], "}"]
        : []),
      ...signed.headers.flatMap((one) => [
        `$${camel(one.variable)} = $server[${phpString(serverKey(one.header))}] ?? '';`,
        `if ($${camel(one.variable)} === '') {`,
        ["return false;"],
        "}",
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

/** Where CGI, and with it PHP, keeps a header. */
function serverKey(header: string): string {
  const name = header.toUpperCase().replace(/[-.]/g, "_");
  return name === "CONTENT_TYPE" || name === "CONTENT_LENGTH" ? name : `HTTP_${name}`;
}

/** The expression of the header's items, or undefined where there is but one. */
function itemsOf(timestamp: TimestampSource | undefined, separator: string | undefined): string | undefined {
  if (separator === undefined) return undefined;
  return timestamp?.item === undefined ? `explode(${phpString(separator)}, $header)` : "$items";
}

const refuseTime: Code = [
  String.raw`if (!preg_match('/^[1-9]\d{0,14}$/D', $timestamp)) {`,
  ["return false;"],
  "}",
];

function readTime({ header, item }: TimestampSource, scheme: SignedScheme): Code {
  if (item === undefined) {
    return [
      `$timestamp = ${header === scheme.header ? "$header" : `$server[${phpString(serverKey(header))}] ?? ''`};`,
      ...refuseTime,
    ];
  }
  return [
    "",
    `$items = explode(${phpString(scheme.separator ?? "")}, $header);`,
    `$times = array_values(array_filter($items, fn ($item) => str_starts_with($item, ${phpString(item)})));`,
    "if (count($times) !== 1) {",
    ["return false;"],
    "}",
    `$timestamp = substr($times[0], strlen(${phpString(item)}));`,
    ...refuseTime,
  ];
}

function checkAge({ unit, future }: TimestampSource): Code {
  return [
    "",
    "// An old request may be one that somebody recorded and sends again.",
    `$age = ($now ?? time()) - ${unit === "s" ? "(int) $timestamp" : "intdiv((int) $timestamp, 1000)"};`,
    future === "accept" ? "if ($age > $toleranceSeconds) {" : "if (abs($age) > $toleranceSeconds) {",
    ["return false;"],
    "}",
  ];
}

function checkHmac(scheme: HmacScheme, signed: Signed, items: string | undefined): Code {
  const { algorithm, encoding, prefix = "", prefixOptional = false } = scheme;
  const key = scheme.secret.encoding === "raw" ? "$secret" : "$key";
  const of = `${phpString(algorithm)}, ${messageOf(signed)}, ${key}`;
  const signature = encoding === "hex" ? `hash_hmac(${of})` : `base64_encode(hash_hmac(${of}, true))`;
  const either = prefix !== "" && prefixOptional;
  const expected = either || prefix === "" ? signature : `${phpString(prefix)} . ${signature}`;
  const same = (given: string): string =>
    either
      ? `hash_equals($expected, ${given}) || hash_equals(${phpString(prefix)} . $expected, ${given})`
      : `hash_equals($expected, ${given})`;
  return [
    ...hmacKey(scheme),
    `$expected = ${expected};`,
    either && "// The prefix may be missing.",
    ...(items === undefined
      ? [`return ${same("$header")};`]
      : [
          "// One of them is enough: while a secret is rotated there are several.",
          `foreach (${items} as $item) {`,
          [`if (${same("$item")}) {`, ["return true;"], "}"],
          "}",
          "return false;",
        ]),
  ];
}

function hmacKey({ secret: { encoding, prefix } }: HmacScheme): Code {
  if (encoding === "raw")
    return prefix === undefined ? [] : ["// The key is the whole secret, its prefix included."];
  const start = phpString(prefix ?? "");
  return [
    ...(prefix === undefined
      ? ["// The key is what the secret's base64 stands for.", "$key = base64_decode($secret, true);"]
      : [
          "// The key is what the base64 behind the secret's prefix stands for.",
          `$encoded = str_starts_with($secret, ${start}) ? substr($secret, strlen(${start})) : $secret;`,
          "$key = base64_decode($encoded, true);",
        ]),
    "if ($key === false || $key === '') {",
    ["return false;"],
    "}",
  ];
}

function checkEd25519(scheme: Ed25519Scheme, signed: Signed, items: string | undefined): Code {
  const { encoding, prefix = "", prefixOptional = false } = scheme;
  const publicPrefix = phpString(scheme.secret.publicPrefix);
  const length = encoding === "hex" ? 128 : 88;
  const start = phpString(prefix);
  const slice = `substr($item, strlen(${start}))`;
  const text = prefix === "" ? "$item" : "$text";
  return [
    `if (!str_starts_with($publicKey, ${publicPrefix})) {`,
    ["return false;"],
    "}",
    `$key = base64_decode(substr($publicKey, strlen(${publicPrefix})), true);`,
    "if ($key === false || strlen($key) !== SODIUM_CRYPTO_SIGN_PUBLICKEYBYTES) {",
    ["return false;"],
    "}",
    `$message = ${messageOf(signed)};`,
    `foreach (${items ?? "[$header]"} as $item) {`,
    [
      ...(prefix === ""
        ? []
        : prefixOptional
          ? [
              "// The prefix may be missing.",
              `$text = strlen($item) > ${length} && str_starts_with($item, ${start}) ? ${slice} : $item;`,
            ]
          : [`if (!str_starts_with($item, ${start})) {`, ["continue;"], "}", `$text = ${slice};`]),
      "// Of several spellings of a signature only the usual one passes.",
      ...(encoding === "hex"
        ? [
            `if (!preg_match('/^[0-9a-f]{128}$/D', ${text})) {`,
            ["continue;"],
            "}",
            `$signature = hex2bin(${text});`,
          ]
        : [
            `$signature = base64_decode(${text}, true);`,
            `if ($signature === false || strlen($signature) !== SODIUM_CRYPTO_SIGN_BYTES || base64_encode($signature) !== ${text}) {`,
            ["continue;"],
            "}",
          ]),
      "if (sodium_crypto_sign_verify_detached($signature, $message, $key)) {",
      ["return true;"],
      "}",
    ],
    "}",
    "return false;",
  ];
}

function messageOf({ content }: Signed): string {
  return content
    .map((part) =>
      part === "body" ? "$body" : "text" in part ? phpString(part.text) : `$${camel(part.variable)}`,
    )
    .join(" . ");
}

function credentialVerifier({ scheme, sender, name }: Plan<CredentialScheme>): Code {
  const { header, prefix } = credentialOf(scheme);
  const basic = scheme.kind === "basic";
  const start = phpString(prefix);
  const given = prefix === "" ? "$header" : `substr($header, strlen(${start}))`;
  return [
    "/**",
    ` * Whether ${sender} sent this request: it carries the secret${basic ? " (user:password)" : ""}. Nothing signs the body.`,
    " *",
    " * @param array<string, mixed> $server $_SERVER, which holds the headers",
    " */",
    `function ${camel(name)}(array $server, string $secret): bool`,
    "{",
    [
      ...(header === "authorization" ? ["// Apache passes this header on with CGIPassAuth On."] : []),
      `$header = $server[${phpString(serverKey(header))}] ?? '';`,
      "if ($secret === '') {",
      ["return false;"],
      "}",
      ...(prefix === ""
        ? []
        : [`if (strncasecmp($header, ${start}, strlen(${start})) !== 0) {`, ["return false;"], "}"]),
      "",
      `return hash_equals(${basic ? "base64_encode($secret)" : "$secret"}, ${given});`,
    ],
    "}",
  ];
}

function example(plan: Plan, signed: boolean): Code {
  const { acknowledge, dedupe, sender, name, secretEnv, status } = plan;
  const secret = `(string) getenv(${phpString(secretEnv)})`;
  return [
    "// In use, in the script that the webhooks are sent to:",
    ...(signed
      ? [
          "// php://input is the body as it came.",
          "$body = file_get_contents('php://input');",
          `if (!${camel(name)}($body, $_SERVER, ${secret})) {`,
        ]
      : [`if (!${camel(name)}($_SERVER, ${secret})) {`]),
    ["http_response_code(401);", "exit;"],
    "}",
    `// It may come again, ${dedupe}: handle it once.`,
    `// ${sender} waits for ${acknowledge}: queue what takes longer.`,
    `http_response_code(${status});`,
    "",
    signed
      ? "// With Laravel or Symfony: $request->getContent() and $request->server->all()."
      : "// With Laravel or Symfony: $request->server->all().",
  ];
}
