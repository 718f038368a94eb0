import { HooklineError } from "../errors.ts";
import { closest } from "../providers/closest.ts";
import { randomText, uuid } from "../providers/ids.ts";
import type { Payload } from "../payloads/load.ts";
import type { Provider } from "../providers/contract.ts";
import { isInbox, isRemote, loadPayloads, type LoadOptions } from "../payloads/load.ts";
import type { Edit } from "../payloads/edit.ts";
import type { Freshener } from "../payloads/freshen.ts";
import { deliveryIdOf, lazyJson } from "../providers/event.ts";
import { createHeaderMaker, withOverrides, type HeaderOverride } from "../transport/request.ts";
import {
  createTamperer,
  tamperings,
  tamperingsOf,
  type Tamperer,
  type Tampering,
} from "../transport/tamper.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

export type { HeaderOverride } from "../transport/request.ts";
export type { Edit } from "../payloads/edit.ts";
export type { Tampering } from "../transport/tamper.ts";

/** What of a payload is sent, and how, as the user asked. */
export interface PrepareOptions {
  what: readonly string[];
  provider?: string;
  /** The API that `remote:` names are of, as `--profile` says. */
  profile?: string;
  /** Ends the wait for an API's answer, with the error `interrupted`. */
  signal?: AbortSignal;
  edits: readonly Edit[];
  /** Renew the envelope's id and time for every request; `where-possible` leaves bodies alone that have neither. */
  fresh: boolean | "where-possible";
  headers: readonly HeaderOverride[];
  /** Send the headers it came with in place of a new signature. */
  original?: boolean;
  /** Unix milliseconds to sign at, in place of now. */
  at?: number;
  /** Make each wrong in each of these ways, in place of sending it as it is right; `all` that its provider's requests can show. */
  tamper?: readonly Tampering[] | "all";
}

/** One payload, ready to be sent any number of times. */
export interface PreparedPayload {
  payload: Payload;
  /** Of the secret that signs; undefined where nothing is signed. */
  origin: SecretOrigin | undefined;
  /** How it is wrong, so that it has to be refused; undefined where it is right. */
  tampering: Tampering | undefined;
  /** A request of its own each time: its id, its time and so its signature are made anew. */
  next(this: void): { headers: string[]; body: Buffer; deliveryId: string };
}

/** What is done to each payload. */
type RequestOptions = Pick<PrepareOptions, "edits" | "fresh" | "headers" | "at" | "original"> & {
  tampering: Tampering | undefined;
};

type Editing = typeof import("../payloads/edit.ts") & typeof import("../payloads/freshen.ts");

/**
 * Loads what the user named, edits it and prepares its signature.
 * @throws HooklineError where a payload, an edit or a secret is wrong: before anything is sent
 */
export async function prepare(workspace: Workspace, options: PrepareOptions): Promise<PreparedPayload[]> {
  const payloads = await load(workspace, options);
  const isEdited = options.edits.length > 0 || options.fresh !== false;
  const editing = isEdited ? await loadEditing() : undefined;
  if (options.original === true) {
    const { unrecorded } = await import("./received-headers.ts");
    warnOfUnrecorded(
      workspace,
      payloads.flatMap(({ headers = [] }) => unrecorded(headers)),
    );
  }
  return Promise.all(
    payloads
      .flatMap((payload) => tamperingsFor(payload, options).map((tampering) => ({ payload, tampering })))
      .map(async ({ payload, tampering }) => {
        const request = await prepareRequest(workspace, payload, { ...options, tampering }, editing);
        // A first one at once: what cannot be freshened or signed is told before anything is sent.
        request.next();
        return { payload, tampering, ...request };
      }),
  );
}

/** @throws HooklineError `tamper-original`, `tamper-impossible` */
function tamperingsFor(
  { name, provider }: Payload,
  { tamper, original }: PrepareOptions,
): (Tampering | undefined)[] {
  if (tamper === undefined) return [undefined];
  if (original === true) {
    throw new HooklineError("tamper-original", "--tamper signs anew and --original does not", {
      nextSteps: ["leave out one of the two"],
    });
  }
  const possible = tamperingsOf(provider);
  const asked = tamper === "all" ? possible : tamper;
  const impossible = asked.filter((tampering) => !possible.includes(tampering));
  if (asked.length > 0 && impossible.length === 0) return [...asked];
  throw new HooklineError(
    "tamper-impossible",
    possible.length === 0
      ? `${name} cannot be tampered with: ${provider.title} signs nothing`
      : `${name} cannot be tampered with as ${impossible.join(", ")}: the signatures of ${provider.title} do not show it`,
    {
      nextSteps:
        possible.length === 0
          ? ["leave out --tamper"]
          : [`tamper with it as one of ${possible.join(", ")}`, "or as all of them: --tamper all"],
    },
  );
}

/**
 * Reads ways to tamper; several with commas between.
 * @returns undefined where none is given
 * @throws HooklineError `usage`
 */
export function readTamperings(texts: readonly string[]): readonly Tampering[] | "all" | undefined {
  const names = texts.flatMap((text) => text.split(",")).map((name) => name.trim());
  if (names.length === 0) return undefined;
  const known: readonly string[] = tamperings;
  const unknown = names.find((name) => name !== "all" && !known.includes(name));
  if (unknown !== undefined) {
    const near = closest(unknown, known);
    throw new HooklineError("usage", `--tamper knows no ${JSON.stringify(unknown)}`, {
      nextSteps: [
        ...(near.length === 0 ? [] : [`did you mean ${near.join(", ")}?`]),
        `use ${tamperings.join(", ")}, or all`,
      ],
    });
  }
  return names.includes("all") ? "all" : ([...new Set(names)] as Tampering[]);
}

