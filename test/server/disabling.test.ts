import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { afterEach, describe, expect, test } from "vitest";
import type { ServerEvent } from "../../src/server/server-events.ts";
import { createMailer, disabledEndpointMail } from "../../src/server/mail.ts";
import { addEndpoint, codeOf, publish, publishOne, retry, show, update } from "./deliveries-of.ts";
import { openPlane, type Plane } from "./plane.ts";
import { startReceiver, type Receiver } from "./receiver.ts";

const minute = 60_000;
const schedule = [minute, 10 * minute, 60 * minute];

const open: (() => unknown)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

interface Case {
  plane: Plane;
  receiver: Receiver;
  id: string;
  /** Lets a delivery fail until it is given up. */
  exhaust(): Promise<string>;
}

/** @param disableAfter deliveries given up in a row that disable the endpoint */
async function start(disableAfter: number): Promise<Case> {
  const plane = await openPlane({ delivery: { disableAfter } });
  const receiver = await startReceiver();
  const { id } = await addEndpoint(plane, `${receiver.url}/hooks?token=hush`);
  await plane.worker.start();
  return {
    plane,
    receiver,
    id,
    async exhaust() {
      receiver.reply = { status: 500 };
      const delivery = await publishOne(plane);
      await plane.worker.settle();
      for (const delay of schedule) {
        plane.pass(delay);
        await plane.worker.settle();
      }
      expect((await show(plane, delivery)).status).toBe("failed");
      return delivery;
    },
  };
}

const disablings = ({ events }: Plane): ServerEvent[] =>
  events.filter(({ type }) => type === "endpoint-disabled");
const endpointOf = ({ plane, id }: Case) => plane.done("endpoints.get", { params: { id } });
const activityOf = async ({ plane }: Case, action: string) =>
  (await plane.done("activity.list", { query: { action } }))["data"] as object[];

/** A mail server of this machine. */
async function startMailServer(): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        mails.push(Buffer.concat(chunks).toString("utf8"));
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => server.close());
  return { port: (server.server.address() as AddressInfo).port, mails };
}

