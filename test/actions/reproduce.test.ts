import { describe, expect, test } from "vitest";
import { reproduce } from "../../src/actions/reproduce.ts";
import type { SecretOrigin } from "../../src/actions/workspace.ts";
import { createRegistry } from "../../src/providers/index.ts";
import { shownUrl } from "../../src/text/shown-url.ts";

const provider = createRegistry().require("fareplay");
const payload = {
  name: "fareplay/order.created",
  source: "fixture",
  provider,
  body: Buffer.from("{}"),
} as const;
const asked = { edits: [], fresh: false, headers: [], url: new URL("http://localhost:3000/hooks") };
const origin: SecretOrigin = { source: "environment", name: "FAREPLAY_WEBHOOK_SECRET" };

describe("a delivery that is right", () => {
  test("is signed and handed to curl", () => {
    expect(reproduce({ payload, origin, tampering: undefined }, { ...asked, fresh: true })).toEqual([
      [
        ...["hookline", "sign", "fareplay/order.created", "--fresh"],
        ...["--secret", "env:FAREPLAY_WEBHOOK_SECRET", "--out", "hookline-body"],
      ],
      [
        ...["curl", "-i", "-X", "POST", "http://localhost:3000/hooks"],
        ...["-H", "@-", "--data-binary", "@hookline-body"],
      ],
    ]);
  });

  test.each<[SecretOrigin | undefined, string[]]>([
    [undefined, []],
    [{ source: "development" }, []],
    [{ source: "project", name: "ACME_WEBHOOK_SECRET" }, []],
    [{ source: "flag", name: "MY_SECRET" }, ["--secret", "env:MY_SECRET"]],
    [{ source: "flag", name: "keys/secret.txt" }, ["--secret", "file:keys/secret.txt"]],
    [{ source: "flag" }, ["--secret", "env:FAREPLAY_WEBHOOK_SECRET"]],
    [{ source: "registered", name: "ep_1" }, ["--secret", "env:FAREPLAY_WEBHOOK_SECRET"]],
  ])("names the secret of %j by reference", (from, flags) => {
    const [sign = []] = reproduce({ payload, origin: from, tampering: undefined }, asked);
    expect(sign.slice(3, -2)).toEqual(flags);
  });
});

test("one that is wrong on purpose is replayed so", () => {
  expect(reproduce({ payload, origin, tampering: "body" }, asked)).toEqual([
    [
      ...["hookline", "replay", "fareplay/order.created", "--secret", "env:FAREPLAY_WEBHOOK_SECRET"],
      ...["--tamper", "body", "--to", "http://localhost:3000/hooks"],
    ],
  ]);
});

test.each([
  ["Authorization", "Bearer abc", "Authorization: [redacted]"],
  ["X-Vercel-Protection-Bypass", "abc", "X-Vercel-Protection-Bypass: [redacted]"],
  ["X-Tenant", "7", "X-Tenant: [redacted]"],
  ["Content-Type", "text/plain", "Content-Type: text/plain"],
  ["X-Fareplay-Event", "order.made", "X-Fareplay-Event: order.made"],
  ["X-Fareplay-Signature", "sha256=00", "X-Fareplay-Signature: sha256=00"],
  ["X-Empty", "", "X-Empty;"],
  ["X-Gone", null, "X-Gone:"],
])("the header %s shows only what cannot be a credential", (name, value, shown) => {
  const [sign = []] = reproduce(
    { payload, origin, tampering: undefined },
    { ...asked, headers: [{ name, value }] },
  );
  expect(sign[sign.indexOf("-H") + 1]).toBe(shown);
});

test.each([
  ["http://localhost:3000/a?b=c&d", "http://localhost:3000/a?b=c&d"],
  ["http://localhost:3000/a?token=x&b=c", "http://localhost:3000/a?token=[redacted]&b=c"],
  ["http://h/?b=0123456789abcdef01234", "http://h/?b=[redacted]"],
  ["http://ida:pw@h:80/x@y", "http://[redacted]@h:80/x@y"],
  ["3000/hooks", "3000/hooks"],
])("%s is shown as %s", (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
