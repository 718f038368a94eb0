import { describe, expect, test } from "vitest";
import { diagnose, type DiagnoseInput } from "../../../src/signing/diagnose/index.ts";
import type { SignatureScheme } from "../../../src/signing/types.ts";
import { now } from "../requests.ts";
import { basic, bearer } from "../schemes.ts";

const token = "tok_9f8e7d6c5b4a";
const pair = "user:pass-1234";
const encoded = Buffer.from(pair).toString("base64");
const custom: SignatureScheme = { kind: "bearer", header: "x-token", prefix: "" };

const of = (
  scheme: SignatureScheme,
  secret: string,
  headers: readonly string[],
  more: Partial<DiagnoseInput> = {},
) =>
  diagnose({
    schemes: [scheme],
    secrets: [secret],
    headers,
    body: Buffer.from("{}"),
    now,
    clock: () => 0,
    ...more,
  });

const cases: readonly (readonly [string, SignatureScheme, string, readonly string[], object])[] = [
  [
    "newline in the secret",
    bearer,
    `${token}\n`,
    ["Authorization", `Bearer ${token}`],
    { cause: "secret-whitespace" },
  ],
  [
    "quotes around the secret",
    bearer,
    `"${token}"`,
    ["Authorization", `Bearer ${token}`],
    { cause: "secret-quoted" },
  ],
  [
    "a line of an env file",
    bearer,
    `TOKEN=${token}`,
    ["Authorization", `Bearer ${token}`],
    { cause: "secret-prefix" },
  ],
  [
    "prefix in the secret",
    bearer,
    `Bearer ${token}`,
    ["Authorization", `Bearer ${token}`],
    { cause: "secret-prefix", evidence: { signer: "without" } },
  ],
  [
    "prefix missing",
    bearer,
    token,
    ["Authorization", token],
    { cause: "header-malformed", evidence: { what: "prefix-missing" } },
  ],
  [
    "prefix doubled",
    bearer,
    token,
    ["Authorization", `Bearer Bearer ${token}`],
    { cause: "header-malformed", evidence: { what: "prefix-doubled" } },
  ],
  [
    "another prefix",
    bearer,
    token,
    ["Authorization", `Token ${token}`],
    { cause: "header-malformed", evidence: { what: "prefix-other" } },
  ],
  [
    "quotes in the header",
    bearer,
    token,
    ["Authorization", `Bearer "${token}"`],
    { cause: "header-malformed", evidence: { what: "quotes" } },
  ],
  [
    "spaces in the header",
    bearer,
    token,
    ["Authorization", `Bearer   ${token}`],
    { cause: "header-malformed", evidence: { what: "spaces" } },
  ],
  ["header renamed", bearer, token, ["HTTP_AUTHORIZATION", `Bearer ${token}`], { cause: "header-renamed" }],
  [
    "header forwarded",
    bearer,
    token,
    ["X-Forwarded-Authorization", `Bearer ${token}`],
    { cause: "header-renamed" },
  ],
  [
    "token in base64",
    bearer,
    token,
    ["Authorization", `Bearer ${Buffer.from(token).toString("base64")}`],
    { cause: "header-encoding" },
  ],
  [
    "quotes where there is no prefix",
    custom,
    token,
    ["X-Token", `"${token}"`],
    { cause: "header-malformed", evidence: { what: "quotes" } },
  ],
  [
    "basic, newline",
    basic,
    `${pair}\n`,
    ["Authorization", `Basic ${encoded}`],
    { cause: "secret-whitespace" },
  ],
  [
    "basic, not encoded",
    basic,
    pair,
    ["Authorization", `Basic ${pair}`],
    { cause: "header-encoding", evidence: { found: "text" } },
  ],
  ["basic, prefix missing", basic, pair, ["Authorization", encoded], { cause: "header-malformed" }],
  [
    "nothing fits",
    bearer,
    token,
    ["Authorization", "Bearer other"],
    { cause: "wrong-secret", confidence: "likely" },
  ],
  ["no header", bearer, token, ["Host", "x"], { cause: "header-missing", confidence: "proved" }],
];

describe("what travels itself", () => {
  test.each(cases)("%s", (_name, scheme, secret, headers, first) =>
    expect(of(scheme, secret, headers)[0]).toMatchObject({
      confidence: "proved",
      ...first,
    }),
  );
  test("another secret of the user", () => {
    const label = { provider: "other", source: "environment" };
    const known = [{ secret: token, provider: "other", label }];
    expect(of(bearer, "wrong", ["Authorization", `Bearer ${token}`], { known })).toEqual([
      { cause: "other-known-secret", confidence: "proved", evidence: label },
    ]);
  });
  test.each([
    [bearer, token, ["authorization", `bearer ${token}`]],
    [basic, pair, ["Authorization", `Basic ${encoded}`]],
    [custom, token, ["x-token", token]],
  ] as const)("one that is right has no finding", (scheme, secret, headers) =>
    expect(of(scheme, secret, headers)).toEqual([]),
  );
});
