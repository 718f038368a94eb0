import type { RotatedSecret } from "../actions/rotate-secret.ts";
import type { Endpoint } from "../remote/contract.ts";
import { dateTime, relativeTime } from "./format.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** The new secret is alone on standard output, unless it was written. */
export function showRotated(output: Output, { endpoint, written }: RotatedSecret, now: number): void {
  const { secret, previous_secret, ...rest } = endpoint;
  output.json(written === undefined ? { ...rest, secret, previous_secret } : { ...rest, written });
  const { err } = output;
  output.note(
    `${err.green("✓")} ${safeLine(endpoint.id, 300)} has a new signing secret: ${rotationText(endpoint, now)}`,
  );
  if (written !== undefined) {
    const { file, name, previous } = written;
    const before =
      previous === null ? `and no ${name}_PREVIOUS any more` : `and the one before as ${previous}`;
    return output.line(`${output.out.green("✓")} ${safeLine(file, 300)} holds it as ${name}, ${before}`);
  }
  output.line(safeLine(secret));
  if (!output.jsonMode) output.note(err.dim("  it is not shown again"));
}

/** @param endpoint whose rotation was undone */
export function showRestored(output: Output, endpoint: Endpoint): void {
  output.json(endpoint);
  output.line(
    `${output.out.green("✓")} ${safeLine(endpoint.id, 300)} has its former signing secret again, ${safeLine(endpoint.secret_hint ?? "", 40)}: the new one is void`,
  );
}

export function showFinished(output: Output, endpoint: Endpoint, now: number): void {
  output.json(endpoint);
  output.line(
    `${output.out.green("✓")} the rotation of the secret of ${safeLine(endpoint.id, 300)} is finished: ${rotationText(endpoint, now)}`,
  );
}

/** Which secret signs, and until when. */
export function rotationText({ secret_rotation: rotation }: Endpoint, now: number): string {
  if (rotation === null) return "it signs from now on, the old one no more";
  const { signs_with, previous_until } = rotation;
  if (previous_until === null) {
    return signs_with === "both"
      ? "both the old and the new one sign until it is finished or undone"
      : "the old one signs until it is finished or undone";
  }
  const until = time(previous_until, now);
  return signs_with === "both"
    ? `both the old and the new one sign until ${until}`
    : `the old one signs until ${until}, then the new one does`;
}

/** `2026-03-17 14:32:07 (in 24 h)` */
export function time(at: string, now: number): string {
  const ms = Date.parse(at);
  return `${dateTime(ms)} (${relativeTime(ms, now)})`;
}
