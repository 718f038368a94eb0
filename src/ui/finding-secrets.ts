import {
  amount,
  byteCount,
  orInProject,
  pick,
  text,
  type Cause,
  type Evidence,
  type Sentences,
} from "./finding-words.ts";
import { bytes } from "./format.ts";

/** What is said of secrets: none, another, or one that was copied or read wrongly. */
export const secretSentences = {
  "secret-missing": {
    message: () => "there is no signing secret to check against",
    fix: () => "give the endpoint's signing secret with --secret env:NAME",
  },
  "secret-malformed": {
    message: () => "the signing secret is not of the form this scheme needs",
    fix: () => "copy it whole from where the provider shows it, prefix included",
  },
  "secret-short": {
    message: (evidence) =>
      `the secret decodes to ${byteCount(amount(evidence, "bytes") ?? 0)}, fewer than the ${amount(evidence, "least") ?? 24} the standard asks for`,
    fix: () => "rotate to a secret of 24 to 64 bytes",
  },
  "wrong-secret": { message: wrongSecret, fix: wrongSecretFix },
  "other-known-secret": {
    message: (evidence) => `the signature is right under another of your secrets: ${secretPlace(evidence)}`,
    fix: otherSecretFix,
  },
  "secret-whitespace": { message: whiteSpace, fix: whiteSpaceFix },
  "secret-quoted": {
    message: quoted,
    fix: ({ side, quotes }) =>
      side === "signer"
        ? "store the secret again where it signs, without the quotes, or rotate it there"
        : quotes !== "double" && quotes !== "single"
          ? "copy the secret again from where the provider shows it, without quotes"
          : "keep it without quotes: not everything that reads .env files takes them off (`docker run --env-file` does not)",
  },
  "secret-encoding": { message: keyEncoding, fix: keyEncodingFix },
  "secret-prefix": { message: secretPrefix, fix: secretPrefixFix },
} satisfies Partial<Record<Cause, Sentences>>;

function wrongSecret(evidence: Evidence): string {
  const size = amount(evidence, "bytes");
  const tampered = `the body${size === undefined ? "" : ` (${bytes(size)})`} was tampered with`;
  if (evidence["api_key"] === true)
    return `what was given as the signing secret looks like an API key; if it is the right secret, ${tampered}`;
  const secrets = amount(evidence, "secrets") ?? 1;
  return secrets > 1
    ? `the signature was made with none of the ${secrets} secrets that were tried, or ${tampered}`
    : `the signature was made with another secret than yours, or ${tampered}`;
}

function wrongSecretFix(evidence: Evidence): string {
  if (evidence["api_key"] === true)
    return "take the signing secret that the provider shows with the webhook endpoint, not the key to its API";
  const name = text(evidence, "unset", 80);
  if (name !== "")
    return `no secret is configured, so the development secret was tried: set ${name} or pass --secret env:NAME`;
  const fix =
    "copy this endpoint's signing secret again from where the provider shows it; if it is the right one, do not act on the request";
  // A large body is not tried in every form unless that is asked for.
  return evidence["complete"] === false && evidence["thorough"] !== true
    ? `${fix}, or have \`hookline verify --thorough\` try more`
    : fix;
}

/** Which secret of the user it is and where it is kept: `the one for Stripe in STRIPE_WEBHOOK_SECRET`. */
function secretPlace(evidence: Evidence): string {
  const title = text(evidence, "title", 40) || text(evidence, "provider", 40);
  const previous = evidence["previous"] === true ? ", the previous one" : "";
  return placeText(evidence, title, text(evidence, "name", 80)) + previous;
}

function placeText(evidence: Evidence, title: string, name: string): string {
  const owner = title === "" ? "the one" : `the one for ${title}`;
  const behind = name === "" ? "" : ` (${name})`;
  switch (evidence["source"]) {
    case "flag":
      return `${owner} from --secret${behind}`;
    case "environment":
      return `${owner} in ${name || "the environment"}`;
    case "env-file":
      return name === "" ? `${owner} in the env file` : `${owner} in ${name} of the env file`;
    case "project":
      return `${owner} that hookline.json names${behind}`;
    case "development":
      return `the development secret${title === "" ? "" : ` for ${title}`}`;
    case "endpoint": {
      const url = text(evidence, "url", 80);
      return `that of the endpoint ${text(evidence, "endpoint", 40)}${url === "" ? "" : ` (${url})`}`.replace(
        / $/,
        "",
      );
    }
    default:
      return owner + behind;
  }
}

/** To use the secret that was found, or to have the signer use the one that was tried. */
function otherSecretFix(evidence: Evidence): string {
  const name = text(evidence, "name", 80);
  const flag = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `--secret env:${name}` : "--secret env:NAME";
  const isPrevious = evidence["previous"] === true;
  switch (evidence["source"]) {
    case "endpoint":
      return isPrevious
        ? "accept both secrets until its grace period ends: keep this one in the provider's variable that ends in `_PREVIOUS`"
        : `use the secret that was shown when the endpoint was made or its secret last rotated, or make a new one: \`hookline endpoints rotate-secret ${text(evidence, "endpoint", 40) || "ep_…"} --write-env .env:NAME\``;
    case "development":
      return `sign with the secret you verify with, or verify with this one: \`hookline secrets ${text(evidence, "provider", 40) || "PROVIDER"}\` shows it`;
    case "project":
      return "name it for this request's provider, too, under `secrets` in hookline.json, or have the signer use that provider's own";
    default:
      return isPrevious
        ? `accept both until the signer uses the new one: give --secret for each, this one as ${flag}`
        : `verify with it (${flag}), or set this provider's variable to it`;
  }
}

