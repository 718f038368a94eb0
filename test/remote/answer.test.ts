import { describe, expect, test } from "vitest";
import { isHooklineError, type HooklineError } from "../../src/errors.ts";
import { answerOf } from "../../src/remote/answer.ts";

const account = { id: "acct_1", name: "Acme" };

function refused(status: number, body: unknown): HooklineError {
  try {
    answerOf("keys.get", status, body);
  } catch (error) {
    if (isHooklineError(error)) return error;
    throw error;
  }
  throw new Error("was accepted");
}
const problem = (more: object): object => ({
  type: "urn:hookline:problem:x",
  title: "It failed",
  status: 422,
  detail: "it failed badly",
  code: "it-failed",
  ...more,
});

describe("a success", () => {
  test("is the document, without what this version does not know", () => {
    const answer = { account: { ...account, plan: "gold" }, key: null, scopes: ["keys:read"], region: "eu" };
    expect(answerOf("keys.current", 200, answer)).toEqual({ account, key: null, scopes: ["keys:read"] });
  });

  test("carries no prototype of the server's making", () => {
    const answer = JSON.parse(
      '{"status":"ok","version":"1","__proto__":{"admin":true},"constructor":{}}',
    ) as unknown;
    const health = answerOf("health", 200, answer);
    expect(Object.keys(health)).toEqual(["status", "version"]);
    expect((health as { admin?: boolean }).admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test.each([
    ["no JSON", 200, undefined, "not JSON"],
    ["another document", 200, [], "its form is another"],
    ["a list in its place", 200, { data: [], next_cursor: null }, "account does not fit"],
    ["a wrong type in it", 200, { account: { id: 1, name: "A" }, key: null, scopes: [] }, "account.id does"],
    ["another status", 201, { account, key: null, scopes: [] }, "status is 201 in place of 200"],
    ["no content", 204, undefined, "status is 204"],
  ])("of another shape is not understood: %s", (_, status, body, why) => {
    expect(() => answerOf("keys.current", status, body)).toThrow(
      expect.objectContaining({
        code: "api-answer-unexpected",
        exitCode: 5,
        message: expect.stringContaining(why) as string,
      }),
    );
  });

  test("that names a wrong place at length is told in short", () => {
    const entry = {
      id: "act_1",
      at: "2026-01-01T00:00:00.000Z",
      last_at: "2026-01-01T00:00:00.000Z",
      count: 1,
      action: "key.created",
      actor: { kind: "server", key_id: null, name: null },
      address: null,
      subject: null,
      detail: { ["x".repeat(1_000_000)]: {} },
    };
    expect(() => answerOf("activity.list", 200, { data: [entry], next_cursor: null })).toThrow(/^.{50,400}$/);
  });
});

describe("the exit code", () => {
  const table: Record<number, number> = {
    ...{ 400: 2, 401: 3, 402: 5, 403: 3, 404: 4, 405: 5, 408: 5, 409: 2, 410: 2, 413: 2, 415: 5, 418: 5 },
    ...{ 422: 2, 429: 5, 451: 5, 500: 5, 501: 5, 502: 5, 503: 5, 504: 5, 599: 5, 999: 5 },
  };
  test.each(Object.entries(table).map(([status, exitCode]) => [Number(status), exitCode]))(
    "of %d is %d, with a problem document or without",
    (status, exitCode) => {
      expect(refused(status, problem({ status }))).toMatchObject({ exitCode, code: "it-failed" });
      expect(refused(status, undefined)).toMatchObject({ exitCode, code: "api-error" });
    },
  );

  test.each([300, 301, 302, 303, 304, 307, 308])("of %d is 5: no redirect is followed", (status) => {
    expect(refused(status, undefined)).toMatchObject({ exitCode: 5, code: "api-redirected" });
  });
});

describe("a problem", () => {
  test("says what the server says, and where the document is wrong", () => {
    const errors = [
      { path: "name", message: "must not be empty" },
      { path: "", message: "must change something" },
    ];
    const error = refused(422, problem({ errors, next_steps: ["read the manual"] }));
    expect(error.message).toBe("it failed badly: name must not be empty; must change something");
    expect(error.nextSteps).toEqual(["read the manual"]);
  });

  test("without a detail says its title; without either, the status", () => {
    expect(refused(409, { title: "A conflict" }).message).toBe("A conflict");
    expect(refused(502, "<html>").message).toBe("the API answered 502 Bad Gateway without saying why");
    expect(refused(599, null).message).toBe("the API answered 599 without saying why");
  });

  test("of a key that is refused ends with how to get one, unless the server says so itself", () => {
    expect(refused(401, undefined).nextSteps).toEqual([expect.stringContaining("hookline login")]);
    expect(refused(401, problem({ next_steps: ["ask Ida"] })).nextSteps).toEqual(["ask Ida"]);
  });

  test("of any size is told in a few lines", () => {
    const many = Array.from({ length: 100_000 }, (_, index) => ({ path: `p${index}`, message: "is wrong" }));
    const error = refused(422, problem({ errors: many, next_steps: many.map(({ path }) => path) }));
    expect(error.message).toBe(
      "it failed badly: p0 is wrong; p1 is wrong; p2 is wrong; p3 is wrong; p4 is wrong; and 99995 more",
    );
    expect(error.nextSteps).toEqual(["p0", "p1", "p2"]);

    const long = "\u{1f600}".repeat(500_000);
    const huge = refused(
      422,
      problem({ detail: `x${long}`, next_steps: [long], errors: [{ path: long, message: long }] }),
    );
    expect(huge.message.length).toBeLessThan(2001);
    expect(huge.message).toMatch(/^x(\u{1f600})+…: /u);
    expect(huge.nextSteps[0]?.length).toBeLessThan(301);
    expect(JSON.stringify([huge.message, huge.nextSteps])).not.toContain("\\ud83d");
  });

  test.each<[string, unknown]>([
    ["a number", 42],
    ["a string", "it-failed"],
    ["null", null],
    ["a list", [problem({})]],
    ["wrong types", { code: 1, title: {}, detail: ["x"], next_steps: "x", errors: "x" }],
    ["nulls", { code: null, title: null, detail: null, next_steps: null, errors: null }],
    ["empty text", { code: "", title: "", detail: "" }],
    ["a prototype", JSON.parse('{"__proto__":{"detail":"x","code":"y-z"}}')],
    ["lists of nonsense", { next_steps: [1, null, {}, ""], errors: [1, null, { path: 1 }, ["a"]] }],
  ])("of nonsense is an error of its status: %s", (_, body) => {
    expect(refused(422, body)).toMatchObject({
      code: "api-error",
      exitCode: 2,
      message: "the API answered 422 Unprocessable Entity without saying why",
      nextSteps: [],
    });
  });

  test.each(["Not-Kebab", "two words", "-x", "x-", "x--y", "x_y", "1x", "\u001b[31m", "x".repeat(65), "x\n"])(
    "whose code is %j has none",
    (code) => {
      expect(refused(422, problem({ code }))).toMatchObject({
        code: "api-error",
        message: "it failed badly",
      });
    },
  );
});
