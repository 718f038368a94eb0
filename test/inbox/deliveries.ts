import { join } from "node:path";
import { openRecording } from "../../src/inbox/index.ts";
import type { Attempt, Inbox, NewDelivery, Recorder } from "../../src/inbox/types.ts";
import { createFolder, root } from "../cli/spawn.ts";

export const at = Date.UTC(2026, 2, 17, 14, 32, 7);
/** The thread that writes is started from the built program, which the suite's set-up has made. */
const workerFile = join(root, "dist", "lazy", "inbox-worker.cjs");

let made = 0;

export function delivery(changes: Partial<NewDelivery> = {}): NewDelivery {
  const body = changes.body === undefined ? Buffer.from(`{"id":"evt_${made}"}`) : changes.body;
  return {
    id: `dlv_test${++made}`,
    receivedAt: at,
    provider: "fareplay",
    event: "order.created",
    deliveryId: `evt_${made}`,
    verified: true,
    code: null,
    accepted: true,
    duplicate: false,
    method: "POST",
    target: "/fareplay",
    bytes: body?.length ?? 0,
    status: 200,
    durationMs: 1.25,
    headers: ["Host", "127.0.0.1:4400", "Content-Type", "application/json"],
    secrets: [],
    body,
    findings: [],
    attempts: [],
    ...changes,
  };
}

export function attempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    kind: "forward",
    url: "http://localhost:3000/",
    route: null,
    startedAt: at,
    durationMs: 3.5,
    ok: true,
    status: 200,
    error: null,
    message: null,
    headers: ["content-type", "text/plain"],
    answer: Buffer.from("ok"),
    answerBytes: 2,
    ...changes,
  };
}

export interface TestInbox {
  file: string;
  inbox: Inbox;
  recorder: Recorder;
  warnings: string[];
  /** Records deliveries. @returns when they are in the file */
  record(...deliveries: NewDelivery[]): void;
  close(): Promise<void>;
}

export async function openTestInbox({
  file = join(createFolder(), "inbox.db"),
  now = () => at,
}: { file?: string; now?: () => number } = {}): Promise<TestInbox> {
  const warnings: string[] = [];
  const { inbox, recorder } = await openRecording(file, {
    now,
    warn: (text) => void warnings.push(text),
    workerFile,
  });
  return {
    file,
    inbox,
    recorder,
    warnings,
    record(...deliveries) {
      for (const one of deliveries) recorder.add(one);
      recorder.flush();
    },
    async close() {
      await recorder.close();
      await inbox.close();
    },
  };
}
