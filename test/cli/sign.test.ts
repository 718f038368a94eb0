import { createHmac } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync, existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPlace, root, run, startCommand, type SpawnOptions } from "./spawn.ts";

const secret = "a-secret-of-the-tests";
const env = { FAREPLAY_WEBHOOK_SECRET: secret };
const orderFile = join(root, "fixtures/fareplay/order.created.json");
const order = readFileSync(orderFile);
const signatureOf = (body: string | Buffer, key = secret): string =>
  `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;

interface Signed {
  provider: string;
  event: string | null;
  headers: Record<string, string | string[]>;
  bytes: number;
  curl: string | null;
}

/** The document of `sign … --json`. */
async function signed(args: readonly string[], options: SpawnOptions = {}): Promise<Signed> {
  const { code, stdout, stderr } = await run(["sign", ...args, "--json"], { env, ...options });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout.split("\n")).toHaveLength(2);
  return JSON.parse(stdout) as Signed;
}

describe("sign", () => {
  test("prints the headers, one a line, and says on the side which secret signed", async () => {
    const { code, stdout, stderr } = await run(["sign", "order.created"], { env });
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        "content-type: application/json",
        "user-agent: Fareplay-Webhooks/1.0",
        "x-fareplay-event: order.created",
        "x-fareplay-delivery: evt_9xKmL3nPqR",
        `x-fareplay-signature: ${signatureOf(order)}`,
        "",
      ].join("\n"),
    );
    expect(stderr).toBe("Fareplay · 541 B · signed with the secret in FAREPLAY_WEBHOOK_SECRET\n");
  });

  test("prints the same as one JSON document", async () => {
    expect(await signed(["fareplay/order.created"])).toEqual({
      provider: "fareplay",
      event: "order.created",
      headers: {
        "content-type": "application/json",
        "user-agent": "Fareplay-Webhooks/1.0",
        "x-fareplay-event": "order.created",
        "x-fareplay-delivery": "evt_9xKmL3nPqR",
        "x-fareplay-signature": signatureOf(order),
      },
      bytes: order.length,
      curl: null,
    });
  });

  test("says nothing on the side when quiet", async () => {
    expect(await run(["sign", "order.created", "--quiet"], { env })).toMatchObject({ code: 0, stderr: "" });
  });

  test("signs with the development secret where no other is set", async () => {
    const place = createPlace();
    const [{ stdout: own }, { stdout, stderr }] = [
      await run(["secrets", "fareplay"], { place }),
      await run(["sign", "order.created"], { place }),
    ];
    expect(stdout).toContain(signatureOf(order, own.trim()));
    expect(stderr).toContain("signed with the development secret");
    expect(stderr + stdout).not.toContain(own.trim());
  });

  test("takes one payload: of several it names how many, and sends to replay", async () => {
    const { code, stdout, stderr } = await run(["sign", "fareplay", "--json"], { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "sign-one", message: '"fareplay" names 8 payloads; sign takes one' },
    });
  });

  test("reads a payload from standard input, byte for byte", async () => {
    const input = Buffer.from([0x7b, 0xff, 0x00, 0x0d, 0x0a, 0x7d]);
    const { headers, bytes } = await signed(["-", "--provider", "fareplay"], { input });
    expect(bytes).toBe(6);
    expect(headers["x-fareplay-signature"]).toBe(signatureOf(input));
  });

  test("reads the secret from standard input, but not the payload as well", async () => {
    const { headers } = await signed(["order.created", "--secret", "-"], { input: "other\n" });
    expect(headers["x-fareplay-signature"]).toBe(signatureOf(order, "other"));
    const both = await run(["sign", "-", "--provider", "fareplay", "--secret", "-", "--json"], {
      input: "x",
    });
    expect(both).toMatchObject({ code: 2, stdout: "" });
    expect(JSON.parse(both.stderr)).toMatchObject({ error: { code: "stdin-taken" } });
  });
});

describe("sign at a time", () => {
  test.each(["2026-03-17T14:32:00Z", "1773757920", "2026-03-17T15:32:00+01:00"])("%s", async (at) => {
    const { headers } = await signed(["checkout.session.completed", "--secret", "env:S", "--at", at], {
      env: { S: secret },
    });
    const body = readFileSync(join(root, "fixtures/stripe/checkout.session.completed.json"));
    const hex = createHmac("sha256", secret).update("1773757920.").update(body).digest("hex");
    expect(headers["stripe-signature"]).toBe(`t=1773757920,v1=${hex}`);
  });
});

describe("sign during a rotation", () => {
  const rotation = { STRIPE_WEBHOOK_SECRET: "new", STRIPE_WEBHOOK_SECRET_PREVIOUS: "old" };
  const ends = (header: unknown): number => String(header).split("v1=").length - 1;

  test("signs with both secrets where the header carries several", async () => {
    const { headers } = await signed(["charge.refunded", "--at", "1773757920"], { env: rotation });
    expect(ends(headers["stripe-signature"])).toBe(2);
    for (const key of ["new", "old"]) {
      const [one] = [
        await signed(["charge.refunded", "--at", "1773757920", "--secret", "env:S"], { env: { S: key } }),
      ];
      expect(headers["stripe-signature"]).toContain(String(one.headers["stripe-signature"]).split(",")[1]);
    }
  });

  test("signs with the current one alone where it does not", async () => {
    const { headers } = await signed(["order.created", "--secret", "env:NEW", "--secret", "env:OLD"], {
      env: { NEW: "new", OLD: "old" },
    });
    expect(headers["x-fareplay-signature"]).toBe(signatureOf(order, "new"));
  });
});

describe("sign with headers of one's own", () => {
  test("'Name: value' adds or replaces, 'Name:' leaves out, 'Name;' is empty, repeats are a list", async () => {
    const flags = [
      "User-Agent: mine",
      "x-fareplay-event:",
      "X-Empty;",
      "X-Two: 1",
      "x-two: 2",
      "X-Text: ü λ",
    ];
    const { headers } = await signed(["order.created", ...flags.flatMap((flag) => ["-H", flag])]);
    expect(headers).toEqual({
      "content-type": "application/json",
      "user-agent": "mine",
      "x-fareplay-delivery": "evt_9xKmL3nPqR",
      "x-empty": "",
      "x-two": ["1", "2"],
      "x-text": "ü λ",
      "x-fareplay-signature": signatureOf(order),
    });
  });

  test("a signature of one's own stands, and one left out stays out", async () => {
    const mine = await signed(["order.created", "-H", "X-Fareplay-Signature: mine"]);
    expect(mine.headers["x-fareplay-signature"]).toBe("mine");
    const none = await signed(["order.created", "-H", "X-Fareplay-Signature:"]);
    expect(none.headers).not.toHaveProperty("x-fareplay-signature");
  });

  test("what is signed of them is signed as it is sent", async () => {
    const { headers } = await signed(["svix/user.created", "--at", "1773757920", "-H", "svix-id: msg_mine"], {
      env: { SVIX_WEBHOOK_SECRET: `whsec_${Buffer.from(secret).toString("base64")}` },
    });
    const body = readFileSync(join(root, "fixtures/svix/user.created.json"));
    const hash = createHmac("sha256", secret).update("msg_mine.1773757920.").update(body).digest("base64");
    expect(headers).toMatchObject({ "svix-id": "msg_mine", "svix-signature": `v1,${hash}` });
  });
});

describe("sign an edited payload", () => {
  test("every other byte stays, and the signature is of the bytes in --out", async () => {
    const place = createPlace();
    const edits = ["--set", "data.total=9.00", "--set", 'data["note"]=a=b', "--unset", "data.customer"];
    const { headers, bytes } = await signed(["order.created", ...edits, "--out", "out.json"], { place });
    const out = readFileSync(join(place.cwd, "out.json"));
    const expected = order
      .toString()
      .replace('"total": 35.78', '"total": 9.00')
      .replace(/,\s+"customer": \{[^}]*\}/, ',\n    "note": "a=b"');
    expect(out.toString()).toBe(expected);
    expect(headers["x-fareplay-signature"]).toBe(signatureOf(out));
    expect(bytes).toBe(out.length);
  });

  test("--fresh renews id and time, in the body and in the headers", async () => {
    const place = createPlace();
    const at = "2030-01-02T03:04:05Z";
    const { headers } = await signed(["order.created", "--fresh", "--at", at, "--out", "o.json"], { place });
    const body = JSON.parse(readFileSync(join(place.cwd, "o.json"), "utf8")) as Record<string, string>;
    expect(body).toMatchObject({ type: "order.created", created_at: at });
    expect(body["id"]).toMatch(/^evt_[A-Za-z0-9]{22}$/);
    expect(headers["x-fareplay-delivery"]).toBe(body["id"]);
  });

  test.each([
    ["--set without a value", ["order.created", "--set", "data.total"], "edit-path"],
    ["a path that leads nowhere", ["order.created", "--unset", "data.nothing"], "edit-path"],
    ["a path through prototypes", ["order.created", "--set", "__proto__.x=1"], "edit-path"],
    ["--fresh without an envelope", ["paymentDetails", "--fresh"], "no-envelope"],
  ])("refuses %s", async (_, args, error) => {
    const { code, stdout, stderr } = await run(["sign", ...args, "--json"], { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: error } });
  });
});

describe("sign --curl", () => {
  interface Received {
    url: string;
    headers: string[];
    body: Buffer;
  }
  const received: Received[] = [];
  let server: Server;
  let target: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        received.push({ url: request.url ?? "", headers: request.rawHeaders, body: Buffer.concat(chunks) });
        response.end("thanks");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  /** Runs the printed line with a POSIX shell. */
  async function shell(line: string, place: SpawnOptions["place"]): Promise<Received> {
    const before = received.length;
    const { code, stdout, stderr } = await startCommand("sh", ["-c", line], place ? { place } : {}).finished;
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*thanks$/);
    expect(received).toHaveLength(before + 1);
    return received[before] as Received;
  }

  /** Name and value of every header that is not the connection's; text, not the latin1 of the wire. */
  const sent = (headers: readonly string[]): [string, string][] =>
    headers.flatMap((name, index): [string, string][] =>
      index % 2 === 0 && !/^(host|accept|content-length|expect)$/i.test(name)
        ? [[name.toLowerCase(), Buffer.from(headers[index + 1] ?? "", "latin1").toString("utf8")]]
        : [],
    );

  test("prints one command that sends the very bytes with the very headers", async () => {
    const place = createPlace();
    const { code, stdout } = await run(["sign", "order.created", "--curl", `${target}/hooks?a=1&b=$HOME`], {
      env,
      place,
    });
    expect(code).toBe(0);
    const { url, headers, body } = await shell(stdout, place);
    expect(url).toBe("/hooks?a=1&b=$HOME");
    expect(body).toEqual(order);
    expect(sent(headers)).toEqual([
      ["content-type", "application/json"],
      ["user-agent", "Fareplay-Webhooks/1.0"],
      ["x-fareplay-event", "order.created"],
      ["x-fareplay-delivery", "evt_9xKmL3nPqR"],
      ["x-fareplay-signature", signatureOf(order)],
    ]);
  });

  test("in JSON it stands beside the headers it sends", async () => {
    const { curl, headers } = await signed(["order.created", "--curl", target]);
    const got = await shell(curl ?? "", undefined);
    expect(Object.fromEntries(sent(got.headers))).toEqual(headers);
  });

  test("headers of the user's own arrive as they are: odd, empty, none, and nothing of curl's in their place", async () => {
    const odd = `it's "$HOME" \`x\` \\ $(exit 1) ü λ \u{1f389} ##vso[x] \u202e\tend`;
    const flags = [`X-Odd: ${odd}`, "X-Empty;", "User-Agent:", "Content-Type:"];
    const { stdout } = await run(
      ["sign", "order.created", "--curl", target, ...flags.flatMap((flag) => ["-H", flag])],
      { env },
    );
    expect(stdout).not.toMatch(/[\u202e\t]|##/);
    const { headers } = await shell(stdout, undefined);
    expect(sent(headers)).toEqual([
      ["x-fareplay-event", "order.created"],
      ["x-fareplay-delivery", "evt_9xKmL3nPqR"],
      ["x-odd", odd],
      ["x-empty", ""],
      ["x-fareplay-signature", signatureOf(order)],
    ]);
  });

  test("a URL with curl's own pattern letters is one URL", async () => {
    const { stdout } = await run(["sign", "order.created", "--curl", `${target}/a[1-3]?x={y,z}`], { env });
    expect((await shell(stdout, undefined)).url).toBe("/a[1-3]?x={y,z}");
  });

  test.each([
    "two words.json",
    "it's.json",
    `"double" $(touch pwned) \`touch pwned\` $HOME \\ ! * ? ~ # & ; | < > .json`,
    "ü λ \u{1f469}\u{200d}\u{1f680}.json",
    "line\nbreak.json",
    "ends in a line break\n",
    "\u001b[31mred\u0007\t\u202e.json",
    "##vso[task]\n::warning::x.json",
    "-leading",
    "@at",
    "=",
    "%s %d \\n.json",
  ])("a file called %j is sent from where it lies", async (name) => {
    const place = createPlace();
    const body = Buffer.from(`{"of":${JSON.stringify(name)}}\r\n\u0000`);
    writeFileSync(join(place.cwd, name), body);
    const args = ["sign", "--provider", "fareplay", "--curl", target, "--", `./${name}`];
    const { code, stdout } = await run(args, { env, place });
    expect(code).toBe(0);
    // A line break may stand in it; nothing else that steers a terminal or a CI system.
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|##|^::/m);
    const got = await shell(stdout, place);
    expect(got.body).toEqual(body);
    expect(Object.fromEntries(sent(got.headers))["x-fareplay-signature"]).toBe(signatureOf(body));
    expect(readdirSync(place.cwd)).toEqual([name]);
  });

  test("edited bytes, and those of standard input, go out from the file given with --out", async () => {
    const place = createPlace();
    const edited = ["order.created", "--set", "data.total=1", "--out", "an order.json", "--curl", target];
    const { curl } = await signed(edited, { place });
    const got = await shell(curl ?? "", place);
    expect(got.body.toString()).toBe(order.toString().replace("35.78", "1"));
    expect(got.body).toEqual(readFileSync(join(place.cwd, "an order.json")));

    const piped = ["-", "--provider", "fareplay", "--out", "piped", "--curl", target];
    const { curl: second } = await signed(piped, { place, input: "[1]" });
    expect((await shell(second ?? "", place)).body.toString()).toBe("[1]");
  });

  test.each([
    ["edited", ["order.created", "--set", "data.total=1"]],
    ["from standard input", ["-", "--provider", "fareplay"]],
  ])("without --out, bytes that are %s are in no file", async (_, args) => {
    const { code, stdout, stderr } = await run(["sign", ...args, "--curl", "3000", "--json"], {
      env,
      input: "{}",
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "sign-needs-out" } });
  });

  test("writes no file where the target is none", async () => {
    const place = createPlace();
    const args = ["sign", "order.created", "--out", "out.json", "--curl", "ftp://x"];
    expect(await run(args, { env, place })).toMatchObject({ code: 2, stdout: "" });
    expect(existsSync(join(place.cwd, "out.json"))).toBe(false);
  });
});

test("what a payload says of itself cannot steer the terminal", async () => {
  const place = createPlace();
  const id = "evt_\u001b]0;owned\u0007\u009b31m\u202e##vso[x]";
  place.write("fareplay/x.json", JSON.stringify({ id, type: "order.\u001b[2Jcreated" }));
  const { code, stdout, stderr } = await run(["sign", "./fareplay/x.json"], { env, place });
  expect(code).toBe(0);
  expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|##vso/);
  expect(stdout).toContain("x-fareplay-delivery: evt_]0;owned");
});
