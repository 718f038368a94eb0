import type { SignatureScheme, VerdictCode } from "../../src/signing/types.ts";
import { verify } from "../../src/signing/verify.ts";
import { ed25519Key, now, signedByHand } from "./requests.ts";
import { basic, bearer, github, shopify, slack, standard, standardEd25519, stripe } from "./schemes.ts";

/** What the requests below carry. */
export const body = Buffer.from('{"price":8.00}');
export const seed = Buffer.alloc(32, 5);
export const whsec = `whsec_${seed.toString("base64")}`;
export const whsk = `whsk_${seed.toString("base64")}`;

/** Every kind of scheme, with a secret for it and a request signed with that. */
export const kinds = [
  {
    name: "github (hex)",
    scheme: github,
    secret: "secret",
    headers: signedByHand(github, "secret", { body }),
  },
  {
    name: "shopify (base64)",
    scheme: shopify,
    secret: "secret",
    headers: signedByHand(shopify, "secret", { body }),
  },
  {
    name: "slack (time apart)",
    scheme: slack,
    secret: "secret",
    headers: signedByHand(slack, "secret", { body }),
  },
  {
    name: "stripe (one header)",
    scheme: stripe,
    secret: "secret",
    headers: signedByHand(stripe, "secret", { body }),
  },
  {
    name: "standard (list)",
    scheme: standard,
    secret: whsec,
    headers: signedByHand(standard, seed, { body }),
  },
  {
    name: "ed25519",
    scheme: standardEd25519,
    secret: whsk,
    headers: signedByHand(standardEd25519, ed25519Key(seed), { body }),
  },
  { name: "bearer", scheme: bearer, secret: "token", headers: ["Authorization", "Bearer token"] },
  { name: "basic", scheme: basic, secret: "user:pass", headers: ["Authorization", "Basic dXNlcjpwYXNz"] },
] as const;
type Kind = (typeof kinds)[number];

/** The header that carries the signature or credential. */
export const headerOf = (scheme: Kind["scheme"]) =>
  "header" in scheme ? (scheme.header ?? "") : "authorization";
/** The verdict of one scheme, at the tests' time unless told otherwise. */
export const check = (
  scheme: SignatureScheme,
  secrets: readonly string[],
  headers: readonly string[],
  over: { now?: number; tolerance?: number | "off"; body?: Uint8Array } = {},
) => verify([scheme], secrets, { body, headers, now, ...over });
/** The shape of a refusal with that code. */
export const refused = (code: VerdictCode) => ({ ok: false, code, findings: [{ cause: code }] });

/** The schemes that sign a time, and how each request carries it. */
export const timed = [
  { name: "slack", scheme: slack, secret: "secret", key: "secret" },
  { name: "stripe", scheme: stripe, secret: "secret", key: "secret" },
  { name: "standard", scheme: standard, secret: whsec, key: seed },
  { name: "ed25519", scheme: standardEd25519, secret: whsk, key: ed25519Key(seed) },
] as const;
