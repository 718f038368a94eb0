import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bin, createPlace, root, run, startCommand, type Finished, type Place } from "./spawn.ts";

const order = readFileSync(join(root, "fixtures/fareplay/order.created.json"));
const variable = "FAREPLAY_WEBHOOK_SECRET";
const signatureOf = (secret: string): string =>
  `sha256=${createHmac("sha256", secret).update(order).digest("hex")}`;

/** A place with a project file. */
function project(content: unknown): Place {
  const place = createPlace();
  place.write("hookline.json", typeof content === "string" ? content : JSON.stringify(content));
  return place;
}

const errorOf = ({ stdout, stderr }: Finished): { code: string; message: string } => {
  expect(stdout).toBe("");
  return (JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as { error: { code: string; message: string } })
    .error;
};

describe("the secret comes from the nearest of", () => {
  const place = project({ secrets: { fareplay: "file:project.txt" } });
  place.write("project.txt", "pppp-project\n");
  place.write("some.env", `${variable}="ffff-file"\n`);
  const flag = ["--secret", "env:MINE"];
  const file = ["--env-file", "some.env"];
  const own = { [variable]: "eeee-own" };
  const mine = { MINE: "gggg-flag" };

  test.each([
    ["flag", "gggg-flag", [...flag, ...file], { ...own, ...mine }, "the secret from --secret (MINE)"],
    ["environment", "eeee-own", file, own, `the secret in ${variable}`],
    ["env file", "ffff-file", file, {}, `the secret in ${variable} of the env file`],
    ["project file", "pppp-project", [], {}, "the secret hookline.json names (project.txt)"],
    [
      "env file, where the variable is empty",
      "ffff-file",
      file,
      { [variable]: "" },
      `the secret in ${variable} of the env file`,
    ],
  ])("%s", async (_, secret, flags, env, origin) => {
    const { code, stdout, stderr } = await run(["sign", "order.created", ...flags], { place, env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain(signatureOf(secret));
    expect(stderr).toContain(`signed with ${origin}`);
    expect(stdout + stderr).not.toContain(secret);
  });

  test("project file, and the development secret where that names none", async () => {
    const { stderr } = await run(["sign", "subscription.activated"], { place });
    expect(stderr).toContain("signed with the development secret");
  });

  test("a .env beside it is not read silently", async () => {
    const other = createPlace();
    other.write(".env", `${variable}=silent\n`);
    const { stderr } = await run(["sign", "order.created"], { place: other });
    expect(stderr).toContain("signed with the development secret");
  });

  test("the one before signs nothing, but verifies", async () => {
    const env = { [variable]: "new", [`${variable}_PREVIOUS`]: "old" };
    expect((await run(["sign", "order.created"], { env })).stdout).toContain(signatureOf("new"));
    const args = ["verify", "--body", "-", "-H", `X-Fareplay-Signature: ${signatureOf("old")}`];
    expect(await run(args, { env, input: order })).toMatchObject({ code: 0 });
  });
});

describe("an env file", () => {
  // Node 20 looks for its own --env-file among a script's arguments too, but not behind `--`.
  const behind = (args: readonly string[]): Promise<Finished> =>
    startCommand(process.execPath, ["--", bin, ...args]).finished;

  test.each([
    ["is not there", "none.env"],
    ["is a folder", "."],
  ])("that %s is exit 2", async (_, file) => {
    const finished = await behind(["sign", "order.created", "--env-file", file, "--json"]);
    expect(finished.code).toBe(2);
    expect(errorOf(finished)).toMatchObject({ code: "env-file-unreadable" });
  });

  test("may be named before the command", async () => {
    const place = createPlace();
    place.write("some.env", `${variable}=s\n`);
    const { stdout } = await run(["--env-file", "some.env", "sign", "order.created"], { place });
    expect(stdout).toContain(signatureOf("s"));
  });
});

describe("the project file is not trusted: it", () => {
  test.each([
    ["is malformed", "{", "project-invalid"],
    ["has unknown keys", { apiUrl: "https://evil.example" }, "project-invalid"],
    ["has __proto__ for a key", '{"__proto__": {}}', "project-invalid"],
    ["has __proto__ for a provider", '{"providers": {"__proto__": {}}}', "project-invalid"],
    ["names another variable", { secrets: { fareplay: "env:AWS_SECRET_ACCESS_KEY" } }, "project-invalid"],
    ["holds a secret", { secrets: { fareplay: "hunter2hunter2" } }, "project-invalid"],
    ["names a secret for no one", { secrets: { nobody: "env:A_WEBHOOK_SECRET" } }, "project-invalid"],
    ["has a secret of __proto__", '{"secrets": {"__proto__": "env:A_WEBHOOK_SECRET"}}', "project-invalid"],
    [
      "shadows a built-in",
      { providers: { fareplay: { signatures: [{ kind: "none" }] } } },
      "provider-invalid",
    ],
    [
      "has an odd provider name",
      { providers: { "../x": { signatures: [{ kind: "none" }] } } },
      "provider-invalid",
    ],
    ["has a provider of nothing", { providers: { acme: null } }, "provider-invalid"],
    [
      "reads another variable",
      { providers: { acme: { signatures: [{ kind: "none" }], secretEnv: "HOME" } } },
      "provider-invalid",
    ],
    [
      "is deep",
      `{"providers": {"acme": ${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}}`,
      "provider-invalid",
    ],
    ["is huge", `{"providers": {}}${" ".repeat(2 ** 20)}`, "project-invalid"],
  ])("%s: exit 2, whatever is asked", async (_, content, code) => {
    const place = project(content);
    for (const args of [
      ["providers", "list"],
      ["sign", "order.created"],
    ]) {
      const finished = await run([...args, "--json"], { place, env: { AWS_SECRET_ACCESS_KEY: "aws" } });
      expect(finished.code).toBe(2);
      expect(errorOf(finished)).toMatchObject({ code });
      expect(finished.stderr).not.toMatch(/hunter2|\n {4}at /);
    }
  });

  test("names a file outside: exit 2, when its secret is needed", async () => {
    const place = project({
      secrets: { fareplay: "file:../home/key", fynn: "file:link", stripe: "file:/etc/hostname" },
    });
    mkdirSync(join(place.home, ".ssh"));
    symlinkSync("../home", join(place.cwd, "link"));
    for (const payload of ["order.created", "subscription.activated", "charge.refunded"]) {
      const finished = await run(["sign", payload, "--json"], { place });
      expect(finished.code).toBe(2);
      expect(errorOf(finished)).toMatchObject({ code: "secret-outside-project" });
    }
    expect(await run(["sign", "svix/user.created"], { place })).toMatchObject({ code: 0 });
  });

  test("an error names the file and each mistake in it, with line and column", async () => {
    const place = project(`{
  "secrets": { "svix": "env:SVIX_WEBHOOK_SECRET" },
  "providers": {
    "fareplay": { "signatures": [{ "kind": "none" }] },
    "acme-pay": {
      "title": 3,
      "signatures": [{ "kind": "hmac", "header": "x" }],
      "surprise": 1,
      "events": {
        "a b": {},
        "a.b": { "description": "", "x: y": 1 }
      }
    },
    "list": []
  }
}`);
    const { stderr } = await run(["providers", "list"], { place });
    const file = join(place.cwd, "hookline.json");
    const acme = 'providers["acme-pay"]';
    expect(stderr.split("\n").slice(0, -2)).toEqual([
      `error: ${file}:4:5: providers.fareplay cannot be used: its name is that of a built-in provider; choose another`,
      `  ${file}:6:7: ${acme}.title must be text`,
      `  ${file}:7:22: ${acme}.signatures[0].algorithm is missing`,
      `  ${file}:7:22: ${acme}.signatures[0].encoding is missing`,
      `  ${file}:8:7: ${acme}.surprise is not a known field`,
      `  ${file}:11:18: ${acme}.events["a.b"].description must not be empty`,
      `  ${file}:11:37: ${acme}.events["a.b"]["x: y"] is not a known field`,
      `  ${file}:14:5: providers.list must be an object`,
    ]);
  });

  test.each([
    [
      "names a secret for no one",
      '{"secrets": {\n  "nobody": "env:A_WEBHOOK_SECRET"}}',
      "2:3: secrets.nobody names no provider that there is",
    ],
    [
      "expects no one",
      '{"listen": {"providers": ["svix",\n "nobody"]}}',
      "2:2: listen.providers[1] names no provider that there is",
    ],
    [
      "would send a secret",
      '{"providers": {"acme": {"signatures": [{"kind": "bearer"}], "secretEnv": "STRIPE_WEBHOOK_SECRET"}}}',
      "1:61: providers.acme.secretEnv would send the variable STRIPE_WEBHOOK_SECRET as it is: the provider signs nothing with its secret, it sends it",
    ],
  ])("an error says where it %s", async (_, content, problem) => {
    const place = project(content);
    const finished = await run(["sign", "order.created", "--json"], { place });
    expect(finished.code).toBe(2);
    expect(errorOf(finished)).toMatchObject({
      code: "project-invalid",
      message: `${join(place.cwd, "hookline.json")}:${problem}`,
    });
  });
});

describe("the project file is looked for", () => {
  const acme = { providers: { acme: { signatures: [{ kind: "none" }] } } };
  const knowsAcme = async (place: Place, cwd: string): Promise<boolean> => {
    mkdirSync(join(place.cwd, cwd), { recursive: true });
    const { stdout } = await run(["providers", "list"], { place: { ...place, cwd: join(place.cwd, cwd) } });
    return stdout.includes("\nacme ");
  };

  test("in the folders above, up to the root of the repository", async () => {
    const place = project(acme);
    expect(await knowsAcme(place, "a/b/c")).toBe(false);
    place.write(".git/HEAD", "ref: refs/heads/main\n");
    expect(await knowsAcme(place, "a/b/c")).toBe(true);
    place.write("a/.git/HEAD", "ref: refs/heads/main\n");
    expect(await knowsAcme(place, "a/b/c")).toBe(false);
    expect(await knowsAcme(place, ".")).toBe(true);
  });
});

describe("a provider of one's own", () => {
  const acme = {
    title: "Acme",
    signatures: [
      {
        kind: "hmac",
        header: "X-Acme-Signature",
        algorithm: "sha512",
        encoding: "base64",
        prefix: "v9=",
        separator: ",",
        content: "{header:X-Acme-Id}|{timestamp}|{body}",
        timestamp: { header: "X-Acme-Signature", item: "at=", unit: "s", toleranceSeconds: 60 },
      },
    ],
    headers: { event: "X-Acme-Event", delivery: "X-Acme-Id", userAgent: "Acme/1" },
    envelope: { id: "/id", type: "/type" },
    assumptions: ["All of it."],
    events: { "thing.made": { description: "A thing was made." } },
  };
  const place = project({
    providers: { acme },
    secrets: { acme: ["env:NEW_WEBHOOK_SECRET", "file:old.txt"] },
  });
  const body = '{"id":"ac_1","type":"thing.made"}\n';
  place.write("old.txt", "old\n");
  place.write("acme/thing.made.json", body);
  const env = { NEW_WEBHOOK_SECRET: "new" };
  const at = 1_773_757_920;
  const mac = (secret: string): string =>
    `v9=${createHmac("sha512", secret).update(`ac_1|${at}|${body}`).digest("base64")}`;

  test("is listed before the others, and shown like them", async () => {
    const list = await run(["providers", "list", "--json"], { place });
    expect((JSON.parse(list.stdout) as { data: unknown[] }).data[0]).toMatchObject({
      id: "acme",
      title: "Acme",
      events: 1,
      secret_env: "ACME_WEBHOOK_SECRET",
      custom: true,
    });
    const { stdout } = await run(["providers", "show", "acme"], { place, env });
    expect(stdout).toContain("Acme (acme)\n");
    expect(stdout).toContain(
      "x-acme-signature: at=<time>,v9=<base64 HMAC-SHA-512 of {header:x-acme-id}|{timestamp}|{body}>, 60 s",
    );
    expect(stdout).toContain("the secret hookline.json names (NEW_WEBHOOK_SECRET)");
    expect(stdout).toContain("  · All of it.\n");
  });

  test("signs, with both secrets of a rotation, and is verified by its headers", async () => {
    const args = ["sign", "./acme/thing.made.json", "--at", String(at)];
    const { stdout, stderr } = await run(args, { place, env });
    expect(stderr).toBe(
      `Acme · ${body.length} B · signed with the secret hookline.json names (NEW_WEBHOOK_SECRET)\n`,
    );
    expect(stdout).toBe(
      [
        "content-type: application/json",
        "user-agent: Acme/1",
        "x-acme-event: thing.made",
        "x-acme-id: ac_1",
        `x-acme-signature: at=${at},${mac("new")},${mac("old")}`,
        "",
      ].join("\n"),
    );
    const verify = async (secret: string, ...flags: string[]): Promise<unknown> => {
      const raw = `POST /x HTTP/1.1\nX-Acme-Id: ac_1\nX-Acme-Signature: at=${at},${mac(secret)}\n\n${body}`;
      const input = ["verify", "--request", "-", "--json", ...flags];
      return JSON.parse((await run(input, { place, env, input: raw })).stdout);
    };
    const expected = { provider: "acme", event: "thing.made", delivery_id: "ac_1" };
    expect(await verify("new", "--at", String(at + 60))).toMatchObject({ ...expected, ok: true });
    expect(await verify("old", "--at", String(at))).toMatchObject({ ok: true, secret: { index: 1 } });
    expect(await verify("other", "--at", String(at))).toMatchObject({
      ok: false,
      code: "signature-mismatch",
    });
    expect(await verify("new", "--at", String(at + 61))).toMatchObject({ code: "timestamp-expired" });
  });

  test("that receives Stripe's webhooks signs as Stripe does, with its own secret", async () => {
    const shop = project({ providers: { shop: { base: "stripe", events: { "charge.refunded": {} } } } });
    const { stdout, code } = await run(["sign", "shop/charge.refunded", "--at", String(at)], { place: shop });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^stripe-signature: t=1773757920,v1=[0-9a-f]{64}$/m);
  });
});

describe("a project file cannot take what is another's", () => {
  test.each([
    { secretEnv: "STRIPE_WEBHOOK_SECRET" },
    { secretEnv: "STRIPE_WEBHOOK_SECRET_PREVIOUS" },
    { secrets: { acme: "env:STRIPE_WEBHOOK_SECRET" } },
  ])("no signing secret goes out as a bearer token: %j", async ({ secretEnv, secrets = {} }) => {
    const acme = { signatures: [{ kind: "bearer" }], ...(secretEnv === undefined ? {} : { secretEnv }) };
    const place = project({ providers: { acme }, secrets });
    const env = { STRIPE_WEBHOOK_SECRET: "whsec_real", STRIPE_WEBHOOK_SECRET_PREVIOUS: "whsec_before" };
    const { code, stdout, stderr } = await run(["sign", "-", "--provider", "acme"], {
      place,
      env,
      input: "{}",
    });
    expect(code).toBe(2);
    expect(stdout + stderr).not.toMatch(/whsec_(real|before)/);
    expect(stderr).toMatch(/would send the variable STRIPE_WEBHOOK_SECRET/);
  });

  const foreign = "STRIPE_WEBHOOK_SECRET";
  const before = `${foreign}_PREVIOUS`;
  const later = "SHOP_LATER_WEBHOOK_SECRET";
  test.each<[id: string, kind: string, place: "secretEnv" | "secrets", names: string, sent?: string]>([
    ["stripe-webhook", "bearer", "secretEnv", foreign],
    ["stripe-webhook", "basic", "secretEnv", before],
    ["stripe-webhook", "basic", "secrets", foreign],
    ["stripe-webhook", "bearer", "secrets", before],
    ["standard", "bearer", "secrets", "STANDARD_WEBHOOKS_WEBHOOK_SECRET"],
    ["shop", "bearer", "secrets", "SHOP_OTHER_WEBHOOK_SECRET_2"],
    ["shop", "bearer", "secretEnv", later, `${later}_PREVIOUS`],
  ])(
    "nor where an id begins as another's variable: %s, %s, %s %s",
    async (id, kind, at, names, sent = names) => {
      const hmac = [{ kind: "hmac", header: "x-shop", algorithm: "sha256", encoding: "hex" }];
      const place = project({
        providers: {
          [id]: { signatures: [{ kind }], ...(at === "secretEnv" ? { secretEnv: names } : {}) },
          other: { signatures: hmac, secretEnv: "SHOP_OTHER_WEBHOOK_SECRET" },
          later: { signatures: hmac, secretEnv: `${later}_PREVIOUS` },
        },
        ...(at === "secrets" ? { secrets: { [id]: `env:${names}` } } : {}),
      });
      const env = { [sent]: "whsec:real" };
      const finished = await run(["sign", "-", "--provider", id, "--json"], { place, env, input: "{}" });
      expect(finished).toMatchObject({ code: 2, stdout: "" });
      expect(finished.stderr).not.toContain("whsec:real");
      expect(errorOf(finished)).toMatchObject({
        code: "project-invalid",
        message: expect.stringMatching(
          new RegExp(
            `${at === "secrets" ? ": secrets" : "secretEnv"}\\S* would send the variable ${sent} as it is`,
          ),
        ) as string,
      });
    },
  );

  test("a variable of its own is sent, also where its id begins like another's", async () => {
    const acme = { signatures: [{ kind: "bearer" }] };
    const place = project({ providers: { "stripe-webhook": acme } });
    const finished = await run(["sign", "-", "--provider", "stripe-webhook"], {
      place,
      env: { STRIPE_WEBHOOK_WEBHOOK_SECRET: "own" },
      input: "{}",
    });
    expect(finished).toMatchObject({ code: 0 });
    expect(finished.stdout).toContain("authorization: Bearer own");
  });

  test("a development secret of another form leaves the built-in provider's as it is", async () => {
    const acme = { signatures: [{ kind: "hmac", header: "x-acme", algorithm: "sha256", encoding: "hex" }] };
    const place = project({
      providers: { acme: { ...acme, secretEnv: "STANDARD_WEBHOOKS_WEBHOOK_SECRET" } },
    });
    expect(await run(["secrets", "acme"], { place })).toMatchObject({ code: 0 });
    expect(await run(["sign", "standard-webhooks/invoice.paid"], { place })).toMatchObject({ code: 0 });
  });
});
