import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { openInbox } from "../../src/inbox/index.ts";
import { values } from "../cli/run-servers.ts";
import { attempt, expectGuarded, expectProblem, follow, openInspector, receivedAt } from "./inspectors.ts";

/** The data of every event of that name, in order. */
function dataOf(text: string, name: string): unknown[] {
  return text
    .split("\n\n")
    .filter((event) => event.startsWith(`event: ${name}\n`))
    .map((event) => JSON.parse(event.slice(event.indexOf("\ndata: ") + 7)) as unknown);
}

describe("the stream", () => {
  test("says at once that it is open, and then what is new, gathered", async () => {
    const inspector = await openInspector();
    const stream = await follow(inspector);
    expectGuarded(stream.headers);
    expect(values(stream.headers, "content-type")).toEqual(["text/event-stream"]);
    await stream.until((text) => text === ":\n\n");
    inspector.changed(inspector.record({ id: "dlv_1" }));
    inspector.changed(inspector.record({ id: "dlv_2", event: "a\r\n\r\nevent: reload\n\u2028" }));
    inspector.changed([2, 99]);
    await stream.until((text) => dataOf(text, "deliveries").length > 0);
    expect(dataOf(stream.text(), "deliveries")).toMatchObject([
      [
        { number: 2, event: "a\r\n\r\nevent: reload\n\u2028" },
        { number: 1, received_at: "2026-03-17T14:32:00.000Z" },
      ],
    ]);
    expect(dataOf(stream.text(), "reload")).toEqual([]);
    inspector.changed(inspector.record({ id: "dlv_3" }));
    await stream.until((text) => dataOf(text, "deliveries").length === 2);
    expect(dataOf(stream.text(), "deliveries")[1]).toMatchObject([{ number: 3 }]);
  });

  test("tells every page, and those that come later only what is new to them", async () => {
    const inspector = await openInspector();
    inspector.changed(inspector.record({ id: "dlv_1" }));
    const [one, other] = await Promise.all([follow(inspector), follow(inspector)]);
    inspector.changed(inspector.record({ id: "dlv_2" }));
    for (const stream of [one, other]) {
      await stream.until((text) => dataOf(text, "deliveries").length > 0);
      expect(dataOf(stream.text(), "deliveries")).toMatchObject([[{ number: 2 }]]);
    }
  });

  test("tells of a replay made by one page", async () => {
    const inspector = await openInspector({
      replay: async () => {
        const replayed = attempt({ kind: "replay" });
        await inspector.inbox.addAttempt(1, replayed);
        return replayed;
      },
    });
    inspector.record({});
    const stream = await follow(inspector);
    await inspector.ask("POST", "/api/deliveries/1/replay", { body: { route: 0 } });
    await stream.until((text) => dataOf(text, "deliveries").length > 0);
    expect(dataOf(stream.text(), "deliveries")).toMatchObject([[{ number: 1, replays: 1 }]]);
  });

  test("says to look again where another process has changed the inbox", async () => {
    const inspector = await openInspector();
    inspector.record({});
    const stream = await follow(inspector);
    const other = await openInbox(inspector.inbox.file, { now: () => receivedAt });
    await other.addAttempt(1, attempt({ kind: "replay" }));
    await other.close();
    await stream.until((text) => dataOf(text, "reload").length > 0);
    expect(dataOf(stream.text(), "deliveries")).toEqual([]);
  });

  test("has what another listener records, without being told", async () => {
    const inspector = await openInspector();
    inspector.record({});
    const stream = await follow(inspector);
    inspector.record({ id: "dlv_2" }, { id: "dlv_3" });
    await stream.until((text) => dataOf(text, "deliveries").length > 0);
    expect(dataOf(stream.text(), "deliveries")).toMatchObject([[{ number: 3 }, { number: 2 }]]);
    inspector.record(...Array.from({ length: 600 }, (_, index) => ({ id: `dlv_${index}` })));
    await stream.until((text) => dataOf(text, "reload").length > 0);
    expect(dataOf(stream.text(), "deliveries")).toHaveLength(1);
  });

  test("says the same where more comes than a page would show", async () => {
    const inspector = await openInspector();
    const stream = await follow(inspector);
    inspector.changed(
      inspector.record(...Array.from({ length: 600 }, (_, index) => ({ id: `dlv_${index}` }))),
    );
    inspector.changed(Array.from({ length: 600 }, (_, index) => index + 1));
    await stream.until((text) => dataOf(text, "reload").length > 0);
    expect(dataOf(stream.text(), "deliveries")).toEqual([]);
    inspector.changed([600]);
    await stream.until((text) => dataOf(text, "deliveries").length > 0);
    expect(dataOf(stream.text(), "deliveries")).toMatchObject([[{ number: 600 }]]);
  });

  test("goes on where the inbox cannot be read for once", async () => {
    const defect = new Error("busy");
    let told: (error: unknown) => void = () => undefined;
    const failure = new Promise((resolve) => (told = resolve));
    const inspector = await openInspector({ onError: (error) => told(error) });
    const stream = await follow(inspector);
    const some = inspector.inbox.some.bind(inspector.inbox);
    inspector.inbox.some = () => {
      throw defect;
    };
    inspector.changed(inspector.record({}));
    expect(await failure).toBe(defect);
    inspector.inbox.some = some;
    inspector.changed([1]);
    await stream.until((text) => dataOf(text, "deliveries").length > 0);
  });

  test("is open to 32 pages at once", async () => {
    const inspector = await openInspector();
    const streams = await Promise.all(Array.from({ length: 32 }, () => follow(inspector)));
    expectProblem(await inspector.ask("GET", "/api/stream"), 503, "too-many-streams");
    streams[0]?.close();
    // Its place is free once the server has seen that it is gone.
    let status = 503;
    while (status === 503) {
      const tried = await follow(inspector).catch(() => undefined);
      if (tried !== undefined) status = 200;
    }
    expect(status).toBe(200);
  });

  test("drops a page that does not read, and no other", async () => {
    const inspector = await openInspector();
    const socket = await openSilent(inspector.port, inspector.token);
    const gone = new Promise((resolve) => socket.on("close", resolve));
    const stream = await follow(inspector);
    const numbers = inspector.record(
      ...Array.from({ length: 20 }, (_, index) => ({ id: `dlv_${index}`, event: "x".repeat(100_000) })),
    );
    let isOpen = true;
    void gone.then(() => (isOpen = false));
    // The system takes some of it in on both sides before any of it waits here.
    for (let sent = 1; isOpen && sent <= 20; sent++) {
      inspector.changed(numbers);
      await stream.until((text) => text.length > sent * 2_000_000);
    }
    expect(stream.text()).not.toContain("reload");
    socket.resume();
    await gone;
    const { length } = stream.text();
    inspector.changed([1]);
    await stream.until((text) => text.length > length);
  });

  test("ends with the inspector", async () => {
    const inspector = await openInspector();
    const stream = await follow(inspector);
    await inspector.close();
    await stream.ended;
    inspector.changed([1]);
    await expect(follow(inspector)).rejects.toThrow("ECONNREFUSED");
  });
});

/** A page whose answer nobody reads. */
function openSilent(port: number, token: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET") reject(error);
    });
    socket.once("data", () => {
      socket.pause();
      resolve(socket);
    });
    socket.write(
      `GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
  });
}
