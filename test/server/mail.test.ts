import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { SMTPServer } from "smtp-server";
import { afterEach, describe, expect, test } from "vitest";
import { isHooklineError, type HooklineError } from "../../src/errors.ts";
import type { EndpointDisabled } from "../../src/server/server-events.ts";
import { createMailer, disabledEndpointMail, type Mail, type Mailer } from "../../src/server/mail.ts";
import { closedPort } from "../cli/run-servers.ts";
import { createFolder } from "../cli/spawn.ts";

const from = "hooks@example.com";
const to = ["ops@example.com", "ida@example.com"];
const password = "p@ss/wörd%";
const login = `ops:${encodeURIComponent(password)}@`;
const token = Buffer.from(`\0ops\0${password}`).toString("base64");

const open: { close: () => unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

interface Taken {
  recipients: string[];
  sender: string;
  user: unknown;
  secure: boolean;
  raw: string;
}

/** A mail server of this machine; without TLS and logins unless the options say otherwise. */
async function startServer(
  options: ConstructorParameters<typeof SMTPServer>[0] = {},
): Promise<{ port: number; taken: Taken[] }> {
  const taken: Taken[] = [];
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        taken.push({
          recipients: rcptTo.map(({ address }) => address),
          sender: mailFrom === false ? "" : mailFrom.address,
          user: session.user,
          secure: session.secure,
          raw: Buffer.concat(chunks).toString("latin1"),
        });
        done();
      });
    },
    ...options,
  });
  // Where a client turns its certificate away, the server is told.
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(server);
  return { port: (server.server.address() as AddressInfo).port, taken };
}

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** A certificate for 127.0.0.1 that nobody else vouches for, and its key. */
function ownCertificate(): { key: Buffer; cert: Buffer } {
  const folder = createFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
  ]);
  expect(made.status).toBe(0);
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

/** A server that greets with these words and answers each line with what is given for it. */
async function startRawServer(
  greeting: string,
  answer: (line: string) => string = () => "",
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => socket.write(answer(bytes.toString("latin1"))));
    socket.write(greeting);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  open.push({
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return (server.address() as AddressInfo).port;
}

function mailerFor(url: string, timeoutMs = 20_000): Mailer {
  const mailer = createMailer({ url, from, to }, { timeoutMs });
  open.push(mailer);
  return mailer;
}

const mail: Mail = { subject: "hello", text: "one\n.\ntwo\n" };

async function failure(sending: Promise<void>): Promise<HooklineError> {
  const error = await sending.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!isHooklineError(error)) throw new Error("nothing failed as it should", { cause: error });
  return error;
}

/** A mail's headers, unfolded, and its text. */
function parse(raw: string): { headers: Record<string, string>; names: string[]; text: string } {
  const end = raw.indexOf("\r\n\r\n");
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n")
    .map((line) => /^([^:]+): (.*)$/.exec(line)?.slice(1) ?? ["", line]);
  const headers = Object.fromEntries(lines) as Record<string, string>;
  const body = raw.slice(end + 4);
  const bytes =
    headers["Content-Transfer-Encoding"] === "quoted-printable"
      ? body
          .replace(/=\r\n/g, "")
          .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      : body;
  return {
    headers,
    names: lines.map(([name = ""]) => name).sort(),
    text: Buffer.from(bytes, "latin1").toString("utf8").replaceAll("\r\n", "\n"),
  };
}

const ownHeaders = [
  ...["Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From"],
  ...["MIME-Version", "Message-ID", "Subject", "To"],
];

const disabled: EndpointDisabled = {
  type: "endpoint-disabled",
  accountId: "acc_01jd8y3r5v",
  account: "Møbel & Sønn",
  endpointId: "ep_01jd8y3r5vq6k2m9x0c7w4t1za",
  url: "https://shop.acme.com/webhooks?token=hush",
  provider: "fareplay",
  reason: "failing",
  failures: 5,
};

