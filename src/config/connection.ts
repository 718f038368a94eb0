import { EXIT, HooklineError } from "../errors.ts";
import type { Environment, VariableSource } from "./environment.ts";
import type { Profile, ProfileBook } from "./profiles.ts";

interface Choice {
  /** Name of the profile. */
  profile: string;
  /** What named it; `current` where nothing did. */
  profileSource: "flag" | VariableSource | "current";
  urlSource: VariableSource | "profile" | undefined;
  keySource: VariableSource | "profile" | undefined;
  /** Whether plain HTTP is wanted for a host that is not this machine. */
  allowHttp: boolean;
  /** What of the profile the environment replaces. */
  shadowed: readonly ("url" | "key")[];
}

/** Which API a command talks to, and with which key. */
export type Connection =
  | (Choice & { kind: "embedded"; url?: undefined; key?: string })
  | (Choice & {
      kind: "api" | "stripe";
      /** Its path has no trailing slash, but where it is `/`. */ url: URL;
      key: string;
    });

const urlVariable = "HOOKLINE_API_URL";
const keyVariable = "HOOKLINE_API_KEY";

/**
 * Decides which API is talked to: the profile named by the flag and nothing but it, else the one that HOOKLINE_PROFILE
 * names or the current one, with HOOKLINE_API_URL and HOOKLINE_API_KEY in place of its own. A profile's key goes to no
 * host but the profile's.
 * @throws HooklineError `profile-unknown`, `key-of-other-host`, `key-missing`, and what {@link readApiUrl} and
 *   {@link readApiKey} throw
 */
export function chooseConnection({
  environment,
  book,
  profileFlag,
}: {
  environment: Pick<Environment, "variable">;
  book: ProfileBook;
  profileFlag?: string | undefined;
}): Connection {
  const fromEnvironment = (name: string) =>
    profileFlag === undefined ? environment.variable(name) : undefined;
  const named = fromEnvironment("HOOKLINE_PROFILE");
  const name = profileFlag ?? named?.value ?? book.current;
  const profile: Profile = book.get(name);
  const url = fromEnvironment(urlVariable);
  const key = fromEnvironment(keyVariable);
  const choice = {
    profile: name,
    profileSource: profileFlag === undefined ? (named?.source ?? "current") : "flag",
    allowHttp: isOn(environment.variable("HOOKLINE_ALLOW_HTTP")?.value),
  } as const;

  if (profile.kind === "embedded") {
    const given = key === undefined ? {} : { key: readApiKey(key.value, "api", keyVariable) };
    const rest = { ...choice, urlSource: url?.source, keySource: key?.source, shadowed: [] };
    if (url === undefined) return { ...rest, kind: "embedded", ...given };
    return {
      ...rest,
      kind: "api",
      url: readApiUrl(url.value, { ...choice, from: urlVariable }),
      key: given.key ?? missing(`${urlVariable} is set, but there is no key for it`),
    };
  }

  const isItsHost = url === undefined || originOf(url.value) === originOf(profile.url);
  // Plain HTTP was found good enough for the profile's host, not for every other.
  const allowHttp = choice.allowHttp || (isItsHost && profile.kind === "api" && profile.allowHttp === true);
  const place = readApiUrl(url?.value ?? profile.url, {
    allowHttp,
    from: url === undefined ? `the URL of the profile ${name}` : urlVariable,
  });
  if (key === undefined && !isItsHost) {
    throw new HooklineError(
      "key-of-other-host",
      `${urlVariable} leads to ${place.host}, but the key of the profile ${name} is for another host and is not sent there`,
      {
        exitCode: EXIT.denied,
        nextSteps: [`set ${keyVariable} to a key of ${place.host}`, `or unset ${urlVariable}`],
      },
    );
  }
  return {
    ...choice,
    kind: profile.kind,
    url: place,
    key: readApiKey(
      key?.value ?? profile.key,
      profile.kind,
      key === undefined ? `the key of the profile ${name}` : keyVariable,
    ),
    urlSource: url?.source ?? "profile",
    keySource: key?.source ?? "profile",
    allowHttp,
    shadowed: [
      ...(url === undefined ? [] : ["url" as const]),
      ...(key === undefined ? [] : ["key" as const]),
    ],
  };
}

