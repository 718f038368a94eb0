import type { Verified } from "../actions/verify.ts";
import { findingLine, fixLine, renderFinding } from "./findings.ts";
import { bytes } from "./format.ts";
import { originText } from "./origin.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** The verdict on one request, then what was found. */
export function showVerified(output: Output, verified: Verified): void {
  const findings = verified.findings.map((finding, index) => renderFinding(finding, index));
  output.json({
    ok: verified.ok,
    provider: verified.provider,
    code: verified.code,
    findings,
    event: verified.event ?? null,
    delivery_id: verified.deliveryId ?? null,
    bytes: verified.bytes,
    secret: {
      source: verified.origin.source,
      name: verified.origin.name ?? null,
      index: verified.secretIndex ?? null,
    },
    timestamp: verified.timestamp ?? null,
  });
  const { out } = output;
  const previous = (verified.secretIndex ?? 0) > 0 ? " (a previous one)" : "";
  const what = [verified.event, verified.deliveryId]
    .filter((part) => part !== undefined)
    .map((part) => safeLine(part, 100));
  output.line(
    [
      verified.ok ? out.green("✓ verified") : out.red(`✗ not verified: ${verified.code}`),
      `  ${safeLine(verified.title)}`,
      ...what.map((part) => ` · ${part}`),
      ` · ${bytes(verified.bytes)} · ${originText(verified.origin)}${previous}`,
    ].join(""),
  );
  for (const finding of findings) {
    output.line(`  ${findingLine(out, finding)}`);
    output.line(`  ${fixLine(out, finding)}`);
  }
  if (!verified.ok && verified.origin.source === "development") {
    output.note(
      `no secret is configured for ${safeLine(verified.title)}, so the development secret was tried; set ${verified.secretEnv} or pass --secret env:NAME`,
    );
  }
}
