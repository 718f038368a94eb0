import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { afterEach, describe, expect, test } from "vitest";
import { homeOf } from "./api-server.ts";
import { closedPort, startServer } from "./run-servers.ts";
import { createPlace, ndjson, run, start, type Place, type Started } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

type Line = Record<string, unknown>;
type Env = Record<string, string>;

/** The profile `local`, which leads to the server of a place. */
const local = ["--profile", "local", "--json"];

const serve = (place: Place, flags: readonly string[], env: Env = {}): Started =>
  start(["serve", "--port", "0", "--json", ...flags], { place, env });

const inJson = async (place: Place, ...args: string[]): Promise<Line> => {
  const { code, stdout, stderr } = await run([...args, ...local], { place });
  expect({ args, code, stderr }).toMatchObject({ args, code: 0 });
  return JSON.parse(stdout) as Line;
};

const createEndpoint = async (place: Place, url: string): Promise<string> =>
  String(
    (await inJson(place, "endpoints", "create", "--provider", "fareplay", "--events", "*", "--url", url))[
      "id"
    ],
  );

/** Publishes an event to one endpoint. @returns the delivery's id */
const publish = async (place: Place): Promise<string> => {
  const { deliveries } = (await inJson(place, "events", "publish", "order.created")) as {
    deliveries: { id: string }[];
  };
  expect(deliveries).toHaveLength(1);
  return deliveries[0]?.id ?? "";
};

/** Lines of the log about one thing; those that are whole. */
const logOf = (log: string, event: string): Line[] =>
  ndjson(log.slice(0, log.lastIndexOf("\n") + 1)).filter((line) => line["event"] === event);

const attempts = (server: Started, count: number): Promise<void> =>
  server.until(`${count} attempts`, (_, log) => logOf(log, "attempt").length >= count);

const stop = async (server: Started): Promise<void> => {
  server.kill("SIGTERM");
  expect((await server.finished).code).toBe(0);
};

describe("the log of deliveries", () => {
  test("has a document for each attempt; --retry-delays replaces the provider's schedule", async () => {
    const place = createPlace();
    let count = 0;
    const app = await startServer((_, response) => void response.writeHead(++count < 3 ? 503 : 200).end());
    const server = serve(place, ["--allow-private-targets", "--retry-delays", "1ms,2ms"]);
    await server.ready();
    const endpointId = await createEndpoint(place, `${app.url}/hooks`);
    const id = await publish(place);
    await attempts(server, 3);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
    const common = {
      time,
      event: "attempt",
      delivery_id: id,
      endpoint_id: endpointId,
      account_id: expect.stringMatching(/^acct_/) as string,
      provider: "fareplay",
      event_type: "order.created",
      kind: "automatic",
      duration_ms: expect.any(Number) as number,
    };
    const failed = {
      ...common,
      level: "warn",
      status: 503,
      error: "status",
      message: "answered 503, not 2xx",
      outcome: "pending",
      next_attempt_at: time,
    };
    expect(logOf(server.stderr(), "attempt")).toEqual([
      { ...failed, number: 1 },
      { ...failed, number: 2 },
      {
        ...common,
        level: "info",
        number: 3,
        status: 200,
        error: null,
        message: null,
        outcome: "succeeded",
        next_attempt_at: null,
      },
    ]);
    await stop(server);
  });

  test.skipIf(!hasTerminal)("has a line for each attempt on a terminal", async () => {
    const place = createPlace();
    let status = 503;
    const app = await startServer((_, response) => void response.writeHead(status).end());
    const flags = ["--allow-private-targets", "--retry-delays", "1ms"];
    const terminal = startOnTerminal(["serve", "--port", "0", ...flags], { place });
    await terminal.until("control plane on");
    await createEndpoint(place, `${app.url}/hooks`);
    const id = await publish(place);
    const line = `→ fareplay/order.created  ${app.url}/hooks  `;
    await terminal.until(`${line}503`);
    await terminal.until("attempt 1  next at ");
    await terminal.until(`${line}503`);
    await terminal.until(`attempt 2  failed  ${id}`);
    status = 200;
    await inJson(place, "deliveries", "retry", id);
    await terminal.until(`${line}200`);
    await terminal.until(`by hand, attempt 3  ${id}`);
    terminal.type("\x03");
    await terminal.until("stopped after ");
    await terminal.ended;
  });
});

