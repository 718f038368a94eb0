import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createPlace, root, run, startCommand, type Finished } from "./spawn.ts";

const orderFile = join(root, "fixtures/fareplay/order.created.json");
const order = readFileSync(orderFile);

const errorOf = ({ stdout, stderr }: Finished): unknown => {
  expect(stdout).toBe("");
  return (JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as { error: unknown }).error;
};

interface Listed {
  name: string;
  provider: string;
  event: string;
  bytes: number;
  description: string | null;
}

const list = async (...args: string[]): Promise<Listed[]> => {
  const { code, stdout } = await run(["fixtures", "list", ...args, "--json"]);
  expect(code).toBe(0);
  return (JSON.parse(stdout) as { data: Listed[] }).data;
};

describe("fixtures list", () => {
  test("names every payload, with its size and what it means", async () => {
    const { code, stdout, stderr } = await run(["fixtures", "list"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^PAYLOAD +SIZE +MEANS\n/);
    expect(stdout).toMatch(/^fareplay\/order\.created +541 B +A golfer places an order\.\n/m);
    expect(stdout).toMatch(/^shopify\/orders\/create +/m);
  });

  test("is a list in JSON: of all, and of one provider", async () => {
    const all = await list();
    expect(all).toContainEqual({
      name: "fareplay/order.created",
      provider: "fareplay",
      event: "order.created",
      bytes: 541,
      description: "A golfer places an order.",
    });
    expect(await list("fynn")).toEqual(all.filter(({ provider }) => provider === "fynn"));
    expect((await list("fjellride")).map(({ event }) => event)).toEqual([
      "checkout.session.completed",
      "checkout.session.expired",
      "charge.refunded",
    ]);
  });
});

describe("fixtures show", () => {
  test("through a pipe gives the very bytes", async () => {
    const fixtures = (await list()).filter(({ provider }) => !["fitaiid", "fjellride"].includes(provider));
    for (let index = 0; index < fixtures.length; index += 8) {
      await Promise.all(
        fixtures.slice(index, index + 8).map(async ({ name, bytes }) => {
          const shown = await run(["fixtures", "show", name]);
          expect(shown).toMatchObject({ code: 0, stderr: "" });
          expect(shown.bytes.equals(readFileSync(join(root, "fixtures", `${name}.json`)))).toBe(true);
          expect(shown.bytes).toHaveLength(bytes);
        }),
      );
    }
  });

  test("a pipeline of the shell gets them too", async () => {
    const line = `"$NODE" "$BIN" fixtures show order.created | cmp - "$FILE"`;
    const env = { NODE: process.execPath, BIN: join(root, "bin/hookline.js"), FILE: orderFile };
    expect(await startCommand("sh", ["-c", line], { env }).finished).toMatchObject({ code: 0, stderr: "" });
  });

  test("in JSON has the text as it is", async () => {
    const place = createPlace();
    const text = '{"a":\t8.00,\r\n"b":"\u001b[31m\u202e ü"}';
    place.write("fareplay/x.json", text);
    const { stdout } = await run(["fixtures", "show", "./fareplay/x.json", "--json"], { place });
    expect(JSON.parse(stdout)).toMatchObject({
      provider: "fareplay",
      bytes: Buffer.byteLength(text),
      body: text,
    });
    expect(stdout).not.toMatch(/[\u001b\u202e]/);
  });

  test("in JSON has bytes that are no text in base64", async () => {
    const place = createPlace();
    const bytes = Buffer.from([0x7b, 0xff, 0x7d]);
    place.write("fareplay/x.bin", bytes);
    const { stdout } = await run(["fixtures", "show", "fareplay/x.bin", "--json"], { place });
    const shown = JSON.parse(stdout) as Record<string, unknown>;
    expect(shown["body_base64"]).toBe(bytes.toString("base64"));
    expect(shown).not.toHaveProperty("body");
  });

  const terminal = process.platform === "linux" && existsSync("/usr/bin/script");
  test.runIf(terminal)("on a terminal is pretty, coloured and harmless", async () => {
    const place = createPlace();
    const evil = "\u001b]0;owned\u0007";
    place.write(
      "fareplay/x.json",
      JSON.stringify({ type: `order${evil}`, total: 1, evil }).replace("1", "8.00"),
    );
    const env = { NODE: process.execPath, BIN: join(root, "bin/hookline.js"), TERM: "xterm" };
    const line = `"$NODE" "$BIN" fixtures show ./fareplay/x.json`;
    const { code, stdout } = await startCommand("/usr/bin/script", ["-qec", line, "/dev/null"], {
      place,
      env,
    }).finished;
    expect(code).toBe(0);
    expect(stdout).toContain("8.00");
    expect(stdout).toMatch(/\u001b\[\d+m/);
    expect(stdout.replace(/\u001b\[\d+m/g, "")).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f]/);
  });

  test.each([
    ["fareplay", 2, "fixture-one"],
    ["fareplay/order.creatd", 4, "payload-unknown"],
    ["fareplay/../../package", 4, "payload-unknown"],
    ["nothing", 4, "payload-unknown"],
    ["-", 2, "payload-provider-unknown"],
    ["inbox:1", 2, "payload-source-unknown"],
  ])("of %s is exit %i, %s", async (name, code, error) => {
    const finished = await run(["fixtures", "show", name, "--json"]);
    expect(finished.code).toBe(code);
    expect(errorOf(finished)).toMatchObject({ code: error });
  });
});

describe("fixtures new", () => {
  test("copies the provider's own payload to fixtures/<provider>/<event>.json", async () => {
    const place = createPlace();
    const { code, stdout, stderr } = await run(["fixtures", "new", "fareplay/order.created"], { place });
    expect(code).toBe(0);
    expect(stdout).toBe("✓ ./fixtures/fareplay/order.created.json (a copy of the fixture)\n");
    expect(stderr).toContain(
      "hookline replay ./fixtures/fareplay/order.created.json --provider fareplay --to 3000",
    );
    expect(readFileSync(join(place.cwd, "fixtures/fareplay/order.created.json")).equals(order)).toBe(true);
  });

  test("writes where it is told, and what it wrote is a payload", async () => {
    const place = createPlace();
    const args = ["fixtures", "new", "fareplay/order.created", "my payloads/fareplay/mine.json", "--json"];
    const { stdout } = await run(args, { place });
    expect(JSON.parse(stdout)).toEqual({
      provider: "fareplay",
      event: "order.created",
      file: "./my payloads/fareplay/mine.json",
      from: "fixture",
    });
    const shown = await run(["fixtures", "show", "./my payloads/fareplay/mine.json"], { place });
    expect(shown.bytes.equals(order)).toBe(true);
  });

  test("overwrites nothing unless told to", async () => {
    const place = createPlace();
    const file = place.write("fixtures/fareplay/order.created.json", "mine");
    const refused = await run(["fixtures", "new", "fareplay/order.created", "--json"], { place });
    expect(refused.code).toBe(2);
    expect(errorOf(refused)).toMatchObject({
      code: "file-exists",
      message: "fixtures/fareplay/order.created.json is there already",
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(await run(["fixtures", "new", "fareplay/order.created", "--force"], { place })).toMatchObject({
      code: 0,
    });
    expect(readFileSync(file).equals(order)).toBe(true);
  });

  test("does not write through a link that leads nowhere yet", async () => {
    const place = createPlace();
    mkdirSync(join(place.cwd, "fixtures/fareplay"), { recursive: true });
    symlinkSync(join(place.home, "target"), join(place.cwd, "fixtures/fareplay/order.created.json"));
    const refused = await run(["fixtures", "new", "fareplay/order.created", "--json"], { place });
    expect(refused.code).toBe(2);
    expect(existsSync(join(place.home, "target"))).toBe(false);
  });

  test.each([
    "fareplay/../x",
    "fareplay/..",
    "fareplay/a/../../../x",
    "fareplay//x",
    "fareplay/",
    "/etc/x",
    "fareplay",
    "fareplay/./x",
    "fareplay/x/",
    "fareplay/x\\..\\y",
    "fareplay/.ssh",
    "fareplay/a b\n",
    `fareplay/${"x".repeat(200)}`,
  ])("refuses the name %j", async (name) => {
    const place = createPlace();
    const finished = await run(["fixtures", "new", name, "--json"], { place });
    expect(finished.code).toBe(2);
    expect(errorOf(finished)).toMatchObject({ code: "fixture-name" });
    expect(readdirSync(place.cwd)).toEqual([]);
  });

  test.each([
    ["a folder in place of the file", ["fareplay/mine", "."], "file-exists"],
    ["a file below a file", ["fareplay/mine", "file/x.json"], "file-unwritable"],
    ["a folder, with --force too", ["fareplay/mine", ".", "--force"], "file-unwritable"],
  ])("refuses %s", async (_, args, code) => {
    const place = createPlace();
    place.write("file", "");
    const finished = await run(["fixtures", "new", ...args, "--json"], { place });
    expect(finished.code).toBe(2);
    expect(errorOf(finished)).toMatchObject({ code });
  });

  test.each(["acme/x", "../x", "__proto__/x", "constructor/x"])(
    "knows no provider of %s, exit 4",
    async (name) => {
      const place = createPlace();
      expect(await run(["fixtures", "new", name], { place })).toMatchObject({ code: 4, stdout: "" });
      expect(readdirSync(place.cwd)).toEqual([]);
    },
  );

  test("of an event of one's own is the provider's envelope, filled in", async () => {
    const place = createPlace();
    const { stdout } = await run(["fixtures", "new", "fynn/invoice.paid"], { place });
    expect(stdout).toContain("(the provider's envelope around empty data)");
    const text = readFileSync(join(place.cwd, "fixtures/fynn/invoice.paid.json"), "utf8");
    expect(text).toMatch(/^\{\n {2}"event": \{\n {4}"id": "webhk_[A-Za-z0-9]{22}",\n/);
    expect(JSON.parse(text)).toEqual({
      event: {
        id: expect.any(String) as string,
        type: "invoice.paid",
        created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      },
      data: {},
    });
  });

  test("of a custom provider has that one's envelope, and can be signed from there", async () => {
    const place = createPlace();
    const acme = {
      signatures: [{ kind: "hmac", header: "X-Acme", algorithm: "sha256", encoding: "hex" }],
      envelope: { id: "/meta/id", type: "/kind", createdAt: "/meta/at", idPrefix: "ac_", time: "unix" },
    };
    place.write("hookline.json", JSON.stringify({ providers: { acme } }));
    expect(await run(["fixtures", "new", "acme/thing.made"], { place })).toMatchObject({ code: 0 });
    const body = JSON.parse(
      readFileSync(join(place.cwd, "fixtures/acme/thing.made.json"), "utf8"),
    ) as unknown;
    expect(body).toEqual({
      meta: { id: expect.stringMatching(/^ac_\w{22}$/) as string, at: expect.any(Number) as number },
      kind: "thing.made",
      data: {},
    });
    const signed = await run(["sign", "./fixtures/acme/thing.made.json", "--json"], { place });
    expect(JSON.parse(signed.stdout)).toMatchObject({ provider: "acme", event: "thing.made" });
  });

  test.each([
    ["through a prototype", { id: "/__proto__/polluted" }],
    ["through a value", { id: "/a", type: "/a/b" }],
  ])("of an envelope that leads %s is refused, and writes nothing", async (_, envelope) => {
    const place = createPlace();
    place.write(
      "hookline.json",
      JSON.stringify({ providers: { acme: { signatures: [{ kind: "none" }], envelope } } }),
    );
    const finished = await run(["fixtures", "new", "acme/x", "--json"], { place });
    expect(finished.code).toBe(2);
    expect(errorOf(finished)).toMatchObject({ code: "edit-path" });
    expect(readdirSync(place.cwd)).toEqual(["hookline.json"]);
  });
});
