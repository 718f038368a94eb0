// Loads the JSON scanner: import this file dynamically, where there is something to renew.
import type { Envelope } from "../providers/contract.ts";
import { envelopeTime } from "../providers/event.ts";
import { isHooklineError } from "../errors.ts";
import { freshenBody } from "./edit.ts";
import { findPlace } from "./json-place.ts";
import { parsePath } from "./path.ts";

/** Renews a body's id and creation time, as `freshenBody` does. */
export interface Freshener {
  (this: void, fresh: { id: () => string; now: number }): Buffer;
}

/** A value in the body, from its first byte to the one behind it. */
interface Hole {
  start: number;
  end: number;
  text: (fresh: { id: () => string; now: number }) => string;
}

/**
 * `freshenBody` for a body that is sent many times: where the values are is looked up once, which is most of the work.
 * @throws HooklineError what `freshenBody` throws
 */
export function createFreshener(body: Buffer, envelope: Envelope): Freshener {
  freshenBody(body, envelope, { id: () => "", now: 0 });
  const json = body.toString("latin1");
  // A byte order mark, which no JSON begins with, is left to where the places are counted from.
  const mark = json.startsWith("\xef\xbb\xbf") ? 3 : 0;
  const holes = [
    hole(json, mark, envelope.id, ({ id }) => JSON.stringify(`${envelope.idPrefix ?? ""}${id()}`)),
    hole(json, mark, envelope.createdAt, ({ now }) => JSON.stringify(envelopeTime(envelope, now))),
  ]
    .filter((found) => found !== undefined)
    .sort((a, b) => a.start - b.start);
  const [first, second] = holes;
  // One inside the other, as only a provider of a project's own may have them.
  if (first === undefined || (second !== undefined && second.start < first.end))
    return (fresh) => freshenBody(body, envelope, fresh);
  const head = body.subarray(0, first.start);
  if (second === undefined) {
    const tail = body.subarray(first.end);
    return (fresh) => Buffer.concat([head, Buffer.from(first.text(fresh)), tail]);
  }
  const [middle, tail] = [body.subarray(first.end, second.start), body.subarray(second.end)];
  return (fresh) =>
    Buffer.concat([head, Buffer.from(first.text(fresh)), middle, Buffer.from(second.text(fresh)), tail]);
}

/** The same where a body has something to renew; undefined where it has nothing. */
export function freshenerOf(body: Buffer, envelope: Envelope): Freshener | undefined {
  try {
    return createFreshener(body, envelope);
  } catch (error) {
    if (isHooklineError(error)) return undefined;
    throw error;
  }
}

function hole(json: string, mark: number, pointer: string | undefined, text: Hole["text"]): Hole | undefined {
  if (pointer === undefined) return undefined;
  const { match } = findPlace(json.slice(mark), parsePath(pointer)).container;
  return match === undefined ? undefined : { start: match.value + mark, end: match.end + mark, text };
}
