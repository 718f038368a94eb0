import type { CreatedEndpoint, EndpointFilter } from "../actions/endpoints.ts";
import type { Listed } from "../actions/pages.ts";
import type { HooklineError } from "../errors.ts";
import type { Answer, Endpoint } from "../remote/contract.ts";
import { rotationText, time } from "./endpoint-secrets.ts";
import { showMore } from "./more.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { table } from "./table.ts";

/** @param asked.unknown where the filter's provider may not be one */
export async function showEndpoints(
  output: Output,
  { data, next_cursor }: Listed<Endpoint>,
  { filter, unknown }: { filter: EndpointFilter; unknown: HooklineError | undefined },
): Promise<void> {
  output.json({ data, next_cursor });
  if (unknown !== undefined) noteUnknown(output, unknown);
  if (output.jsonMode) return;
  if (data.length === 0) {
    const flags = Object.keys(filter);
    return output.note(
      flags.length > 0 ? noneFits(flags) : "there are none; make one with: hookline endpoints create",
    );
  }
  output.line(
    await table(
      data.map(({ id, status, provider, url, events }) => [id, status, provider, url, events.join(" ")]),
      { head: ["ENDPOINT", "STATUS", "PROVIDER", "URL", "EVENTS"], theme: output.out, width: output.width },
    ),
  );
  showMore(output, next_cursor);
}

/** Says that a list is empty, and that it was filtered. @param flags by name, without dashes */
export function noneFits(flags: readonly string[]): string {
  return `there are none that fit; leave out ${flags.map((flag) => `--${flag}`).join(" or ")} to see more`;
}

/** Says that the provider which a list was filtered by may not be one: the API may know more than this machine. */
export function noteUnknown(output: Output, { message, nextSteps }: HooklineError): void {
  const [hint] = nextSteps.filter((step) => step.startsWith("did you mean"));
  output.note(
    safeLine(`${message} as far as this machine knows${hint === undefined ? "" : `: ${hint}`}`, 300),
  );
}

/** An endpoint as a choice of a prompt. */
export function endpointChoice(endpoint: Endpoint): { value: string; name: string; description: string } {
  const { id, url, provider, events, status, description } = endpoint;
  const what = description === null ? [] : [safeLine(description, 100)];
  return {
    value: id,
    name: `${safeLine(provider, 24)}  ${safeLine(url, 60)}`,
    description: [id, status, safeLine(events.join(" "), 60), ...what].join(", "),
  };
}

/** @param now Unix milliseconds, as everywhere here */
export function showEndpoint(output: Output, endpoint: Endpoint, now: number): void {
  output.json(endpoint);
  const { out } = output;
  const line = (name: string, value: string): void =>
    output.line(`  ${out.dim(name.padEnd(11))}  ${safeLine(value, 2100)}`);
  output.line(out.bold(safeLine(endpoint.id, 300)));
  line("url", endpoint.url);
  line("provider", endpoint.provider);
  line("events", endpoint.events.join(", "));
  if (endpoint.description !== null) line("description", endpoint.description);
  line("status", statusText(endpoint, now));
  line("created", time(endpoint.created_at, now));
  if (endpoint.secret_hint !== null) line("secret", endpoint.secret_hint);
  if (endpoint.secret_rotation !== null) line("rotation", rotationText(endpoint, now));
}

/** The secret is alone on standard output, so that it can be piped on; all else is on standard error. */
export function showCreated(output: Output, created: CreatedEndpoint): void {
  const { endpoint, written, isDevelopmentSecret } = created;
  const { secret, ...rest } = endpoint;
  output.json(written === undefined ? endpoint : { ...rest, written });
  warn(output, endpoint.warnings);
  const { err } = output;
  output.note(
    `${err.green("✓")} ${safeLine(endpoint.id, 300)} gets ${safeLine(endpoint.events.join(", "), 300)} of ${safeLine(endpoint.provider, 100)} at ${safeLine(endpoint.url, 2048)}`,
  );
  if (secret === null) return output.note(err.dim("  it has no signing secret: nothing is signed for it"));
  if (written !== undefined) {
    output.line(
      `${output.out.green("✓")} ${safeLine(written.file, 300)} holds its signing secret as ${written.name}`,
    );
  } else {
    output.line(safeLine(secret));
    if (!output.jsonMode) output.note(err.dim("  its signing secret, which is not shown again"));
  }
  if (isDevelopmentSecret)
    output.note(err.dim("  it is this machine's development secret: hookline listen knows it already"));
}

export function showChanged(output: Output, endpoint: Answer<"endpoints.update">): void {
  output.json(endpoint);
  warn(output, endpoint.warnings);
  output.line(
    `${output.out.green("✓")} ${safeLine(endpoint.id, 300)} is ${endpoint.status}: ${safeLine(endpoint.events.join(", "), 300)} of ${safeLine(endpoint.provider, 100)} at ${safeLine(endpoint.url, 2048)}`,
  );
}

export function showDeleted(output: Output, deleted: Answer<"endpoints.delete">): void {
  output.json(deleted);
  output.line(`${output.out.green("✓")} ${safeLine(deleted.id, 300)} is deleted`);
}

function warn(output: Output, warnings: readonly { message: string }[]): void {
  for (const { message } of warnings) output.warn(message);
}

function statusText({ status, disabled_at, disabled_reason }: Endpoint, now: number): string {
  if (status === "enabled" || disabled_at === null) return status;
  return `disabled since ${time(disabled_at, now)}${disabledText(disabled_reason)}`;
}

function disabledText(reason: Endpoint["disabled_reason"]): string {
  switch (reason) {
    case null:
    case "requested":
      return "";
    case "gone":
      return ", as it answered 410 Gone";
    case "failing":
      return ", as too many deliveries in a row failed";
    default:
      return `: ${reason}`;
  }
}
