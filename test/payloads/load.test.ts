import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HooklineError } from "../../src/errors.ts";
import {
  listFixtures,
  loadPayloads,
  type InboxDelivery,
  type LoadOptions,
  type RemoteEvent,
} from "../../src/payloads/load.ts";
import { sampleProvider, sampleRegistry } from "./sample-providers.ts";

const fareplay = sampleProvider("fareplay", [
  "order.created",
  "order.accepted",
  "payment.paid",
  "shared.event",
]);
const fynn = sampleProvider("fynn", ["shared.event", "trial"], {
  eventFrom: [{ from: "pointer", pointer: "/event/type" }],
});
const stripe = sampleProvider("stripe", ["checkout.session.completed", "charge.refunded"]);
const fjellride = sampleProvider("fjellride", ["checkout.session.completed"], { base: "stripe" });
const shopify = sampleProvider("shopify", ["orders/create"]);
const acme = sampleProvider("acme", ["thing.happened"]);
const registry = sampleRegistry([fareplay, fynn, stripe, fjellride, shopify, acme]);

let root: string;
let cwd: string;
let fixturesDir: string;

function write(path: string, content: string | Buffer): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "hookline-payloads-"));
  fixturesDir = join(root, "shipped");
  cwd = join(root, "project");
  write("shipped/fareplay/order.created.json", '{ "total": 8.00 }\n');
  write("shipped/fareplay/order.accepted.json", "{}");
  write("shipped/fareplay/order.accepted.bin", "not this one: JSON goes first");
  write("shipped/fareplay/payment.paid.json", "{}");
  write("shipped/fareplay/shared.event.json", "{}");
  write("shipped/fareplay/unlisted.json", "{}");
  write("shipped/fynn/shared.event.json", "{}");
  write("shipped/fynn/trial.txt", "text");
  write("shipped/stripe/checkout.session.completed.json", '{"type":"checkout.session.completed"}');
  write("shipped/stripe/charge.refunded.json", "{}");
  write("shipped/shopify/orders/create.json", "{}");
  write("shipped/secret.json", "secret");
  write("project/plain.json", '{"type":"from.body"}');
  write("project/order.created.json", "{}");
  write("project/fareplay/order.created.json", "own");
  write("project/fareplay/b.bin", Buffer.from([0, 0xff, 0xfe]));
  write("project/fareplay/B.json", '{"type":"x.y"}');
  write("project/fareplay/a/z.json", "{}");
  write("project/fareplay/.hidden.json", "{}");
  write("project/fareplay/node_modules/m.json", "{}");
  write("project/web/shopify/orders/create.json", "{}");
  write("project/web/fynn/renamed.json", '{"event":{"type":"trial"}}');
  write("project/deep/stripe/1/2/3/x.json", "{}");
  write("project/secret.json", "secret");
  mkdirSync(join(cwd, "empty"));
  mkdirSync(join(cwd, "links/fareplay"), { recursive: true });
  symlinkSync(join(cwd, "fareplay"), join(cwd, "links/fareplay/folder"));
  symlinkSync(join(cwd, "secret.json"), join(cwd, "links/fareplay/file.json"));
  symlinkSync(join(cwd, "plain.json"), join(cwd, "links/fareplay.json"));
});

afterAll(() => rmSync(root, { recursive: true }));

const noStdin = (): Promise<Buffer> => Promise.reject(new Error("stdin was read though nobody asked for it"));

function load(names: string | string[], more: Partial<LoadOptions> = {}) {
  return loadPayloads([names].flat(), { registry, fixturesDir, cwd, readStdin: noStdin, ...more });
}

/** What was found, without the bytes. */
async function found(names: string | string[], more: Partial<LoadOptions> = {}): Promise<unknown[]> {
  const payloads = await load(names, more);
  return payloads.map(({ name, source, provider, event }) => [name, source, provider.id, event]);
}

async function failure(names: string | string[], more: Partial<LoadOptions> = {}) {
  return load(names, more).then(
    () => {
      throw new Error("nothing was refused");
    },
    (error: { code: string; message: string; exitCode: number; nextSteps: string[] }) => error,
  );
}