/** Prepares the requests of one payload. @param editing is there where something is to be edited */
async function prepareRequest(
  workspace: Workspace,
  payload: Payload,
  options: RequestOptions,
  editing?: Editing,
): Promise<Omit<PreparedPayload, "payload" | "tampering">> {
  const { host } = workspace;
  const { provider, headers: received } = payload;
  const before = received === undefined ? undefined : await import("./received-headers.ts");
  const body = editing === undefined ? payload.body : editing.editBody(payload.body, options.edits);
  const id = (): string => randomText(host.random, 22);
  const freshen = freshenerFor(body, provider, options.fresh, editing);
  const bodyAt = (now: number): Buffer => freshen?.({ id, now }) ?? body;
  const newId = (): string => newDeliveryId(provider.envelope.idPrefix, host.random);
  const idOf = (bytes: Buffer, headers: readonly string[]): string | undefined =>
    deliveryIdOf(provider, { headers, path: "", json: lazyJson(bytes) });

  if (options.original === true) {
    if (before === undefined || received === undefined) throw cameWithout(payload);
    const headers = withOverrides(before.originalHeaders(received), options.headers);
    return {
      origin: undefined,
      next() {
        const sent = bodyAt(options.at ?? host.now());
        return { headers, body: sent, deliveryId: idOf(sent, received) ?? newId() };
      },
    };
  }
  const { secrets, origin } = workspace.signingSecrets(provider);
  const taken =
    received === undefined
      ? []
      : (before?.takenOver(received, provider, { fresh: freshen !== undefined }) ?? []);
  const overrides = before === undefined ? options.headers : before.onTop(taken, options.headers);
  const make = requestMaker(provider, secrets, overrides, options.tampering, host.random);
  const ownId = idOf(body, received ?? []);
  return {
    origin,
    next() {
      const now = options.at ?? host.now();
      const sent = bodyAt(now);
      const deliveryId = (freshen === undefined ? ownId : idOf(sent, [])) ?? newId();
      return { ...make({ event: payload.event, deliveryId, body: sent, now }), deliveryId };
    },
  };
}

async function loadEditing(): Promise<Editing> {
  const [edit, freshen] = await Promise.all([
    import("../payloads/edit.ts"),
    import("../payloads/freshen.ts"),
  ]);
  return { ...edit, ...freshen };
}

/** @throws HooklineError where it has to be renewed, and there is nothing to renew */
function freshenerFor(
  body: Buffer,
  { envelope }: Provider,
  fresh: PrepareOptions["fresh"],
  editing: Editing | undefined,
): Freshener | undefined {
  if (fresh === false || editing === undefined) return undefined;
  return fresh === true ? editing.createFreshener(body, envelope) : editing.freshenerOf(body, envelope);
}

/** Makes whole requests: right ones, or ones that are wrong in one way. */
function requestMaker(
  provider: Provider,
  secrets: readonly string[],
  overrides: readonly HeaderOverride[],
  tampering: Tampering | undefined,
  random: (bytes: number) => Buffer,
): Tamperer {
  if (tampering !== undefined) return createTamperer(provider, secrets, overrides, tampering, random);
  const makeHeaders = createHeaderMaker(provider, secrets, overrides);
  return (content) => ({ headers: makeHeaders(content), body: content.body });
}

/** Says which headers of recorded requests cannot be sent once more. */
export function warnOfUnrecorded({ host }: Workspace, names: readonly string[]): void {
  const unique = [...new Set(names.map((name) => name.toLowerCase()))];
  if (unique.length === 0) return;
  const [was, it] = unique.length === 1 ? ["was", "it"] : ["were", "them"];
  host.warn(
    `${unique.join(", ")} ${was} not recorded, so nothing goes out with ${it}; add what is needed: hookline replay inbox:ID -H 'Name: value', or have credentials recorded: hookline listen --record-secrets`,
  );
}

function cameWithout({ name }: Payload): HooklineError {
  return new HooklineError("original-missing", `${name} came with no headers, so there are none to send`, {
    nextSteps: [
      "leave out --original: it is signed then",
      "--original is for requests that were recorded: inbox:ID, and the files of `hookline inbox export`",
    ],
  });
}

/** Reads the payloads. The code that reads those of the remote, and of the inbox, is loaded only where one is named. */
async function load(
  workspace: Workspace,
  { what, provider, profile, signal }: PrepareOptions,
): Promise<Payload[]> {
  const { host, registry, fixturesDir } = workspace;
  const options: LoadOptions = {
    registry,
    fixturesDir,
    cwd: host.cwd,
    readStdin: () => host.stdin.read("the payload"),
    ...(what.some(isInbox) ? { readInbox: (await import("./inbox-payloads.ts")).inboxReader(host) } : {}),
    ...(provider === undefined ? {} : { provider }),
  };
  if (!what.some(isRemote)) return loadPayloads(what, options);
  const { withRemoteReader } = await import("./remote-payloads.ts");
  const reading = withRemoteReader(workspace, profile, (readRemote) =>
    loadPayloads(what, { ...options, readRemote }),
  );
  return signal === undefined ? reading : Promise.race([reading, interruption(signal)]);
}

/** Fails once the signal comes. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void =>
      reject(new HooklineError("interrupted", "the payloads were not read to their end"));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}

/** An id as the provider's look. @param prefix of its envelope */
export function newDeliveryId(prefix: string | undefined, random: (bytes: number) => Buffer): string {
  return prefix === undefined ? uuid(random) : prefix + randomText(random, 22);
}
