import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { secretKey, startStripe, stripeEvent } from "../remote/stripe-server.ts";
import { homeOf } from "./api-server.ts";
import { createPlace, run, type Finished, type Place } from "./spawn.ts";

const json = ({ stdout }: Finished): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;
const errorOf = ({ stderr }: Finished): { code: string; message: string; next_steps: string[] } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string; next_steps: string[] };
    }
  ).error;

const logIn = (place: Place, url: string, key = secretKey): Promise<Finished> =>
  run(["login", url, "--stripe", "--key", "-", "--json"], { place, input: key });

describe("the stripe profile", () => {
  test("is made by login --stripe, once Stripe has told whose key it is", async () => {
    const place = createPlace();
    const { url } = await startStripe();
    const finished = await logIn(place, url);
    expect(finished).toMatchObject({ code: 0, stderr: "" });
    expect(json(finished)).toEqual({
      profile: "stripe",
      kind: "stripe",
      url,
      account: "The shop",
      key_id: null,
      current: true,
    });
    expect(JSON.parse(readFileSync(join(homeOf(place), "profiles.json"), "utf8"))).toEqual({
      current: "stripe",
      profiles: { stripe: { kind: "stripe", url, key: secretKey, account: "The shop" } },
    });
    const who = await run(["whoami"], { place });
    expect(who.stdout).toMatch(/^ {2}account +The shop \(acct_1MrJULkdIwHu7ix1\)$/m);
    expect(who.stdout).toMatch(/^ {2}key +sk_….{4}, from the profile$/m);
    expect(who.stdout).not.toContain(secretKey);
  });

  test("is not made with a wrong key, nor replaced by one of the other mode", async () => {
    const place = createPlace();
    const { url } = await startStripe();
    const wrong = await logIn(place, url, "sk_test_51Mwrongwrongwrong");
    expect(wrong).toMatchObject({ code: 3, stdout: "" });
    expect(errorOf(wrong)).toMatchObject({ code: "key-invalid" });
    expect(wrong.stderr).not.toContain("sk_test_51Mwrongwrongwrong");
    const other = await logIn(place, url, "hk_0123456789");
    expect(errorOf(other)).toMatchObject({ code: "key-of-other-kind" });

    await run(["login", url, "--stripe", "--key", "-"], { place, input: secretKey });
    const file = join(homeOf(place), "profiles.json");
    const live = readFileSync(file, "utf8").replace("sk_test_", "sk_live_");
    place.write("../home/.local/share/hookline/profiles.json", live);
    const refused = await logIn(place, url);
    expect(refused.code).toBe(2);
    expect(errorOf(refused).message).toContain("Stripe in live mode");
    expect(readFileSync(file, "utf8")).toBe(live);
  });

  test("makes, lists, changes and deletes Stripe's endpoints", async () => {
    const place = createPlace();
    const stripe = await startStripe();
    await logIn(place, stripe.url);
    const create = [
      "--events",
      "charge.refunded,checkout.session.completed",
      "--url",
      "https://shop.example/x",
    ];
    // Whose events they are needs no saying.
    const made = await run(["endpoints", "create", ...create, "--write-env", ".env:HOOK", "--json"], {
      place,
    });
    expect(made.code).toBe(0);
    const { id } = json(made) as { id: string };
    expect(json(made)).toMatchObject({ provider: "stripe", written: { name: "HOOK" } });
    expect(readFileSync(join(place.cwd, ".env"), "utf8")).toMatch(/^HOOK=whsec_\w+\n$/);
    const listed = await run(["endpoints", "list"], { place });
    expect(listed.stdout).toContain(id);
    expect(listed.stdout).toContain("charge.refunded checkout.session.completed");
    const updated = await run(["endpoints", "update", id, "--events", "*", "--json"], { place });
    expect(json(updated)).toMatchObject({ events: ["*"], warnings: [{ code: "stripe-explicit-events" }] });
    expect(updated.stderr).toMatch(/^warning: \* leaves out/);
    expect(json(await run(["endpoints", "disable", id, "--json"], { place }))).toMatchObject({
      status: "disabled",
    });
    expect((await run(["endpoints", "show", id], { place })).stdout).toMatch(/^ {2}status +disabled$/m);
    expect(json(await run(["endpoints", "delete", id, "--yes", "--json"], { place }))).toEqual({
      id,
      deleted: true,
    });
    expect(stripe.endpoints).toEqual([]);
    const gone = await run(["endpoints", "show", id, "--json"], { place });
    expect(gone.code).toBe(4);
    expect(errorOf(gone).message).toContain("No such webhook endpoint");
  });

  test("lists Stripe's events and shows one, byte for byte", async () => {
    const place = createPlace();
    const stripe = await startStripe();
    stripe.events.push(...[3, 2, 1].map((number) => stripeEvent(number)));
    await logIn(place, stripe.url);
    const first = json(await run(["events", "list", "--limit", "2", "--json"], { place }));
    expect(first["data"]).toMatchObject([{ provider: "stripe" }, {}]);
    const all = json(await run(["events", "list", "--all", "--json"], { place }));
    expect(all["data"]).toHaveLength(3);
    const [{ id } = { id: "" }] = stripe.events;
    const since = await run(
      ["events", "list", "--since", "1686089973", "--type", "setup_intent.created", "--json"],
      {
        place,
      },
    );
    expect(json(since)["data"]).toMatchObject([{ id }]);
    const shown = await run(["events", "show", id], { place });
    expect(shown.stdout).toBe(JSON.stringify(stripe.events[0], null, 2));
    const types = json(await run(["events", "types", "--json"], { place }))["data"] as { provider: string }[];
    expect(new Set(types.map(({ provider }) => provider))).toEqual(new Set(["stripe"]));
  });

  test.each([
    [["endpoints", "rotate-secret", "we_1"], /^Stripe has no API that rolls a signing secret$/],
    [["keys", "list"], /^Stripe has no API for its API keys$/],
    [["activity", "list"], /^Stripe has no API for the log of requests$/],
    [
      ["endpoints", "create", "--events", "charge.*", "--url", "https://a.example"],
      /^Stripe takes exact event types/,
    ],
    [
      ["endpoints", "create", "--provider", "fynn", "--events", "*", "--url", "https://a.example"],
      /^Stripe's endpoints receive Stripe's events, not fynn's$/,
    ],
  ])("%j is what Stripe does not do: exit 2, and where it is done instead", async (args, message) => {
    const place = createPlace();
    const stripe = await startStripe();
    await logIn(place, stripe.url);
    const before = stripe.received.length;
    const finished = await run([...args, "--json"], { place });
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    const { code, message: said, next_steps } = errorOf(finished);
    expect([code, said]).toEqual(["stripe-unsupported", expect.stringMatching(message)]);
    expect(next_steps.length).toBeGreaterThan(0);
    expect(stripe.received).toHaveLength(before);
  });
});