function whiteSpace(evidence: Evidence): string {
  const characters = text(evidence, "characters") || "white space";
  const what = characters === "newline" || characters === "space" ? `a ${characters}` : characters;
  if (evidence["side"] === "signer") return `the signer's secret ends with ${what} that yours does not have`;
  switch (evidence["where"]) {
    case "start":
      return `your secret begins with ${what} that the signer's does not have`;
    case "end":
      return `your secret ends with ${what} that the signer's does not have`;
    case "both ends":
      return `your secret has ${what} at both ends that the signer's does not have`;
    default:
      return `your secret has ${what} within it that the signer's does not have`;
  }
}

function whiteSpaceFix(evidence: Evidence): string {
  if (evidence["side"] === "signer")
    return "store the secret again where it signs, without what follows it (`printf %s` in place of `echo`), or rotate it there";
  if (evidence["characters"] === "invisible characters")
    return "copy the secret again from where the provider shows it, not from a document or a chat";
  return evidence["where"] === "inside"
    ? "copy the secret again, as one line without gaps"
    : "remove it where the secret is kept: nothing around the value in .env, and `printf %s` in place of `echo` to write a file";
}

const quoteKinds: Readonly<Record<string, string>> = {
  double: "double quotes",
  single: "single quotes",
  back: "backticks",
  curly: "curly quotes",
  angle: "angle quotes",
};

function quoted(evidence: Evidence): string {
  const quotes = text(evidence, "quotes");
  if (quotes === "one") return "your secret has a quote at one end that is not part of it";
  const kind = pick(quoteKinds, quotes) ?? "quotes";
  return evidence["side"] === "signer"
    ? `the signer's secret has ${kind} around it that yours does not have`
    : `your secret has ${kind} around it that are not part of it`;
}

const keyReadings: Readonly<Record<string, string>> = {
  text: "the secret's text as it is",
  hex: "the secret decoded from hex",
  base64: "the secret decoded from base64",
  base64url: "the secret decoded from base64url",
  "base64 twice": "the secret decoded from base64 twice",
  "its base64 form": "the secret encoded in base64",
  "its hex form": "the secret encoded in hex",
};

function keyEncoding(evidence: Evidence): string {
  const used = text(evidence, "used");
  const isText = evidence["expected"] !== "base64";
  if (used === "base64 of it") return "your secret is the right one encoded in base64 once more";
  if (!isText && used.startsWith("base64") && used !== "base64 twice")
    return "your secret is in base64url, which the signer decodes; this provider's scheme needs plain base64";
  const key = pick(keyReadings, used) ?? "the secret read in another way";
  return `the signer's key is ${key}; this provider's scheme ${isText ? "takes the text as it is" : "decodes it from base64"}`;
}

function keyEncodingFix(evidence: Evidence): string {
  const used = text(evidence, "used");
  const isText = evidence["expected"] !== "base64";
  const project = used === (isText ? "base64" : "text") ? orInProject("the secret's `encoding`") : "";
  if (used === "base64 of it")
    return "decode it where you set it (`base64 -d`): a Kubernetes Secret shows its values in base64";
  if (!isText && used === "hex")
    return 'write the secret in base64 on both sides: `Buffer.from(secret, "hex").toString("base64")`';
  if (!isText && used.startsWith("base64") && used !== "base64 twice")
    return "write the secret with `+` and `/` in place of `-` and `_`";
  // The provider's own signer is right, so what is configured here must be the other form.
  if (isText && (used === "base64" || used === "hex"))
    return `yours is the secret in ${used}${used === "base64" ? " (a Kubernetes Secret shows it so)" : ""}: decode it where you set it; or, where you sign yourself, sign with its text${project}`;
  return !isText
    ? `sign with the decoded secret: \`Buffer.from(secret, "base64")\`, any prefix taken off first${project}`
    : `sign with the secret's text as the key: \`createHmac(algorithm, secret)\`${project}`;
}

function secretPrefix(evidence: Evidence): string {
  const shown = text(evidence, "prefix", 40);
  if (shown === "NAME=") return "your secret begins with the name of its variable and `=`";
  const prefix = shown === "" ? "a prefix" : `the prefix \`${shown}\``;
  if (evidence["signer"] === "part of the key")
    return `the signer's key is the secret's text with ${prefix}; this provider's scheme takes that off and decodes the rest`;
  if (evidence["yours"] === "twice") return `your secret has ${prefix} twice, the signer's has it once`;
  return evidence["yours"] === "without"
    ? `your secret lacks ${prefix}, which the signer's has`
    : `your secret has ${prefix}, which the signer's lacks`;
}

function secretPrefixFix(evidence: Evidence): string {
  if (evidence["prefix"] === "NAME=") return "give only what stands behind the `=`";
  if (evidence["signer"] === "part of the key")
    return 'sign with the decoded secret: `Buffer.from(secret.slice(prefix.length), "base64")`';
  if (evidence["yours"] === "twice") return "take one of the two away";
  return evidence["yours"] === "without"
    ? "copy the secret whole, prefix included"
    : "use the same text on both sides: exactly what the provider shows";
}
