/** Requests of a provider: right ones, and everything that is wrong with some. */
import { createPublicKey, createSecretKey } from "node:crypto";
import type { Provider } from "../../src/providers/contract.ts";
import { parseContent, signedHeaders, signedPieces } from "../../src/signing/content.ts";
import { generateSecret, readSecret } from "../../src/signing/secrets.ts";
import { sign } from "../../src/signing/sign.ts";
import { computeSignature } from "../../src/signing/signature.ts";
import type { Ed25519Scheme, HmacScheme, SignatureScheme } from "../../src/signing/types.ts";
import { verify } from "../../src/signing/verify.ts";
import { changed, ed25519Key, now, valueOf, without } from "../signing/requests.ts";
import type { Call } from "./interpreters.ts";

export interface Case extends Omit<Call, "snippet"> {
  name: string;
  /** The verdict of hookline's own verifier. */
  expected: boolean;
}

/** The case of a signature that stands in two headers. */
export const twice = "the signature twice";

type Request = Pick<Case, "headers"> & { body: Uint8Array };

const body = Buffer.from('{"price":8.00,"name":"Fikäfi"}');
const nowText = String(now / 1000);
const key = (byte: number) => (count: number) => Buffer.alloc(count, byte);

export function casesOf({ signatures: [scheme] }: Provider): Case[] {
  if (scheme === undefined || scheme.kind === "none") throw new Error("nothing to verify");
  return scheme.kind === "hmac" || scheme.kind === "ed25519" ? signedCases(scheme) : credentialCases(scheme);
}

function judge(
  scheme: SignatureScheme,
  name: string,
  request: Request,
  secret: string,
  at: number | undefined,
): Case {
  const { headers } = request;
  const signs = scheme.kind === "hmac" || scheme.kind === "ed25519";
  const verdict = verify([scheme], [secret], { ...request, now: at ?? now });
  return { name, headers, body: signs ? request.body : undefined, secret, now: at, expected: verdict.ok };
}

function signedCases(scheme: HmacScheme | Ed25519Scheme): Case[] {
  const { header, separator, prefix = "", timestamp } = scheme;
  const content = parseContent(scheme.content);
  const needed = signedHeaders(content);
  const given = [...new Set(needed)]
    .filter((name) => name !== timestamp?.header)
    .flatMap((name) => [name, "id_1"]);
  // The time's header may be signed by its name too; then it has to be there before.
  const timed = (time: string): string[] =>
    timestamp !== undefined && needed.includes(timestamp.header) ? [...given, timestamp.header, time] : given;
  const [own, other] = [generateSecret(scheme, key(5)), generateSecret(scheme, key(6))];
  const secret = publicOf(scheme, own, 5);
  const signed = (signedBody: Uint8Array, secrets = [own]): Request => {
    const before = timed(nowText);
    return {
      body: signedBody,
      headers: [...before, ...sign(scheme, { body: signedBody, secrets, headers: before, now })],
    };
  };
  const good = signed(body);
  const cases: Case[] = [];
  const add = (name: string, request: Request, over: { secret?: string; now?: number } = {}) =>
    cases.push(
      judge(
        scheme,
        name,
        request,
        over.secret ?? secret,
        timestamp === undefined ? undefined : (over.now ?? now),
      ),
    );
  const withHeader = (name: string, change: string | ((value: string) => string), on = header) =>
    add(name, { body, headers: changed(good.headers, on, change) });

  add("good", good);
  add("empty body", signed(new Uint8Array()));
  add("a body that is no UTF-8", signed(Uint8Array.of(0xff, 0, 0xc3, 0x28, 0x0a)));
  add("another body", { ...good, body: Buffer.from('{"price":8,"name":"Fikäfi"}') });
  add("no body", { ...good, body: new Uint8Array() });
  add("another secret", good, { secret: publicOf(scheme, other, 6) });
  add("empty secret", good, { secret: "" });
  if (scheme.kind === "hmac")
    add("empty secret, whose empty key signed", signedAt(scheme, emptyKey, timed(nowText), nowText), {
      secret: "",
    });
  if (scheme.kind === "ed25519") add("half a key", good, { secret: secret.slice(0, -20) });
  if (scheme.kind === "hmac" && scheme.secret.encoding === "base64") {
    const { prefix: start = "" } = scheme.secret;
    add("a secret without its prefix", good, { secret: secret.slice(start.length) });
    add("a secret without its padding", good, { secret: secret.replace(/=+$/, "") });
    add("a secret that is a prefix alone", good, { secret: start });
    add("a secret that is no base64", good, { secret: `${start}!` });
  }

  // Node alone keeps two headers of a name apart.
  add(twice, { body, headers: [...good.headers, header, valueOf(good.headers, header)] });
  for (const name of new Set([header, ...needed, ...(timestamp === undefined ? [] : [timestamp.header])])) {
    add(`no ${name}`, { body, headers: without(good.headers, name) });
    withHeader(`empty ${name}`, "", name);
    withHeader(`another ${name}`, (value) => `${value}0`, name);
  }
  withHeader("a signature of another form", "garbage");
  withHeader("a signature cut short", (value) => value.slice(0, -2));
  withHeader("a signature with an end", (value) => `${value}00`);
  withHeader("a signature with a space", (value) => ` ${value}`);
  withHeader("a signature with a line break", (value) => `${value}\n`);
  withHeader("a signature with a letter that is no ASCII", (value) => `${value.slice(0, -1)}é`);
  withHeader("the prefix alone", prefix === "" ? "=" : prefix);
  withHeader("a signature in upper case", (value) => {
    const end = value.length - signatureOf(scheme, good).length;
    return value.slice(0, end) + value.slice(end).toUpperCase();
  });
  // Base64 of these lengths leaves bits that mean nothing.
  if (scheme.encoding === "base64")
    withHeader("a signature spelt otherwise", (value) =>
      value.replace(/([A-Za-z0-9+/])(=+)$/, (_, last: string, padding: string) => `${next(last)}${padding}`),
    );
  const bare = signatureOf(scheme, good);
  if (prefix !== "" && timestamp?.item === undefined) {
    withHeader("a bare signature", bare);
    withHeader("a signature with its prefix", prefix + bare);
    withHeader("a signature with another prefix", `other=${bare}`);
    withHeader("a signature with its prefix twice", prefix + prefix + bare);
  }

  if (separator !== undefined) {
    add("two signatures, the first right", signed(body, [own, other]));
    add("two signatures, the second right", signed(body, [other, own]));
    add("two signatures, none right", signed(body, [other, other]));
    withHeader("an unknown item beside", (value) => `${value}${separator}v9=unknown`);
    withHeader("an empty item beside", (value) => `${value}${separator}`);
    withHeader("the items in another order", (value) => value.split(separator).reverse().join(separator));
  }

  if (timestamp !== undefined) {
    const { item, toleranceSeconds } = timestamp;
    for (const [name, offset] of [
      ["as old as may be", toleranceSeconds],
      ["too old", toleranceSeconds + 1],
      ["as far ahead as may be", -toleranceSeconds],
      ["too far ahead", -toleranceSeconds - 1],
    ] as const)
      add(name, good, { now: now + offset * 1000 });
    for (const text of [
      "soon",
      "1e9",
      "-5",
      "0",
      "9".repeat(15),
      "9".repeat(16),
      `0${now}`,
      `${now}.5`,
      `+${now}`,
      `${now / 1000}\n`,
    ])
      add(`at ${JSON.stringify(text)}`, signedAt(scheme, keyOf(scheme, own), timed(text), text));
    if (item !== undefined && separator !== undefined) {
      withHeader("no time", (value) => value.split(separator).slice(1).join(separator));
      withHeader("two times", (value) => `${value.split(separator)[0]}${separator}${value}`);
    }
  }
  return cases;
}

