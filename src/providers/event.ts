import { createHash } from "node:crypto";
import { headerValue } from "../signing/headers.ts";
import type { RawHeaders } from "../signing/types.ts";
import type { Envelope, EventSource, Provider } from "./contract.ts";
import { readPointer } from "./pointer.ts";

/** The parts of a request that say what it is about. */
export interface RequestParts {
  headers: RawHeaders;
  /** The URL's path; a query after it is ignored. */
  path: string;
  /** The parsed body, undefined where it is not JSON; never throws. {@link lazyJson} makes one. */
  json: () => unknown;
}

/** Longest name or id taken from outside; a longer one is treated as absent. */
const maxLength = 200;

const utf8 = new TextDecoder();

/** Parses the body (UTF-8, with or without a byte order mark) when first asked, once. */
export function lazyJson(body: Uint8Array): () => unknown {
  let parsed: { value: unknown } | undefined;
  return () => (parsed ??= { value: parseJson(body) }).value;
}

/**
 * The event a request carries, by the first of the provider's sources that gives 1 to 200 characters, else by the path.
 */
export function eventOf(provider: Provider, request: RequestParts): string | undefined {
  for (const source of provider.eventFrom) {
    const event = fromSource(provider, source, request);
    if (isName(event)) return event;
  }
  // Whatever the provider's own sources, a path that names one of its events is taken at its word.
  return eventInPath(provider, request.path);
}

/** The id of the delivery: the provider's delivery header, else what it is deduplicated by, else the envelope's id. */
export function deliveryIdOf(provider: Provider, request: RequestParts): string | undefined {
  const { headers, dedupe, envelope } = provider;
  return (
    (headers.delivery === undefined ? undefined : asId(headerValue(request.headers, headers.delivery))) ??
    dedupeId(dedupe, request) ??
    (envelope.id === undefined ? undefined : asId(readPointer(request.json(), envelope.id)))
  );
}

/**
 * What is the same when the same delivery comes again: `stripe:evt_1`, or `fikafi:sha256:<hex of the body>` where the
 * provider is deduplicated by body or the request lacks the id.
 */
export function dedupeKeyOf(provider: Provider, request: RequestParts & { body: Uint8Array }): string {
  const id = dedupeId(provider.dedupe, request);
  return `${provider.id}:${id ?? `sha256:${createHash("sha256").update(request.body).digest("hex")}`}`;
}

function dedupeId(dedupe: Provider["dedupe"], request: RequestParts): string | undefined {
  if (dedupe === "body") return undefined;
  return asId(
    "header" in dedupe
      ? headerValue(request.headers, dedupe.header)
      : readPointer(request.json(), dedupe.pointer),
  );
}

function fromSource(provider: Provider, source: EventSource, request: RequestParts): unknown {
  switch (source.from) {
    case "header":
      return headerValue(request.headers, source.header);
    case "pointer":
      return readPointer(request.json(), source.pointer);
    case "path":
      return eventInPath(provider, request.path);
    case "shape": {
      const body = request.json();
      return source.shapes.find(({ has }) => has.every((pointer) => readPointer(body, pointer) !== undefined))
        ?.event;
    }
  }
}

/**
 * A time as the provider's envelope writes it, ISO 8601 with whole seconds where nothing is said.
 * @param now Unix milliseconds
 */
export function envelopeTime({ time = "iso" }: Envelope, now: number): string | number {
  if (time === "unix") return Math.floor(now / 1000);
  const iso = new Date(now).toISOString();
  return time === "iso-ms" ? iso : iso.replace(/\.\d{3}Z$/, "Z");
}

/** The event named by the path's last two segments (`/shopify/orders/create`) or its last. */
function eventInPath(provider: Provider, path: string): string | undefined {
  const segments = path
    .replace(/[?#].*$/s, "")
    .split("/")
    .filter((segment) => segment !== "")
    .slice(-2)
    .map(percentDecoded);
  return [segments.join("/"), segments.at(-1)].find(
    (name) => name !== undefined && Object.hasOwn(provider.events, name),
  );
}

function percentDecoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= maxLength;
}

function asId(value: unknown): string | undefined {
  if (Number.isSafeInteger(value)) return String(value);
  return isName(value) ? value : undefined;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    return undefined;
  }
}
