import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  accepted,
  binary,
  copyOf,
  env,
  errorOf,
  fillInbox,
  hostile,
  listed,
  onInbox,
  onTheWire,
  refused,
} from "./inbox-filled.ts";
import { startServer, values, type TestServer } from "./run-servers.ts";
import { ndjson, run, start, type Place } from "./spawn.ts";

let filled: Place;
beforeAll(async () => {
  filled = await fillInbox();
});

const goodSignature = /^x-fareplay-signature: (.*)$/m.exec(onTheWire)?.[1] ?? "";

/** An app that takes everything but one body, until it is told to. */
async function startApp(): Promise<TestServer & { takesAll: boolean }> {
  const app = {
    takesAll: false,
    ...(await startServer((request, response) => {
      response.statusCode = !app.takesAll && request.body.toString() === accepted ? 503 : 200;
      response.end("answer");
    })),
  };
  return app;
}

describe("inbox replay", () => {
  test("of what failed sends it again, signed anew on top of its own headers, and is recorded", async () => {
    const place = copyOf(filled);
    const app = await startApp();
    const to = `${app.port}/hooks/`;
    const dry = await onInbox(place, "inbox", "replay", "--failed", "--dry-run", "--json");
    expect((JSON.parse(dry.stdout) as { data: { number: number }[] }).data).toMatchObject([{ number: 2 }]);
    expect(app.received).toEqual([]);

    const finished = await onInbox(place, "inbox", "replay", "--failed", "--to", to, "--json");
    expect(finished.code).toBe(0);
    expect(ndjson(finished.stdout)).toMatchObject([
      { name: "inbox:2 fareplay/order.accepted", delivery_id: "evt_2", ok: true, status: 200 },
      { type: "summary", total: 1, succeeded: 1 },
    ]);
    const [request] = app.received;
    expect(request).toMatchObject({ method: "POST", url: "/hooks/sub/path?x=1" });
    expect(request?.body.toString()).toBe(refused);
    const headers = request?.headers ?? [];
    expect(values(headers, "x-own")).toEqual(["a", "b, \xe4"]);
    expect(values(headers, "x-fareplay-signature")).toEqual([goodSignature]);
    expect(values(headers, "host")).toEqual([`localhost:${app.port}`]);
    expect(values(headers, "authorization")).toEqual([]);

    expect(await listed(place, "--failed")).toEqual([]);
    const shown = JSON.parse((await onInbox(place, "inbox", "show", "2", "--json")).stdout) as object;
    expect(shown).toMatchObject({
      failed: false,
      replays: 1,
      attempts: [
        { kind: "forward" },
        { kind: "replay", ok: true, route: null, url: `http://localhost:${to}sub/path?x=1` },
      ],
    });
  });

  test("goes from the oldest on, and exits 1 where one is not taken", async () => {
    const place = copyOf(filled);
    const app = await startApp();
    const args = ["inbox", "replay", "--since", "1h", "--yes", "--to", String(app.port)];
    const finished = await onInbox(place, ...args);
    expect(finished.code).toBe(1);
    // The third was rejected, and is sent once more all the same, as it was asked for.
    expect(app.received.map(({ body }) => body)).toEqual(
      [accepted, refused, accepted, binary, hostile].map((body) => Buffer.from(body)),
    );
    expect(finished.stderr).toContain("1 that were refused");
    expect(finished.stdout).toContain("3 succeeded");
    expect((await onInbox(place, "inbox", "show", "1", "--json")).stdout).toContain('"status":503');
    app.takesAll = true;
    expect((await onInbox(place, "inbox", "replay", "1", "--to", String(app.port))).code).toBe(0);
  });

  test("--original sends the headers that came, and says which were not recorded", async () => {
    const app = await startApp();
    const finished = await onInbox(
      filled,
      "replay",
      "inbox:2",
      "--original",
      "--set",
      "id=other",
      "--to",
      String(app.port),
    );
    expect(finished.code).toBe(0);
    expect(finished.stderr).toMatch(/authorization, cookie were not recorded/);
    const [request] = app.received;
    expect(request?.body.toString()).toBe(refused.replace("evt_2", "other"));
    // What was signed is not what goes out.
    expect(values(request?.headers ?? [], "x-fareplay-signature")).toEqual([goodSignature]);
    expect(request?.headers.filter((_, index) => index % 2 === 0 && index > 3).slice(0, 2)).toEqual([
      "X-Own",
      "x-own",
    ]);

    const none = await onInbox(
      filled,
      "replay",
      "order.created",
      "--original",
      "--to",
      String(app.port),
      "--json",
    );
    expect(none).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(none).code).toBe("original-missing");
  });

  test("of one whose provider nobody knows sends it as it came", async () => {
    const app = await startApp();
    const place = copyOf(filled);
    const finished = await onInbox(place, "inbox", "replay", "4", "--to", `${app.port}/`, "--json");
    expect(ndjson(finished.stdout)).toMatchObject([{ name: "inbox:4", provider: null, ok: true }, {}]);
    const [request] = app.received;
    expect(request?.url).toBe("/elsewhere?x=1");
    expect(request?.body).toEqual(binary);
    expect(values(request?.headers ?? [], "x-api-key")).toEqual([]);
    expect(values(request?.headers ?? [], "content-type")).toEqual([]);
  });

  test("stops at a signal: what was sent is recorded, the rest stays as it was", async () => {
    const place = copyOf(filled);
    const app = await startServer((request, response) => {
      if (request.body.toString() === accepted) response.end();
    });
    const replay = start(["inbox", "replay", "1", "2", "--to", String(app.port), "--json"], { place, env });
    await app.until(2);
    replay.kill("SIGINT");
    const finished = await replay.finished;
    expect(finished.code).toBe(130);
    expect(ndjson(finished.stdout).at(-1)).toMatchObject({
      type: "summary",
      sent: 2,
      succeeded: 1,
      interrupted: true,
    });
    expect(await listed(place, "--failed")).toEqual([2]);
    const shown = await onInbox(place, "inbox", "show", "2", "--json");
    expect((JSON.parse(shown.stdout) as { attempts: object[] }).attempts).toHaveLength(1);
  });
});

