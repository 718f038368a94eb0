import type { KeyAudit, KeyFinding } from "../actions/audit-keys.ts";
import type { EnvPlace } from "../actions/env-place.ts";
import type { Listed } from "../actions/pages.ts";
import type { KeyHolders, Revocation } from "../actions/revoke-key.ts";
import type { RotationHere } from "../actions/rotate-key.ts";
import type { Key, NewKey, Scope } from "../remote/contract.ts";
import { count, dateTime, relativeTime } from "./format.ts";
import { showMore } from "./more.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { table } from "./table.ts";

/** Code points of a name in a line with more beside it. */
const longestName = 24;
/** Keys that a line names at most. */
const mostNamed = 5;

/** @param now Unix milliseconds, as everywhere here */
export async function showKeys(
  output: Output,
  keys: Listed<Key>,
  filtered: "live" | "dead" | undefined,
  now: number,
): Promise<void> {
  output.json(keys);
  if (output.jsonMode) return;
  const { data, next_cursor: cursor } = keys;
  if (data.length === 0)
    output.note(filtered ? `no ${filtered} keys` : "no keys: make one with hookline keys create");
  else {
    // A narrow terminal gets fewer columns: `keys show` has the rest.
    const columns = output.width < 100 ? 4 : output.width < 120 ? 5 : 6;
    const rows = data.map((key) => [
      key.id,
      safeLine(key.name, longestName),
      statusText(key, now),
      lastUse(key, now),
      safeLine(key.hint, 40),
      scopesText(key.scopes),
    ]);
    output.line(
      await table(
        rows.map((row) => row.slice(0, columns)),
        {
          head: ["ID", "NAME", "STATUS", "LAST USED", "KEY", "SCOPES"].slice(0, columns),
          theme: output.out,
          width: output.width,
        },
      ),
    );
  }
  showMore(output, cursor);
}

export function showKey(output: Output, key: Key, now: number): void {
  output.json(key);
  if (output.jsonMode) return;
  const { out } = output;
  const line = (name: string, value: string): void => output.line(`  ${out.dim(name.padEnd(9))} ${value}`);
  output.line(`${out.bold(safeLine(key.name, 200))} (${key.id})`);
  line("key", safeLine(key.hint, 100));
  if (key.provider !== null) line("form", `of ${safeLine(key.provider, 100)}`);
  line("status", statusText(key, now));
  line("scopes", scopesText(key.scopes));
  line("made", `${time(key.created_at, now)}${key.created_by === null ? "" : ` by ${maker(key)}`}`);
  line("ends", endsAt(key) === null ? "never" : time(endsAt(key), now));
  const address = key.last_used_address === null ? "" : ` from ${safeLine(key.last_used_address, 100)}`;
  line("last used", key.last_used_at === null ? "never" : `${time(key.last_used_at, now)}${address}`);
  if (key.replaces !== null) line("replaces", key.replaces);
  if (key.replaced_by !== null) line("successor", key.replaced_by);
}

/**
 * Prints a key that is kept nowhere else, alone on its line, so that `$(…)` captures it.
 * @param more what the JSON has beside the key
 * @throws HooklineError `output-failed`
 */
export async function printNewKey(output: Output, made: NewKey, more: object = {}): Promise<void> {
  output.json({ ...made, ...more });
  output.line(safeLine(made.key, 1100));
  await output.flush({ mustBeRead: true });
}

/** @param written where the key was written to; where it was not, it is printed already */
export function showCreated(output: Output, made: NewKey, written: EnvPlace | undefined, now: number): void {
  if (written !== undefined) output.json(writtenJson(made, written));
  output.note(
    `${output.err.green("✓")} made ${keyText(made)}: ${scopesText(made.scopes)}, ${ending(made, now)}`,
  );
  showPlace(output, written);
}

/** What the JSON of a rotation has beside the new key. */
export function rotationJson(
  replaced: { id: string; graceSeconds: number },
  written: EnvPlace | undefined,
  updatedProfile: string | undefined,
): object {
  return {
    replaced: { id: replaced.id, grace_seconds: replaced.graceSeconds },
    written: written ?? null,
    profile_updated: updatedProfile ?? null,
  };
}

