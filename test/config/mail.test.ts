import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { readMail, type MailSettings } from "../../src/config/mail.ts";
import { isHooklineError, type HooklineError } from "../../src/errors.ts";

const all = {
  HOOKLINE_SMTP_URL: "smtps://ops:hunter2@mail.example.com",
  HOOKLINE_MAIL_FROM: "hooks@example.com",
  HOOKLINE_MAIL_TO: "ops@example.com",
};

function read(own: Readonly<Record<string, string>>): MailSettings | undefined {
  return readMail({
    variable: (name) => {
      const value = own[name];
      return value ? { value, source: "environment" } : undefined;
    },
  });
}

function failure(own: Readonly<Record<string, string>>): HooklineError {
  try {
    read(own);
  } catch (error) {
    if (isHooklineError(error)) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("no mail is sent where nothing of it is set", () => expect(read({})).toBeUndefined());

test("several addresses have commas between them", () => {
  expect(read({ ...all, HOOKLINE_MAIL_TO: "ops@example.com, Iña@post.example ,a@b" })).toEqual({
    url: "smtps://ops:hunter2@mail.example.com",
    from: "hooks@example.com",
    to: ["ops@example.com", "Iña@post.example", "a@b"],
  });
});

test.each([
  ["HOOKLINE_SMTP_URL", "HOOKLINE_MAIL_FROM and HOOKLINE_MAIL_TO are set, HOOKLINE_SMTP_URL is not"],
  ["HOOKLINE_MAIL_FROM", "HOOKLINE_SMTP_URL and HOOKLINE_MAIL_TO are set, HOOKLINE_MAIL_FROM is not"],
  ["HOOKLINE_MAIL_TO", "HOOKLINE_SMTP_URL and HOOKLINE_MAIL_FROM are set, HOOKLINE_MAIL_TO is not"],
])("%s alone left out or empty is an error that names it", (name, message) => {
  expect(failure({ ...all, [name]: "" })).toMatchObject({
    code: "mail-settings-invalid",
    exitCode: 2,
    message: `mail cannot be sent: ${message}`,
  });
});

test("one alone set is an error that names the others", () => {
  expect(failure({ HOOKLINE_MAIL_TO: "ops@example.com" }).message).toBe(
    "mail cannot be sent: HOOKLINE_MAIL_TO is set, HOOKLINE_SMTP_URL and HOOKLINE_MAIL_FROM are not",
  );
});

describe("the URL", () => {
  test.each([
    ["smtp://localhost", "smtp://localhost"],
    ["SMTP://localhost:2525/", "smtp://localhost:2525"],
    ["smtps://[::1]:465", "smtps://[::1]:465"],
    [" smtp://a%40b.example:p%2Fw@mail.example.com:587\n", "smtp://a%40b.example:p%2Fw@mail.example.com:587"],
    ["smtp://ops:p@ss@mail.example.com", "smtp://ops:p%40ss@mail.example.com"],
  ])("%j is taken", (url, expected) => expect(read({ ...all, HOOKLINE_SMTP_URL: url })?.url).toBe(expected));

  test.each([
    ["mail.example.com", "begins with neither"],
    ["https://ops:hunter2@mail.example.com", "begins with neither"],
    ["smtp:mail.example.com", "begins with neither"],
    ["smtp://", "host"],
    ["smtp://ops:hunter2@", "host"],
    ["smtp://ops:hun/ter2@mail.example.com", "is no URL"],
    ["smtp://ops:12/hunter2@mail.example.com", "no path"],
    ["smtp://ops:hunter2@mail.example.com/inbox", "no path"],
    ["smtp://ops:hunter2@mail.example.com?pool=true", "no path"],
    ["smtp://ops:hunter2@mail.example.com#", "no path"],
    ["smtp://ops:hunter2@mail.example.com:65536", "is no URL"],
    ["smtp://ops:hunter2@mail.example.com:0", "port 0"],
    ["smtp://ops:hunter2@mäil.example.com", "neither a name in ASCII"],
    ["smtp://ops:hunter2@mail..example.com", "neither a name in ASCII"],
    ["smtp://ops:hun ter2@mail.example.com", "a space"],
    ["smtp://ops:hunter2@mail.example.com\r\nRCPT", "a control character"],
    ["smtp://ops:hunter2@mail.example.com\\x", "a backslash"],
    ["smtp://ops@mail.example.com", "without a password"],
    ["smtp://:hunter2@mail.example.com", "without a user name"],
    ["smtp://ops:hunter2%@mail.example.com", "percent-encoded"],
    ["smtp://ops:hunter2%ff@mail.example.com", "percent-encoded"],
    ["smtp://ops%00:hunter2@mail.example.com", "percent-encoded"],
  ])("%j is refused and not repeated", (url, why) => {
    const error = failure({ ...all, HOOKLINE_SMTP_URL: url });
    expect(error).toMatchObject({ code: "mail-settings-invalid", exitCode: 2 });
    expect(error.message).toMatch(/^HOOKLINE_SMTP_URL is not valid: /);
    expect(error.message).toContain(why);
    expect(inspect(error)).not.toMatch(/hun.?ter2|mail\.example/);
  });
});

describe("an address", () => {
  const wrong = [
    "ops",
    "@example.com",
    "ops@",
    "a@b@c",
    "Ops <ops@example.com>",
    "a b@example.com",
    "ops@example.com\r\nBcc:x@y",
    "ops\u0000@example.com",
    "ops\u202e@example.com",
    "o;p@example.com",
    '"ops"@example.com',
    `${"a".repeat(250)}@b.example`,
    all.HOOKLINE_SMTP_URL,
  ];

  test.each(wrong)("like %j is refused and not repeated", (address) => {
    const from = failure({ ...all, HOOKLINE_MAIL_FROM: address });
    expect(from).toMatchObject({
      code: "mail-settings-invalid",
      exitCode: 2,
      message: "HOOKLINE_MAIL_FROM is not a mail address",
    });
    expect(inspect(from)).not.toContain("hunter2");
    expect(failure({ ...all, HOOKLINE_MAIL_TO: address }).message).toBe(
      "HOOKLINE_MAIL_TO is not a mail address",
    );
    expect(failure({ ...all, HOOKLINE_MAIL_TO: `a@b,${address}` }).message).toBe(
      "address 2 of HOOKLINE_MAIL_TO is not a mail address",
    );
  });

  test("is one where mail comes from", () => {
    expect(failure({ ...all, HOOKLINE_MAIL_FROM: "a@b,c@d" }).message).toMatch(/^HOOKLINE_MAIL_FROM /);
  });

  test("left out between commas is missed", () => {
    expect(failure({ ...all, HOOKLINE_MAIL_TO: "a@b,,c@d" }).message).toMatch(/^address 2 /);
  });
});
