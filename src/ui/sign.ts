import type { Signed } from "../actions/sign.ts";
import { bytes } from "./format.ts";
import { originText } from "./origin.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { commandLine } from "./shell.ts";

/** The headers of a signed payload, one a line, or the curl command that sends it. */
export function showSigned(output: Output, signed: Signed): void {
  output.json({
    provider: signed.provider,
    event: signed.event ?? null,
    headers: headersJson(signed.headers),
    bytes: signed.bytes,
    curl: signed.curl === undefined ? null : commandLine(signed.curl),
  });
  output.note(
    output.err.dim(
      `${safeLine(signed.title)} · ${bytes(signed.bytes)} · signed with ${originText(signed.origin)}`,
    ),
  );
  if (signed.curl !== undefined) return output.line(commandLine(signed.curl));
  for (let index = 0; index + 1 < signed.headers.length; index += 2) {
    output.line(`${safeLine(signed.headers[index] ?? "")}: ${safeLine(signed.headers[index + 1] ?? "")}`);
  }
}

/** Name to value; a repeated header has a list. */
function headersJson(headers: readonly string[]): Record<string, string | string[]> {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? "").toLowerCase();
    values.set(name, [...(values.get(name) ?? []), headers[index + 1] ?? ""]);
  }
  return Object.fromEntries(
    [...values].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? "") : all]),
  );
}
