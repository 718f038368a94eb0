import { existsSync } from "node:fs";
import { join } from "node:path";
import { HooklineError, isHooklineError } from "../errors.ts";
import { editBody, freshenBody, type Edit } from "../payloads/edit.ts";
import { listFixtures, type Payload } from "../payloads/load.ts";
import type { JsonPointer, Provider } from "../providers/contract.ts";
import { deliveryIdOf, envelopeTime, lazyJson } from "../providers/event.ts";
import { randomText } from "../providers/ids.ts";
import { readPointer } from "../providers/pointer.ts";
import { isNamed } from "../suites/check/select.ts";
import { newDeliveryId, prepare, type HeaderOverride } from "./prepare.ts";
import type { Workspace } from "./workspace.ts";

/** A payload that is sent, and whether hookline's other commands know it by its name. */
export interface CheckPayload {
  payload: Payload;
  /** False for one made up from the provider's description. */
  named: boolean;
}

/**
 * One payload for each event: the provider's fixtures; for a provider of the project file those in `fixtures/<id>` of the
 * current folder, else its envelope around empty data.
 * @param events names or patterns; all where it is empty
 * @throws HooklineError `usage` where no event is one of those, and what reading payloads can throw
 */
export async function checkPayloads(
  workspace: Workspace,
  provider: Provider,
  events: readonly string[],
): Promise<CheckPayload[]> {
  const all = await payloadsOf(workspace, provider);
  if (events.length === 0) return all;
  const chosen = all.filter(({ payload }) => isNamed(payload.event ?? "", events));
  const names = all.flatMap(({ payload: { event } }) => event ?? []);
  const unknown = events.find((event) => !names.some((name) => isNamed(name, [event])));
  if (unknown === undefined) return chosen;
  throw new HooklineError(
    "usage",
    `--event names no event of ${provider.title} that there is a payload of: ${JSON.stringify(unknown)}`,
    { nextSteps: [`name one of ${names.join(", ")}, or a pattern such as 'order.*'`] },
  );
}

async function payloadsOf(workspace: Workspace, provider: Provider): Promise<CheckPayload[]> {
  const { host, registry, fixturesDir } = workspace;
  const folder = `./fixtures/${provider.id}`;
  const isKnown = listFixtures(registry, fixturesDir).some((fixture) => fixture.provider === provider.id);
  const what = isKnown ? provider.id : existsSync(join(host.cwd, folder)) ? folder : undefined;
  if (what === undefined) return madeUp(workspace, provider).map((payload) => ({ payload, named: false }));
  const prepared = await prepare(workspace, {
    what: [what],
    provider: provider.id,
    edits: [],
    fresh: false,
    headers: [],
  });
  return prepared.map(({ payload }) => ({ payload, named: true }));
}

/** The provider's envelope around empty data, for each event that it lists. */
function madeUp({ host }: Workspace, provider: Provider): Payload[] {
  const { id, type, createdAt, idPrefix = "" } = provider.envelope;
  const events: (string | undefined)[] = Object.keys(provider.events);
  return (events.length === 0 ? [undefined] : events).map((event) => {
    const edits: Edit[] = [];
    const set = (path: string | undefined, value: unknown): void => {
      if (path !== undefined) edits.push({ op: "set", path, value: JSON.stringify(value) });
    };
    set(id, idPrefix + randomText(host.random, 22));
    if (event !== undefined) set(type, event);
    set(createdAt, envelopeTime(provider.envelope, host.now()));
    const body = editBody(Buffer.from('{\n  "data": {}\n}\n'), edits);
    const name = event === undefined ? provider.id : `${provider.id}/${event}`;
    return { name, source: "fixture", provider, body, ...(event === undefined ? {} : { event }) };
  });
}

/** A delivery that is right, before it is signed. */
export interface Draft {
  payload: CheckPayload;
  edits: readonly Edit[];
  /** On top of the provider's and the user's. */
  overrides: readonly HeaderOverride[];
  body: Buffer;
  event: string | undefined;
  deliveryId: string;
  /** Whether id or time of the event are new. */
  fresh: boolean;
}

