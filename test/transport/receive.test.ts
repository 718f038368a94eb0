import { once } from "node:events";
import { connect, createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  createReceiver,
  type Answer,
  type IncomingRequest,
  type Receiver,
  type ReceiverOptions,
  type Refusal,
} from "../../src/transport/receive.ts";
import { exchange, listening, post } from "../cli/run-servers.ts";

const receivers: Receiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close(0)));
});

async function receive(options: Partial<ReceiverOptions> = {}) {
  const got: IncomingRequest[] = [];
  const refused: Refusal[] = [];
  const broken: unknown[] = [];
  const receiver = await createReceiver({
    host: "127.0.0.1",
    port: 0,
    maxBody: 1000,
    now: () => 1_700_000_000_000,
    open: () => true,
    answer: (request) => {
      got.push(request);
      return { status: 200 };
    },
    refused: (refusal) => void refused.push(refusal),
    broken: (error) => void broken.push(error),
    ...options,
  });
  receivers.push(receiver);
  return { receiver, url: `http://127.0.0.1:${receiver.port}`, got, refused, broken };
}

/** Resolves when it is so, which is looked at whenever `onChange`'s function is called. */
function until(isSo: () => boolean, onChange: (check: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (isSo()) resolve();
    };
    onChange(check);
    check();
  });
}

