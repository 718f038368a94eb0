import { join } from "node:path";
import { inboxFile } from "../config/database.ts";
import { isHooklineError } from "../errors.ts";
import { openRecording } from "../inbox/index.ts";
import { redact, secretsIn } from "../inbox/redact.ts";
import { answerHead, type Attempt, type Inbox, type NewDelivery } from "../inbox/types.ts";
import type { Finding, RawHeaders } from "../signing/types.ts";
import type { Forward, ListenDelivery } from "./listen-events.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds for which a key, or a click, waits until what came last is in the file. */
const atMostMs = 200;

/** What a listener keeps of what it receives. */
export interface Recording {
  inbox: Inbox;
  /** @param headers as they came */
  add(delivery: ListenDelivery, headers: RawHeaders): void;
  explain(id: string, findings: readonly Finding[]): void;
  onRecorded(listener: (numbers: readonly number[]) => void): void;
  /** Adds how a replay went. */
  addAttempt(number: number, attempt: Attempt): Promise<void>;
  /** Number of the delivery that came last, which is in the file then. */
  last(): number | undefined;
  /** Number of a delivery by its id. */
  numberOf(id: string): number | undefined;
  close(): Promise<void>;
}

/**
 * Opens the inbox to record into. Where that cannot be done the user is told, and deliveries go unrecorded.
 * @param options.recordSecrets keep credentials as they came
 */
export async function openRecordingOf(
  { host }: Workspace,
  { recordSecrets }: { recordSecrets: boolean },
): Promise<Recording | undefined> {
  const { now, warn } = host;
  let opened: Awaited<ReturnType<typeof openRecording>>;
  try {
    const workerFile = join(host.packageRoot, "dist", "lazy", "inbox-worker.cjs");
    opened = await openRecording(inboxFile(host.environment.home), { now, warn, workerFile });
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    warn(`deliveries are not recorded: ${error.message}`);
    return undefined;
  }
  const { inbox, recorder } = opened;
  const listeners: ((numbers: readonly number[]) => void)[] = [];
  const tell = (numbers: readonly number[]): void => {
    for (const listener of listeners) listener(numbers);
  };
  recorder.onRecorded(tell);
  // Whatever ends the process, a defect or a second Ctrl-C: what was acknowledged is kept.
  const end = (): void => recorder.end();
  process.on("exit", end);
  return {
    inbox,
    add(delivery, headers) {
      const secrets = recordSecrets ? secretsIn(headers, delivery.headers) : [];
      recorder.add(newDelivery(delivery, secrets, now()));
    },
    explain: (id, findings) => recorder.explain(id, findings),
    onRecorded: (listener) => void listeners.push(listener),
    async addAttempt(number, attempt) {
      await inbox.addAttempt(number, attempt);
      tell([number]);
    },
    last() {
      recorder.flush(atMostMs);
      return inbox.find("last")?.number;
    },
    numberOf(id) {
      recorder.flush(atMostMs);
      return inbox.find(id)?.number;
    },
    async close() {
      await recorder.close();
      process.off("exit", end);
      await inbox.close();
    },
  };
}

function newDelivery(delivery: ListenDelivery, secrets: NewDelivery["secrets"], now: number): NewDelivery {
  const { id, receivedAt, verified, code, accepted, duplicate, method, target, bytes, status, durationMs } =
    delivery;
  return {
    id,
    receivedAt,
    provider: delivery.provider ?? null,
    event: delivery.event ?? null,
    deliveryId: delivery.deliveryId ?? null,
    verified,
    code,
    accepted,
    duplicate,
    method,
    target,
    bytes,
    status,
    durationMs,
    headers: delivery.headers,
    secrets,
    body: delivery.body ?? null,
    findings: delivery.findings,
    attempts: delivery.forwards.map((forward) => attemptOf(forward, "forward", now)),
  };
}

/** @param now Unix milliseconds at which the answer was here */
export function attemptOf({ result, ok, url, route }: Forward, kind: Attempt["kind"], now: number): Attempt {
  const answered = result.ok ? result : result.answer;
  return {
    kind,
    url,
    route,
    startedAt: Math.round(now - result.durationMs),
    durationMs: result.durationMs,
    ok,
    status: answered?.status ?? null,
    error: result.ok ? null : result.error,
    message: result.ok ? null : result.message,
    headers: redact(answered?.headers ?? []),
    answer: answered?.body.subarray(0, answerHead) ?? new Uint8Array(),
    answerBytes: answered?.bytes ?? 0,
  };
}
