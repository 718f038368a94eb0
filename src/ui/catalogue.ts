import { isUtf8 } from "node:buffer";
import type { FixtureDetail, FixtureSummary, NewFixture } from "../actions/fixtures.ts";
import type { ProviderDetail, ProviderSummary } from "../actions/providers.ts";
import type { DevelopmentSecret } from "../actions/secrets.ts";
import { bodyLines } from "./body.ts";
import { bytes, duration, hint } from "./format.ts";
import { originText } from "./origin.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { table } from "./table.ts";

type Scheme = ProviderDetail["signatures"][number];

export async function showProviders(output: Output, providers: readonly ProviderSummary[]): Promise<void> {
  output.json({
    data: providers.map((provider) => ({
      id: provider.id,
      title: provider.title,
      base: provider.base ?? null,
      events: provider.events,
      signature: provider.signature === undefined ? null : schemeText(provider.signature),
      secret_env: provider.secretEnv,
      custom: provider.custom,
    })),
    next_cursor: null,
  });
  const rows = providers.map((provider) => [
    provider.id,
    String(provider.events),
    provider.secretEnv,
    provider.base === undefined ? provider.title : `${provider.title} (receives ${provider.base})`,
    provider.signature === undefined ? "unsigned" : schemeText(provider.signature),
  ]);
  // A narrow terminal gets fewer columns: `providers show` has the rest.
  const columns = output.width < 90 ? 3 : output.width < 150 ? 4 : 5;
  output.line(
    await table(
      rows.map((row) => row.slice(0, columns)),
      {
        head: ["PROVIDER", "EVENTS", "SECRET", "", "SIGNATURE"].slice(0, columns),
        theme: output.out,
        width: output.width,
      },
    ),
  );
}

export async function showProvider(output: Output, provider: ProviderDetail): Promise<void> {
  output.json({
    id: provider.id,
    title: provider.title,
    docs: provider.docs ?? null,
    base: provider.base ?? null,
    custom: provider.custom,
    signatures: provider.signatures,
    headers: provider.headers,
    identify: provider.identify,
    event_from: provider.eventFrom,
    envelope: provider.envelope,
    dedupe: provider.dedupe,
    ack: { timeout_ms: provider.ack.timeoutMs, success: provider.ack.success },
    retry: { delays_ms: provider.retry.delaysMs, jitter: provider.retry.jitter ?? 0 },
    events: provider.events,
    secret_env: provider.secretEnv,
    secret: provider.secret ?? null,
    api_key: provider.apiKey ?? null,
    assumptions: provider.assumptions,
    pitfalls: provider.pitfalls,
  });
  if (output.jsonMode) return;
  const { out } = output;
  const line = (name: string, value: string): void => output.line(`  ${out.dim(name.padEnd(11))} ${value}`);
  output.line(`${out.bold(safeLine(provider.title))} (${safeLine(provider.id)})`);
  if (provider.docs !== undefined) line("docs", safeLine(provider.docs, 200));
  if (provider.base !== undefined)
    line("receives", `the webhooks of ${safeLine(provider.base)}, under its signatures`);
  provider.signatures.forEach((scheme, index) =>
    line(index === 0 ? "signature" : "or", safeLine(schemeText(scheme), 300)),
  );
  const { event, delivery, userAgent } = provider.headers;
  if (event !== undefined) line("event", `in ${safeLine(event, 100)}`);
  if (delivery !== undefined) line("delivery id", `in ${safeLine(delivery, 100)}`);
  if (userAgent !== undefined) line("user agent", safeLine(userAgent, 100));
  const { success, timeoutMs } = provider.ack;
  line("success", `${success === "2xx" ? "any 2xx" : success.join(", ")} within ${duration(timeoutMs)}`);
  const { delaysMs, jitter } = provider.retry;
  line(
    "retries",
    delaysMs.length === 0
      ? "none"
      : `after ${delaysMs.map(duration).join(", ")}${jitter ? ` (± ${Math.round(jitter * 100)} %)` : ""}`,
  );
  line(
    "secret",
    `${provider.secretEnv}: ${provider.secret === undefined ? "not set, so the development secret is used" : originText(provider.secret)}`,
  );
  if (provider.verifier !== undefined)
    line("verifier", `hookline snippet ${safeLine(provider.id)} --lang ts|python|php`);
  output.line("");
  output.line(
    await table(
      provider.events.map(({ name, description }) => [`  ${name}`, description]),
      { head: ["  EVENT", "MEANS"], theme: out, width: output.width },
    ),
  );
  if (provider.assumptions.length > 0) {
    output.line(`\n${out.yellow("Assumed")}, as no page of the vendor says it:`);
    for (const assumption of provider.assumptions) output.line(`  · ${safeLine(assumption, 500)}`);
  }
  showPitfalls(output, provider);
}