describe("where a server delivers to", () => {
  test("is no address of this machine, but for a range that is opened", async () => {
    const place = createPlace();
    const app = await startServer();
    const closed = serve(place, []);
    await closed.ready();
    const flags = ["--provider", "fareplay", "--events", "*", "--url", app.url];
    const refused = await run(["endpoints", "create", ...flags, ...local], { place });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    const { error } = JSON.parse(refused.stderr) as { error: Line };
    expect(error).toMatchObject({
      code: "target-refused",
      message: expect.stringContaining(
        "this server sends nothing to a loopback address (127.0.0.1)",
      ) as string,
    });
    // One that was made with no server at all is in the same database.
    const made = await run(["endpoints", "create", ...flags, "--profile", "embedded"], { place });
    expect(made.code).toBe(0);
    await publish(place);
    await attempts(closed, 1);
    expect(logOf(closed.stderr(), "attempt")).toMatchObject([
      { status: null, error: "target-refused", outcome: "pending" },
    ]);
    await stop(closed);

    const opened = serve(place, ["--allow-target", "10.0.0.0/8", "--allow-target", "127.0.0.0/8"]);
    await opened.ready();
    await publish(place);
    await attempts(opened, 1);
    expect(logOf(opened.stderr(), "attempt")).toMatchObject([{ status: 200, error: null }]);
    await stop(opened);
    expect(app.received).toHaveLength(1);
  });
});

