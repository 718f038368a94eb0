import { createHash } from "node:crypto";
import { builtInProviders } from "../../../src/providers/index.ts";
import type { HmacAlgorithm } from "../../../src/signing/types.ts";
import { changed, nowSeconds, pairs, without } from "../requests.ts";
import { createScene, targets, titleCase, type Mutation, type Scene, type SigningScheme } from "./scenes.ts";

type Variants = Readonly<Record<string, Mutation>>;

/** Changes the headers as they went out. */
const edit =
  (change: (headers: string[], scene: Scene) => string[]): Mutation =>
  (scene) => ({ ...scene, edits: [...scene.edits, (headers) => change(headers, scene)] });

/** Changes the value of the header with the signature; undefined where that leaves it as it was. */
const value =
  (change: (text: string, scene: Scene) => string | undefined): Mutation =>
  (scene) => {
    // What is drawn at random while the request is written cannot be known before: a stand-in tells whether it applies.
    const { prefix = "", encoding, separator, timestamp } = scene.scheme;
    const digest = encoding === "hex" ? "ab".repeat(32) : `${"a+/".repeat(14)}A=`;
    const time = timestamp?.item === undefined ? "" : `${timestamp.item}${scene.time}${separator ?? ""}`;
    const sample = time + prefix + digest;
    if ((change(sample, scene) ?? sample) === sample) return undefined;
    return edit((headers) => changed(headers, scene.scheme.header, (text) => change(text, scene) ?? text))(
      scene,
    );
  };

/** The names of all headers that take part in the signature. */
function involved(scheme: SigningScheme): string[] {
  const signed = [...scheme.content.matchAll(/\{header:([^{}]+)\}/g)].map(([, name]) => name ?? "");
  return [
    ...new Set([
      scheme.header,
      ...(scheme.timestamp === undefined ? [] : [scheme.timestamp.header]),
      ...signed,
    ]),
  ];
}

const drop = (...names: readonly string[]): Mutation =>
  edit((headers) => names.reduce((left, name) => without(left, name), headers));

export const headerMissing: Variants = {
  "the signature's": (scene) => drop(scene.scheme.header)(scene),
  "all of them": (scene) => drop(...involved(scene.scheme))(scene),
  "the time's": ({ scheme, ...scene }) =>
    scheme.timestamp === undefined || scheme.timestamp.item !== undefined
      ? undefined
      : drop(scheme.timestamp.header)({ ...scene, scheme }),
  "the id's": ({ scheme, ...scene }) => {
    const id = involved(scheme)[2];
    return id === undefined ? undefined : drop(id)({ ...scene, scheme });
  },
};

const rename = (
  headers: readonly string[],
  names: readonly string[],
  change: (name: string) => string,
): string[] =>
  pairs(headers).flatMap(([name, text]) => [names.includes(name.toLowerCase()) ? change(name) : name, text]);
const renamed = (change: (name: string) => string): Mutation =>
  edit((headers, { scheme }) => rename(headers, involved(scheme), change));
const cgi = (name: string): string =>
  (/^content-/i.test(name) ? "" : "HTTP_") + name.toUpperCase().replaceAll("-", "_");

export const headerRenamed: Variants = {
  "HTTP_…": renamed(cgi),
  "HTTP_…, every one": edit((headers) => pairs(headers).flatMap(([name, text]) => [cgi(name), text])),
  "HTTP_…, the signature's": edit((headers, { scheme }) => rename(headers, [scheme.header], cgi)),
  "X-Forwarded-…": renamed((name) => `X-Forwarded-${name}`),
  "x-forwarded- in place of x-": renamed((name) => `x-forwarded-${name.replace(/^x-/i, "")}`),
  "X-Original-…": renamed((name) => `X-Original-${name}`),
  "X-Amzn-Remapped-…": renamed((name) => `X-Amzn-Remapped-${titleCase(name)}`),
  underscores: renamed((name) => name.replaceAll("-", "_")),
  "without x-": (scene) =>
    scene.scheme.header.startsWith("x-") && scene.scheme.header !== "x-signature"
      ? renamed((name) => name.replace(/^x-/i, ""))(scene)
      : undefined,
  "a name of one's own": edit((headers, { scheme }) =>
    rename(headers, [scheme.header], () => "X-Hook-Digest"),
  ),
};

const repeated = (text: string, count: number): string =>
  Array.from({ length: count }, () => text).join(", ");
const prefixed = ({ prefix, prefixOptional }: SigningScheme): string =>
  prefix === undefined || prefixOptional === true ? "" : prefix;

