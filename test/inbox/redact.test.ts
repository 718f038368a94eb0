import { expect, test } from "vitest";
import type { Provider } from "../../src/providers/contract.ts";
import { redact, redactedNames } from "../../src/inbox/redact.ts";

const provider = { signatures: [{ kind: "bearer", header: "x-acme-token" }] } as unknown as Provider;

test.each([
  ["authorization", ["Authorization", "Bearer abc"]],
  ["in any case, repeated", ["COOKIE", "a=1", "x-API-key", "k", "cookie", "b=2"]],
  ["of proxies and answers", ["proxy-authorization", "Basic x", "Set-Cookie", "s=1"]],
])("%s is not kept", (_name, headers) => {
  const values = redact(headers).filter((_, index) => index % 2 === 1);
  expect(values).toEqual(values.map(() => "[redacted]"));
  expect(redactedNames(redact(headers))).toEqual(headers.filter((_, index) => index % 2 === 0));
});

test("everything else stays, and a list without credentials is the same one", () => {
  const headers = ["x-fareplay-signature", "ab", "x-api-keys", "1", "cookies", "2", "x-acme-token", "t"];
  expect(redact(headers)).toBe(headers);
  expect(redact(headers, provider)).toEqual([...headers.slice(0, 7), "[redacted]"]);
});
