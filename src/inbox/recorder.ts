import { Worker } from "node:worker_threads";
import { at, pack, progressNumbers, type Batch, type Start, type Told } from "./messages.ts";
import type { Explanation } from "./writer.ts";
import type { NewDelivery, Recorder } from "./types.ts";

/** Milliseconds for which deliveries are gathered, well within what is promised. */
const gatherMs = 50;
/** Deliveries, and bytes of them, that are handed over without waiting for more. */
const mostGathered = 1024;
const mostBytes = 4 * 1024 * 1024;
/** Bytes that wait to be written at most; whoever sends more has to wait with them. */
const mostWaiting = 128 * 1024 * 1024;
/** Milliseconds to wait for another process that has the file locked, … */
const patienceMs = 10_000;
/** … and where the user waits for the end. */
const lastPatienceMs = 2000;

export interface RecorderOptions {
  /** The built file of the thread that writes. */
  workerFile: string;
  /** Told once that deliveries are not recorded any more, and why. */
  warn: (text: string) => void;
}

/**
 * Gathers deliveries and hands them to a thread that writes many in one transaction. The end of the process can be met
 * with `flush`, which waits for that thread without a turn of the event loop.
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
  const sent: { sequence: number; bytes: number }[] = [];
  let sentBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let broken = false;
  const listeners: ((numbers: readonly number[]) => void)[] = [];

  const giveUp = (why: string): void => {
    if (broken) return;
    broken = true;
    deliveries = [];
    explained = [];
    warn(`deliveries are not recorded any more: ${why}`);
  };
  worker.on("message", (told: Told) => {
    if (told.type === "broken") return giveUp(told.message);
    for (const listener of listeners) listener(told.numbers);
  });
  worker.on("error", (error) => giveUp(error.message));

  const settle = (): void => {
    const done = Atomics.load(shared, at.written);
    while (sent[0] !== undefined && sent[0].sequence <= done) sentBytes -= sent.shift()?.bytes ?? 0;
  };
  /** Waits, and lets nothing else run, until that batch is written. @returns whether it is */
  const wait = (until: number, ms = patienceMs, place: number = at.written): boolean => {
    for (;;) {
      const value = Atomics.load(shared, place);
      if (value >= until) return true;
      if (Atomics.wait(shared, place, value, ms) === "timed-out") return false;
    }
  };
  const post = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (broken || (deliveries.length === 0 && explained.length === 0)) return;
    const batch: Batch = { sequence: ++sequence, ...pack(deliveries), explained };
    sent.push({ sequence, bytes });
    sentBytes += bytes;
    deliveries = [];
    explained = [];
    bytes = 0;
    worker.postMessage(batch, [batch.bytes.buffer as ArrayBuffer]);
    settle();
    if (sentBytes > mostWaiting && !wait(sent[0]?.sequence ?? 0))
      giveUp("another process has kept the inbox locked for too long");
  };
  const schedule = (): void => {
    timer ??= setTimeout(post, gatherMs);
  };
  const flush = (): void => {
    post();
    if (!broken && !wait(sequence)) giveUp("another process keeps the inbox locked");
  };

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    flush();
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage("close");
    if (broken) await worker.terminate();
    worker.ref();
    await ended;
  };

  return {
    add(delivery) {
      if (broken) return;
      deliveries.push(delivery);
      bytes += delivery.body?.length ?? 0;
      if (deliveries.length >= mostGathered || bytes >= mostBytes) post();
      else schedule();
    },
    explain(id, findings) {
      if (broken) return;
      const waiting = deliveries.find((delivery) => delivery.id === id);
      if (waiting !== undefined) waiting.findings = findings;
      else explained.push({ id, findings });
      schedule();
    },
    onRecorded: (listener) => void listeners.push(listener),
    flush,
    end() {
      Atomics.store(shared, at.ending, 1);
      post();
      wait(sequence, lastPatienceMs);
      // A thread that is stopped in the middle of the database's code takes the process down with it.
      wait(1, lastPatienceMs, at.idle);
      broken = true;
    },
    close: () => (closed ??= close()),
  };
}