/** @param written where the new key was written to; where it was not, it is printed already */
export function showRotated(
  output: Output,
  rotation: RotationHere,
  replaced: { id: string; graceSeconds: number },
  written: EnvPlace | undefined,
  now: number,
): void {
  const { made, old, updatedProfile, staleProfiles, isInVariable } = rotation;
  const { id } = replaced;
  if (written !== undefined)
    output.json({ ...writtenJson(made, written), ...rotationJson(replaced, written, updatedProfile) });
  const end = old === undefined ? null : endsAt(old);
  const until =
    end === null ? "works on" : Date.parse(end) > now ? `works until ${time(end, now)}` : "works no more";
  output.note(`${output.err.green("✓")} ${keyText(made)} takes the place of ${id} and ${ending(made, now)}`);
  if (updatedProfile !== undefined) output.note(`  the profile ${updatedProfile} holds the new key`);
  if (old !== undefined) output.note(`  the old one ${until}`);
  showPlace(output, written);
  if (isInVariable && written?.name !== "HOOKLINE_API_KEY")
    output.warn(`HOOKLINE_API_KEY still holds the old key, which ${until}`);
  for (const name of staleProfiles)
    output.warn(`the profile ${name} still holds the old key, which ${until}: log in there with the new one`);
}

/** What revoking a key leaves alive, and who still holds it: known before it is asked for. */
export function showConsequences(
  output: Output,
  { isOwn, made }: Revocation,
  { profiles, variable }: KeyHolders,
): void {
  if (variable) output.warn("HOOKLINE_API_KEY holds this key: without another there, commands are refused");
  for (const name of profiles)
    output.warn(`the profile ${name} holds this key: log in there with another${isOwn ? " first" : ""}`);
  if (made === undefined)
    return output.note(
      `${output.err.yellow("note:")} keys that it made go on working; they cannot be listed`,
    );
  if (made.length === 0) return;
  const named = made.slice(0, mostNamed).map(keyText).join(", ");
  const rest = made.length > mostNamed ? ` and ${made.length - mostNamed} more` : "";
  const [goes, keys] = made.length === 1 ? ["goes", "1 key"] : ["go", `${made.length} keys`];
  output.note(`${output.err.yellow("note:")} ${keys} that it made ${goes} on working: ${named}${rest}`);
}

/** A key that was useless before. */
export function showRevokedBefore(output: Output, key: Key, now: number): void {
  output.json(key);
  output.line(`${keyText(key)} was revoked before, ${time(key.revoked_at, now)}: nothing was changed`);
}

export function showRevoked(output: Output, key: Key, { restores }: Revocation): void {
  output.json(key);
  output.line(`${output.out.green("✓")} ${keyText(key)} is revoked`);
  if (restores !== undefined) output.note(`  ${keyText(restores)}, which it was to replace, works on`);
}

/** The question before a key is revoked. */
export function revokeQuestion(id: string, { key, isOwn, restores }: Revocation): string {
  const own = isOwn ? " It is the key that you use now." : "";
  const other = restores === undefined ? "" : ` ${restores.id}, which it was to replace, works on.`;
  return `Revoke ${key === undefined ? id : keyText(key)}?${own}${other}`;
}

export async function showAudit(output: Output, audit: KeyAudit, now: number): Promise<void> {
  const { findings, live, sawActivity } = audit;
  output.json({ data: findings.map(findingJson), next_cursor: null });
  if (!sawActivity)
    output.note("uses of dead keys are not looked for: that takes a key with the scope activity:read");
  if (output.jsonMode) return;
  const keys = count(live, "live key", "live keys");
  if (findings.length === 0) return output.line(`${output.out.green("✓")} ${keys}, nothing to mend`);
  const rows = findings.map((found) => [
    found.finding,
    found.key.id,
    `${safeLine(found.key.name, longestName)}: ${findingText(found, now)}`,
  ]);
  output.line(
    await table(rows, { head: ["FINDING", "KEY", "WHAT"], theme: output.out, width: output.width }),
  );
  output.note(output.err.dim(`${count(findings.length, "finding", "findings")} among ${keys}`));
}

