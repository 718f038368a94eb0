import { Writable } from "node:stream";
import { expect, test } from "vitest";
import type { ListenDelivery } from "../../src/actions/listen-events.ts";
import type { FindingData, Verified } from "../../src/actions/verify.ts";
import { showDelivery } from "../../src/ui/listen.ts";
import { createOutput, type Output } from "../../src/ui/output.ts";
import { createTheme } from "../../src/ui/theme.ts";
import { showVerified } from "../../src/ui/verify.ts";

const reserialised: FindingData = {
  cause: "body-reserialised",
  confidence: "proved",
  evidence: { signed: "json.dumps", arrived: "JSON.stringify", stack: "node" },
};
const expired: FindingData = {
  cause: "timestamp-expired",
  confidence: "proved",
  evidence: { header: "x-acme-time", skew_seconds: 412, tolerance_seconds: 300 },
};
const truncated: FindingData = {
  cause: "body-truncated",
  confidence: "likely",
  evidence: { bytes: 512, content_length: 1024 },
};
const wrongSecret: FindingData = {
  cause: "wrong-secret",
  confidence: "likely",
  evidence: { secrets: 1, bytes: 512, complete: true },
};

const reserialisedLines = [
  "  the JSON was written again in another way: signed as json.dumps writes it; arrived as JSON.stringify writes it (body-reserialised)",
  '  fix: verify the bytes as they came: in Express `express.raw({ type: "*/*" })` on the webhook route, before `express.json()`; a sender signs the very bytes it sends',
];
const expiredLine = "the signature was made 412 s ago; 300 s are allowed (timestamp-expired)";
const truncatedLines = [
  "  likely: the end of the body is missing: 512 of 1024 bytes arrived (body-truncated)",
  "  fix: look for a limit on the size of bodies or a connection that was cut, and capture the whole body",
];

/** What a view writes to standard output. */
async function shown(json: boolean, show: (output: Output) => void): Promise<string> {
  const written: string[] = [];
  const stdout = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  const theme = await createTheme(0);
  const output = createOutput(
    { stdout, stderr: new Writable() },
    { json, quiet: true, interactive: false, out: theme, err: theme, onClosed: () => undefined },
  );
  show(output);
  await output.flush();
  return written.join("");
}

const verified = (findings: readonly FindingData[]): Verified => ({
  ok: false,
  provider: "acme",
  title: "Acme",
  event: "parcel.sent",
  deliveryId: undefined,
  bytes: 512,
  code: "signature-mismatch",
  findings,
  secretIndex: undefined,
  timestamp: undefined,
  origin: { source: "environment", name: "ACME_WEBHOOK_SECRET" },
  secretEnv: "ACME_WEBHOOK_SECRET",
});

const rejected = (findings: readonly FindingData[]): ListenDelivery => ({
  type: "delivery",
  id: "dlv_1",
  provider: "acme",
  title: "Acme",
  event: "parcel.sent",
  deliveryId: undefined,
  verified: false,
  code: "signature-mismatch",
  findings,
  origin: undefined,
  secretEnv: "ACME_WEBHOOK_SECRET",
  accepted: false,
  duplicate: false,
  method: "POST",
  target: "/acme",
  headers: [],
  body: undefined,
  bytes: 512,
  forwards: [],
  status: 401,
  durationMs: 0.4,
  receivedAt: 1_700_000_000_000,
});

test("verify prints the verdict, then every finding with its fix", async () => {
  const text = await shown(false, (output) =>
    showVerified(output, verified([reserialised, expired, truncated])),
  );
  expect(text.trimEnd().split("\n")).toEqual([
    "✗ not verified: signature-mismatch  Acme · parcel.sent · 512 B · the secret in ACME_WEBHOOK_SECRET",
    ...reserialisedLines,
    `  ${expiredLine}`,
    "  fix: check this machine's clock; for a request captured earlier use --at TIME or --tolerance off",
    ...truncatedLines,
  ]);
});

test.each([
  ["the first finding", [reserialised, wrongSecret], reserialisedLines],
  ["a second one that is proved", [reserialised, expired], [...reserialisedLines, `  also: ${expiredLine}`]],
  ["a likely one as such", [truncated, wrongSecret], truncatedLines],
])("listen prints %s under a rejected delivery", async (_, findings, lines) => {
  const text = await shown(false, (output) => showDelivery(output, rejected(findings), "line"));
  const [first, ...details] = text.trimEnd().split("\n");
  expect(first).toContain("✗ rejected");
  expect(details).toEqual(lines);
});

test.each([
  [
    "verify",
    (output: Output) => showVerified(output, verified([reserialised, expired, wrongSecret])),
  ] as const,
  [
    "listen",
    (output: Output) => showDelivery(output, rejected([reserialised, expired, wrongSecret]), "line"),
  ] as const,
])("%s carries all findings whole as JSON", async (_, show) => {
  const { findings } = JSON.parse(await shown(true, show)) as { findings: Record<string, unknown>[] };
  const sentences = { message: expect.any(String) as string, fix: expect.any(String) as string };
  expect(findings).toEqual([reserialised, expired, wrongSecret].map((one) => ({ ...one, ...sentences })));
  expect(findings[1]?.["message"]).toBe("the signature was made 412 s ago; 300 s are allowed");
});
