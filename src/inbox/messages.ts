import type { Explanation } from "./writer.ts";
import type { NewDelivery } from "./types.ts";

/** What a listener's thread and the one that writes its inbox say to each other. */
export interface Batch {
  /** Counts up from 1. */
  sequence: number;
  /** {@link Packed} deliveries as JSON: to copy one text between threads costs a tenth of copying its objects. */
  deliveries: string;
  /** Their bodies and the heads of their answers, one behind the other. */
  bytes: Uint8Array;
  explained: readonly Explanation[];
}

/** A delivery whose bytes lie elsewhere; their lengths are in their place. */
export type Packed = Omit<NewDelivery, "body" | "attempts"> & {
  body: number | null;
  attempts: readonly (Omit<NewDelivery["attempts"][number], "answer"> & { answer: number })[];
};

export type Told =
  | { type: "recorded"; numbers: readonly number[] }
  /** A batch could not be written; the next may be. */
  | { type: "failed"; message: string }
  /** None ever will be. */
  | { type: "broken"; message: string };

/** What the thread is started with. */
export interface Start {
  file: string;
  /** Of {@link progressNumbers} integers, by {@link at}. */
  progress: SharedArrayBuffer;
}

/** What both threads see at once. */
export const at = {
  /** Sequence of the batch that was written last; the largest there is once no more can be. */
  written: 0,
  /** 1 while the thread that writes has nothing to do. */
  idle: 1,
  /** 1 where nothing is to be begun any more. */
  ending: 2,
} as const;
export const progressNumbers = 3;

export function pack(deliveries: readonly NewDelivery[]): Pick<Batch, "deliveries" | "bytes"> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const lengthOf = (part: Uint8Array): number => {
    parts.push(part);
    length += part.length;
    return part.length;
  };
  const packed = deliveries.map((delivery): Packed => ({
    ...delivery,
    body: delivery.body === null ? null : lengthOf(delivery.body),
    attempts: delivery.attempts.map((attempt) => ({ ...attempt, answer: lengthOf(attempt.answer) })),
  }));
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { deliveries: JSON.stringify(packed), bytes };
}

export function unpack({ deliveries, bytes }: Pick<Batch, "deliveries" | "bytes">): NewDelivery[] {
  let at = 0;
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  return (JSON.parse(deliveries) as Packed[]).map((packed): NewDelivery => ({
    ...packed,
    body: packed.body === null ? null : take(packed.body),
    attempts: packed.attempts.map((attempt) => ({ ...attempt, answer: take(attempt.answer) })),
  }));
}