describe("an endpoint that fails consistently", () => {
  test("is disabled after so many deliveries given up, told of in the log, and its owner gets a mail", async () => {
    const given = await start(3);
    const { plane, id } = given;
    const { port, mails } = await startMailServer();
    await given.exhaust();
    await given.exhaust();
    expect(await endpointOf(given)).toMatchObject({ status: "enabled", disabled_reason: null });
    const last = await given.exhaust();

    expect(await endpointOf(given)).toMatchObject({
      status: "disabled",
      disabled_at: new Date(plane.time()).toISOString(),
      disabled_reason: "failing",
    });
    expect(await activityOf(given, "endpoint.disabled")).toMatchObject([
      {
        at: new Date(plane.time()).toISOString(),
        count: 1,
        actor: { kind: "server", key_id: null, name: null },
        subject: { id },
        detail: { reason: "failing", failures: 3, delivery: last },
      },
    ]);
    const [event, ...others] = disablings(plane);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      accountId: plane.account.id,
      account: "acme",
      endpointId: id,
      provider: "fareplay",
      reason: "failing",
      failures: 3,
    });

    if (event?.type !== "endpoint-disabled") throw new Error("nothing was reported");
    const url = `smtp://127.0.0.1:${port}`;
    const mailer = createMailer(
      { url, from: "hooks@example.com", to: ["ops@example.com"] },
      { timeoutMs: 20_000 },
    );
    open.push(() => mailer.close());
    await mailer.send(disabledEndpointMail(event));
    expect(mails).toHaveLength(1);
    const [mail = ""] = mails;
    expect(mail).toMatch(/^Subject: .*hookline_disabled_the_endpoint/m);
    expect(mail).toContain("3 deliveries in a row were given up");
    expect(mail).toContain(id);
    expect(mail).not.toContain("hush");
  });

  test("is not, where one succeeds in between: then it begins anew", async () => {
    const given = await start(2);
    const { plane, receiver } = given;
    await given.exhaust();
    receiver.reply = {};
    await publishOne(plane);
    await plane.worker.settle();
    await given.exhaust();
    expect(await endpointOf(given)).toMatchObject({ status: "enabled" });
    await given.exhaust();
    expect(await endpointOf(given)).toMatchObject({ status: "disabled" });
  });

  test("is not, where the one that succeeds was under way before the others were given up", async () => {
    const given = await start(2);
    const { plane, receiver } = given;
    receiver.reply = "hang";
    const slow = await publishOne(plane);
    await receiver.until(1);
    receiver.reply = { status: 500 };
    const row = await plane.options.store.deliveries.get(plane.account.id, slow);
    expect(row?.status).toBe("sending");
    await plane.options.store.endpoints.update(plane.account.id, given.id, { failures: 1 });
    receiver.release();
    await plane.worker.settle();
    expect((await show(plane, slow)).status).toBe("succeeded");
    await given.exhaust();
    expect(await endpointOf(given)).toMatchObject({ status: "enabled" });
  });

  test("is not, where a delivery that had failed is delivered by hand", async () => {
    const given = await start(2);
    const { plane, receiver } = given;
    const failed = await given.exhaust();
    receiver.reply = {};
    await retry(plane, failed);
    await plane.worker.settle();
    await given.exhaust();
    expect(await endpointOf(given)).toMatchObject({ status: "enabled" });
  });

  test("is not by attempts of hand, however many fail", async () => {
    const given = await start(2);
    const { plane } = given;
    const failed = await given.exhaust();
    for (let times = 0; times < 5; times++) {
      expect((await retry(plane, failed)).status).toBe(202);
      await plane.worker.settle();
    }
    expect((await show(plane, failed)).attempts_made).toBe(9);
    expect(await endpointOf(given)).toMatchObject({ status: "enabled" });
  });

  test("never is where nobody asks for it", async () => {
    const given = await start(0);
    for (let times = 0; times < 3; times++) await given.exhaust();
    expect(await endpointOf(given)).toMatchObject({ status: "enabled" });
    expect(disablings(given.plane)).toEqual([]);
  });

  test("gets nothing while it is disabled, and begins anew once it is enabled", async () => {
    const given = await start(2);
    const { plane, receiver, id } = given;
    receiver.reply = { status: 500 };
    await given.exhaust();
    const failed = await given.exhaust();
    expect(await endpointOf(given)).toMatchObject({ status: "disabled" });
    const before = receiver.received.length;
    plane.pass(100 * 60 * minute);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(before);
    expect(codeOf(await retry(plane, failed))).toBe("endpoint-disabled");
    expect((await publish(plane)).disabled_endpoints).toEqual([id]);

    receiver.reply = {};
    await update(plane, id, { status: "enabled" });
    await plane.worker.settle();
    await given.exhaust();
    expect(await endpointOf(given)).toMatchObject({ status: "enabled" });
  });
});

describe("an endpoint that answers 410", () => {
  test.each([
    ["the first attempt", false],
    ["an attempt by hand", true],
  ])("at %s is disabled at once, and the delivery is not tried again", async (_, byHand) => {
    const given = await start(10);
    const { plane, receiver, id } = given;
    if (byHand) receiver.reply = { status: 500 };
    else receiver.reply = { status: 410, headers: { "retry-after": "60" } };
    const delivery = await publishOne(plane);
    await plane.worker.settle();
    if (byHand) {
      receiver.reply = { status: 410 };
      await retry(plane, delivery);
      await plane.worker.settle();
    }
    expect(await show(plane, delivery)).toMatchObject({ status: "failed", next_attempt_at: null });
    expect(await endpointOf(given)).toMatchObject({ status: "disabled", disabled_reason: "gone" });
    expect(disablings(plane)).toMatchObject([{ reason: "gone", failures: 1, endpointId: id }]);
    expect(await activityOf(given, "endpoint.disabled")).toMatchObject([{ detail: { reason: "gone" } }]);
    const before = receiver.received.length;
    plane.pass(100 * 60 * minute);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(before);
  });

  test("to several deliveries at once is disabled once", async () => {
    const given = await start(10);
    const { plane, receiver } = given;
    receiver.reply = { status: 410 };
    await Promise.all(Array.from({ length: 5 }, () => publish(plane)));
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(5);
    expect(disablings(plane)).toHaveLength(1);
    expect(await activityOf(given, "endpoint.disabled")).toHaveLength(1);
  });
});