describe("a mail", () => {
  test("arrives as it was given", async () => {
    const { port, taken } = await startServer();
    await mailerFor(`smtp://127.0.0.1:${port}`).send(mail);
    expect(taken).toMatchObject([{ sender: from, recipients: to, user: undefined, secure: false }]);
    const { headers, names, text } = parse(taken[0]?.raw ?? "");
    expect(names).toEqual(ownHeaders);
    expect(headers).toMatchObject({
      From: "hookline <hooks@example.com>",
      To: "ops@example.com, ida@example.com",
      Subject: "hello",
      "Content-Type": "text/plain; charset=utf-8",
      "Auto-Submitted": "auto-generated",
    });
    expect(text.trimEnd()).toBe("one\n.\ntwo");
  });

  test("carries a subject and text in any language", async () => {
    const { port, taken } = await startServer();
    await mailerFor(`smtp://127.0.0.1:${port}`).send({ subject: "Prüfung läuft", text: "Grüße, 世界\n" });
    const { headers, text } = parse(taken[0]?.raw ?? "");
    expect(headers["Subject"]).toBe("=?UTF-8?Q?Pr=C3=BCfung_l=C3=A4uft?=");
    expect(text.trimEnd()).toBe("Grüße, 世界");
  });

  test("gets no header from a subject or names that hold line breaks", async () => {
    const { port, taken } = await startServer();
    const mailer = mailerFor(`smtp://127.0.0.1:${port}`);
    const ends = ["\r\n", "\n", "\r", "\u2028", "\u0085", "\0\r\n "];
    await Promise.all(
      ends.flatMap((end) => {
        const evil = `a${end}Bcc: evil@example.com${end}${end}<b>`;
        const names = { account: evil, url: `https://${evil}`, provider: evil, endpointId: evil };
        return [{ subject: evil, text: "x" }, disabledEndpointMail({ ...disabled, ...names })].map((one) =>
          mailer.send(one),
        );
      }),
    );
    const parsed = taken.map(({ raw }) => parse(raw));
    for (const { names } of parsed) expect(names).toEqual(ownHeaders);
    for (const { recipients } of taken) expect(recipients).toEqual(to);
    const line = "a Bcc: evil@example.com <b>";
    expect(parsed.map(({ headers }) => headers["Subject"]).sort()).toEqual([
      ...ends.map(() => line),
      ...ends.map(() => `hookline disabled the endpoint https://${line}`),
    ]);
    for (const name of ["Endpoint  https://", "ID        ", "Provider  ", "Account   "])
      expect(parsed.filter(({ text }) => text.includes(`\n  ${name}${line}\n`))).toHaveLength(ends.length);
  });

  test("is handed in with the login of the URL", async () => {
    const logins: unknown[] = [];
    const { port, taken } = await startServer({
      authOptional: false,
      onAuth({ username, password }, _session, done) {
        logins.push([username, password]);
        done(null, { user: "known" });
      },
    });
    await mailerFor(`smtp://${login}127.0.0.1:${port}`).send(mail);
    expect(logins).toEqual([["ops", password]]);
    expect(taken).toMatchObject([{ user: "known" }]);
  });
});

