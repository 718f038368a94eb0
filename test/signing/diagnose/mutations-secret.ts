import { generateSecret } from "../../../src/signing/secrets.ts";
import { publicHalf, secretFor, signerKey, type Mutation, type Scene, type SigningScheme } from "./scenes.ts";

type Variants = Readonly<Record<string, Mutation>>;

/** Whether the key is the secret's text itself. */
const isText = ({ scheme }: Scene): boolean => scheme.kind === "hmac" && scheme.secret.encoding === "raw";

const yours =
  (change: (secret: string) => string | undefined): Mutation =>
  (scene) => {
    const [first = ""] = scene.secrets;
    const secret = change(first);
    return secret === undefined || secret === first ? undefined : { ...scene, secrets: [secret] };
  };

/** The signer's key is made from the secret in another way; only where that is a key of its own. */
const signers =
  (change: (secret: string, scene: Scene) => string | Buffer | undefined): Mutation =>
  (scene) => {
    if (scene.scheme.kind === "ed25519") return undefined;
    const key = change(scene.secret, scene);
    return key === undefined ? undefined : { ...scene, key };
  };

const onText =
  (change: (secret: string) => string): ((secret: string, scene: Scene) => string | undefined) =>
  (secret, scene) =>
    isText(scene) ? change(secret) : undefined;

const insert = (text: string, inner: string): string =>
  text.slice(0, Math.ceil(text.length / 2)) + inner + text.slice(Math.ceil(text.length / 2));

export const secretWhitespace: Variants = {
  "newline pasted": yours((secret) => `${secret}\n`),
  "space pasted": yours((secret) => `${secret} `),
  "space before": yours((secret) => ` ${secret}`),
  "both ends": yours((secret) => `\t${secret} \n`),
  "CRLF of a file": yours((secret) => `${secret}\r\n`),
  "no-break space": yours((secret) => `${secret}\u00a0`),
  "zero-width space": yours((secret) => `\u200b${secret}`),
  "wrapped in the middle": yours((secret) => (/\s/.test(secret) ? undefined : insert(secret, "\n"))),
  "signer's file ends in a newline": signers(onText((secret) => `${secret}\n`)),
  "signer's ends in a space": signers(onText((secret) => `${secret} `)),
};

export const secretQuoted: Variants = {
  double: yours((secret) => `"${secret}"`),
  single: yours((secret) => `'${secret}'`),
  backticks: yours((secret) => `\`${secret}\``),
  curly: yours((secret) => `\u201c${secret}\u201d`),
  "one left over": yours((secret) => `${secret}"`),
  "one at the start": yours((secret) => `'${secret}`),
  "signer's are double": signers(onText((secret) => `"${secret}"`)),
  "signer's are single": signers(onText((secret) => `'${secret}'`)),
};

const bare = (secret: string): string => secret.replace(/^whsec_/, "");
const isHex = (secret: string): boolean => /^(?:[0-9a-f]{2}){8,}$/i.test(bare(secret));
const isBase64 = (secret: string): boolean => /^[A-Za-z0-9+/]{16,}={0,2}$/.test(bare(secret));

/** A secret whose text is unlike what the scheme gives out, with the key its signer makes of it. */
const respelt =
  (spell: (key: Buffer, prefix: string) => string | undefined): Mutation =>
  (scene) => {
    const { scheme } = scene;
    if (isText(scene)) return undefined;
    const isPublic = scene.secrets[0]?.startsWith("whpk_") === true;
    const prefix = scheme.kind === "ed25519" ? (isPublic ? "whpk_" : "whsk_") : "whsec_";
    const key = Buffer.from((scene.secrets[0] ?? "").slice(prefix.length), "base64");
    const secret = spell(key, prefix);
    return secret === undefined ? undefined : { ...scene, secrets: [secret] };
  };

export const secretEncoding: Variants = {
  "signer decodes hex": signers((secret, scene) =>
    isText(scene) && isHex(secret) ? Buffer.from(bare(secret), "hex") : undefined,
  ),
  "signer decodes base64": signers((secret, scene) =>
    isText(scene) && isBase64(secret) && !isHex(secret) ? Buffer.from(bare(secret), "base64") : undefined,
  ),
  "signer takes the text": signers((secret, scene) => (isText(scene) ? undefined : bare(secret))),
  "you hold its hex form": respelt((key, prefix) => prefix + key.toString("hex")),
  "you hold its base64url form": respelt((key, prefix) => {
    const text = key.toString("base64url");
    return /[-_]/.test(text) ? prefix + text : undefined;
  }),
  "signer encodes as base64": signers(onText((secret) => Buffer.from(secret).toString("base64"))),
  "signer encodes as hex": signers(onText((secret) => Buffer.from(secret).toString("hex"))),
};

const ownPrefix = /^(?:whsec_|whsk_|whpk_)/;