describe("inbox:ID", () => {
  test("is a payload: edited, renewed and signed like any", async () => {
    const app = await startApp();
    const args = ["replay", "inbox:2", "--set", "id=evt_new", "-H", "X-Own: c", "--to", `${app.port}/x`];
    expect((await onInbox(filled, ...args)).code).toBe(0);
    const [request] = app.received;
    expect(request?.url).toBe("/x");
    expect(request?.body.toString()).toBe(refused.replace("evt_2", "evt_new"));
    const headers = request?.headers ?? [];
    expect(values(headers, "x-own")).toEqual(["c"]);
    expect(values(headers, "x-fareplay-signature")).toHaveLength(1);
    expect(values(headers, "x-fareplay-signature")).not.toEqual([goodSignature]);
    const sent = filled.write("sent.json", request?.body ?? "");
    const flags = headers.flatMap((name, index) =>
      index % 2 === 0 ? ["-H", `${name}: ${headers[index + 1] ?? ""}`] : [],
    );
    expect((await onInbox(filled, "verify", ...flags, "--body", sent)).code).toBe(0);
  });

  test("is signed by sign, which needs a file for curl", async () => {
    const [signed, curl] = await Promise.all([
      onInbox(filled, "sign", "inbox:2", "--json"),
      onInbox(filled, "sign", "inbox:2", "--curl", "3000", "--json"),
    ]);
    expect(JSON.parse(signed.stdout)).toMatchObject({
      provider: "fareplay",
      headers: { "x-fareplay-signature": goodSignature },
    });
    expect(errorOf(curl)).toMatchObject({ code: "sign-needs-out" });
    expect(errorOf(curl).message).toContain("the inbox");
  });
});

