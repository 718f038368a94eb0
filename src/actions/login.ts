import { originOf, readApiKey, readApiUrl, stripeMode } from "../config/connection.ts";
import { loadProfiles, requireProfileName, saveProfile, type KeptProfile } from "../config/profiles.ts";
import { resolveSecretFlags } from "../config/secrets.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Caller } from "../remote/contract.ts";
import { openConnection } from "./remote.ts";
import type { Host, Workspace } from "./workspace.ts";

const stripeUrl = "https://api.stripe.com";
/** Milliseconds for each of three tries: somebody waits, and has to be told in half a minute. */
const loginTimeoutMs = 10_000;

/** Where one logs in to, and under which name that is kept. */
export interface LoginPlace {
  kind: "api" | "stripe";
  url: URL;
  /** Plain HTTP was asked for, though the host is not this machine. */
  allowHttp: boolean;
  profile: string;
}

/** A key that an API has accepted. */
export interface Login {
  place: LoginPlace;
  key: string;
  caller: Caller;
}

export interface SavedLogin extends Login {
  /** Whether its profile is the current one. */
  current: boolean;
  /** Variables that are set and go before the profile. */
  hiddenBy: string[];
}

/**
 * Finds where to log in: the URL given, else Stripe's, else what HOOKLINE_API_URL says.
 * @param options.profile its name, as the user chose it
 * @returns undefined where nothing says it
 * @throws HooklineError `api-url-invalid`, `http-refused`, `profile-name-invalid`, `profile-built-in`
 */
export async function findLoginPlace(
  { environment }: Host,
  options: { url?: string; stripe: boolean; allowHttp: boolean; profile?: string },
): Promise<LoginPlace | undefined> {
  const { stripe, allowHttp, profile } = options;
  // Before anything is asked for: it may be that this name cannot be had.
  if (profile !== undefined) await requireProfileName(profile);
  const variable = stripe ? undefined : environment.variable("HOOKLINE_API_URL")?.value;
  const text = options.url ?? (stripe ? stripeUrl : variable);
  if (text === undefined) return undefined;
  const url = readLoginUrl(text, allowHttp, options.url === undefined ? "HOOKLINE_API_URL" : "the URL");
  return { kind: stripe ? "stripe" : "api", url, allowHttp, profile: profile ?? nameOf(url, stripe) };
}

/** @throws HooklineError `api-url-invalid`, `http-refused` */
function readLoginUrl(text: string, allowHttp: boolean, from = "the URL"): URL {
  try {
    return readApiUrl(text, { allowHttp, from });
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    const { code, message } = error;
    const whole = withScheme(text.trim());
    if (code === "http-refused") {
      const nextSteps = ["use https://", "or, in a network you trust, add --allow-http"];
      throw new HooklineError(code, message, { nextSteps });
    }
    if (whole === undefined) throw error;
    throw new HooklineError(code, message, { nextSteps: [`did you mean ${whole}?`] });
  }
}

/** A host, with a port or a path, as a URL. Undefined for all else: it could be a key, which is not to be repeated. */
function withScheme(text: string): string | undefined {
  if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?(\/[\w.-]+)*\/?$/i.test(text))
    return `http://${text}`;
  const host = /^([a-z\d-]{1,40}\.)+([a-z]{2,24}|\d{1,3})(:\d{1,5})?(\/[a-z\d.-]{1,20})*\/?$/i;
  return host.test(text) ? `https://${text}` : undefined;
}

/**
 * Finds the key: by reference, as `--secret` takes it, else in HOOKLINE_API_KEY.
 * @returns undefined where nothing gives it
 * @throws HooklineError what a reference can throw, and `key-missing`, `key-malformed`, `key-of-other-kind`
 */
export async function findLoginKey(
  { environment, cwd, stdin, warn }: Host,
  place: LoginPlace,
  reference: string | undefined,
): Promise<string | undefined> {
  if (reference === undefined) {
    const variable = environment.variable("HOOKLINE_API_KEY")?.value;
    const owner = await ownerOfVariable(environment);
    if (variable === undefined || (owner !== undefined && owner !== place.url.origin)) return undefined;
    return readLoginKey(variable, place, "HOOKLINE_API_KEY");
  }
  try {
    const given = await resolveSecretFlags([reference], {
      environment,
      cwd,
      stdin,
      warn,
      flag: "--key",
    });
    return readLoginKey(given?.secrets[0] ?? "", place, nameOfReference(reference));
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    if (error.code === "secret-unset") {
      throw new HooklineError("key-missing", error.message.replace("holds no secret", "holds no key"), {
        exitCode: EXIT.denied,
        nextSteps: error.nextSteps,
      });
    }
    if (error.code !== "secret-missing") throw error;
    return readLoginKey("", place, nameOfReference(reference));
  }
}

