import type { SavedLogin } from "../actions/login.ts";
import type { LocalIdentity, ProfileList, ProfileSummary, Shadow } from "../actions/profiles.ts";
import type { Caller } from "../remote/contract.ts";
import { dateTime, hint, relativeTime } from "./format.ts";
import { endsAt, scopesText } from "./keys.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { table } from "./table.ts";

/** What kinds of profile are to people. */
const kinds = { embedded: "this machine itself", api: "a hookline server", stripe: "Stripe" } as const;

export async function showProfiles(
  output: Output,
  { profiles, current, chosen }: ProfileList,
): Promise<void> {
  output.json({ data: profiles.map(profileJson), next_cursor: null });
  output.line(
    await table(
      profiles.map(({ name, kind, url, account, key, mode, current }) => [
        current ? "*" : "",
        name,
        withMode(url ?? kinds[kind], mode),
        account ?? "",
        key === undefined ? "" : hint(key),
      ]),
      { head: ["", "PROFILE", "API", "ACCOUNT", "KEY"], theme: output.out, width: output.width },
    ),
  );
  if (!profiles.some((profile) => profile.current))
    output.warn(
      `the current profile is ${JSON.stringify(current)}, which there is not: choose one with hookline profiles use`,
    );
  if (chosen !== undefined && chosen !== current)
    output.note(
      output.err.dim(`HOOKLINE_PROFILE is set: ${safeLine(chosen, 100)} is used, not the current one (*)`),
    );
}

export function showProfile(output: Output, profile: ProfileSummary): void {
  output.json(profileJson(profile));
  const { name, kind, url, account, keyId, key, mode, allowHttp, current } = profile;
  const line = fields(output);
  output.line(`${output.out.bold(safeLine(name))}${current ? ", the current one" : ""}`);
  line("kind", `${kind}: ${kinds[kind]}`);
  if (url !== undefined) line("url", url);
  if (allowHttp) line("", "plain HTTP is allowed");
  if (mode !== undefined) line("mode", mode);
  if (account !== undefined) line("account", account);
  if (key !== undefined) line("key", [hint(key), ...(keyId === undefined ? [] : [`(${keyId})`])].join(" "));
}

export function showUsed(output: Output, profile: ProfileSummary, chosen: string | undefined): void {
  output.json(profileJson(profile));
  const where = profile.url === undefined ? kinds[profile.kind] : safeLine(profile.url, 300);
  output.line(`${output.out.green("✓")} ${profile.name} is the current profile: ${where}`);
  if (chosen !== undefined && chosen !== profile.name)
    output.warn(`HOOKLINE_PROFILE is set and goes before it: unset it to use ${profile.name}`);
}

export function showDeleted(output: Output, profile: string, current: string): void {
  output.json({ profile, deleted: true, current });
  output.line(`${output.out.green("✓")} the profile ${profile} and its key are deleted from this machine`);
  output.note(
    output.err.dim(
      `  the current profile is ${safeLine(current, 100)}; the key itself still works until it is revoked`,
    ),
  );
}

/** @param now Unix milliseconds */
export function showLogin(output: Output, login: SavedLogin, now: number): void {
  const { place, key, caller, current, hiddenBy } = login;
  const url = place.url.href.replace(/\/$/, "");
  output.json({
    profile: place.profile,
    kind: place.kind,
    url,
    account: caller.account.name,
    key_id: caller.key?.id ?? null,
    current,
  });
  output.line(`${output.out.green("✓")} logged in to ${safeLine(url, 300)}`);
  const line = fields(output);
  callerLines(line, caller, key, now);
  line("profile", current ? `${place.profile}, the current one` : place.profile);
  if (!current) output.note(output.err.dim(`  switch to it with: hookline profiles use ${place.profile}`));
  if (current && hiddenBy.length > 0) {
    const many = hiddenBy.length > 1;
    output.warn(
      `${hiddenBy.join(" and ")} ${many ? "are set and go" : "is set and goes"} before this profile: unset ${many ? "them" : "it"} to use what was saved`,
    );
  }
}

/** What the environment hides, and what of it is not used, in words. */
export function showShadows(output: Output, { shadows, unused, connection }: LocalIdentity): void {
  const note = (text: string): void => output.note(`${output.err.yellow("note:")} ${text}`);
  for (const shadow of shadows) note(shadowText(shadow));
  if (unused.length === 0) return;
  const are = unused.length > 1 ? "are set, but not used" : "is set, but not used";
  note(`${unused.join(" and ")} ${are}: --profile ${safeLine(connection.profile, 100)} goes before`);
}