/** A key as a choice of a prompt. */
export function keyChoice(key: Key, now: number): { value: string; name: string; description: string } {
  return {
    value: key.id,
    name: `${safeLine(key.name, longestName)}  ${safeLine(key.hint, 40)}`,
    description: `${key.id}, ${statusText(key, now)}, last used ${lastUse(key, now)}`,
  };
}

/** `*`, `keys:*` and the like where all that they mean is there. */
export function scopesText(scopes: readonly Scope[]): string {
  const areas = [...new Set(scopes.map((scope) => scope.split(":")[0] ?? ""))];
  return areas
    .map((area) => {
      const own = scopes.filter((scope) => scope.startsWith(`${area}:`));
      return own.length === 2 ? `${area}:*` : own.join(" ");
    })
    .join(" ");
}

function findingJson(found: KeyFinding): Record<string, unknown> {
  if (found.finding !== "dead-key-used") return { finding: found.finding, key: found.key };
  const { finding, key, count: uses, lastAt, addresses } = found;
  return { finding, key, count: uses, last_at: lastAt, addresses };
}

function findingText(found: KeyFinding, now: number): string {
  const { key } = found;
  switch (found.finding) {
    case "dead-key-used": {
      const { count: uses, lastAt, addresses } = found;
      const where = addresses.length === 0 ? "" : ` from ${addresses.slice(0, 5).join(", ")}`;
      const last = relativeTime(Date.parse(lastAt), now);
      return `${statusText(key, now)}, but used ${count(uses, "time", "times")} since, last ${last}${where}`;
    }
    case "rotation-open":
      return `replaced by ${key.replaced_by}, but without an end: revoke it once that one is in use`;
    case "expiring":
      return `ends ${relative(key.expires_at, now)}`;
    case "idle":
      return `last used ${lastUse(key, now)}`;
    case "never-used":
      return `never used, made ${relative(key.created_at, now)}`;
    case "never-expires":
      return "has no end";
  }
}

/** A new key that is in a file stands in no document. */
function writtenJson(made: NewKey, written: EnvPlace): Record<string, unknown> {
  return { ...made, key: undefined, written };
}

function showPlace(output: Output, written: EnvPlace | undefined): void {
  if (written !== undefined)
    output.line(
      `${output.out.green("✓")} ${safeLine(written.file, 300)} holds the key as ${safeLine(written.name, 200)}`,
    );
  else if (!output.jsonMode) output.note(output.err.dim("  it is not shown again"));
}

function keyText({ id, name }: Key): string {
  return `${safeLine(name, 100)} (${id})`;
}

function maker({ created_by: by, id }: Key): string {
  return by === id ? "itself" : safeLine(by ?? "", 100);
}

function ending(key: Key, now: number): string {
  return key.expires_at === null ? "has no end" : `ends ${relative(key.expires_at, now)}`;
}

/** When a key ends, whichever way comes first. */
export function endsAt(key: Key): string | null {
  const ends = [key.revoked_at, key.grace_ends_at, key.expires_at].filter((end) => end !== null);
  return ends.sort()[0] ?? null;
}

/** `active`, `active, ends in 90 d`, `revoked 3 d ago`. */
function statusText(key: Key, now: number): string {
  const end = endsAt(key);
  if (key.status === "rotating" && key.grace_ends_at === null) return "rotating, open";
  if (end === null) return key.status;
  const isLive = key.status === "active" || key.status === "rotating";
  return `${key.status}${isLive ? ", ends" : ""} ${relative(key.status === "revoked" ? key.revoked_at : end, now)}`;
}

function lastUse(key: Key, now: number): string {
  return key.last_used_at === null ? "never" : relative(key.last_used_at, now);
}

function relative(at: string | null, now: number): string {
  return at === null ? "never" : relativeTime(Date.parse(at), now);
}

/** `2026-03-17 14:32:07 (3 d ago)` */
function time(at: string | null, now: number): string {
  return at === null ? "never" : `${dateTime(Date.parse(at))} (${relative(at, now)})`;
}