describe("a receiver", () => {
  test("hands on bytes, headers and target as they came, with the time", async () => {
    const { url, got } = await receive();
    await exchange(
      url,
      "POST /a/../b?%20 HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: \xe9\r\nConnection: close\r\nContent-Length: 3\r\n\r\n\x00\xff\n",
    );
    expect(got).toHaveLength(1);
    expect(got[0]).toMatchObject({ method: "POST", target: "/a/../b?%20", receivedAt: 1_700_000_000_000 });
    expect(got[0]?.headers.slice(0, 6)).toEqual(["Host", "x", "X-A", "1", "x-a", "\xe9"]);
    expect([...(got[0]?.body ?? [])]).toEqual([0, 255, 10]);
  });

  test.each([
    ["at once", (answer: Answer) => answer],
    ["later", (answer: Answer) => Promise.resolve(answer)],
  ])(
    "tells when an answer, given %s, has gone out, once for each, also to who has left",
    async (_, given) => {
      let sent = 0;
      let told: () => void = () => undefined;
      const { url } = await receive({
        answer: () =>
          given({
            status: 401,
            sent: () => {
              sent++;
              told();
            },
          }),
      });
      expect((await post(url)).status).toBe(401);
      expect((await post(url)).status).toBe(401);
      await until(
        () => sent === 2,
        (check) => (told = check),
      );
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      await once(socket, "connect");
      socket.end("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", () => socket.destroy());
      await until(
        () => sent === 3,
        (check) => (told = check),
      );
    },
  );

  test.each([
    ["at once", (answer: Answer) => answer],
    ["later", (answer: Answer) => Promise.resolve(answer)],
  ])("answers what it is told, %s", async (_, given) => {
    const answers: Answer[] = [
      { status: 201, headers: ["Set-Cookie", "a", "set-cookie", "b"], body: "ü" },
      { status: 204, body: "never seen" },
      { status: 304 },
      { status: 599, body: Buffer.from([0, 255]) },
    ];
    const { url } = await receive({ answer: () => given(answers.shift() ?? { status: 500 }) });
    const made = await post(url);
    expect(made).toMatchObject({ status: 201, body: Buffer.from("ü") });
    expect(made.headers.slice(0, 4)).toEqual(["Set-Cookie", "a", "set-cookie", "b"]);
    expect(await post(url)).toMatchObject({ status: 204, body: Buffer.alloc(0) });
    expect(await post(url)).toMatchObject({ status: 304, body: Buffer.alloc(0) });
    expect(await post(url)).toMatchObject({ status: 599, body: Buffer.from([0, 255]) });
  });

  test("an answer that cannot be made is 500, and told to whoever started it", async () => {
    const failures = [() => Promise.reject(new Error("later")), () => ({ status: 5 })];
    const { url, broken } = await receive({
      answer: () => {
        const next = failures.pop();
        if (next === undefined) throw new Error("at once");
        return next();
      },
    });
    for (let turn = 0; turn < 3; turn++) expect((await post(url)).status).toBe(500);
    expect(broken.map((error) => (error as Error).message)).toEqual([
      expect.stringContaining("5"),
      "later",
      "at once",
    ]);
  });

  test("the limit is the largest body that is taken, announced or not", async () => {
    const { url, got, refused } = await receive();
    const chunked = { "transfer-encoding": "chunked" };
    const statuses = [];
    for (const size of [1000, 1001])
      for (const headers of [{}, chunked])
        statuses.push((await post(url, { body: Buffer.alloc(size), headers })).status);
    expect(statuses).toEqual([200, 200, 413, 413]);
    expect(got).toHaveLength(2);
    expect(refused.map(({ status, bytes }) => [status, bytes])).toEqual([
      [413, 1001],
      [413, 1001],
    ]);
  });

  test("once it is shut, what comes on an open connection gets 503 and is nobody's", async () => {
    let open = true;
    const { url, got, refused } = await receive({ open: () => open });
    expect((await post(url)).status).toBe(200);
    open = false;
    const late = await post(url, { body: Buffer.alloc(5_000_000) });
    expect(late.status).toBe(503);
    expect(late.headers.map((text) => text.toLowerCase())).toContain("close");
    expect([got.length, refused.length]).toEqual([1, 0]);
  });

  test("closing waits for what is under way, and cuts it off when the time is up", async () => {
    let release: () => void = () => undefined;
    let asked: () => void = () => undefined;
    const answer = (): Promise<Answer> =>
      new Promise((resolve) => {
        release = () => resolve({ status: 202 });
        asked();
      });
    const first = await receive({ answer });
    const underWay = new Promise<void>((resolve) => (asked = resolve));
    const answered = post(first.url);
    await underWay;
    let closed = false;
    const closing = first.receiver.close(60_000).then(() => (closed = true));
    await expect(post(first.url)).rejects.toThrow();
    expect(closed).toBe(false);
    release();
    expect((await answered).status).toBe(202);
    await closing;

    const second = await receive({ answer });
    const again = new Promise<void>((resolve) => (asked = resolve));
    const cut = post(second.url).catch((error: unknown) => error);
    await again;
    await second.receiver.close(50);
    expect(await cut).toBeInstanceOf(Error);
  });

  test("a taken port and an address that is not ours", async () => {
    const server = createServer();
    const port = await listening(server);
    await expect(receive({ port })).rejects.toMatchObject({ code: "port-taken", exitCode: 2 });
    server.close();
    await expect(receive({ host: "192.0.2.1" })).rejects.toMatchObject({
      code: "cannot-listen",
      exitCode: 2,
    });
  });

  test("what asks for a tunnel, or expects what nobody gives, is answered and told", async () => {
    const { url, got, refused } = await receive();
    expect(await exchange(url, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")).toMatch(/^HTTP\/1\.1 405 /);
    expect(refused).toMatchObject([{ status: 405, method: "CONNECT", target: "a:1" }]);
    const rest = "Connection: close\r\nContent-Length: 0\r\n\r\n";
    expect(await exchange(url, `POST / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n${rest}`)).toMatch(
      / 200 /,
    );
    expect(await exchange(url, `POST / HTTP/1.1\r\n${rest}`)).toMatch(/ 200 /);
    expect(got).toHaveLength(2);
  });

  test("a sender that closes its side once it has asked gets its answer", async () => {
    const answer = () =>
      new Promise<Answer>((resolve) => setTimeout(() => resolve({ status: 200, body: "here" }), 50));
    const { receiver } = await receive({ answer });
    const socket = connect(receiver.port, "127.0.0.1");
    socket.end("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*here$/);
  });

  test("a connection that asks nothing does not hold up the end", async () => {
    const { receiver } = await receive();
    const silent = connect(receiver.port, "127.0.0.1");
    const half = connect(receiver.port, "127.0.0.1");
    await Promise.all([once(silent, "connect"), once(half, "connect")]);
    half.write("POST / HTTP/1.1\r\nHo");
    // The server has both once it has answered a third.
    await post(`http://127.0.0.1:${receiver.port}`);
    const ends = Promise.all([silent, half].map((socket) => once(socket.resume(), "close")));
    // Without a limit of time it would wait for ever.
    await receiver.close(2 ** 30);
    await ends;
  });

  test("bodies that together are more than may be held are put off", async () => {
    const wait: (() => void)[] = [];
    const { receiver, refused } = await receive({
      maxBody: 200 * 1024 * 1024,
      answer: () => new Promise<Answer>((resolve) => wait.push(() => resolve({ status: 200 }))),
    });
    const url = `http://127.0.0.1:${receiver.port}`;
    const large = Buffer.alloc(150 * 1024 * 1024);
    const held = [post(url, { body: large }), post(url, { body: large })];
    while (wait.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await post(url, { body: large })).toMatchObject({ status: 503 });
    expect(refused).toMatchObject([{ status: 503 }]);
    wait.forEach((go) => go());
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    const again = post(url, { body: large });
    while (wait.length < 3) await new Promise((resolve) => setImmediate(resolve));
    wait[2]?.();
    expect(await again).toMatchObject({ status: 200 });
  });
});
