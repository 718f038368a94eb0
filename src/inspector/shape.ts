import type { Attempt, DeliverySummary, RecordedDelivery } from "../inbox/types.ts";
import type { AttemptShape, DeliveryDetail, DeliveryShape, FindingShape } from "./api.ts";

export function deliveryShape(delivery: DeliverySummary): DeliveryShape {
  return {
    number: delivery.number,
    id: delivery.id,
    received_at: new Date(delivery.receivedAt).toISOString(),
    provider: delivery.provider,
    event: delivery.event,
    delivery_id: delivery.deliveryId,
    verified: delivery.verified,
    code: delivery.code,
    cause: delivery.cause,
    accepted: delivery.accepted,
    duplicate: delivery.duplicate,
    failed: delivery.failed,
    method: delivery.method,
    target: delivery.target,
    bytes: delivery.bytes,
    status: delivery.status,
    duration_ms: delivery.durationMs,
    replays: delivery.replays,
  };
}

export function attemptShape(attempt: Attempt): AttemptShape {
  return {
    kind: attempt.kind,
    url: attempt.url,
    route: attempt.route,
    started_at: new Date(attempt.startedAt).toISOString(),
    duration_ms: attempt.durationMs,
    ok: attempt.ok,
    status: attempt.status,
    error: attempt.error,
    message: attempt.message,
    headers: headerPairs(attempt.headers),
    answer: textOf(attempt.answer, attempt.answerBytes > attempt.answer.length),
    answer_bytes: attempt.answerBytes,
  };
}

/** @param findings those of the delivery, with their sentences */
export function deliveryDetail(delivery: RecordedDelivery, findings: FindingShape[]): DeliveryDetail {
  return {
    ...deliveryShape(delivery),
    headers: headerPairs(delivery.headers),
    findings,
    attempts: delivery.attempts.map(attemptShape),
    has_body: delivery.body !== null,
  };
}

function headerPairs(headers: Attempt["headers"]): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    pairs.push([headers[index] ?? "", headers[index + 1] ?? ""]);
  }
  return pairs;
}

/** @returns null where the bytes are no UTF-8; a beginning may end in the middle of a character */
function textOf(bytes: Uint8Array, isBeginning: boolean): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isBeginning });
  } catch {
    return null;
  }
}