/** What sets a draft apart. */
export interface DraftOptions {
  edits?: readonly Edit[];
  overrides?: readonly HeaderOverride[];
  event?: string;
  /** Unix milliseconds that the event says it was made at; now where left out. */
  createdAt?: number;
  /** Bytes that the body is filled up to. */
  size?: number;
}

/** A delivery of a payload with an id of its own, so that no handler takes it for one that it has had. */
export function draft(
  { host }: Workspace,
  payload: CheckPayload,
  { edits = [], overrides = [], event = payload.payload.event, createdAt, size }: DraftOptions = {},
): Draft {
  const { provider, body: original } = payload.payload;
  const edited = editBody(original, edits);
  const renewed = freshened(provider, edited, {
    id: () => randomText(host.random, 22),
    now: createdAt ?? host.now(),
  });
  const body = size === undefined ? (renewed ?? edited) : filled(renewed ?? edited, size);
  const own = deliveryIdOf(provider, { headers: [], path: "", json: lazyJson(body) });
  const deliveryId =
    (renewed === undefined ? undefined : own) ?? newDeliveryId(provider.envelope.idPrefix, host.random);
  return { payload, edits, overrides, body, event, deliveryId, fresh: renewed !== undefined };
}

/** Undefined where there is nothing in it to renew. */
function freshened(
  provider: Provider,
  body: Buffer,
  fresh: { id: () => string; now: number },
): Buffer | undefined {
  try {
    return freshenBody(body, provider.envelope, fresh);
  } catch (error) {
    if (isHooklineError(error) && ["no-envelope", "edit-not-json"].includes(error.code)) return undefined;
    throw error;
  }
}

/** Whether the body is a JSON object that members can be set in. */
export function isObject(body: Buffer): boolean {
  const value = lazyJson(body)();
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A type that no provider lists. */
const unknownType = "hookline.unknown_event";

/**
 * What has a delivery carry an event type that its provider does not list; undefined where its requests name no type.
 */
export function asUnknownEvent({ payload: { provider, body } }: CheckPayload): DraftOptions | undefined {
  const json = lazyJson(body)();
  const pointers: JsonPointer[] = provider.eventFrom.flatMap((source) =>
    source.from === "pointer" ? [source.pointer] : [],
  );
  // The first that is there names it; what follows may be the type of something else.
  const pointer = [
    ...(provider.envelope.type === undefined ? [] : [provider.envelope.type]),
    ...pointers,
  ].find((one) => typeof readPointer(json, one) === "string");
  const header = provider.headers.event;
  if (pointer === undefined && header === undefined) return undefined;
  return {
    edits: pointer === undefined ? [] : [{ op: "set", path: pointer, value: JSON.stringify(unknownType) }],
    overrides: header === undefined ? [] : [{ name: header, value: unknownType }],
    event: unknownType,
  };
}

/** Latin letters beyond ASCII, two other scripts, and an emoji beyond the basic plane: four bytes in UTF-8. */
const text = "Åse Ñandú – 小林さん 🎉 Ω≈ç";

/** What has a delivery carry text beyond ASCII, in place of a name that is there or else as a member of its own. */
export function withUnicode({ payload: { body } }: CheckPayload, escaped: boolean): DraftOptions {
  const literal = JSON.stringify(text);
  const value = escaped
    ? literal.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : literal;
  return { edits: [{ op: "set", path: namePath(lazyJson(body)()) ?? "/hookline_text", value }] };
}

/** Whether a body has a name in it, which people write in every script. */
export function hasName({ payload: { body } }: CheckPayload): boolean {
  return namePath(lazyJson(body)()) !== undefined;
}

/** JSON Pointer of the first text whose key says that it is a name, a title or something people wrote. */
function namePath(value: unknown, at = ""): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, member] of Object.entries(value as Record<string, unknown>)) {
    const path = `${at}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const isName =
      /^(?:(?:full|first|last|display|customer)_?)?name$|^(?:text|title|description|message|note)$/i;
    if (typeof member === "string" && isName.test(key) && key !== "__proto__") return path;
    const found = namePath(member, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The body with a member of its own that makes it so many bytes long. */
function filled(body: Buffer, size: number): Buffer {
  const set = (length: number): Buffer =>
    editBody(body, [{ op: "set", path: "/hookline_padding", value: JSON.stringify("x".repeat(length)) }]);
  return set(Math.max(0, size - set(0).length));
}