describe("inbox export", () => {
  test("writes requests byte for byte without credentials, which verify and replay read", async () => {
    const place = copyOf(filled);
    const finished = await onInbox(place, "inbox", "export", "--out", "out", "--json");
    expect(finished.code).toBe(0);
    const out = join(place.cwd, "out");
    const files = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".http"),
    );
    expect(files.sort()).toEqual([
      "fareplay/order.accepted-2.http",
      "fareplay/order.created-1.http",
      "fareplay/order.created-3.http",
      "stripe/31mevil-5.http",
      "unknown/request-4.http",
    ]);
    expect(ndjson(finished.stdout).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    const file = join(out, "fareplay/order.accepted-2.http");
    expect(readFileSync(file, "latin1")).toBe(onTheWire.replace(/(?<=: ).*s3cret.*/g, "[redacted]"));
    const chunked = readFileSync(join(out, "unknown/request-4.http"));
    expect(chunked.toString("latin1")).toMatch(/\r\nContent-Length: 8\r\n/i);
    expect(chunked.toString("latin1")).not.toMatch(/transfer-encoding/i);
    expect(chunked.subarray(-binary.length)).toEqual(binary);
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);

    const app = await startApp();
    const [verified, mismatched, replayed, original] = await Promise.all([
      onInbox(place, "verify", "--request", file),
      onInbox(place, "verify", "--request", "out/fareplay/order.created-3.http"),
      onInbox(place, "replay", "out/stripe", file, "--to", String(app.port), "--json"),
      onInbox(place, "replay", file, "--original", "--to", `${app.port}/original`),
    ]);
    expect([verified.code, mismatched.code, replayed.code, original.code]).toEqual([0, 1, 0, 0]);
    expect(ndjson(replayed.stdout)[1]).toMatchObject({ provider: "fareplay", event: "order.accepted" });
    const sent = app.received.find(({ url }) => url === "/original");
    expect(sent?.body.toString()).toBe(refused);
    expect(values(sent?.headers ?? [], "x-fareplay-signature")).toEqual([goodSignature]);
  });

  test("replaces nothing unasked, and follows no link where it is asked", async () => {
    const place = copyOf(filled);
    expect((await onInbox(place, "inbox", "export", "1", "--out", "out")).code).toBe(0);
    const other = place.write("other", "kept");
    const second = join(place.cwd, "out/fareplay/order.accepted-2.http");
    symlinkSync(other, second);
    const again = await onInbox(place, "inbox", "export", "--out", "out", "--json");
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(again).code).toBe("file-exists");
    expect(existsSync(join(place.cwd, "out/unknown"))).toBe(false);

    writeFileSync(join(place.cwd, "out/fareplay/order.created-1.http"), "changed");
    expect((await onInbox(place, "inbox", "export", "1", "2", "--out", "out", "--force")).code).toBe(0);
    expect(readFileSync(join(place.cwd, "out/fareplay/order.created-1.http"), "utf8")).toContain("evt_1");
    expect(readFileSync(second, "utf8")).toContain("evt_2");
    expect(readFileSync(other, "utf8")).toBe("kept");
  });

  test.skipIf(process.getuid?.() === 0)("says where it may not write", async () => {
    const place = copyOf(filled);
    chmodSync(place.cwd, 0o500);
    const finished = await onInbox(place, "inbox", "export", "--out", "out", "--json");
    expect(finished.code).toBe(2);
    expect(errorOf(finished).code).toBe("out-unwritable");
    chmodSync(place.cwd, 0o700);
  });
});

describe("inbox clear and limits", () => {
  test("remove what fits, what is beyond the limits, or all", async () => {
    const place = copyOf(filled);
    const dry = await onInbox(place, "inbox", "clear", "--failed", "--dry-run", "--json");
    expect((JSON.parse(dry.stdout) as { data: object[] }).data).toMatchObject([{ number: 2 }]);
    const one = await onInbox(place, "inbox", "clear", "--failed", "--yes", "--json");
    expect(JSON.parse(one.stdout)).toEqual({ removed: 1 });
    expect(await listed(place)).toEqual([6, 5, 4, 3, 1]);

    const limits = await onInbox(
      place,
      "inbox",
      "limits",
      "--count",
      "2",
      "--age",
      "7d",
      "--size",
      "2gb",
      "--json",
    );
    expect(JSON.parse(limits.stdout)).toMatchObject({
      limits: { count: 2, age_ms: 7 * 24 * 3600 * 1000, bytes: 2 * 1024 ** 3 },
      holds: { count: 2 },
    });
    // Of what most are of, the unverified, the oldest went first.
    expect(await listed(place)).toEqual([6, 1]);
    expect((await onInbox(place, "inbox", "clear", "--yes")).stdout).toBe("✓ 2 deliveries removed\n");
    const none = await run(["inbox", "clear", "--yes", "--json"], { place });
    expect(JSON.parse(none.stdout)).toEqual({ removed: 0 });
  });
});