describe("fixtures", () => {
  test("by provider and event, byte for byte", async () => {
    expect(await load("fareplay/order.created")).toEqual([
      {
        name: "fareplay/order.created",
        source: "fixture",
        provider: fareplay,
        event: "order.created",
        body: Buffer.from('{ "total": 8.00 }\n'),
        path: join(fixturesDir, "fareplay/order.created.json"),
      },
    ]);
  });

  test.each([
    [
      "an event with a slash",
      "shopify/orders/create",
      ["shopify/orders/create", "fixture", "shopify", "orders/create"],
    ],
    ["a bare event", "order.accepted", ["fareplay/order.accepted", "fixture", "fareplay", "order.accepted"]],
    [
      "a bare event with a slash",
      "orders/create",
      ["shopify/orders/create", "fixture", "shopify", "orders/create"],
    ],
    [
      "a bare event that looks like a file",
      "payment.paid",
      ["fareplay/payment.paid", "fixture", "fareplay", "payment.paid"],
    ],
    [
      "an event before a file of that name",
      "order.created",
      ["fareplay/order.created", "fixture", "fareplay", "order.created"],
    ],
    [
      "a fixture of no listed event",
      "fareplay/unlisted",
      ["fareplay/unlisted", "fixture", "fareplay", "unlisted"],
    ],
    ["a fixture that is not JSON", "fynn/trial", ["fynn/trial", "fixture", "fynn", "trial"]],
    [
      "the sender before its receivers",
      "checkout.session.completed",
      ["stripe/checkout.session.completed", "fixture", "stripe", "checkout.session.completed"],
    ],
    [
      "a receiver's event from its base",
      "fjellride/checkout.session.completed",
      ["fjellride/checkout.session.completed", "fixture", "fjellride", "checkout.session.completed"],
    ],
  ])("%s", async (_, name, expected) => {
    expect(await found(name)).toEqual([expected]);
  });

  test("of two files for one event the JSON", async () => {
    expect((await load("fareplay/order.accepted"))[0]?.body.toString()).toBe("{}");
  });

  test("a provider means all its events, in its order", async () => {
    expect((await found(["fareplay", "fjellride"])).map((payload) => (payload as string[])[0])).toEqual([
      "fareplay/order.created",
      "fareplay/order.accepted",
      "fareplay/payment.paid",
      "fareplay/shared.event",
      "fjellride/checkout.session.completed",
    ]);
  });

  test("--provider signs, and is asked first for a bare event", async () => {
    expect(await found("checkout.session.completed", { provider: "fjellride" })).toEqual([
      ["fjellride/checkout.session.completed", "fixture", "fjellride", "checkout.session.completed"],
    ]);
    expect(await found("shared.event", { provider: "fynn" })).toEqual([
      ["fynn/shared.event", "fixture", "fynn", "shared.event"],
    ]);
    expect(await found("fareplay/order.created", { provider: "acme" })).toEqual([
      ["fareplay/order.created", "fixture", "acme", "order.created"],
    ]);
    expect(await found("order.created", { provider: "acme" })).toEqual([
      ["fareplay/order.created", "fixture", "acme", "order.created"],
    ]);
    expect(await failure("order.created", { provider: "nobody" })).toMatchObject({
      code: "provider-unknown",
    });
  });

  test("an event of several providers has to be told apart", async () => {
    const error = await failure("shared.event");
    expect(error).toMatchObject({ code: "payload-ambiguous", exitCode: 2 });
    expect(error.message).toContain("fareplay/shared.event, fynn/shared.event");
  });

  test.each([
    ["order.creatd", "did you mean order.created?"],
    ["fareplay/order.acepted", "did you mean fareplay/order.accepted?"],
    ["farplay", "did you mean fareplay?"],
    ["ordrs/create", "did you mean orders/create?"],
  ])("%s is close to something", async (name, step) => {
    const error = await failure(name);
    expect(error).toMatchObject({ code: "payload-unknown", exitCode: 4 });
    expect(error.nextSteps).toEqual([step, "see what can be sent: hookline fixtures list"]);
  });

  test.each([
    "entirely-unknown",
    "",
    "__proto__",
    "toString",
    "fareplay/toString",
    "fareplay/__proto__",
    "nope.json",
    "a\0b",
  ])("%j is nothing known", async (name) => {
    const error = await failure(name);
    expect(error).toMatchObject({ code: "payload-unknown", exitCode: 4 });
    expect(error.nextSteps).toEqual(["see what can be sent: hookline fixtures list"]);
  });

  test("a receiver does not have its base's other events", async () => {
    expect(await failure("fjellride/charge.refunded")).toMatchObject({ code: "payload-unknown" });
  });

  test.each(["acme", "acme/thing.happened", "thing.happened", "acme/other"])(
    "%s has no fixture yet",
    async (name) => {
      const error = await failure(name);
      expect(error).toMatchObject({ code: "payload-unknown", exitCode: 4 });
      expect(error.nextSteps.join()).toContain("hookline fixtures new");
    },
  );

  test.each([
    "fareplay/../secret",
    "fareplay/../secret.json",
    "fareplay/../../project/secret.json",
    "fareplay//etc/passwd",
  ])("%s leads nowhere", async (name) => {
    expect(await failure(name)).toMatchObject({ code: "payload-unknown", exitCode: 4 });
  });

  test("a provider whose id is a path has no fixtures", async () => {
    const climbing = sampleProvider("../project", ["secret"]);
    const error = await failure("secret", { registry: sampleRegistry([climbing]) });
    expect(error).toMatchObject({ code: "payload-unknown" });
  });

  test("are listed by provider, its events first", () => {
    expect(listFixtures(registry, fixturesDir).map(({ provider, event }) => `${provider} ${event}`)).toEqual([
      "fareplay order.created",
      "fareplay order.accepted",
      "fareplay payment.paid",
      "fareplay shared.event",
      "fareplay unlisted",
      "fynn shared.event",
      "fynn trial",
      "stripe checkout.session.completed",
      "stripe charge.refunded",
      "fjellride checkout.session.completed",
      "shopify orders/create",
    ]);
    expect(listFixtures(registry, fixturesDir)[0]).toEqual({
      provider: "fareplay",
      event: "order.created",
      file: join(fixturesDir, "fareplay/order.created.json"),
      bytes: 18,
    });
    expect(listFixtures(registry, join(root, "nowhere"))).toEqual([]);
  });
});

