import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { closedPort, post } from "./run-servers.ts";
import { createPlace, ndjson, run, start } from "./spawn.ts";

async function providerIds(): Promise<string[]> {
  const { stdout } = await run(["providers", "list", "--json"]);
  const { data } = JSON.parse(stdout) as { data: { id: string }[] };
  expect(data.length).toBeGreaterThanOrEqual(11);
  return data.map(({ id }) => id);
}

describe("demo", () => {
  test("on an empty home: every provider is seen, one delivery rejected, exit 0, in under ten seconds", async () => {
    const place = createPlace();
    const started = performance.now();
    const { code, stdout, stderr } = await run(["demo", "--json"], { place });
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(code).toBe(0);
    const told = ndjson(stdout);
    const deliveries = told.filter(({ type }) => type === "delivery");
    const accepted = deliveries.filter(({ verified }) => verified === true);
    expect([...new Set(accepted.map(({ provider }) => provider))]).toEqual(await providerIds());
    expect(
      accepted.every(({ event, status, code }) => event !== null && status === 200 && code === null),
    ).toBe(true);
    const rejected = deliveries.filter(({ verified }) => verified !== true);
    expect(rejected).toMatchObject([
      {
        provider: "fareplay",
        event: "order.created",
        verified: false,
        code: "signature-mismatch",
        status: 401,
      },
    ]);
    const summary = {
      type: "summary",
      ok: true,
      sent: accepted.length,
      verified: accepted.length,
      rejected: 1,
    };
    expect(told.at(-1)).toEqual(summary);
    expect(stderr).not.toContain("error");
    // What it leaves behind is the development secrets, in the home alone.
    expect(readdirSync(place.cwd)).toEqual([]);
  });

  test("whatever the environment says: garbage for secrets, a dead proxy", async () => {
    const dead = `http://127.0.0.1:${await closedPort()}`;
    const names = (await providerIds()).map((id) => id.toUpperCase().replaceAll("-", "_"));
    const garbage = Object.fromEntries(
      names.flatMap((name) => [
        [`${name}_WEBHOOK_SECRET`, "whsec_!not base64!"],
        [`${name}_WEBHOOK_SECRET_PREVIOUS`, "\u0001"],
      ]),
    );
    const env = { ...garbage, HTTP_PROXY: dead, HTTPS_PROXY: dead, http_proxy: dead };
    const { code, stdout } = await run(["demo"], { place: createPlace(), env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ \d+ deliveries sent, \d+ verified; 1 tampered with and rejected/);
    for (const title of ["Fareplay", "Fynn", "Fikäfi", "Stripe"]) expect(stdout).toContain(`\n${title}\n`);
    expect(stdout).toContain("✗ rejected");
    expect(stdout).not.toContain("unverified");
  });

  test("interrupted, it stops and leaves no listener", async () => {
    // It is over so soon that the signal may come too late: then it is tried again.
    for (let tries = 1; ; tries++) {
      const demo = start(["demo"]);
      await demo.until("the listener", (out) => out.includes("http://127.0.0.1:"));
      demo.kill("SIGINT");
      const { code, stdout } = await demo.finished;
      if (code === 0 && stdout.includes("tampered with and rejected") && tries < 5) continue;
      expect(code).toBe(130);
      const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout) ?? [];
      await expect(post(url)).rejects.toThrow();
      return;
    }
  });
});