describe("an endpoint that is disabled", () => {
  const servers: SMTPServer[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A mail server of this machine. */
  async function startMailServer(): Promise<{ port: number; mails: string[] }> {
    const mails: string[] = [];
    const server = new SMTPServer({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      disableReverseLookup: true,
      logger: false,
      onAuth: ({ username, password }, _, done) =>
        username === "ops" && password === "hush-hush"
          ? done(null, { user: username })
          : done(new Error("no")),
      onData(stream, { envelope }, done) {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const to = envelope.rcptTo.map(({ address }) => address).join(",");
          mails.push(`to ${to}\n${Buffer.concat(chunks).toString("latin1").replaceAll("=\r\n", "")}`);
          done();
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    servers.push(server);
    return { port: (server.server.address() as AddressInfo).port, mails };
  }

  const strict = ["--allow-private-targets", "--retry-delays", "none", "--disable-after", "1"];
  const mailTo = (port: number): Env => ({
    HOOKLINE_SMTP_URL: `smtp://ops:hush-hush@127.0.0.1:${port}`,
    HOOKLINE_MAIL_FROM: "hooks@example.com",
    HOOKLINE_MAIL_TO: "ops@example.com, ida@example.com",
  });

  test("is told by mail and in the log, and gets nothing more until it is enabled", async () => {
    const place = createPlace();
    let status = 500;
    const app = await startServer((_, response) => void response.writeHead(status).end());
    const { port, mails } = await startMailServer();
    const server = serve(place, strict, mailTo(port));
    await server.ready();
    const id = await createEndpoint(place, `${app.url}/hooks`);
    const delivery = await publish(place);
    await server.until("the mail", (_, log) => logOf(log, "mail").length > 0);
    expect(logOf(server.stderr(), "attempt")).toMatchObject([{ outcome: "failed", next_attempt_at: null }]);
    expect(logOf(server.stderr(), "endpoint-disabled")).toMatchObject([
      {
        level: "warn",
        account: "local",
        endpoint_id: id,
        url: `${app.url}/hooks`,
        reason: "failing",
        failures: 1,
      },
    ]);
    expect(logOf(server.stderr(), "mail")).toMatchObject([{ level: "info", endpoint_id: id }]);
    expect(mails).toHaveLength(1);
    const [mail = ""] = mails;
    expect(mail).toMatch(/^to ops@example\.com,ida@example\.com\n/);
    expect(mail).toContain(`${app.url}/hooks`);
    expect(mail).toContain(`hookline endpoints enable ${id}`);
    expect(await inJson(place, "endpoints", "show", id)).toMatchObject({
      status: "disabled",
      disabled_reason: "failing",
    });
    const shown = await run(["endpoints", "show", id, "--profile", "local"], { place });
    expect(shown.stdout).toMatch(/^ {2}status +disabled since .*, as too many deliveries in a row failed$/m);
    expect(await inJson(place, "events", "publish", "order.created")).toMatchObject({
      deliveries: [],
      disabled_endpoints: [id],
    });

    status = 200;
    await inJson(place, "endpoints", "enable", id);
    await inJson(place, "deliveries", "retry", delivery, "--wait");
    expect(app.received).toHaveLength(2);
    await stop(server);
    expect(server.stdout() + server.stderr()).not.toContain("hush");
  });

  test("is in the log where the mail cannot be sent, with the reason", async () => {
    const place = createPlace();
    const app = await startServer((_, response) => void response.writeHead(410).end());
    const port = await closedPort();
    const server = serve(place, ["--allow-private-targets"], mailTo(port));
    await server.ready();
    const id = await createEndpoint(place, app.url);
    await publish(place);
    await server.until("the failure", (_, log) => logOf(log, "mail").length > 0);
    expect(logOf(server.stderr(), "endpoint-disabled")).toMatchObject([{ endpoint_id: id, reason: "gone" }]);
    expect(logOf(server.stderr(), "mail")).toMatchObject([
      {
        level: "error",
        endpoint_id: id,
        error: { code: "mail-failed", message: `the mail server 127.0.0.1:${port} refuses connections` },
      },
    ]);
    await stop(server);
    expect(server.stdout() + server.stderr()).not.toContain("hush");
  });

  test.each<[string, Env, RegExp]>([
    [
      "no addresses",
      { HOOKLINE_SMTP_URL: "smtp://mail.example" },
      /^mail cannot be sent: HOOKLINE_SMTP_URL is set, HOOKLINE_MAIL_FROM and HOOKLINE_MAIL_TO are not$/,
    ],
    [
      "no server",
      { HOOKLINE_MAIL_FROM: "hooks@example.com", HOOKLINE_MAIL_TO: "ops@example.com" },
      /^mail cannot be sent: HOOKLINE_MAIL_FROM and HOOKLINE_MAIL_TO are set, HOOKLINE_SMTP_URL is not$/,
    ],
    [
      "a server that is none",
      { ...mailTo(25), HOOKLINE_SMTP_URL: "https://ops:hush@a" },
      /^HOOKLINE_SMTP_URL /,
    ],
    [
      "an address that is none",
      { ...mailTo(25), HOOKLINE_MAIL_TO: "hush-hush" },
      /^HOOKLINE_MAIL_TO is not a/,
    ],
  ])("with mail half set (%s) it does not start: exit 2", async (_, env, message) => {
    const place = createPlace();
    const { code, stdout, stderr } = await serve(place, [], env).finished;
    expect([code, stdout]).toEqual([2, ""]);
    const { error } = JSON.parse(stderr) as {
      error: { code: string; message: string; next_steps: string[] };
    };
    expect(error.code).toBe("mail-settings-invalid");
    expect(error.message).toMatch(message);
    expect(error.next_steps).not.toEqual([]);
    expect(stderr).not.toContain("hush");
    expect(() => readFileSync(join(homeOf(place), "hookline.db"))).toThrow("ENOENT");
  });
});
