import { isDeepStrictEqual } from "node:util";
import type { Cause, Evidence, Finding } from "../types.ts";
import type { Intact } from "./input.ts";
import { jsonForms } from "./json-forms.ts";
import { isLeftover } from "./symptoms.ts";

/** What became of a body that was right under the same signature: known where that body is. */
export function changeSince({ body: before }: Intact, body: Buffer, most: number): Finding {
  if (before === undefined) return likelyTampered("signature", body);
  const was = Buffer.from(before.buffer, before.byteOffset, before.byteLength);
  const proved = (cause: Cause, evidence: Evidence = {}): Finding => ({
    cause,
    confidence: "proved",
    evidence: { seen: "signature", bytes: body.length, intact_bytes: was.length, ...evidence },
  });
  if (isLeftover(body)) return proved("body-empty");
  if (body.length < was.length && was.subarray(0, body.length).equals(body)) return proved("body-truncated");
  if (isSameContent(was, body, most)) {
    const arrived = jsonForms(body)?.own();
    return proved("body-reserialised", arrived === undefined ? {} : { arrived });
  }
  return proved("tampered");
}

/** Whether two bodies are the same bytes, or the same JSON written in two ways. */
export function isSameContent(one: Uint8Array, other: Uint8Array, most: number): boolean {
  if (Buffer.compare(one, other) === 0) return true;
  if (one.length > most || other.length > most) return false;
  try {
    const [a, b] = [one, other].map((body): unknown => JSON.parse(Buffer.from(body).toString("utf8")));
    return isDeepStrictEqual(a, b);
  } catch {
    // No JSON, or nested too deep to be compared.
    return false;
  }
}

export function likelyTampered(seen: Intact["by"], body: Buffer): Finding {
  return { cause: "tampered", confidence: "likely", evidence: { seen, bytes: body.length } };
}