describe("files", () => {
  test.each([
    [
      "its folder names the provider, its name the event",
      "./fareplay/order.created.json",
      "fareplay",
      "order.created",
    ],
    ["the folder above names it", "web/shopify/orders/create.json", "shopify", "orders/create"],
    ["the body names the event", "web/fynn/renamed.json", "fynn", "trial"],
    ["a provider's name and an extension", "fareplay/B.json", "fareplay", "x.y"],
    ["no event in name or body", "./fareplay/b.bin", "fareplay", undefined],
  ])("%s", async (_, name, provider, event) => {
    expect(await found(name)).toEqual([[name, "file", provider, event]]);
  });

  test("bytes and path", async () => {
    const file = join(cwd, "fareplay/b.bin");
    expect(await load(file)).toEqual([
      { name: file, source: "file", provider: fareplay, body: Buffer.from([0, 0xff, 0xfe]), path: file },
    ]);
  });

  test("--provider signs what has no provider's folder, and what has another's", async () => {
    expect(await found(["./order.created.json", "plain.json"], { provider: "fareplay" })).toEqual([
      ["./order.created.json", "file", "fareplay", "order.created"],
      ["plain.json", "file", "fareplay", "from.body"],
    ]);
    expect(await found("./fareplay/order.created.json", { provider: "acme" })).toEqual([
      ["./fareplay/order.created.json", "file", "acme", undefined],
    ]);
  });

  test.each(["./plain.json", "plain.json", "deep/stripe/1/2/3/x.json"])("%s is nobody's", async (name) => {
    const error = await failure(name);
    expect(error).toMatchObject({ code: "payload-provider-unknown", exitCode: 2 });
    expect(error.message).toContain(name);
    expect(error.nextSteps.join()).toMatch(/folder named after its provider.*--provider/);
  });

  test("a link that was named itself is followed", async () => {
    expect(await found("links/fareplay.json", { provider: "stripe" })).toEqual([
      ["links/fareplay.json", "file", "stripe", "from.body"],
    ]);
  });

  test("what is not there", async () => {
    for (const name of [
      "./nope.json",
      "../nope/",
      "./plain.json/x",
      "/nowhere/x",
      ".\\x.json",
      "C:\\x.json",
    ]) {
      expect(await failure(name)).toMatchObject({ code: "payload-unknown", exitCode: 4 });
    }
  });

  test("up to 64 MiB", async () => {
    write("project/fareplay-large/fareplay/large.bin", "");
    const file = join(cwd, "fareplay-large/fareplay/large.bin");
    truncateSync(file, 64 * 1024 * 1024);
    expect((await load(file))[0]?.body).toHaveLength(64 * 1024 * 1024);
    truncateSync(file, 64 * 1024 * 1024 + 1);
    expect(await failure(file)).toMatchObject({ code: "payload-too-large", exitCode: 2 });
    rmSync(file);
  });

  test.skipIf(process.platform === "win32")(
    "an endless device is too large, and does not fill the memory",
    async () => {
      expect(await failure("/dev/zero", { provider: "acme" })).toMatchObject({ code: "payload-too-large" });
    },
  );

  test.skipIf(process.platform === "win32")("a loop of links cannot be read", async () => {
    symlinkSync("loop.json", join(cwd, "loop.json"));
    expect(await failure("./loop.json")).toMatchObject({ code: "payload-unreadable", exitCode: 2 });
  });
});