export const headerMalformed: Variants = {
  "prefix missing": value((text, { scheme }) => text.replace(prefixed(scheme), "")),
  "prefix doubled": value((text, { scheme }) => text.replace(scheme.prefix ?? "", (own) => own + own)),
  "prefix in other case": value((text, { scheme }) =>
    prefixed(scheme) === "" ? undefined : text.replace(prefixed(scheme), (own) => own.toUpperCase()),
  ),
  "another prefix": value((text, { scheme }) =>
    prefixed(scheme) === "" ? `sha256=${text}` : text.replace(prefixed(scheme), "hmac-sha256="),
  ),
  "colon in the prefix": value((text, { scheme }) =>
    prefixed(scheme) === "" ? undefined : text.replace(prefixed(scheme), (own) => own.replace(/[=,]$/, ":")),
  ),
  "double quotes": value((text) => `"${text}"`),
  "single quotes": value((text) => `'${text}'`),
  "a list of a gateway": value((text) => `["${text}"]`),
  "spaces around": value((text) => `  ${text} `),
  "space after the prefix": value((text, { scheme }) =>
    prefixed(scheme) === "" ? undefined : text.replace(prefixed(scheme), (own) => `${own} `),
  ),
  "a newline behind": value((text) => `${text}\n`),
  "twice in one": value((text) => repeated(text, 2)),
  "a comma behind": value((text) => `${text},`),
  "URL-encoded": value((text) => encodeURIComponent(text)),
  "spaces behind the commas": value((text, { scheme }) =>
    scheme.separator === "," ? text.replaceAll(",", ", ") : undefined,
  ),
  "semicolons for commas": value((text, { scheme }) =>
    scheme.separator === "," ? text.replaceAll(",", ";") : undefined,
  ),
  "the time not there": value((text, { scheme }) =>
    scheme.timestamp?.item === undefined ? undefined : text.replace(/^t=\d+,/, ""),
  ),
};

/** The signature in another spelling of the same bytes. */
const respelt = (spell: (bytes: Buffer, scheme: SigningScheme) => string | undefined): Mutation =>
  value((text, { scheme }) => {
    const { encoding } = scheme;
    const digest = digestIn(text, scheme);
    const spelt = spell(Buffer.from(digest, encoding), scheme);
    return spelt === undefined ? undefined : text.slice(0, text.length - digest.length) + spelt;
  });

export const headerEncoding: Variants = {
  "hex for base64": respelt((bytes, { encoding }) =>
    encoding === "hex" ? undefined : bytes.toString("hex"),
  ),
  "base64 for hex": respelt((bytes, { encoding }) =>
    encoding === "hex" ? bytes.toString("base64") : undefined,
  ),
  "upper-case hex": respelt((bytes, { encoding }) =>
    encoding === "hex" ? bytes.toString("hex").toUpperCase() : undefined,
  ),
  "upper-case hex for base64": respelt((bytes, { encoding }) =>
    encoding === "hex" ? undefined : bytes.toString("hex").toUpperCase(),
  ),
  "base64url for hex": respelt((bytes, { encoding }) =>
    encoding === "hex" ? bytes.toString("base64url") : undefined,
  ),
  base64url: respelt((bytes, { encoding }) => (encoding === "hex" ? undefined : bytes.toString("base64url"))),
  "without padding": respelt((bytes, { encoding }) =>
    encoding === "hex" ? undefined : bytes.toString("base64").replace(/=+$/, ""),
  ),
  "base64 of hex": respelt((bytes) => Buffer.from(bytes.toString("hex")).toString("base64")),
};

const minute = 60_000;
/** The receiver's clock stands elsewhere. */
const later =
  (ms: (scene: Scene) => number): Mutation =>
  (scene) => {
    const { timestamp } = scene.scheme;
    const by = ms(scene);
    if (timestamp === undefined || (by < 0 && timestamp.future === "accept")) return undefined;
    return { ...scene, now: scene.now + by };
  };

export const timestampExpired: Variants = {
  "by minutes": later(({ draw }) => (6 + draw.int(50)) * minute),
  "by an hour of summer time": later(() => 60 * minute),
  "by days": later(({ draw }) => (1 + draw.int(300)) * 24 * 60 * minute),
  "by a second": later(({ time }) => (301 - (nowSeconds - Number(time))) * 1000),
  "by years": later(() => 3 * 365 * 24 * 60 * minute),
};

export const timestampFuture: Variants = {
  "by minutes": later(({ draw }) => -(9 + draw.int(50)) * minute),
  "by an hour of summer time": later(() => -64 * minute),
  "by days": later(({ draw }) => -(1 + draw.int(300)) * 24 * 60 * minute),
};

/** Sends another time than the one that is signed. */
const sentTime =
  (change: (time: string) => string): Mutation =>
  (scene) => {
    const { timestamp } = scene.scheme;
    if (timestamp === undefined) return undefined;
    const { header, item = "" } = timestamp;
    return edit((headers) =>
      changed(headers, header, (text) => text.replace(item + scene.time, item + change(scene.time))),
    )(scene);
  };
const signedTime =
  (change: (time: string) => string): Mutation =>
  (scene) =>
    // In Stripe's scheme a time in the future passes, and so does one in milliseconds.
    scene.scheme.timestamp === undefined || scene.scheme.timestamp.future === "accept"
      ? undefined
      : { ...scene, time: change(scene.time) };

