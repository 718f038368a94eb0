import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { at, pack, progressNumbers, type Batch, type Start, type Told } from "./messages.ts";
import type { Explanation } from "./writer.ts";
import type { NewDelivery, Recorder } from "./types.ts";

/** Milliseconds for which deliveries are gathered. */
const gatherMs = 40;
/** Deliveries, and bytes of them, that are handed over without waiting for more. */
const mostGathered = 1024;
const mostBytes = 4 * 1024 * 1024;
/** Milliseconds that a batch may be on its way before those who send have to wait with it: what a kill may lose. */
const mostBehindMs = 40;
/** Milliseconds for which they wait at once. */
const waitMs = 100;
/** Bytes that are on their way at most; what comes then is not recorded. */
const mostWaiting = 64 * 1024 * 1024;
/** Milliseconds to wait for another process that has the file locked, … */
const patienceMs = 10_000;
/** … and where the process is about to end. */
const lastPatienceMs = 2000;

export interface RecorderOptions {
  /** The built file of the thread that writes. */
  workerFile: string;
  /** Told that deliveries are not recorded, and why; once until some are again. */
  warn: (text: string) => void;
}

/**
 * Gathers deliveries and hands them to a thread that writes many in one transaction. The end of the process can be met
 * with `end`, which waits for that thread without a turn of the event loop.
 * @param file of an inbox that is there
 */
export function createRecorder(file: string, { workerFile, warn }: RecorderOptions): Recorder {
  const progress = new SharedArrayBuffer(progressNumbers * Int32Array.BYTES_PER_ELEMENT);
  const shared = new Int32Array(progress);
  const worker = new Worker(workerFile, {
    workerData: { file, progress } satisfies Start,
    execArgv: [],
    // It reads no variables, and none is to be found in it.
    env: {},
  });
  worker.unref();
  let deliveries: NewDelivery[] = [];
  let explained: Explanation[] = [];
  let bytes = 0;
  let sequence = 0;
  /** Batches that are on their way, oldest first. */
  const sent: { sequence: number; bytes: number; at: number }[] = [];
  let sentBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  let isTold = false;
  /** The batch that was waited for in vain; until it is written nobody waits again. */
  let stuckAt = 0;
  const listeners: ((numbers: readonly number[]) => void)[] = [];

  const fail = (why: string): void => {
    if (!isTold) warn(`deliveries are not recorded: ${why}`);
    isTold = true;
  };
  worker.on("message", (told: Told) => {
    switch (told.type) {
      case "recorded":
        isTold = false;
        for (const listener of listeners) listener(told.numbers);
        break;
      case "failed":
        fail(told.message);
        break;
      case "broken":
        ended = true;
        fail(told.message);
    }
  });
  worker.on("error", (error) => {
    ended = true;
    fail(error.message);
  });

  const written = (): number => Atomics.load(shared, at.written);
  /** Waits, and lets nothing else run, until that batch is written. @returns whether it is */
  const wait = (until: number, ms: number, place: number = at.written): boolean => {
    for (;;) {
      const value = Atomics.load(shared, place);
      if (value >= until) return true;
      if (Atomics.wait(shared, place, value, ms) === "timed-out") return false;
    }
  };
  const forget = (): void => {
    const done = written();
    while (sent[0] !== undefined && sent[0].sequence <= done) sentBytes -= sent.shift()?.bytes ?? 0;
  };
  /** Waits for the oldest batch where that is of any use. */
  const waitForOldest = (): void => {
    const oldest = sent[0]?.sequence ?? 0;
    if (written() < stuckAt) return;
    if (!wait(oldest, waitMs)) stuckAt = oldest;
    forget();
  };
  const post = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const [batch, size] = [{ deliveries, explained }, bytes];
    deliveries = [];
    explained = [];
    bytes = 0;
    if (ended || (batch.deliveries.length === 0 && batch.explained.length === 0)) return;
    forget();
    const now = performance.now();
    if (sentBytes + size > mostWaiting || (sent[0] !== undefined && now - sent[0].at > mostBehindMs))
      waitForOldest();
    if (sentBytes + size > mostWaiting)
      return fail("more arrive than can be written, or another process has the inbox locked");
    const message: Batch = { sequence: ++sequence, ...pack(batch.deliveries), explained: batch.explained };
    sent.push({ sequence, bytes: size, at: now });
    sentBytes += size;
    worker.postMessage(message, [message.bytes.buffer as ArrayBuffer]);
  };
  const schedule = (): void => {
    timer ??= setTimeout(post, gatherMs);
  };

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    post();
    for (let waited = 0; written() < sequence && waited < patienceMs; waited += 5) await sleep(5);
    if (written() < sequence) fail("another process keeps the inbox locked");
    const exit = new Promise((resolve) => worker.once("exit", resolve));
    if (ended || written() < sequence) await worker.terminate();
    else worker.postMessage("close");
    ended = true;
    worker.ref();
    await exit;
  };

  return {
    add(delivery) {
      if (ended) return;
      deliveries.push(delivery);
      bytes += sizeOf(delivery);
      if (deliveries.length >= mostGathered || bytes >= mostBytes) post();
      else schedule();
    },
    explain(id, findings) {
      if (ended) return;
      const waiting = deliveries.find((delivery) => delivery.id === id);
      if (waiting !== undefined) waiting.findings = findings;
      else explained.push({ id, findings });
      schedule();
    },
    onRecorded: (listener) => void listeners.push(listener),
    flush(ms = patienceMs) {
      post();
      return wait(sequence, ms);
    },
    end() {
      Atomics.store(shared, at.ending, 1);
      post();
      wait(sequence, lastPatienceMs);
      // A thread that is stopped in the middle of the database's code takes the process down with it.
      wait(1, lastPatienceMs, at.idle);
      ended = true;
    },
    close: () => (closed ??= close()),
  };
}

/** Bytes that a delivery takes on its way, about. */
function sizeOf({ headers, target, body, attempts }: NewDelivery): number {
  let size = 1000 + target.length + (body?.length ?? 0);
  for (const text of headers) size += text.length;
  for (const { answer } of attempts) size += answer.length;
  return size;
}