describe("folders", () => {
  test("all regular files below in byte order, without hidden ones, links and node_modules", async () => {
    const expected = [
      ["./fareplay/B.json", "file", "fareplay", "x.y"],
      ["./fareplay/a/z.json", "file", "fareplay", undefined],
      ["./fareplay/b.bin", "file", "fareplay", undefined],
      ["./fareplay/order.created.json", "file", "fareplay", "order.created"],
    ];
    expect(await found("./fareplay")).toEqual(expected);
    expect(await found("./fareplay/")).toEqual(expected);
    expect(await found(".", { cwd: join(cwd, "web") })).toEqual([
      ["./fynn/renamed.json", "file", "fynn", "trial"],
      ["./shopify/orders/create.json", "file", "shopify", "orders/create"],
    ]);
  });

  test("a folder may be named without ./, and a provider's name wins", async () => {
    expect(await found("web")).toHaveLength(2);
    expect((await found("fareplay/"))[0]).toEqual(["fareplay/B.json", "file", "fareplay", "x.y"]);
    expect((await found("fareplay"))[0]).toEqual([
      "fareplay/order.created",
      "fixture",
      "fareplay",
      "order.created",
    ]);
  });

  test("any depth below the folder that was named, and none above it", async () => {
    expect(await found("deep")).toEqual([["deep/stripe/1/2/3/x.json", "file", "stripe", undefined]]);
    expect(await failure("./web/shopify/orders")).toMatchObject({ code: "payload-provider-unknown" });
  });

  test("without files is an error", async () => {
    for (const name of ["./empty", "links/fareplay/"]) {
      expect(await failure(name)).toMatchObject({ code: "payload-unknown", exitCode: 4 });
    }
  });
});

describe("other sources", () => {
  test("stdin needs --provider; its event is read from the body", async () => {
    expect(await failure("-")).toMatchObject({ code: "payload-provider-unknown", exitCode: 2 });
    const body = Buffer.from('{"type":"a.b"}');
    expect(await load("-", { provider: "fareplay", readStdin: () => Promise.resolve(body) })).toEqual([
      { name: "-", source: "stdin", provider: fareplay, event: "a.b", body },
    ]);
    const large = Buffer.alloc(64 * 1024 * 1024 + 1);
    expect(
      await failure("-", { provider: "fareplay", readStdin: () => Promise.resolve(large) }),
    ).toMatchObject({
      code: "payload-too-large",
    });
  });

  test.each(["inbox:12", "remote:evt_1"])("%s names nothing where nobody reads it", async (name) => {
    const error = await failure(name);
    expect(error).toMatchObject({ code: "payload-source-unknown", exitCode: 2 });
    expect(error.message).toMatch(new RegExp(`^${name} cannot be sent: .* not ${name.split(":")[0]}:$`));
  });

  test("several names keep their order", async () => {
    expect(
      (await found(["stripe", "./fareplay/B.json", "order.created"])).map((one) => (one as string[])[0]),
    ).toEqual([
      "stripe/checkout.session.completed",
      "stripe/charge.refunded",
      "./fareplay/B.json",
      "fareplay/order.created",
    ]);
    expect(await found([])).toEqual([]);
  });
});

