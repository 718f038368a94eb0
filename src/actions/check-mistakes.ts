import { isAscii } from "node:buffer";
import type { ExistingSecret } from "../config/secrets.ts";
import { contentsMisread } from "../signing/diagnose/contents.ts";
import { jsonForms } from "../signing/diagnose/json-forms.ts";
import { encodings, prefixed } from "../signing/diagnose/secret-spellings.ts";
import type { BearerScheme, Cause, Ed25519Scheme, HmacScheme, SignatureScheme } from "../signing/types.ts";
import type { CauseEvidence, HandlerCause, ProbeClue } from "../suites/check/causes.ts";

type Signed = HmacScheme | Ed25519Scheme;

/** A right delivery as it would have to be for a handler with certain mistakes. */
export interface Variation {
  clues: readonly ProbeClue[];
  scheme: SignatureScheme;
  secrets: readonly string[];
  /** The bytes that the signature is over; what is sent stays as it is. */
  signed: (body: Buffer) => Buffer;
  /** Of each signature as it is written. */
  respell: (proof: string) => string;
}

/** A mistake, and what it makes of a variation. The dearer, the less likely. */
export interface Mistake {
  cost: number;
  clue: ProbeClue;
  make: (before: Variation) => Variation;
}

/** Mistakes of which one handler makes one at most: they change the same thing. */
export type Dimension = readonly Mistake[];

/** Ways to write JSON that are tried. */
const mostForms = 14;

export interface MistakeOptions {
  secrets: readonly string[];
  known: readonly ExistingSecret[];
  body: Buffer;
  headers: readonly string[];
  /** Only what may be done to the body. */
  bodyAlone: boolean;
}

/** The mistakes that a handler of the scheme may make. */
export function dimensionsOf(
  scheme: HmacScheme | Ed25519Scheme | BearerScheme,
  { secrets, known, body, headers, bodyAlone }: MistakeOptions,
): Dimension[] {
  if (scheme.kind === "bearer") return bodyAlone ? [] : [bearerPrefix, copiedSecrets(secrets)];
  if (bodyAlone) return [bodies(body)];
  return [
    prefixes(scheme),
    spellings(scheme),
    bodies(body),
    contents(scheme, headers),
    ...(scheme.kind === "hmac" ? [algorithms(scheme), keys(scheme, secrets, known)] : []),
  ];
}

function mistake(
  cost: number,
  cause: HandlerCause,
  evidence: CauseEvidence,
  make: (before: Variation) => Partial<Variation>,
): Mistake {
  return { cost, clue: { cause, evidence }, make: (before) => ({ ...before, ...make(before) }) };
}

/** A change of the scheme, which is of the kind that the mistake is for. */
const inScheme =
  (change: Partial<HmacScheme> | Partial<Ed25519Scheme>) =>
  ({ scheme }: Variation): Partial<Variation> => ({ scheme: { ...scheme, ...change } as SignatureScheme });

const bearerPrefix: Dimension = [
  mistake(1, "prefix-kept", { header: "authorization", prefix: "Bearer " }, ({ scheme }) => ({
    scheme: { ...scheme, prefix: "" } as SignatureScheme,
  })),
];

function prefixes({
  header,
  prefix = "",
  prefixOptional = false,
  encoding,
  timestamp,
  kind,
}: Signed): Dimension {
  if (prefix !== "" && !prefixOptional) {
    // Beside a time, an item without its name is none.
    const cost = timestamp?.item === undefined ? 1 : 4;
    return [mistake(cost, "prefix-kept", { header, prefix }, inScheme({ prefix: "" }))];
  }
  if (kind !== "hmac" || encoding !== "hex") return [];
  const expected = "sha256=";
  return [
    mistake(
      1.5,
      "prefix-expected",
      { header, prefix: expected },
      inScheme({ prefix: expected, prefixOptional: false }),
    ),
  ];
}

function spellings({ header, encoding }: Signed): Dimension {
  const other = encoding === "hex" ? "base64" : "hex";
  const clue = (found: string): CauseEvidence => ({ header, expected: encoding, found });
  return [
    mistake(1.5, "header-encoding", clue(other), inScheme({ encoding: other })),
    ...(encoding === "hex"
      ? [
          mistake(2, "header-encoding", clue("upper-case hex"), () => ({
            respell: (proof) => proof.toUpperCase(),
          })),
        ]
      : [
          mistake(2, "header-encoding", clue("base64url"), () => ({
            respell: (proof) => proof.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
          })),
        ]),
  ];
}