export const timestampUnit: Variants = {
  "milliseconds, signed as they are": signedTime((time) => `${time}417`),
  "microseconds, signed as they are": signedTime((time) => `${time}417000`.slice(0, 16)),
  "milliseconds, seconds signed": sentTime((time) => `${time}417`),
  "whole milliseconds, seconds signed": sentTime((time) => `${time}000`),
  "seconds, milliseconds signed": (scene) => {
    const milliseconds = `${scene.time}000`;
    if (scene.scheme.timestamp === undefined) return undefined;
    const time = scene.time;
    const sent = sentTime(() => time)({ ...scene, time: milliseconds });
    return sent;
  },
};

const algorithms =
  (algorithm: HmacAlgorithm | "md5", prefix?: string): Mutation =>
  (scene) => {
    const { scheme } = scene;
    if (scheme.kind !== "hmac" || (prefix !== undefined && scheme.prefix !== "sha256=")) return undefined;
    const own = { ...scheme, algorithm: algorithm as HmacAlgorithm };
    return { ...scene, scheme: prefix === undefined ? own : { ...own, prefix } };
  };

export const algorithm: Variants = {
  "SHA-1": algorithms("sha1"),
  "SHA-512": algorithms("sha512"),
  "SHA-384": algorithms("sha384"),
  MD5: algorithms("md5"),
  "SHA-1, and the prefix says so": algorithms("sha1", "sha1="),
  "SHA-512, and the prefix says so": algorithms("sha512", "sha512="),
  "no HMAC: a hash of secret and body": (scene) => {
    const { scheme, secret, signed } = scene;
    if (scheme.kind !== "hmac" || scheme.secret.encoding !== "raw") return undefined;
    const digest = createHash("sha256").update(secret).update(signed).digest();
    return value((text) => replaceDigest(text, digest, scheme))(scene);
  },
};

function replaceDigest(text: string, digest: Buffer, scheme: SigningScheme): string {
  return text.slice(0, text.length - digestIn(text, scheme).length) + digest.toString(scheme.encoding);
}

/** The signature alone, which stands last. */
function digestIn(text: string, { prefix = "" }: SigningScheme): string {
  return prefix === "" || !text.includes(prefix)
    ? text
    : text.slice(text.lastIndexOf(prefix) + prefix.length);
}

const content =
  (template: string | ((scheme: SigningScheme) => string | undefined), timed: boolean): Mutation =>
  (scene) => {
    const { scheme } = scene;
    const own = typeof template === "string" ? template : template(scheme);
    if ((scheme.timestamp !== undefined) !== timed || own === undefined || own === scheme.content)
      return undefined;
    const name = /\{header:([^{}]+)\}/.exec(scheme.content)?.[1];
    const next = { ...scene, scheme: { ...scheme, content: own } };
    // The id goes out, signed or not.
    return name === undefined || own.includes(name)
      ? next
      : edit((headers) => [...headers, name, scene.id])(next);
  };
const withTime =
  (name: string, mutation: Mutation): Mutation =>
  (scene) => {
    const next = mutation(scene);
    return next && edit((headers) => [...headers, name, scene.time])(next);
  };
const id = (scheme: SigningScheme): string | undefined => /\{header:[^{}]+\}/.exec(scheme.content)?.[0];

export const signedContent: Variants = {
  "the body alone": content("{body}", true),
  "time and body": content("{timestamp}.{body}", true),
  "time and body, joined": content("{timestamp}{body}", true),
  "time and body, colon": content("{timestamp}:{body}", true),
  "id and body": content((scheme) => id(scheme)?.concat(".{body}"), true),
  "time, id and body": content((scheme) => {
    const own = id(scheme);
    return own === undefined ? undefined : `{timestamp}.${own}.{body}`;
  }, true),
  "a time before the body": withTime("X-Webhook-Timestamp", content("{timestamp}.{body}", false)),
  "a time joined to the body": withTime("X-Timestamp", content("{timestamp}{body}", false)),
  "a time before the body, as Slack": withTime(
    "X-Signature-Timestamp",
    content("v0:{timestamp}:{body}", false),
  ),
};

/** The request is one of another provider, whose secret the user has or has not. */
const others =
  (isKnown: boolean): Mutation =>
  (scene) => {
    const { draw, target } = scene;
    // Svix takes what Standard Webhooks sends.
    const other = draw.pick(
      targets.filter(
        ({ provider }) =>
          provider !== target.provider && !(target.provider === "svix" && provider === "standard-webhooks"),
      ),
    );
    const title = builtInProviders.find(({ id }) => id === other.provider)?.title ?? "";
    const foreign = createScene(other, draw);
    const secret = foreign.secrets[0] ?? "";
    const label = { provider: other.provider, title, source: "environment" };
    return {
      ...foreign,
      receiver: target.provider,
      secrets: scene.secrets,
      known: isKnown ? [...scene.known, { secret, provider: other.provider, label }] : scene.known,
      recoverable: isKnown,
    };
  };

export const otherProvider: Variants = {
  "whose secret you have": others(true),
  "whose secret you have not": others(false),
};