describe("an event of the remote", () => {
  const body = Buffer.from([0x7b, 0xff, 0x7d]);
  const event = { provider: "fareplay", type: "order.created", body };
  const reading = (
    answer: Partial<RemoteEvent> = {},
  ): { asked: string[]; readRemote: (id: string) => Promise<RemoteEvent> } => {
    const asked: string[] = [];
    return { asked, readRemote: async (id) => (asked.push(id), { ...event, ...answer }) };
  };

  test("is of its own provider and type, whatever its body says", async () => {
    const { asked, readRemote } = reading();
    expect(await load("remote:evt_1", { readRemote })).toEqual([
      { name: "remote:evt_1", source: "remote", provider: fareplay, event: "order.created", body },
    ]);
    expect(asked).toEqual(["evt_1"]);
  });

  test("is signed by --provider, known or not whose it is", async () => {
    for (const provider of ["fareplay", "elsewhere"]) {
      const { readRemote } = reading({ provider });
      expect(await found("remote:evt_1", { readRemote, provider: "acme" })).toEqual([
        ["remote:evt_1", "remote", "acme", "order.created"],
      ]);
    }
  });

  test.each([["elsewhere"], ["__proto__"], [""], ["x".repeat(100_000)]])(
    "of a provider not known here needs --provider: %.20s",
    async (provider) => {
      const error = await failure("remote:evt_1", { readRemote: reading({ provider }).readRemote });
      expect(error).toMatchObject({ code: "provider-unknown", exitCode: 4 });
      expect(error.message).toMatch(/^remote:evt_1 is of ".*", a provider not known here$/);
      expect(error.message.length).toBeLessThan(200);
      expect(error.nextSteps[0]).toContain("--provider");
    },
  );

  test("stands where it is named, among the others", async () => {
    const { asked, readRemote } = reading();
    const names = ["remote:evt_2", "order.accepted", "remote:evt_1", "remote:"];
    expect((await found(names, { readRemote })).map((one) => (one as string[])[0])).toEqual([
      "remote:evt_2",
      "fareplay/order.accepted",
      "remote:evt_1",
      "remote:",
    ]);
    expect(asked).toEqual(["evt_2", "evt_1", ""]);
  });

  test("is refused where it is too large, and where it cannot be read", async () => {
    const { readRemote } = reading({ body: Buffer.alloc(64 * 1024 * 1024 + 1) });
    expect(await failure("remote:evt_1", { readRemote })).toMatchObject({ code: "payload-too-large" });
    const gone = new HooklineError("not-found", "there is no such event", { exitCode: 4 });
    expect(await failure("remote:evt_1", { readRemote: () => Promise.reject(gone) })).toBe(gone);
  });
});

