import type { Provider } from "../providers/contract.ts";
import type { SendErrorCode, SendResult } from "./send.ts";

/** What became of a delivery by the provider's own rule of success. */
export type Outcome =
  | { ok: true }
  /** The status is no success to this provider. */
  | { ok: false; reason: "status"; status: number; accepted: "2xx" | readonly number[] }
  /** The answer came after the provider would have given up. */
  | { ok: false; reason: "late"; allowedMs: number }
  | {
      ok: false;
      reason: SendErrorCode;
      message: string;
      /** Set where no answer came for as long as the provider waits. */
      allowedMs?: number;
    };

/** Fikäfi takes exactly 200 within 5 s; most take any 2xx; none follows a redirect */
export function judge(ack: Provider["ack"], result: SendResult): Outcome {
  if (!result.ok) {
    const { error, message, durationMs, answer } = result;
    const outlasted = error === "timeout" && answer === undefined && durationMs >= ack.timeoutMs;
    return { ok: false, reason: error, message, ...(outlasted ? { allowedMs: ack.timeoutMs } : {}) };
  }
  if (!isSuccess(ack, result.status)) {
    return { ok: false, reason: "status", status: result.status, accepted: ack.success };
  }
  if (result.durationMs > ack.timeoutMs) return { ok: false, reason: "late", allowedMs: ack.timeoutMs };
  return { ok: true };
}

function isSuccess(ack: Provider["ack"], status: number): boolean {
  return ack.success === "2xx" ? status >= 200 && status < 300 : ack.success.includes(status);
}
