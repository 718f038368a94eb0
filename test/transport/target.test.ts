import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isHooklineError } from "../../src/errors.ts";
import { isLoopback, parseTarget } from "../../src/transport/target.ts";

describe("parseTarget", () => {
  test.each([
    ["3000", "http://localhost:3000/", false],
    ["3000/", "http://localhost:3000/", true],
    ["3000/hooks", "http://localhost:3000/hooks", false],
    ["3000/hooks/?a=/", "http://localhost:3000/hooks/?a=/", true],
    ["3000?a=b/", "http://localhost:3000/?a=b/", false],
    [" 127.0.0.1:80/x ", "http://127.0.0.1/x", false],
    ["app.local:8080/hooks", "http://app.local:8080/hooks", false],
    ["[::1]:3000", "http://[::1]:3000/", false],
    ["https://hook.example", "https://hook.example/", false],
    ["HTTPS://hook.example/", "https://hook.example/", true],
    ["http://hook.example/a/#/", "http://hook.example/a/", true],
    ["http://hook.example/a#/", "http://hook.example/a", false],
  ])("%s", (text, href, open) => {
    const target = parseTarget(text);
    expect([target.url.href, target.open]).toEqual([href, open]);
  });

  test.each([
    ["", "empty"],
    ["localhost", "neither a port nor"],
    ["hooks/path", "neither a port nor"],
    ["ftp://x", "not ftp"],
    ["file:///etc/passwd", "not file"],
    ["0", "port 0"],
    ["99999", "no URL"],
    ["http://", "no URL"],
    ["http://user:pass@x/", "Authorization"],
    ["user@x:80", "neither a port nor"],
  ])("%s is none", (text, why) => {
    let thrown: unknown;
    try {
      parseTarget(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "target-invalid", exitCode: 2 });
    expect((thrown as Error).message).toContain(why);
  });

  test("any text is an http or https URL without credentials, or an error of ours", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `http://${text}`),
        ),
        (text) => {
          try {
            const { url } = parseTarget(text);
            expect(url.protocol).toMatch(/^https?:$/);
            expect([url.username, url.password, url.hash]).toEqual(["", "", ""]);
          } catch (error) {
            if (!isHooklineError(error)) throw error;
          }
        },
      ),
    );
  });
});

test.each([
  ["http://localhost:1", true],
  ["http://app.localhost", true],
  ["http://127.9.9.9", true],
  ["http://[::1]", true],
  ["http://0177.1", true],
  ["http://localhost.example", false],
  ["http://127.0.0.1.example", false],
  ["http://10.0.0.1", false],
  ["http://[::2]", false],
])("isLoopback %s: %s", (url, expected) => {
  expect(isLoopback(new URL(url))).toBe(expected);
});
