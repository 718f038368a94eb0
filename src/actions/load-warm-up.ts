import { createReceiver } from "../transport/receive.ts";
import { createSender } from "../transport/send.ts";
import type { PreparedPayload } from "./prepare.ts";

/** Requests that make code fast that runs for each, and milliseconds that they may take at most. */
const enough = { requests: 600, ms: 400 };
const atOnce = 8;

/**
 * Sends what is to be sent to a server within this process: the first requests of a process take many times as long as
 * those that follow, and that must not be laid at the target's door.
 */
export async function warmUp(payloads: readonly PreparedPayload[]): Promise<void> {
  const receiver = await createReceiver({
    host: "127.0.0.1",
    port: 0,
    maxBody: 64 * 1024 * 1024,
    now: () => 0,
    open: () => true,
    answer: () => ({ status: 200 }),
    refused: () => undefined,
    broken: () => undefined,
  });
  const sender = await createSender(new URL(`http://127.0.0.1:${receiver.port}`), {
    connections: atOnce,
    timeoutMs: enough.ms,
    keepBytes: 0,
  });
  const until = performance.now() + enough.ms;
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (sent < enough.requests && performance.now() < until) {
      const { headers, body } = (payloads[sent++ % payloads.length] as PreparedPayload).next();
      await sender.send({ method: "POST", path: "/", headers, body });
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, worker));
  } finally {
    await sender.close();
    await receiver.close(0);
  }
}
