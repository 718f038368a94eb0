import { builtInProviders } from "../../src/providers/index.ts";
import type {
  BasicScheme,
  BearerScheme,
  Ed25519Scheme,
  HmacScheme,
  NoneScheme,
  SecretFormat,
} from "../../src/signing/types.ts";

const rawSecret: SecretFormat = { encoding: "raw" };
const whsec: SecretFormat = { encoding: "base64", prefix: "whsec_", minBytes: 24 };

/** As GitHub signs: prefixed hex over the body, no time. */
export const github: HmacScheme = {
  kind: "hmac",
  algorithm: "sha256",
  encoding: "hex",
  header: "x-hub-signature-256",
  prefix: "sha256=",
  content: "{body}",
  secret: rawSecret,
};

/** As Shopify signs: bare base64 over the body, no time. */
export const shopify: HmacScheme = {
  kind: "hmac",
  algorithm: "sha256",
  encoding: "base64",
  header: "x-shopify-hmac-sha256",
  content: "{body}",
  secret: rawSecret,
};

/** As Slack signs: the time in a header of its own. */
export const slack: HmacScheme = {
  kind: "hmac",
  algorithm: "sha256",
  encoding: "hex",
  header: "x-slack-signature",
  prefix: "v0=",
  content: "v0:{timestamp}:{body}",
  timestamp: { header: "x-slack-request-timestamp", unit: "s", toleranceSeconds: 300 },
  secret: rawSecret,
};

/** As Stripe signs: time and signatures in one header, future times pass. */
export const stripe: HmacScheme = {
  kind: "hmac",
  algorithm: "sha256",
  encoding: "hex",
  header: "stripe-signature",
  prefix: "v1=",
  separator: ",",
  content: "{timestamp}.{body}",
  timestamp: {
    header: "stripe-signature",
    item: "t=",
    unit: "s",
    toleranceSeconds: 300,
    future: "accept",
  },
  secret: { encoding: "raw", prefix: "whsec_" },
};

/** Standard Webhooks 1.0.0, symmetric. */
export const standard: HmacScheme = {
  kind: "hmac",
  algorithm: "sha256",
  encoding: "base64",
  header: "webhook-signature",
  prefix: "v1,",
  separator: " ",
  content: "{header:webhook-id}.{timestamp}.{body}",
  timestamp: { header: "webhook-timestamp", unit: "s", toleranceSeconds: 300 },
  secret: whsec,
};

/** Standard Webhooks 1.0.0, asymmetric. */
export const standardEd25519: Ed25519Scheme = {
  kind: "ed25519",
  encoding: "base64",
  header: "webhook-signature",
  prefix: "v1a,",
  separator: " ",
  content: "{header:webhook-id}.{timestamp}.{body}",
  timestamp: { header: "webhook-timestamp", unit: "s", toleranceSeconds: 300 },
  secret: { privatePrefix: "whsk_", publicPrefix: "whpk_" },
};

export const bearer: BearerScheme = { kind: "bearer" };
export const basic: BasicScheme = { kind: "basic" };
export const none: NoneScheme = { kind: "none" };

/** The shipped schemes, so that the vendors' libraries judge the vendors' data too. */
export function shipped<Kind extends "hmac" | "ed25519">(id: string, kind: Kind) {
  const scheme = builtInProviders
    .find((provider) => provider.id === id)
    ?.signatures.find((candidate) => candidate.kind === kind);
  if (scheme === undefined) throw new Error(`no ${kind} scheme of ${id}`);
  return scheme as Kind extends "hmac" ? HmacScheme : Ed25519Scheme;
}