/** What a handler may verify in place of the bytes that came. */
function bodies(body: Buffer): Dimension {
  const found: Mistake[] = [];
  const seen = new Set<string>([body.toString("latin1")]);
  const add = (cost: number, value: Buffer, cause: HandlerCause, evidence: CauseEvidence): void => {
    const key = value.toString("latin1");
    if (seen.has(key)) return;
    seen.add(key);
    found.push(mistake(cost, cause, evidence, () => ({ signed: () => value })));
  };
  const length = body.length;
  for (const text of ["", "{}"])
    add(1.5, Buffer.from(text), "body-empty", { body: text, content_length: length });
  for (const text of ["[object Object]", "undefined", "null"])
    add(2, Buffer.from(text), "body-reserialised", { signed: "", arrived: text });
  if (!isAscii(body)) {
    add(1.2, Buffer.from(body.toString("latin1")), "body-charset", {
      signed: "UTF-8",
      arrived: "UTF-8 read as ISO-8859-1",
    });
    const lost = Buffer.from(body.toString("latin1").replace(/[\x80-\xff]/g, "\ufffd"));
    add(1.4, lost, "body-charset", { replacement_characters: lost.toString().split("\ufffd").length - 1 });
    add(1.4, body.filter((byte) => byte < 0x80) as Buffer, "body-charset", {
      signed: "UTF-8",
      arrived: "ASCII",
    });
  }
  const text = body.toString("utf8");
  add(2, Buffer.from(text.trim()), "body-newline", { change: "lost", newline: "white space" });
  let rank = 0;
  for (const { value, clues } of jsonForms(body, 5000)?.all() ?? []) {
    const [clue] = clues;
    const form = clue?.evidence["signed"];
    // Decimals that a parser dropped are put back by nobody who serialises anew.
    if (typeof form !== "string" || form.includes("decimal") || clue?.evidence["newline"] !== undefined)
      continue;
    add(formCost(form, rank), value, "body-reserialised", { signed: "", arrived: form });
    if (++rank === mostForms) break;
  }
  add(2.5, Buffer.from(JSON.stringify(text)), "body-reserialised", {
    signed: "",
    arrived: "JSON.stringify",
    twice: true,
  });
  add(2.5, Buffer.from(`${text}\n`), "body-newline", { change: "added", newline: "LF" });
  return found;
}

function formCost(form: string, rank: number): number {
  if (form === "JSON.stringify") return 1;
  return form === "json.dumps" ? 1.1 : 1.5 + rank / 10;
}

function contents(scheme: Signed, headers: readonly string[]): Dimension {
  if (scheme.timestamp === undefined) return [];
  const { header, unit } = scheme.timestamp;
  const other = unit === "s" ? "ms" : "s";
  const found: Mistake[] = [
    mistake(
      1.6,
      "timestamp-unit",
      { header, expected: unit, signed: other },
      inScheme({ timestamp: { ...scheme.timestamp, unit: other } }),
    ),
  ];
  let cost = 1;
  // Any time will do: only the templates are wanted.
  for (const { clues } of contentsMisread(scheme, headers, "0")) {
    const template = clues[0]?.cause === "signed-content" ? clues[0].evidence["found"] : undefined;
    if (typeof template !== "string") continue;
    found.push(
      mistake(
        cost,
        "signed-content",
        { expected: scheme.content, found: template },
        inScheme({ content: template }),
      ),
    );
    cost = Math.min(3, cost + 0.4);
  }
  return found;
}

function algorithms({ algorithm: expected }: HmacScheme): Dimension {
  const others = (["sha256", "sha1", "sha512", "sha384"] as const).filter((one) => one !== expected);
  return others.map((found, rank) =>
    mistake(1.8 + rank / 5, "algorithm", { expected, found }, inScheme({ algorithm: found })),
  );
}

/** What the handler's key may be in place of the right one. */
function keys(scheme: HmacScheme, secrets: readonly string[], known: readonly ExistingSecret[]): Dimension {
  const [secret = ""] = secrets;
  const withSecret = (text: string): Partial<Variation> => ({ secrets: [text] });
  const others = [
    ...secrets.slice(1).map((text): ExistingSecret => ({ secret: text, source: "flag", previous: true })),
    ...known.filter((one) => !secrets.includes(one.secret)),
  ].slice(0, 6);
  return [
    ...others.map(({ secret: other, source, name, previous }) =>
      mistake(
        1.4,
        "other-known-secret",
        { source, ...(name === undefined ? {} : { name }), ...(previous === undefined ? {} : { previous }) },
        () => withSecret(other),
      ),
    ),
    ...copiedSecrets(secrets),
    ...[...prefixed(scheme, secret)].map(({ value, clues }) =>
      mistake(2, "secret-prefix", clues[0]?.evidence ?? {}, () => withSecret(value)),
    ),
    ...[...encodings(scheme, secret)].map(({ value, clues: [clue] }, rank) =>
      mistake(1.5 + rank / 5, asHandlerCause(clue?.cause), clue?.evidence ?? {}, withKey(value)),
    ),
    // To an HMAC a key of one zero is the same as none.
    mistake(2, "secret-unset", { value: "" }, withKey(Buffer.alloc(1))),
    mistake(2, "secret-unset", { value: "undefined" }, withKey(Buffer.from("undefined"))),
  ];
}

/** The bytes themselves as the key, whatever the scheme makes of a secret's text. */
const withKey =
  (key: Buffer) =>
  ({ scheme }: Variation): Partial<Variation> => ({
    scheme: { ...scheme, secret: { encoding: "base64" } } as SignatureScheme,
    secrets: [key.toString("base64")],
  });

function asHandlerCause(cause: Cause | undefined): HandlerCause {
  return cause === "secret-prefix" ? cause : "secret-encoding";
}

/** The handler's copy of the secret, with what came along when it was copied. */
function copiedSecrets([secret = ""]: readonly string[]): Dimension {
  const end = (characters: string): CauseEvidence => ({ side: "yours", where: "end", characters });
  return [
    mistake(1.4, "secret-whitespace", end("newline"), () => ({ secrets: [`${secret}\n`] })),
    mistake(1.8, "secret-quoted", { side: "yours", quotes: "double" }, () => ({ secrets: [`"${secret}"`] })),
    mistake(2.2, "secret-whitespace", end("newline"), () => ({ secrets: [`${secret}\r\n`] })),
    mistake(2.2, "secret-whitespace", end("space"), () => ({ secrets: [`${secret} `] })),
    mistake(2.2, "secret-quoted", { side: "yours", quotes: "single" }, () => ({ secrets: [`'${secret}'`] })),
  ];
}