/** @throws HooklineError `key-missing`, `key-malformed`, `key-of-other-kind` */
export function readLoginKey(text: string, { kind }: LoginPlace, from = "the key"): string {
  try {
    return readApiKey(text.trim(), kind, from);
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    const nextSteps =
      error.code === "key-missing"
        ? ["give the key with --key env:NAME, --key file:PATH or, on standard input, --key -"]
        : error.code === "key-of-other-kind" && kind === "api"
          ? ["to log in to Stripe itself: hookline login --stripe"]
          : error.nextSteps;
    throw new HooklineError(error.code, error.message, { exitCode: error.exitCode, nextSteps });
  }
}

/**
 * Asks the API whose key it is, and saves nothing.
 * @throws HooklineError what the call can throw: exit 3 where the key is not accepted, 5 where nobody answers
 */
export async function verifyLogin(workspace: Workspace, place: LoginPlace, key: string): Promise<Login> {
  const { kind, url } = place;
  try {
    const remote = await openConnection(workspace, { kind, url, key }, { timeoutMs: loginTimeoutMs });
    try {
      return { place, key, caller: await remote.call("keys.current", {}) };
    } finally {
      await remote.close();
    }
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    const { code, message, exitCode } = error;
    const nextSteps =
      exitCode === EXIT.denied && kind === "api"
        ? [`check that the key is whole, and that it is one of ${url.host}`]
        : code === "api-unreachable"
          ? ["check that the server runs and that the URL is right"]
          : kind === "api" && (exitCode === EXIT.notFound || code === "api-answer-unexpected")
            ? [
                `${url.host} answers, but not as a hookline server does: the URL may lack its path, or have a wrong one`,
              ]
            : error.nextSteps;
    throw new HooklineError(code, `nothing was saved: ${message}`, { exitCode, nextSteps, cause: error });
  }
}

/** What would be lost by saving: the profile of that name, where it is for another host, account or mode. */
export async function replacedBy(
  { environment }: Host,
  { place, key, caller }: Login,
): Promise<string | undefined> {
  const book = await loadProfiles(environment.home);
  if (!book.names().includes(place.profile)) return undefined;
  const kept = book.get(place.profile);
  if (kept.kind === "embedded") return undefined;
  if (kept.kind !== place.kind || originOf(kept.url) !== place.url.origin) return hostOf(kept.url);
  if (kept.kind === "stripe" && stripeMode(kept.key) !== stripeMode(key)) {
    return `Stripe in ${stripeMode(kept.key) ?? "another"} mode`;
  }
  const isSame = kept.account === undefined || kept.account === caller.account.name;
  return isSame ? undefined : `the account ${kept.account} at ${hostOf(kept.url)}`;
}

/**
 * Saves a login as a profile.
 * @param use makes it the current one
 * @throws HooklineError what writing the profiles can throw
 */
export async function keepLogin({ environment }: Host, login: Login, use: boolean): Promise<SavedLogin> {
  const { place, key, caller } = login;
  const { allowHttp, kind, profile } = place;
  const url = place.url.href.replace(/\/$/, "");
  const kept: KeptProfile =
    kind === "stripe"
      ? { kind, url, key, account: caller.account.name }
      : {
          kind,
          url,
          key,
          ...(allowHttp ? { allowHttp } : {}),
          account: caller.account.name,
          ...(caller.key === null ? {} : { keyId: caller.key.id }),
        };
  const book = await saveProfile(environment.home, profile, kept, { use });
  const isHidden = (name: string, same: (value: string) => boolean): boolean => {
    const value = environment.variable(name)?.value;
    return value !== undefined && !same(value);
  };
  const hiddenBy = [
    ...(isHidden("HOOKLINE_PROFILE", (value) => value === profile) ? ["HOOKLINE_PROFILE"] : []),
    ...(isHidden("HOOKLINE_API_URL", (value) => value.trim().replace(/\/+$/, "") === url)
      ? ["HOOKLINE_API_URL"]
      : []),
    ...(isHidden("HOOKLINE_API_KEY", (value) => value.trim() === key) ? ["HOOKLINE_API_KEY"] : []),
  ];
  return { ...login, current: book.current === profile, hiddenBy };
}

/** Origin of the API whose key HOOKLINE_API_KEY holds: it is not offered to any other. Undefined where nothing says it. */
async function ownerOfVariable(environment: Host["environment"]): Promise<string | undefined> {
  const url = environment.variable("HOOKLINE_API_URL")?.value;
  if (url !== undefined) return originOf(url);
  const book = await loadProfiles(environment.home);
  const name = environment.variable("HOOKLINE_PROFILE")?.value ?? book.current;
  const profile = book.names().includes(name) ? book.get(name) : undefined;
  return profile === undefined || profile.kind === "embedded" ? undefined : originOf(profile.url);
}

/** `api.acme.com`, `127.0.0.1-4500`. */
function nameOf(url: URL, stripe: boolean): string {
  if (stripe) return "stripe";
  const name = url.host.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "");
  return name === "embedded" ? "embedded-1" : name.slice(0, 64);
}

function nameOfReference(reference: string): string {
  if (reference === "-") return "standard input";
  return /^(env|file):/.test(reference) ? reference.slice(reference.indexOf(":") + 1) : "--key";
}

function hostOf(text: string): string {
  return URL.canParse(text) ? new URL(text).host : "another host";
}