/** @param now Unix milliseconds */
export function showIdentity(output: Output, known: LocalIdentity, caller: Caller, now: number): void {
  const { connection, shadows, database, mode } = known;
  const { profile, profileSource, kind, url, urlSource, keySource } = connection;
  output.json({
    profile,
    profile_source: profileSource,
    kind,
    mode: mode ?? null,
    url: url === undefined ? null : shownUrl(url),
    url_source: urlSource ?? null,
    key_source: keySource ?? null,
    database: database ?? null,
    ...caller,
    shadows,
  });
  const line = fields(output);
  placeLines(line, known);
  callerLines(line, caller, connection.key, now, sourceText(keySource, "HOOKLINE_API_KEY"));
}

/** What this machine knows by itself, where the API did not say the rest. */
export function showUnanswered(output: Output, known: LocalIdentity): void {
  const { key, keySource } = known.connection;
  const line = fields(output);
  placeLines(line, known);
  line("key", keyText(key, `, ${sourceText(keySource, "HOOKLINE_API_KEY")}`));
}

function placeLines(line: Line, { connection, database, mode }: LocalIdentity): void {
  const { profile, profileSource, kind, url, urlSource } = connection;
  const chosen = {
    flag: "chosen by --profile",
    environment: "chosen by HOOKLINE_PROFILE",
    "env-file": "chosen by HOOKLINE_PROFILE of the env file",
    current: "the current one",
  }[profileSource];
  line("profile", `${profile}, ${chosen}`);
  line("kind", withMode(kinds[kind], mode));
  if (url !== undefined) line("api", `${shownUrl(url)}, ${sourceText(urlSource, "HOOKLINE_API_URL")}`);
  if (database !== undefined) line("database", database);
}

/**
 * @param secret the key that asks, as some APIs tell nothing of it
 * @param source where it came from
 */
function callerLines(
  line: Line,
  { account, key, scopes }: Caller,
  secret: string | undefined,
  now: number,
  source?: string,
): void {
  const isNamed = account.id !== "" && account.id !== account.name;
  line("account", isNamed ? `${account.name} (${account.id})` : account.name);
  const from = source === undefined ? "" : `, ${source}`;
  if (secret === undefined || key === null) line("key", keyText(secret, from));
  else {
    line("key", `${key.name} (${key.id}), ${key.hint}, ${key.status}${from}`);
    const end = Date.parse(endsAt(key) ?? "");
    line("ends", Number.isNaN(end) ? "never" : `${dateTime(end)} (${relativeTime(end, now)})`);
  }
  line("scopes", scopesText(scopes));
}

function keyText(secret: string | undefined, from: string): string {
  return secret === undefined ? "none: this machine itself asks" : `${hint(secret)}${from}`;
}

/** A profile as a choice of a prompt. */
export function profileChoice(profile: ProfileSummary): { value: string; name: string } {
  const { name, kind, url, mode, current } = profile;
  return {
    value: name,
    name: `${name}  ${withMode(url ?? kinds[kind], mode)}${current ? "  (current)" : ""}`,
  };
}

function withMode(text: string, mode: ProfileSummary["mode"]): string {
  return mode === undefined ? text : `${text} (${mode} mode)`;
}

function shadowText({ variable, source, hides, profile }: Shadow): string {
  const set = `${variable} is set${source === "env-file" ? " in the env file" : ""}`;
  const name = safeLine(profile, 100);
  if (profile === "embedded") {
    return hides === "key"
      ? `${set}: this machine's own database is asked with that key`
      : `${set}: the API it names is asked, not this machine itself (the profile embedded)`;
  }
  switch (hides) {
    case "profile":
      return `${set}: the current profile ${name} is not used`;
    case "url":
      return `${set}: the URL of the profile ${name} is not used`;
    case "key":
      return `${set}: the key of the profile ${name} is not used`;
  }
}

function sourceText(source: string | undefined, variable: string): string {
  if (source === "profile") return "from the profile";
  return source === "env-file" ? `from ${variable} of the env file` : `from ${variable}`;
}

function profileJson(profile: ProfileSummary): object {
  const { name, kind, url, account, keyId, key, mode, allowHttp, current } = profile;
  return {
    name,
    kind,
    mode: mode ?? null,
    url: url ?? null,
    account: account ?? null,
    key_id: keyId ?? null,
    key_hint: key === undefined ? null : hint(key),
    allow_http: allowHttp,
    current,
  };
}

/** Prints a name and what it has, made safe. */
type Line = (name: string, value: string) => void;

function fields(output: Output): Line {
  return (name, value) => output.line(`  ${output.out.dim(name.padEnd(8))}  ${safeLine(value, 500)}`);
}

function shownUrl(url: URL): string {
  return url.href.replace(/\/$/, "");
}