describe("a mail fails, and says why without the password, at a server that", () => {
  type Refusing = NonNullable<ConstructorParameters<typeof SMTPServer>[0]>;
  const refusal = (responseCode: number, message: string): Error =>
    Object.assign(new Error(message), { responseCode });
  const refusing: [what: string, scheme: string, options: Refusing, words: string | RegExp][] = [
    [
      "refuses the sender",
      "smtp",
      { onMailFrom: (_address, _session, done) => done(refusal(550, "5.7.1 not you")) },
      "refused the mail: 550 5.7.1 not you",
    ],
    [
      "refuses every recipient",
      "smtp",
      { onRcptTo: (_address, _session, done) => done(refusal(550, "nobody here")) },
      "refused the mail: 550 nobody here",
    ],
    [
      "refuses one recipient",
      "smtp",
      {
        onRcptTo: ({ address }, _session, done) =>
          done(address === "ida@example.com" ? refusal(550, "no Ida here") : null),
      },
      "took the mail, but not for ida@example.com: 550 no Ida here",
    ],
    [
      "refuses the text, in words that clear a screen",
      "smtp",
      {
        onData: (stream, _session, done) => {
          stream.resume().on("end", () => done(refusal(554, "spam \u001b[2J\u202e!")));
        },
      },
      "refused the mail: 554 spam [2J !",
    ],
    [
      "refuses the login, and repeats it",
      "smtp",
      {
        onAuth: (_auth, _session, done) => done(refusal(535, `no ${token} for ${password} of ops`)),
      },
      "refused the login: 535 no … for … of ops",
    ],
    [
      "refuses the connection",
      "smtp",
      { onConnect: (_session, done) => done(refusal(554, "go away")) },
      "answered 554 go away",
    ],
    ["speaks no TLS", "smtps", {}, "speaks no TLS that fits"],
  ];

  test.each(refusing)("%s", async (_what, scheme, options, words) => {
    const { port } = await startServer({
      onAuth: (_auth, _session, done) => done(null, { user: "known" }),
      ...options,
    });
    const error = await failure(mailerFor(`${scheme}://${login}127.0.0.1:${port}`).send(mail));
    expectFailed(error, `the mail server 127.0.0.1:${port} ${words}`);
  });

  test.skipIf(!hasOpenssl).each([
    ["offers STARTTLS", "smtp", { disabledCommands: [] }],
    ["speaks TLS", "smtps", { secure: true }],
  ])("%s with a certificate that it signed itself", async (_what, scheme, options) => {
    const logins: unknown[] = [];
    const { port, taken } = await startServer({
      onAuth: (auth, _session, done) => {
        logins.push(auth);
        done(null, { user: "known" });
      },
      ...ownCertificate(),
      ...options,
    });
    const error = await failure(mailerFor(`${scheme}://${login}127.0.0.1:${port}`).send(mail));
    expectFailed(
      error,
      `the mail server 127.0.0.1:${port} has a certificate that is not trusted: self-signed certificate`,
    );
    expect([logins, taken]).toEqual([[], []]);
  });

  test("is not there", async () => {
    const port = await closedPort();
    const error = await failure(mailerFor(`smtp://${login}127.0.0.1:${port}`).send(mail));
    expectFailed(error, `the mail server 127.0.0.1:${port} refuses connections`);
  });

  const greeting = "220 mail.example.com\r\n";
  test.each([
    ["never greets", "smtp", ""],
    ["never ends its greeting", "smtp", "220-mail\r\n220-"],
    ["never answers", "smtp", greeting],
    ["never begins TLS", "smtps", ""],
  ])("%s", async (_what, scheme, words) => {
    const port = await startRawServer(words);
    const error = await failure(mailerFor(`${scheme}://${login}127.0.0.1:${port}`, 200).send(mail));
    expectFailed(error, `the mail server 127.0.0.1:${port} did not take the mail within 0.2 s`);
  });

  const offering = (line: string): string => (line.startsWith("EHLO") ? "250-hi\r\n250 STARTTLS\r\n" : "");
  test.each([
    [
      "breaks off where TLS should begin",
      (line: string) => offering(line) || (line.startsWith("STARTTLS") ? "220 go\r\n" : "no TLS at all\r\n"),
      "speaks no TLS that fits",
    ],
    [
      "offers STARTTLS and will not have it",
      (line: string) => offering(line) || "454 not now\r\n",
      "began no TLS, without which nothing is sent: 454 not now",
    ],
    ["closes down", () => "421 closing\r\n", "answered 421 closing"],
    ["is none", () => "HTTP/1.1 400 Bad Request\r\n\r\n", "answered HTTP/1.1 400 Bad Request"],
  ])("%s", async (_what, answer, words) => {
    const port = await startRawServer(words.includes("HTTP") ? answer("") : greeting, answer);
    const error = await failure(mailerFor(`smtp://${login}127.0.0.1:${port}`).send(mail));
    expectFailed(error, `the mail server 127.0.0.1:${port} ${words}`);
  });

  // Leads to this machine there, though it is no address of it.
  test.skipIf(process.platform === "win32")("is not this machine and has no TLS for the login", async () => {
    const { port, taken } = await startServer();
    const error = await failure(mailerFor(`smtp://${login}0.0.0.0:${port}`).send(mail));
    expect(error.message).toMatch(/began no TLS, without which nothing is sent: 5/);
    await mailerFor(`smtp://0.0.0.0:${port}`).send(mail);
    expect(taken).toHaveLength(1);
  });

  function expectFailed(error: HooklineError, message: string): void {
    expect(error).toMatchObject({ code: "mail-failed", exitCode: 1, message });
    expect(error.nextSteps).toHaveLength(1);
    const shown = inspect(error, { depth: Infinity });
    for (const secret of [password, encodeURIComponent(password), token]) expect(shown).not.toContain(secret);
  }
});

