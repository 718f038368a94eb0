import { createHmac, createPublicKey, type KeyObject } from "node:crypto";
import { builtInProviders } from "../../../src/providers/index.ts";
import type { DiagnoseInput, KnownSecret } from "../../../src/signing/diagnose/index.ts";
import { generateSecret } from "../../../src/signing/secrets.ts";
import type { Ed25519Scheme, HmacScheme, RawHeaders } from "../../../src/signing/types.ts";
import { ed25519Key, now, nowSeconds, pairs, signedByHand } from "../requests.ts";
import { payload, type PayloadWish } from "./payloads.ts";
import { createDraw, type Draw } from "./random.ts";

export type SigningScheme = HmacScheme | Ed25519Scheme;

/** A way in which a built-in provider signs. */
export interface Target {
  name: string;
  provider: string;
  scheme: SigningScheme;
}

const provider = (id: string) => {
  const found = builtInProviders.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no provider ${id}`);
  return found;
};

/** Every distinct scheme of the built-in providers. */
export const targets: readonly Target[] = builtInProviders
  .filter(({ base }) => base === undefined)
  .flatMap(({ id, signatures }) => {
    // Svix takes the webhook-* names as well, which are Standard Webhooks' own.
    const schemes = signatures
      .filter((scheme): scheme is SigningScheme => scheme.kind === "hmac" || scheme.kind === "ed25519")
      .slice(0, 2);
    return schemes.map((scheme) => ({
      name: schemes.length > 1 ? `${id} ${scheme.kind}` : id,
      provider: id,
      scheme,
    }));
  });

/** What the signer's HMAC or Ed25519 is fed with. */
export type SignerKey = string | Uint8Array | KeyObject;

/** A delivery from its signer to whoever holds it now; mutations change parts of it. */
export interface Scene {
  draw: Draw;
  target: Target;
  /** Provider whose request the receiver takes it for. */
  receiver: string;
  /** The scheme the signer follows. */
  scheme: SigningScheme;
  secret: string;
  key: SignerKey;
  /** Text of the time that is signed. */
  time: string;
  id: string;
  /** What was signed, what went out, and what the receiver has. */
  signed: Buffer;
  sent: Buffer;
  held: Buffer;
  /** Changes to the headers as they went out. */
  edits: readonly ((headers: string[]) => string[])[];
  /** The receiver's secrets. */
  secrets: readonly string[];
  known: readonly KnownSecret[];
  now: number;
  intact?: "signature" | "delivery";
  /** Whether what happened can be undone from what is held; where not, a finding is likely at most. */
  recoverable: boolean;
  hasLength: boolean;
}

/** What goes wrong; undefined where it cannot with this delivery. */
export type Mutation = (scene: Scene) => Scene | undefined;

/** A delivery to which nothing has happened yet. */
export function createScene(target: Target, draw: Draw, wish: PayloadWish = {}): Scene {
  const { scheme } = target;
  const secret = secretFor(scheme, draw);
  const body = payload(draw, target.provider, wish);
  const age = draw.int(200);
  const given = scheme.kind === "ed25519" && draw.chance(0.8) ? publicHalf(secret) : secret;
  return {
    draw,
    target,
    receiver: target.provider,
    scheme,
    secret,
    key: signerKey(scheme, secret),
    time: String(nowSeconds - age),
    id: `msg_${draw.hex(20)}`,
    signed: body,
    sent: body,
    held: body,
    edits: [],
    secrets: [given],
    known: knownSecrets(target, draw),
    now,
    recoverable: true,
    hasLength: draw.chance(0.9),
  };
}

/** A secret of the scheme's own shape or, where any text is one, of those that users make up. */
export function secretFor(scheme: SigningScheme, draw: Draw): string {
  // OpenSSL takes its time over a new Ed25519 key: there are some dozens, each read once.
  if (scheme.kind === "ed25519")
    return generateSecret(scheme, createDraw(`key ${String(draw.int(60))}`).bytes);
  const own = generateSecret(scheme, draw.bytes);
  if (scheme.secret.encoding === "base64" || draw.chance(0.55)) return own;
  if (scheme.secret.prefix !== undefined) return scheme.secret.prefix + base62(draw, 32);
  return draw.pick([
    () => draw.hex(40),
    () => draw.bytes(24).toString("base64"),
    () => draw.bytes(32).toString("base64url"),
    () => base62(draw, 32),
    () =>
      `${draw.pick(["correct", "purple", "quiet"])} horse ${draw.pick(["battery", "lantern"])} ${draw.hex(4)}`,
    () => `my-secret-${draw.hex(6)}!`,
  ])();
}

function base62(draw: Draw, length: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length }, () => letters[draw.int(62)]).join("");
}

export function signerKey(scheme: SigningScheme, secret: string): SignerKey {
  if (scheme.kind === "ed25519") return keysOf(secret).key;
  if (scheme.secret.encoding === "raw") return secret;
  const { prefix = "" } = scheme.secret;
  return Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : secret, "base64");
}

/** What a receiver is given of an Ed25519 key. */
export function publicHalf(secret: string): string {
  return keysOf(secret).publicHalf;
}

const ed25519Keys = new Map<string, { key: KeyObject; publicHalf: string }>();

function keysOf(secret: string): { key: KeyObject; publicHalf: string } {
  let keys = ed25519Keys.get(secret);
  if (keys === undefined) {
    const key = ed25519Key(Buffer.from(secret.slice("whsk_".length), "base64"));
    const bytes = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
    keys = { key, publicHalf: `whpk_${bytes.toString("base64")}` };
    ed25519Keys.set(secret, keys);
  }
  return keys;
}

/** Other secrets that the user has. */
function knownSecrets(target: Target, draw: Draw): KnownSecret[] {
  const others = builtInProviders.filter(({ id, base }) => base === undefined && id !== target.provider);
  const start = draw.int(others.length);
  return Array.from({ length: 4 + draw.int(5) }, (_, index) => {
    const { id, title, signatures, secretEnv } =
      others[(start + index) % others.length] ?? provider("github");
    const [scheme] = signatures as readonly SigningScheme[];
    const label = draw.pick([
      { source: "environment", name: secretEnv },
      { source: "development" },
      { source: "project", name: "hookline.json" },
      { source: "endpoint", endpoint: `ep_${draw.hex(8)}`, url: "https://example.com/hooks" },
    ]);
    const secret = scheme === undefined ? draw.hex(32) : secretFor(scheme, draw);
    return { secret, provider: id, label: { provider: id, title, ...label } };
  });
}

/** What the receiver knows of the delivery. */
export function inputOf(scene: Scene): DiagnoseInput {
  const { receiver, held, secrets, known, intact } = scene;
  return {
    body: held,
    headers: headersOf(scene),
    now: scene.now,
    schemes: provider(receiver).signatures,
    secrets,
    known,
    others: builtInProviders.filter(({ id, base }) => base === undefined && id !== receiver),
    ...(intact === undefined ? {} : { intact: { by: intact, body: scene.signed } }),
    clock: () => 0,
  };
}

function headersOf(scene: Scene): RawHeaders {
  const { draw, target, scheme, key, sent, hasLength } = scene;
  const vendor = provider(target.provider);
  const headers = [
    "Host",
    "example.com",
    "User-Agent",
    vendor.headers.userAgent ?? "Webhooks/1.0",
    "Accept",
    "*/*",
  ];
  headers.push(
    "Content-Type",
    /^\w+=/.test(sent.toString("latin1", 0, 20)) ? "application/x-www-form-urlencoded" : "application/json",
  );
  if (hasLength) headers.push("Content-Length", String(sent.length));
  headers.push(...vendorHeaders(scene), ...infrastructure(draw));
  let signed = signedByHand(scheme, key, { body: scene.signed, time: scene.time, id: scene.id });
  // Fikäfi's requests come without the prefix as well.
  if (scheme.kind === "hmac" && scheme.prefixOptional === true && draw.chance(0.5))
    signed = signed.map((text) => (text.startsWith("sha256=") ? text.slice(7) : text));
  headers.push(
    ...(draw.chance(0.5) ? pairs(signed).flatMap(([name, value]) => [titleCase(name), value]) : signed),
  );
  return scene.edits.reduce((edited, edit) => edit(edited), headers);
}

/** What the vendor sends beside the signature. */
function vendorHeaders({ draw, target, signed, key }: Scene): string[] {
  const uuid = [8, 4, 4, 4, 12].map((length) => draw.hex(length)).join("-");
  switch (target.provider) {
    case "fareplay":
      return ["X-Fareplay-Event", "order.created", "X-Fareplay-Delivery", `dlv_${draw.hex(12)}`];
    case "github": {
      const event = [
        "X-GitHub-Event",
        "push",
        "X-GitHub-Delivery",
        uuid,
        "X-GitHub-Hook-ID",
        String(4e8 + draw.int(1e8)),
      ];
      // The older signature that GitHub still sends beside the newer one.
      const older = createHmac("sha1", key).update(signed).digest("hex");
      return [...event, "X-Hub-Signature", `sha1=${older}`];
    }
    case "shopify":
      return [
        ...[
          "X-Shopify-Topic",
          "orders/create",
          "X-Shopify-Webhook-Id",
          uuid,
          "X-Shopify-API-Version",
          "2026-01",
        ],
        ...[
          "X-Shopify-Shop-Domain",
          "example.myshopify.com",
          "X-Shopify-Triggered-At",
          "2026-03-17T14:32:00.123Z",
        ],
      ];
    default:
      return [];
  }
}

/** What proxies add, much of it in the shape of digests and times. */
function infrastructure(draw: Draw): string[] {
  const marks = [
    ["X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "hooks.example.com"],
    ["traceparent", `00-${draw.hex(32)}-${draw.hex(16)}-01`],
    ["X-Request-Id", draw.hex(32)],
    ["X-Amzn-Trace-Id", `Root=1-${draw.hex(8)}-${draw.hex(24)}`],
    ["CF-Ray", `${draw.hex(16)}-ARN`, "CF-Connecting-IP", "203.0.113.7"],
    ["X-Request-Start", `t=${String(now)}`],
    ["sentry-trace", `${draw.hex(32)}-${draw.hex(16)}-1`],
    ["Authorization", `Bearer ${draw.bytes(32).toString("base64url")}`],
  ];
  return marks.filter(() => draw.chance(0.25)).flat();
}

/** As many servers and clients write header names. */
export function titleCase(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
