import { expect, test } from "vitest";
import { diagnose } from "../../../src/signing/diagnose/index.ts";
import { usualLimits } from "../../../src/signing/diagnose/budget.ts";
import { now, signedByHand } from "../requests.ts";
import { github, stripe } from "../schemes.ts";
import { counted } from "./judge.ts";

const known = Array.from({ length: 12 }, (_, index) => ({
  secret: `known-${String(index)}`,
  provider: "slack",
  label: { provider: "slack", name: `N${String(index)}` },
}));
const event = '{"id":"e","total":8.00,"url":"https://x/1","name":"Zoë"}';
const pretty = JSON.stringify({ a: 1, b: [{ c: "x y" }] }, null, 2);
const entities = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
const reserialised = "body-reserialised";

// What no Content-Length helps to find.
const cases = [
  [
    event,
    '{"id":"e","total":8,"url":"https:\\/\\/x\\/1","name":"Zo\\u00eb"}',
    reserialised,
    { signed: "compact, unicode kept, two decimals", arrived: "json_encode", stack: "php" },
  ],
  [
    event,
    '{"id": "e", "total": 8.0, "url": "https://x/1", "name": "Zo\\u00eb"}',
    reserialised,
    { signed: "compact, unicode kept, two decimals", arrived: "json.dumps", stack: "python" },
  ],
  [
    event,
    '{"id":"e","total":8,"url":"https://x/1","name":"Zoë"}',
    reserialised,
    { signed: "compact, two decimals", arrived: "JSON.stringify", stack: "node" },
  ],
  [
    '{"total":8.0,"name":"Zoë"}',
    '{"total":8.0,"name":"Zo\\u00eb"}',
    reserialised,
    { signed: "compact, unicode kept", arrived: "compact" },
  ],
  [
    '{"a": 1}',
    '{"a":1}',
    reserialised,
    { signed: "json.dumps", arrived: "JSON.stringify or json_encode", stack: "node or php" },
  ],
  [pretty, pretty.replaceAll("\n", ""), "body-newline", { change: "all lost", newline: "LF" }],
  [`${pretty}\n`, pretty.replaceAll("\n", ""), "body-newline", { change: "all lost", newline: "LF" }],
  ['{"a":"R&D"}', entities('{"a":"R&D"}'), "body-encoded", { encoding: "HTML entities", change: "added" }],
  ['{"a":"R&D"}', '{"a":"R&amp;D"}', "body-encoded", { encoding: "HTML entities", change: "added" }],
  ["a=1&b=x+y", "a=1&b=x%20y", "body-encoded", { encoding: "percent", change: "removed" }],
  [
    event,
    Buffer.from(`\ufeff${event}\r\n`, "utf16le"),
    "body-charset",
    { signed: "UTF-8", arrived: "UTF-16" },
  ],
] as const;

test.each(cases)("%s arrived as %s", (signed, arrived, cause, evidence) => {
  for (const [scheme, secret] of [
    [github, "3f9a1c77b2e84d5096aa"],
    [stripe, "whsec_3f9a1c77b2e84d5096aa"],
  ] as const) {
    const headers = signedByHand(scheme, secret, { body: Buffer.from(signed) });
    const [signatures, findings] = counted(() =>
      diagnose({
        schemes: [scheme],
        body: Buffer.from(arrived),
        headers,
        secrets: [secret],
        known,
        others: [{ id: "slack", title: "Slack", signatures: [], identify: [] }],
        now,
        clock: () => 0,
      }),
    );
    expect(findings[0]).toEqual({ cause, confidence: "proved", evidence });
    expect(signatures).toBeLessThanOrEqual(usualLimits.signatures);
  }
});
