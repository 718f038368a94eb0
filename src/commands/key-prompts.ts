import type { NamedScopes } from "../actions/keys.ts";
import { HooklineError, isHooklineError } from "../errors.ts";
import type { Caller, Remote } from "../remote/contract.ts";
import type { Choice } from "../ui/prompts.ts";
import type { Session } from "./context.ts";

/** What a new key is to be; `expiresIn` are seconds, null for ever, undefined for as long as its maker. */
export interface WantedKey {
  name: string;
  scopes: NamedScopes;
  expiresIn: number | null | undefined;
}

type GivenKey = { [Field in keyof WantedKey]: WantedKey[Field] | undefined };

const day = 86_400;
const lifetimes = [
  ["30 days", 30],
  ["90 days", 90],
  ["1 year", 365],
] as const;

/**
 * Seconds that `--expires` says, null where it says `never`.
 * @throws HooklineError `usage`
 */
export async function readLifetime(expires: string | undefined): Promise<number | null | undefined> {
  if (expires === undefined || expires === "never") return expires === undefined ? undefined : null;
  const { longDuration, object, parseFlags } = await import("./flags.ts");
  try {
    return Math.ceil(parseFlags(object({ expires: longDuration }), { expires }).expires / 1000);
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    throw new HooklineError(error.code, `${error.message}, or never`, { nextSteps: error.nextSteps });
  }
}

/** @throws HooklineError `usage` where a name will not do, or something is missing that nobody can be asked for */
export function requireKeyFlags({ output }: Session, { name, scopes }: GivenKey): void {
  const verdict = name === undefined || checkName(name);
  if (verdict !== true) throw new HooklineError("usage", `--name: ${verdict}`);
  const missing = [...(name === undefined ? ["--name"] : []), ...(scopes === undefined ? ["--scope"] : [])];
  if (output.interactive || missing.length === 0) return;
  throw new HooklineError("usage", `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing`, {
    nextSteps: ["such as: hookline keys create --name ci --scope events:write --expires 90d"],
  });
}

/** Asks for what is missing, where somebody can be asked. */
export async function completeKey(session: Session, remote: Remote, given: GivenKey): Promise<WantedKey> {
  const { output, prompts, host } = session;
  const { currentKey } = await import("../actions/keys.ts");
  const isWhole = given.scopes !== undefined && given.expiresIn !== undefined;
  const caller = output.interactive && !isWhole ? await currentKey(remote) : undefined;
  const name = given.name ?? (await prompts.input("What is it called?", { validate: checkName }));
  const scopes = given.scopes ?? {
    scopes: await prompts.checkbox(
      "What may it do?",
      (caller?.scopes ?? []).map((scope) => ({ value: scope, name: scope })),
    ),
    all: false,
  };
  if (given.expiresIn !== undefined || caller === undefined)
    return { name, scopes, expiresIn: given.expiresIn };
  return {
    name,
    scopes,
    expiresIn: await prompts.select("How long does it live?", lives(caller, host.now())),
  };
}

/** @throws HooklineError `usage` where no key is named and nobody can be asked which */
export function requireKeyId({ output }: Session, id: string | undefined): void {
  if (id !== undefined || output.interactive) return;
  throw new HooklineError("usage", "no key is named", {
    nextSteps: ["give the id of one: hookline keys list shows them"],
  });
}

/** The key that was named, or that the user chooses among those that work. */
export async function pickKey(
  { prompts, host }: Session,
  remote: Remote,
  id: string | undefined,
  question: string,
): Promise<string> {
  if (id !== undefined) return id;
  const [{ listKeys }, { keyChoice }] = await Promise.all([
    import("../actions/keys.ts"),
    import("../ui/keys.ts"),
  ]);
  const { data } = await listKeys(remote, "live", { all: true });
  if (data.length > 0)
    return prompts.select(
      question,
      data.map((key) => keyChoice(key, host.now())),
    );
  throw new HooklineError("key-none", "there is no key that works", {
    nextSteps: ["make one: hookline keys create"],
  });
}

function checkName(name: string): true | string {
  if (name.trim() === "") return "a name must not be empty: it is what you will know the key by";
  if (/[\p{Cc}\p{Cs}]/u.test(name)) return "a name has no line breaks or other control characters";
  if (name.trim() !== name) return "a name has no blank at either end";
  return name.length <= 100 ? true : "a name has 100 characters at most";
}

/** Those that the key which asks can give: its own end is the last. */
function lives({ key }: Caller, now: number): Choice<number | null | undefined>[] {
  const end = [key?.expires_at ?? [], key?.grace_ends_at ?? []].flat().sort()[0] ?? null;
  const left = end === null ? Infinity : (Date.parse(end) - now) / 1000;
  return [
    ...lifetimes.filter(([, days]) => days * day < left).map(([name, days]) => ({ value: days * day, name })),
    end === null
      ? { value: null, name: "without an end" }
      : { value: undefined, name: `as long as the key in use, until ${end}` },
  ];
}
