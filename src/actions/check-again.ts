import type { Check } from "../suites/check/checks.ts";
import type { Battery } from "./check-battery.ts";
import type { CheckPayload, DraftOptions } from "./check-payloads.ts";
import { draft } from "./check-payloads.ts";
import { payloadOf, variantOf } from "./check-trials.ts";
import { reproduce, signingFlags, type Pipeline } from "./reproduce.ts";
import type { CheckOptions } from "./check.ts";

/** The commands that do once more what a check did: one delivery where it is one, else the check itself. */
export function againOf(battery: Battery, options: CheckOptions & { url: URL }, check: Check): Pipeline {
  const isOne =
    check.kind === "accepts-event" || check.kind === "alive" || check.kind.startsWith("content-type-");
  const [payload, varied]: [CheckPayload, DraftOptions?] = variantOf(battery, check.kind) ?? [
    payloadOf(battery, check),
  ];
  const isNamed = payload.named && !["large-body", "in-time"].includes(check.kind);
  const isShown = isOne || check.tampering !== undefined || variantOf(battery, check.kind) !== undefined;
  if (!isNamed || !isShown) return [checkAgain(battery, options, check)];
  const { provider, headers, origin } = fromUser(battery, options);
  const { overrides = [] } = varied ?? {};
  const { edits, fresh } = draft(battery.workspace, payload, varied);
  return reproduce(
    { payload: payload.payload, origin, tampering: check.tampering },
    {
      url: options.url,
      edits,
      fresh,
      headers: [...headers, ...overrides],
      ...(payload.payload.name.startsWith(".") ? { provider } : {}),
    },
  );
}

function fromUser({ workspace, provider }: Battery, { headers }: CheckOptions) {
  const isSigned = (provider.signatures[0]?.kind ?? "none") !== "none";
  const origin = isSigned ? workspace.signingSecrets(provider).origin : undefined;
  return { provider: provider.id, headers, origin };
}

/** `hookline check … --only large-body`. */
function checkAgain(battery: Battery, options: CheckOptions & { url: URL }, check: Check): readonly string[] {
  const { provider, ...signing } = fromUser(battery, options);
  const how = ["--provider", provider, ...signingFlags(battery.provider, signing)];
  return ["hookline", "check", ...how, "--only", check.id, "--to", options.url.href];
}
