import { redacted } from "../inbox/redact.ts";
import type { Provider } from "../providers/contract.ts";
import { shownUrl } from "../text/shown-url.ts";
import type { HeaderOverride, PreparedPayload, PrepareOptions } from "./prepare.ts";
import type { SecretOrigin } from "./workspace.ts";

/** Commands whose output is the next one's input, each as its arguments, unquoted. */
export type Pipeline = readonly (readonly string[])[];

/** File that the signed bytes are written to on the way to curl. */
const bodyFile = "hookline-body";

/**
 * The commands that send the same delivery once more, signed anew, with the secret by reference: for one that is right
 * `hookline sign … | curl …`, for one that is wrong on purpose, and for recorded headers, `hookline replay …`.
 * Credentials given as headers are left out: `-H 'Authorization: [redacted]'` stands in their place.
 */
export function reproduce(
  { payload, origin, tampering }: Pick<PreparedPayload, "payload" | "origin" | "tampering">,
  {
    url,
    edits,
    fresh,
    headers,
    provider,
    profile,
    original,
  }: Pick<PrepareOptions, "edits" | "fresh" | "headers" | "provider" | "profile" | "original"> & { url: URL },
): Pipeline {
  const shown = shownUrl(url.href);
  const what = [
    payload.name,
    ...(provider === undefined ? [] : ["--provider", provider]),
    ...(profile === undefined || payload.source !== "remote" ? [] : ["--profile", profile]),
    ...edits.flatMap((edit) =>
      edit.op === "set" ? ["--set", `${edit.path}=${edit.value}`] : ["--unset", edit.path],
    ),
    ...(fresh ? ["--fresh"] : []),
    ...signingFlags(payload.provider, { origin, headers }),
  ];
  if (tampering !== undefined || original === true) {
    const how = tampering === undefined ? ["--original"] : ["--tamper", tampering];
    return [["hookline", "replay", ...what, ...how, "--to", shown]];
  }
  // Without -g curl reads these as patterns of several URLs.
  const literal = /[[\]{}]/.test(shown) ? ["-g"] : [];
  // curl reads its arguments in order: the headers to their end, and by then the file is written.
  const body = ["-H", "@-", "--data-binary", `@${bodyFile}`];
  return [
    ["hookline", "sign", ...what, "--out", bodyFile],
    ["curl", "-i", ...literal, "-X", "POST", shown, ...body],
  ];
}

/** How the secret and the headers are given again. Credentials are left out. */
export function signingFlags(
  provider: Provider,
  { origin, headers }: { origin: SecretOrigin | undefined; headers: readonly HeaderOverride[] },
): string[] {
  return [
    ...(origin === undefined ? [] : secretFlag(origin, provider)),
    ...headers.flatMap((header) => ["-H", headerFlag(header, provider)]),
  ];
}

/** How to name the secret again; nothing where hookline finds it by itself. */
function secretFlag({ source, name }: SecretOrigin, { secretEnv }: Provider): string[] {
  if (source === "development" || source === "project") return [];
  if (source === "flag" && name !== undefined && !/^[A-Za-z_]\w*$/.test(name)) {
    return ["--secret", `file:${name}`];
  }
  return ["--secret", `env:${source === "registered" ? secretEnv : (name ?? secretEnv)}`];
}

/** Headers that are known to carry no credentials, lower case, beside those of the provider's own. */
const harmless = ["accept", "content-encoding", "content-language", "content-type", "user-agent"];

/** What a header of the user's own carries nobody knows: a report shows none of them. */
function headerFlag({ name, value }: HeaderOverride, provider: Provider): string {
  if (value === null) return `${name}:`;
  if (value === "") return `${name};`;
  const { event, delivery } = provider.headers;
  const isShown = [...harmless, event, delivery, ...signatureHeaders(provider)].includes(name.toLowerCase());
  return `${name}: ${isShown ? Buffer.from(value, "latin1").toString("utf8") : redacted}`;
}

/** Those that carry a signature or its time, which tell no secret. */
function signatureHeaders({ signatures }: Provider): string[] {
  return signatures.flatMap((scheme) =>
    "content" in scheme ? [scheme.header, scheme.timestamp?.header ?? scheme.header] : [],
  );
}
