// Runs in a thread of its own: neither a slow disk nor a locked file keeps the listener from answering.
import { readlinkSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { basename } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { isBusy } from "../sqlite/errors.ts";
import { at, unpack, type Batch, type Start, type Told } from "./messages.ts";
import { openDatabase } from "./open.ts";
import { createWriter } from "./writer.ts";

/** Milliseconds until a file that another process has locked is tried again. */
const againMs = 20;

const { file, progress } = workerData as Start;
const shared = new Int32Array(progress);
const set = (place: number, value: number): void => {
  Atomics.store(shared, place, value);
  Atomics.notify(shared, place);
};
const tell = (told: Told): void => parentPort?.postMessage(told);

/** Lets the thread that answers go first where both want the same processor; only Linux can tell threads apart so. */
function standBack(): void {
  try {
    setPriority(Number(basename(readlinkSync("/proc/thread-self"))), constants.priority.PRIORITY_LOW);
  } catch {
    // They share alike.
  }
}

async function run(): Promise<void> {
  standBack();
  const database = await openDatabase(file);
  const writer = createWriter(database);
  const waiting: Batch[] = [];
  let working = false;
  let isLast = false;

  const whenFree = async <Result>(work: () => Result): Promise<Result> => {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  };
  const work = async (): Promise<void> => {
    if (working) return;
    working = true;
    set(at.idle, 0);
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      const { sequence, explained } = batch;
      const deliveries = unpack(batch);
      const numbers = await whenFree(() => writer.write(deliveries, explained));
      set(at.written, sequence);
      tell({ type: "recorded", numbers });
      await whenFree(() => writer.prune());
    }
    const mayGoOn = (): boolean => waiting.length === 0 && !isLast && Atomics.load(shared, at.ending) === 0;
    while (mayGoOn() && (await whenFree(() => writer.prune())))
      await new Promise((resolve) => setImmediate(resolve));
    working = false;
    if (waiting.length > 0) return work();
    set(at.idle, 1);
    if (isLast) {
      database.close();
      parentPort?.close();
    }
  };
  set(at.idle, 1);
  parentPort?.on("message", (message: Batch | "close") => {
    if (message === "close") isLast = true;
    else waiting.push(message);
    work().catch(fail);
  });
}

function fail(error: unknown): void {
  tell({ type: "broken", message: (error as Error).message });
  // Whoever waits waits no more.
  set(at.written, 2 ** 31 - 1);
  set(at.idle, 1);
}

run().catch(fail);