/** What goes wrong with a provider's signatures, and code that does it right. */
function showPitfalls(output: Output, { pitfalls, verifier }: ProviderDetail): void {
  if (pitfalls.length === 0) return;
  output.line(`\n${output.out.yellow("Pitfalls")} when you verify its requests:`);
  for (const pitfall of pitfalls) output.line(`  · ${safeLine(pitfall, 500)}`);
  if (verifier === undefined) return;
  output.line("\nA verifier that works, in TypeScript:\n");
  for (const text of verifier.split("\n")) output.line(text === "" ? "" : `  ${text}`);
}

/** A scheme in one line: `X-Fareplay-Signature: sha256=<hex HMAC-SHA256 of {body}>`. */
function schemeText(scheme: Scheme): string {
  switch (scheme.kind) {
    case "hmac":
    case "ed25519": {
      const name =
        scheme.kind === "hmac" ? `HMAC-${scheme.algorithm.toUpperCase().replace("SHA", "SHA-")}` : "Ed25519";
      const { timestamp } = scheme;
      const item = timestamp?.item === undefined ? "" : `${timestamp.item}<time>${scheme.separator ?? ""}`;
      const time = timestamp === undefined ? "" : `, ${timestamp.toleranceSeconds} s`;
      const prefix = scheme.prefixOptional === true ? `[${scheme.prefix ?? ""}]` : (scheme.prefix ?? "");
      return `${scheme.header}: ${item}${prefix}<${scheme.encoding} ${name} of ${scheme.content}>${time}`;
    }
    case "bearer":
      return `${scheme.header ?? "authorization"}: ${scheme.prefix ?? "Bearer "}<secret>`;
    case "basic":
      return "authorization: Basic <base64 of user:password>";
    case "none":
      return "unsigned";
  }
}

export async function showFixtures(output: Output, fixtures: readonly FixtureSummary[]): Promise<void> {
  output.json({
    data: fixtures.map(({ provider, event, bytes: size, description }) => ({
      name: `${provider}/${event}`,
      provider,
      event,
      bytes: size,
      description: description ?? null,
    })),
    next_cursor: null,
  });
  output.line(
    await table(
      fixtures.map(({ provider, event, bytes: size, description }) => [
        `${provider}/${event}`,
        bytes(size),
        description ?? "",
      ]),
      { head: ["PAYLOAD", "SIZE", "MEANS"], theme: output.out, width: output.width },
    ),
  );
}

/** A payload: pretty on a terminal, its very bytes through a pipe. */
export function showFixture(output: Output, fixture: FixtureDetail): void {
  output.json({
    provider: fixture.provider,
    event: fixture.event,
    bytes: fixture.bytes,
    description: fixture.description ?? null,
    ...(isUtf8(fixture.body)
      ? { body: fixture.body.toString("utf8") }
      : { body_base64: fixture.body.toString("base64") }),
  });
  if (output.jsonMode) return;
  if (!output.isTerminal) return output.raw(fixture.body);
  output.note(
    output.err.dim(
      safeLine(
        [`${fixture.provider}/${fixture.event}`, bytes(fixture.bytes), fixture.description ?? []]
          .flat()
          .join(" · "),
        300,
      ),
    ),
  );
  for (const line of bodyLines(fixture.body, output.out)) output.line(line);
}

export function showNewFixture(output: Output, fixture: NewFixture): void {
  output.json({ provider: fixture.provider, event: fixture.event, file: fixture.file, from: fixture.from });
  const origin =
    fixture.from === "fixture" ? "a copy of the fixture" : "the provider's envelope around empty data";
  output.line(`${output.out.green("✓")} ${safeLine(fixture.file, 300)} (${origin})`);
  output.note(
    `edit it, then: hookline replay ${safeLine(fixture.file, 300)} --provider ${fixture.provider} --to 3000`,
  );
}

/** Hints of all; a secret whole only where its provider was named. */
export async function showSecrets(
  output: Output,
  secrets: readonly DevelopmentSecret[],
  whole: boolean,
): Promise<void> {
  const shown = (secret: string): string => (whole ? secret : hint(secret));
  const json = secrets.map(({ provider, env, secret }) => ({ provider, env, secret: shown(secret) }));
  if (whole) json.forEach((one) => output.json(one));
  else output.json({ data: json, next_cursor: null });
  if (output.jsonMode) return;
  if (whole) return secrets.forEach(({ secret }) => output.line(secret));
  output.line(
    await table(
      secrets.map(({ provider, env, secret }) => [provider, env, shown(secret)]),
      { head: ["PROVIDER", "VARIABLE", "DEVELOPMENT SECRET"], theme: output.out, width: output.width },
    ),
  );
  output.note(
    output.err.dim(
      "one whole: hookline secrets <provider> · all into a file: hookline secrets --write-env .env",
    ),
  );
}

export function showWrittenSecrets(
  output: Output,
  secrets: readonly DevelopmentSecret[],
  file: string,
): void {
  const names = [...new Set(secrets.map(({ env }) => env))];
  output.json({ file, written: names });
  output.line(`${output.out.green("✓")} ${safeLine(file, 300)} holds ${names.join(", ")}`);
}