describe("a delivery of the inbox", () => {
  const recorded: InboxDelivery = {
    name: "inbox:17",
    provider: "fareplay",
    event: "order.created",
    headers: ["X-Own", "a", "x-own", "b"],
    body: Buffer.from([0x7b, 0xff, 0x7d]),
  };
  const reading = (answer: Partial<InboxDelivery> = {}) => ({
    readInbox: async (id: string): Promise<InboxDelivery> => {
      if (id !== "last") throw new Error(`asked for ${id}`);
      return { ...recorded, ...answer };
    },
  });

  test("comes with its headers, under its own name", async () => {
    const { headers, body } = recorded;
    expect(await load("inbox:last", reading())).toEqual([
      { name: "inbox:17", source: "inbox", provider: fareplay, event: "order.created", body, headers },
    ]);
  });

  test("is signed by --provider, known or not whose it is", async () => {
    for (const provider of ["fareplay", "elsewhere", null])
      expect(await found("inbox:last", { ...reading({ provider, event: null }), provider: "acme" })).toEqual([
        ["inbox:17", "inbox", "acme", undefined],
      ]);
  });

  test.each([
    ["elsewhere", "provider-unknown", 4],
    ["__proto__", "provider-unknown", 4],
    [null, "payload-provider-unknown", 2],
  ])("of %s needs --provider", async (provider, code, exitCode) => {
    const error = await failure("inbox:last", reading({ provider }));
    expect(error).toMatchObject({ code, exitCode });
    expect(error.nextSteps.join(" ")).toContain("--provider");
  });
});

describe("a raw request in a file", () => {
  const body = Buffer.from([0x7b, 0x00, 0xff, 0x0d, 0x0a, 0x7d]);
  const request = (lines: readonly string[], content: Buffer = body): Buffer =>
    Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), content]);
  const identifying = { ...registry, identify: () => stripe };
  const place = (name: string, content: Buffer): string => {
    write(`project/captured/${name}`, content);
    return `captured/${name}`;
  };

  test("is its body, with its headers, of the provider and event that its path names", async () => {
    const head = [
      "POST /fareplay/order.created?x=1 HTTP/1.1",
      "X-Own:  a",
      "x-own: \xe4",
      "content-length: 6",
    ];
    const name = place("a.http", request(head));
    const headers = ["X-Own", "a", "x-own", "\xe4", "content-length", "6"];
    expect(await load(name)).toEqual([
      { name, source: "file", provider: fareplay, event: "order.created", body, headers },
    ]);
  });

  test.each<[name: string, file: string, path: string, more: Partial<LoadOptions>, provider: string]>([
    ["by its headers", "b.http", "/", { registry: identifying }, "stripe"],
    ["by its headers before its folder", "fareplay/b.HTTP", "/", { registry: identifying }, "stripe"],
    ["by its folder", "fareplay/c.http", "/", {}, "fareplay"],
    [
      "by its folder where it is a receiver's",
      "fjellride/d.http",
      "/",
      { registry: identifying },
      "fjellride",
    ],
    ["by --provider before all", "fareplay/e.http", "/stripe", { provider: "acme" }, "acme"],
  ])("is whose it is %s", async (_, file, path, more, provider) => {
    const name = place(file, request([`POST ${path} HTTP/1.1`], Buffer.from('{"type":"a.b"}')));
    expect(await found(name, more)).toEqual([[name, "file", provider, "a.b"]]);
  });

  test("that nothing says whose it is needs --provider", async () => {
    const name = place("nobody/f.http", request(["POST / HTTP/1.1"]));
    expect(await failure(name)).toMatchObject({ code: "payload-provider-unknown", exitCode: 2 });
  });

  test.each([
    ["a line end behind it that an editor added", "{}\n", "{}"],
    ["more than its length says, as it was edited", '{"a":1}', '{"a":1}'],
    ["less than its length says", "{", "{"],
  ])("may have %s", async (_, content, expected) => {
    const head = ["POST /fareplay HTTP/1.1", "content-length: 2"];
    const [payload] = await load(place("g.http", request(head, Buffer.from(content))));
    expect(payload?.body.toString()).toBe(expected);
  });

  test("is one of a folder's files", async () => {
    place("folder/fareplay/a.json", Buffer.from("{}"));
    place("folder/fareplay/b.http", request(["POST /stripe HTTP/1.1"]));
    expect(await found("captured/folder")).toEqual([
      ["captured/folder/fareplay/a.json", "file", "fareplay", undefined],
      ["captured/folder/fareplay/b.http", "file", "stripe", undefined],
    ]);
  });

  test("that is none is an error that names the file", async () => {
    const error = await failure(place("fareplay/none.http", Buffer.from("{}")));
    expect(error).toMatchObject({ code: "request-malformed", exitCode: 2 });
    expect(error.message).toMatch(/^captured\/fareplay\/none\.http cannot be read: /);
  });
});