test("closing gives up what is under way and sends nothing more", async () => {
  const port = await startRawServer("");
  const mailer = mailerFor(`smtp://127.0.0.1:${port}`);
  const sending = failure(mailer.send(mail));
  mailer.close();
  expect((await sending).message).toContain("had not taken the mail when hookline ended");
  expect((await failure(mailer.send(mail))).code).toBe("mail-failed");
});

describe("the mail about a disabled endpoint", () => {
  test("says what happened, what it means and what to do", () => {
    expect(disabledEndpointMail(disabled)).toEqual({
      subject: "hookline disabled the endpoint https://shop.acme.com/webhooks?…",
      text: `hookline disabled an endpoint: 5 deliveries in a row were given up.

  Endpoint  https://shop.acme.com/webhooks?…
  ID        ep_01jd8y3r5vq6k2m9x0c7w4t1za
  Provider  fareplay
  Account   Møbel & Sønn

What this means

  Events that are published from now on are not delivered to it.
  Deliveries that are still pending wait until it is enabled again.

What to do

  1. See what failed, and why:

     hookline deliveries list --endpoint ep_01jd8y3r5vq6k2m9x0c7w4t1za --status failed

  2. Fix the receiver.

  3. Enable the endpoint. What waits is then delivered:

     hookline endpoints enable ep_01jd8y3r5vq6k2m9x0c7w4t1za

  4. Send again what was given up:

     hookline deliveries retry --endpoint ep_01jd8y3r5vq6k2m9x0c7w4t1za --status failed
`,
    });
  });

  test.each([
    [{ failures: 1 }, "hookline disabled an endpoint: 1 delivery was given up."],
    [{ reason: "gone", failures: 0 } as const, "hookline disabled an endpoint: it answered 410 Gone."],
    [{ reason: "gone" } as const, "hookline endpoints update ep_01jd8y3r5vq6k2m9x0c7w4t1za --url URL"],
  ])("of %j says %j", (more, words) =>
    expect(disabledEndpointMail({ ...disabled, ...more }).text).toContain(words),
  );

  test("arrives whole, commands in one line each", async () => {
    const { port, taken } = await startServer();
    const url = `https://a.example/${"x".repeat(2000)}`;
    const sent = disabledEndpointMail({ ...disabled, url });
    await mailerFor(`smtp://127.0.0.1:${port}`).send(sent);
    const { raw = "" } = taken[0] ?? {};
    expect(parse(raw).text.trimEnd()).toBe(sent.text.trimEnd());
    expect(sent.text).toContain(`  ${url}\n`);
    expect(Math.max(...raw.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(78);
    expect(Array.from(sent.subject)).toHaveLength(120);
  });
});