type Key = Parameters<typeof computeSignature>[1];

const emptyKey: Key = {
  ok: true,
  secret: "",
  key: createSecretKey(Buffer.alloc(0)),
  bytes: 0,
  canSign: true,
};

function keyOf(scheme: SignatureScheme, secret: string): Key {
  const read = readSecret(scheme, secret);
  if (!read.ok) throw new Error(read.code);
  return read;
}

/** A request with a time or a key that no signer would use. */
function signedAt(
  scheme: HmacScheme | Ed25519Scheme,
  key: Key,
  given: readonly string[],
  time: string,
): Request {
  const pieces = signedPieces(parseContent(scheme.content), body, time, given);
  const item = (scheme.prefix ?? "") + computeSignature(scheme, key, pieces);
  const { timestamp, separator = "" } = scheme;
  if (timestamp === undefined) return { body, headers: [...given, scheme.header, item] };
  if (timestamp.item !== undefined)
    return { body, headers: [...given, scheme.header, [timestamp.item + time, item].join(separator)] };
  const name = timestamp.header;
  const headers = [...(given.includes(name) ? given : [...given, name, time]), scheme.header, item];
  return { body, headers };
}

/** The signature of a request that has one, without its prefix. */
function signatureOf(
  { header, separator, prefix = "" }: HmacScheme | Ed25519Scheme,
  request: Request,
): string {
  const value = valueOf(request.headers, header);
  const item = separator === undefined ? value : (value.split(separator).at(-1) ?? "");
  return item.startsWith(prefix) ? item.slice(prefix.length) : item;
}

function next(character: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return alphabet[(alphabet.indexOf(character) + 1) % 64] ?? "";
}

/** What a receiver holds: of Ed25519 the public key. */
function publicOf(scheme: SignatureScheme, secret: string, byte: number): string {
  if (scheme.kind !== "ed25519") return secret;
  const spki = createPublicKey(ed25519Key(Buffer.alloc(32, byte))).export({ format: "der", type: "spki" });
  return scheme.secret.publicPrefix + spki.subarray(12).toString("base64");
}

function credentialCases(scheme: Extract<SignatureScheme, { kind: "bearer" | "basic" }>): Case[] {
  const secret = scheme.kind === "basic" ? "user:pa:ss" : "token 1";
  const headers = sign(scheme, { body, secrets: [secret], headers: [], now });
  const name = headers[0] ?? "";
  const cases: Case[] = [];
  const add = (label: string, given: readonly string[], own = secret) =>
    cases.push(judge(scheme, label, { body, headers: given }, own, undefined));
  const change = (label: string, to: (value: string) => string) => add(label, changed(headers, name, to));
  add("good", headers);
  add("another secret", headers, `${secret}2`);
  add("empty secret", headers, "");
  add("an empty credential and secret", changed(headers, name, ""), "");
  add("no header", []);
  change("empty header", () => "");
  change("scheme in other case", (value) => value.replace(/^\w+ /, (word) => word.toUpperCase()));
  change("scheme alone", (value) => value.slice(0, 6));
  change("scheme of another kind", (value) => `Digest ${value}`);
  change("cut short", (value) => value.slice(0, -1));
  change("with an end", (value) => `${value}0`);
  change("with a letter that is no ASCII", (value) => `${value}é`);
  return cases;
}
