import { describe, expect, test } from "vitest";
import { builtInProviders } from "../../src/providers/index.ts";
import { createPlace, run } from "./spawn.ts";

const ids = builtInProviders.map(({ id }) => id);

const json = async (args: readonly string[], env = {}): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await run([...args, "--json"], { env });
  expect({ code, stderr, lines: stdout.split("\n").length }).toEqual({ code: 0, stderr: "", lines: 2 });
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe("providers list", () => {
  test("names every provider, with its variable and its signature", async () => {
    const { code, stdout, stderr } = await run(["providers", "list"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^PROVIDER +EVENTS +SECRET +SIGNATURE$/);
    expect(lines.slice(1).map((line) => line.split(" ")[0])).toEqual(ids);
    expect(lines[1]).toMatch(
      /^fareplay +8 +FAREPLAY_WEBHOOK_SECRET +Fareplay +x-fareplay-signature: sha256=<hex HMAC-SHA-256 of \{body\}>$/,
    );
    expect(stdout).toMatch(/^fitaiid +5 +STRIPE_WEBHOOK_SECRET +FitAiid \(receives stripe\) /m);
  });

  test("is a list in JSON", async () => {
    const { data, next_cursor } = await json(["providers", "list"]);
    expect(next_cursor).toBeNull();
    expect(data).toHaveLength(11);
    expect(data).toContainEqual({
      id: "fjellride",
      title: "Fjellride",
      base: "stripe",
      events: 3,
      signature: "stripe-signature: t=<time>,v1=<hex HMAC-SHA-256 of {timestamp}.{body}>, 300 s",
      secret_env: "FJELLRIDE_WEBHOOK_SECRET",
      custom: false,
    });
  });
});

describe("providers show", () => {
  test.each(builtInProviders)(
    "$id: every assumption, every event, every pitfall, and the rules of delivery",
    async (provider) => {
      const { code, stdout, stderr } = await run(["providers", "show", provider.id]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      for (const assumption of provider.assumptions ?? []) expect(stdout).toContain(`\n  · ${assumption}\n`);
      expect(stdout.includes("Assumed, as no page of the vendor says it:")).toBe(
        (provider.assumptions ?? []).length > 0,
      );
      for (const [name, { description }] of Object.entries(provider.events)) {
        expect(stdout.split("\n").find((line) => line.startsWith(`  ${name} `))).toContain(description);
      }
      expect(stdout).toContain(`${provider.secretEnv}: not set, so the development secret is used`);
      expect(stdout).toContain(`within ${provider.ack.timeoutMs / 1000} s`);
      expect(provider.pitfalls?.length).toBeGreaterThan(0);
      for (const pitfall of provider.pitfalls ?? []) expect(stdout).toContain(`\n  · ${pitfall}\n`);
      expect(stdout).toContain(`  verifier    hookline snippet ${provider.id} --lang ts|python|php\n`);
    },
  );

  test("a vendor's own rules, in words", async () => {
    const { stdout } = await run(["providers", "show", "fikafi"]);
    expect(stdout).toContain("success     200 within 5 s\n");
    expect(stdout).toContain("signature   x-signature: [sha256=]<hex HMAC-SHA-256 of {body}>\n");
    expect((await run(["providers", "show", "fareplay"])).stdout).toContain(
      "retries     after 1 min, 10 min, 1 h\n",
    );
  });

  test("all of it in JSON, with the assumptions word for word", async () => {
    const fareplay = builtInProviders[0];
    expect(await json(["providers", "show", "fareplay"])).toEqual({
      id: "fareplay",
      title: "Fareplay",
      docs: fareplay?.docs,
      base: null,
      custom: false,
      signatures: fareplay?.signatures,
      headers: fareplay?.headers,
      identify: fareplay?.identify,
      event_from: fareplay?.eventFrom,
      envelope: fareplay?.envelope,
      dedupe: { header: "x-fareplay-delivery" },
      ack: { timeout_ms: 30_000, success: "2xx" },
      retry: { delays_ms: [60_000, 600_000, 3_600_000], jitter: 0 },
      events: Object.entries(fareplay?.events ?? {}).map(([name, { description }]) => ({
        name,
        description,
      })),
      secret_env: "FAREPLAY_WEBHOOK_SECRET",
      secret: null,
      api_key: null,
      assumptions: fareplay?.assumptions,
      pitfalls: fareplay?.pitfalls,
    });
  });

  test("says what is wrong with the vendor's own sample, and shows a verifier that works", async () => {
    const { stdout } = await run(["providers", "show", "fareplay"]);
    const [, pitfalls = ""] = stdout.split("\nPitfalls when you verify its requests:\n");
    expect(pitfalls.match(/^ {2}· .+$/gm)).toEqual([
      expect.stringMatching(/vendor's own sample .*sha256=.*timingSafeEqual throws.*500, not 401/),
      expect.stringMatching(/vendor's own sample throws on a request without X-Fareplay-Signature/),
      expect.stringMatching(/vendor's own sample .*8\.00 becomes 8.*never matches/),
    ]);
    const { verifier } = await json(["snippet", "fareplay"]);
    const shown = pitfalls.split("A verifier that works, in TypeScript:\n\n")[1] ?? "";
    expect(shown.replace(/^ {2}/gm, "")).toBe(`${String(verifier)}\n`);
  });

  test("a provider of one's own may have pitfalls; without any no verifier is in the way", async () => {
    const place = createPlace();
    const hmac = { kind: "hmac", header: "x-acme", algorithm: "sha256", encoding: "hex" };
    place.write(
      "hookline.json",
      JSON.stringify({
        providers: {
          acme: { signatures: [hmac], pitfalls: ["It signs on Tuesdays alone."] },
          quiet: { signatures: [hmac] },
          open: { signatures: [{ kind: "none" }], pitfalls: ["It signs nothing."] },
        },
      }),
    );
    const [acme = "", quiet = "", open = ""] = await Promise.all(
      ["acme", "quiet", "open"].map(async (id) => (await run(["providers", "show", id], { place })).stdout),
    );
    expect(acme).toContain("  · It signs on Tuesdays alone.\n");
    expect(acme).toContain("  export function verifyAcme(\n");
    expect(quiet).toContain("hookline snippet quiet --lang ts|python|php\n");
    expect(quiet).not.toMatch(/Pitfalls|export function/);
    expect(open).toContain("  · It signs nothing.\n");
    expect(open).not.toMatch(/snippet|export function/);
    expect((await run(["providers", "show", "quiet", "--json"], { place })).stdout).toContain(
      '"pitfalls":[]',
    );
  });

  test("says where a secret comes from, never what it is", async () => {
    const env = { FAREPLAY_WEBHOOK_SECRET: "whsec_0123456789abcdef" };
    const { stdout } = await run(["providers", "show", "fareplay"], { env });
    expect(stdout).toContain("FAREPLAY_WEBHOOK_SECRET: the secret in FAREPLAY_WEBHOOK_SECRET\n");
    expect(stdout).not.toContain("0123456789");
    expect(await json(["providers", "show", "fareplay"], env)).toMatchObject({
      secret: { source: "environment", name: "FAREPLAY_WEBHOOK_SECRET" },
    });
  });

  test("needs no home", async () => {
    const { code } = await run(["providers", "show", "stripe"], { env: { HOOKLINE_HOME: "/dev/null/none" } });
    expect(code).toBe(0);
  });

  test.each([
    ["fareplai", "did you mean fareplay?"],
    ["strip", "did you mean stripe?"],
    ["__proto__", "list the providers: hookline providers list"],
    ["constructor", "list the providers: hookline providers list"],
  ])("knows no %s, exit 4, and says what to try", async (id, step) => {
    const { code, stdout, stderr } = await run(["providers", "show", id, "--json"]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    const { error } = JSON.parse(stderr) as {
      error: { code: string; message: string; next_steps: string[] };
    };
    expect(error.code).toBe("provider-unknown");
    expect(error.message).toContain(JSON.stringify(id));
    expect(error.next_steps).toContain(step);
  });
});

test("a provider of one's own cannot steer the terminal", async () => {
  const place = createPlace();
  const evil = "\u001b[31m\u0007\u009b\u202e";
  place.write(
    "hookline.json",
    JSON.stringify({
      providers: {
        acme: {
          title: `Acme${evil}`,
          assumptions: [`it is${evil}`],
          pitfalls: [`it does${evil}`],
          signatures: [{ kind: "none" }],
          events: { "x.y": { description: `Means${evil}` } },
        },
      },
    }),
  );
  for (const args of [
    ["providers", "list"],
    ["providers", "show", "acme"],
    ["fixtures", "list"],
  ]) {
    for (const flags of [[], ["--json"]]) {
      const { code, stdout, stderr } = await run([...args, ...flags], { place });
      expect(code).toBe(0);
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  }
});