export const secretPrefix: Variants = {
  "yours lost it": (scene) =>
    // Base64 is read without its prefix too.
    scene.scheme.kind === "ed25519" || isText(scene)
      ? yours((secret) => (ownPrefix.test(secret) ? secret.replace(ownPrefix, "") : undefined))(scene)
      : undefined,
  "signer strips it": signers((secret, scene) =>
    isText(scene) && ownPrefix.test(secret) ? bare(secret) : undefined,
  ),
  "signer keeps it in the key": signers((secret, scene) => (isText(scene) ? undefined : secret)),
  "yours has it twice": yours((secret) => ownPrefix.exec(secret)?.[0].concat(secret)),
  "yours has a version before it": yours((secret) => (ownPrefix.test(secret) ? `v1,${secret}` : undefined)),
  "yours has one that the signer's lacks": yours((secret) =>
    ownPrefix.test(secret) ? undefined : `whsec_${secret}`,
  ),
  "a line of an env file": yours((secret) => `WEBHOOK_SECRET=${secret}`),
  "an exported line": yours((secret) => `export MY_SECRET=${secret}`),
};

/** Another secret of the same shape, as the receiver would have it. */
function another(scheme: SigningScheme, scene: Scene): string {
  let secret = secretFor(scheme, scene.draw);
  while (secret === scene.secret) secret = secretFor(scheme, scene.draw);
  return scene.secrets[0]?.startsWith("whpk_") === true ? publicHalf(secret) : secret;
}

const known =
  (label: (scene: Scene) => Readonly<Record<string, string | boolean>>): Mutation =>
  (scene) => {
    const { target, secrets, draw } = scene;
    const own = { secret: secrets[0] ?? "", provider: target.provider, label: { ...label(scene) } };
    const at = draw.int(scene.known.length + 1);
    return {
      ...scene,
      secrets: [another(scene.scheme, scene)],
      known: [...scene.known.slice(0, at), own, ...scene.known.slice(at)],
    };
  };

export const otherKnownSecret: Variants = {
  "the one before a rotation": known(({ target }) => ({
    provider: target.provider,
    title: target.provider,
    source: "environment",
    name: "X_WEBHOOK_SECRET_PREVIOUS",
    previous: true,
  })),
  "another endpoint's": known(({ target, draw }) => ({
    provider: target.provider,
    title: target.provider,
    source: "endpoint",
    endpoint: `ep_right_${draw.hex(6)}`,
  })),
  "the development secret": known(({ target }) => ({
    provider: target.provider,
    title: target.provider,
    source: "development",
  })),
  "another provider's": (scene) => {
    const { scheme, draw } = scene;
    const fitting = scene.known.filter(({ provider }) =>
      scheme.kind === "hmac" && scheme.secret.encoding === "raw" ? provider !== scene.target.provider : false,
    );
    const own = fitting.length === 0 ? undefined : draw.pick(fitting);
    return own === undefined ? undefined : { ...scene, secret: own.secret, key: own.secret };
  },
};

export const wrongSecret: Variants = {
  unrelated: (scene) => ({ ...scene, secrets: [another(scene.scheme, scene)] }),
  "two that are unrelated": (scene) => ({
    ...scene,
    secrets: [another(scene.scheme, scene), another(scene.scheme, scene)],
  }),
  generated: (scene) => {
    const secret =
      scene.scheme.kind === "ed25519"
        ? another(scene.scheme, { ...scene, secrets: [] })
        : generateSecret(scene.scheme, scene.draw.bytes);
    return { ...scene, key: signerKey(scene.scheme, secret), secret };
  },
  "cut short": (scene) => (isText(scene) ? yours((secret) => secret.slice(0, -1))(scene) : undefined),
  "in other case": (scene) => (isText(scene) ? yours((secret) => secret.toUpperCase())(scene) : undefined),
  "an API key": (scene) => (isText(scene) ? yours(() => `sk_test_${scene.draw.hex(24)}`)(scene) : undefined),
  "a body that someone changed": (scene) => {
    const text = scene.held.toString("latin1");
    const changed = text.replace(/\d/, (digit) => String((Number(digit) + 1) % 10));
    return changed === text ? undefined : { ...scene, held: Buffer.from(changed, "latin1") };
  },
};

const alter: Mutation = (scene) => wrongSecret["a body that someone changed"]?.(scene);
const seen =
  (intact: "signature" | "delivery", mutation: Mutation): Mutation =>
  (scene) => {
    const changed = mutation(scene);
    return changed === undefined ? undefined : { ...changed, intact, recoverable: intact === "signature" };
  };
const enlarge: Mutation = (scene) => {
  const text = scene.held.toString("latin1");
  const at = text.indexOf("{") + 1;
  const held = Buffer.from(`${text.slice(0, at)}"admin":true,${text.slice(at)}`, "latin1");
  return { ...scene, held, sent: held };
};

export const tampered: Variants = {
  "a digit, signature seen": seen("signature", alter),
  "a field, signature seen": seen("signature", enlarge),
  "a digit, delivery seen": seen("delivery", alter),
  "a field, delivery seen": seen("delivery", enlarge),
};
