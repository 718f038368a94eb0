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

/** What became of a delivery that had to be refused. */
export type RefusalOutcome =
  | Outcome
  /** It was taken for right, for something that is not there, or sent elsewhere. */
  | { ok: false; reason: "not-refused"; status: number }
  /** The receiver broke over it: a sender would try again and again. */
  | { ok: false; reason: "broke"; status: number };

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

/** Client errors that do not speak of the request's signature: not found, wrong method, gone, too many. */
const aboutSomethingElse: readonly number[] = [404, 405, 408, 410, 429];

/** Judges a delivery that had to be refused: a 4xx, in the time that the provider waits, is success here. */
export function judgeRefusal(ack: Provider["ack"], result: SendResult): RefusalOutcome {
  const outcome = judge(ack, result);
  if (!result.ok || (!outcome.ok && outcome.reason === "late")) return outcome;
  const { status } = result;
  if (status >= 500) return { ok: false, reason: "broke", status };
  if (status < 400 || aboutSomethingElse.includes(status))
    return { ok: false, reason: "not-refused", status };
  return { ok: true };
}

function isSuccess(ack: Provider["ack"], status: number): boolean {
  return ack.success === "2xx" ? status >= 200 && status < 300 : ack.success.includes(status);
}