/**
 * Reads the URL of an API: http or https, a path at most.
 * @param options.allowHttp allows plain HTTP to hosts other than this machine
 * @param options.from where it came from, for messages, which never quote it: keys end up in URLs
 * @returns the URL without a trailing slash, but where its path is `/`
 * @throws HooklineError `api-url-invalid`, `http-refused`
 */
export function readApiUrl(
  text: string,
  { allowHttp, from = "the API's URL" }: { allowHttp: boolean; from?: string },
): URL {
  const given = text.trim();
  const wrong = (why: string): HooklineError =>
    new HooklineError("api-url-invalid", `${from} is not valid: ${why}`, {
      nextSteps: ["give it as https://HOST or https://HOST/PATH"],
    });
  if (!/^https?:\/\//i.test(given)) throw wrong("it begins with neither https:// nor http://");
  // The parser would drop or turn these in silence.
  if (/[\s\\\x00-\x1f\x7f]/.test(given)) throw wrong("it holds a space, a control character or a backslash");
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw wrong("it is no URL (is the port above 65535, or the host misspelt?)");
  }
  if (url.username !== "" || url.password !== "" || /^https?:\/\/[^/]*@/i.test(given)) {
    throw wrong("a user name or password does not belong into it");
  }
  if (/[?#]/.test(given)) throw wrong("it may have a path, but no query and no fragment");
  if (url.protocol === "http:" && !allowHttp && !isLoopback(url)) {
    throw new HooklineError(
      "http-refused",
      `${from} is plain HTTP, over which anyone on the way to ${url.host} can read the key`,
      { nextSteps: ["use https://", "or, in a network you trust, set HOOKLINE_ALLOW_HTTP=1"] },
    );
  }
  url.pathname = url.pathname.replace(/(?<!\/)\/+$/, "");
  return url;
}

/** Stripe's secret and restricted keys. */
const stripeKey = /^(?:sk|rk)_(test|live)_/;

/** Whether a key of Stripe's is for test mode or for live mode; undefined for any other key. */
export function stripeMode(key: string): "test" | "live" | undefined {
  return stripeKey.exec(key)?.[1] as "test" | "live" | undefined;
}

/**
 * Reads an API key, without the newline a file ends with.
 * @param kind whose key it must be
 * @param from where it came from, for messages, which never hold the key
 * @throws HooklineError `key-missing`, `key-malformed`, `key-of-other-kind`
 */
export function readApiKey(text: string, kind: "api" | "stripe", from = "the API key"): string {
  const key = text.replace(/\r?\n$/, "");
  if (key.trim() === "") missing(`${from} is empty`);
  if (!/^[\x21-\x7e]{1,1024}$/.test(key)) {
    throw new HooklineError(
      "key-malformed",
      `${from} is no key: it holds spaces, line breaks or characters outside ASCII, or is far too long`,
      { nextSteps: ["copy the key again, whole and nothing but it"] },
    );
  }
  if (stripeKey.test(key) !== (kind === "stripe")) {
    throw new HooklineError(
      "key-of-other-kind",
      kind === "stripe"
        ? `${from} is no key of Stripe's, so it is not sent there`
        : `${from} is a key of Stripe's, so it is not sent to anyone else`,
      {
        exitCode: EXIT.denied,
        nextSteps: [
          kind === "stripe"
            ? "give a key that begins with sk_test_, sk_live_, rk_test_ or rk_live_"
            : "give a key of this API, or choose a profile for Stripe with --profile NAME",
        ],
      },
    );
  }
  return key;
}

function missing(what: string): never {
  throw new HooklineError("key-missing", what, {
    exitCode: EXIT.denied,
    nextSteps: [`set ${keyVariable} to a key of that API`, "or log in with `hookline login`"],
  });
}

/** The scheme, host and port, if the text is a URL. */
export function originOf(text: string): string | undefined {
  return URL.canParse(text.trim()) ? new URL(text.trim()).origin : undefined;
}

/** Whether the host is this machine by its very name or address. */
function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Whether a variable that is a switch is set. */
function isOn(value: string | undefined): boolean {
  return !["", "0", "false"].includes(value?.toLowerCase() ?? "");
}
