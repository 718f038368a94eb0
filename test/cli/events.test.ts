import { describe, expect, test } from "vitest";
import { startApi, startStub, stubKey } from "./api-server.ts";
import { createPlace, run, type Finished } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

const errorOf = ({ stderr }: Finished): { code: string; message: string; next_steps: string[] } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string; next_steps: string[] };
    }
  ).error;

const typeOf = (name: string): string => /[a-z]+\.[a-z]+(?=\.json$|$)/.exec(name)?.[0] ?? "";

describe("events types", () => {
  test("are those of every provider, or of one", async () => {
    const place = createPlace();
    const all = await run(["events", "types"], { place });
    expect(all.stdout).toMatch(
      /^PROVIDER +EVENT +MEANS\nfareplay +order\.created +A golfer places an order\.\n/,
    );
    expect(all.stdout).toMatch(/^stripe +charge\.refunded +/m);
    const one = await run(["events", "types", "--provider", "fynn", "--json"], { place });
    const { data, next_cursor } = JSON.parse(one.stdout) as {
      data: { provider: string }[];
      next_cursor: null;
    };
    expect(data.length).toBeGreaterThan(1);
    expect(new Set(data.map(({ provider }) => provider))).toEqual(new Set(["fynn"]));
    expect(next_cursor).toBeNull();
    const none = await run(["events", "types", "--provider", "strip", "--json"], { place });
    expect(none).toMatchObject({ code: 4, stdout: "" });
    expect(errorOf(none)).toMatchObject({
      code: "provider-unknown",
      next_steps: expect.arrayContaining(["did you mean stripe?"]) as string[],
    });
  });

  test("of a server are what it says; a provider that this machine does not know is a note", async () => {
    const { url } = await startStub(() => ({ status: 200, body: { data: [], next_cursor: null } }));
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    const place = createPlace();
    for (const args of [["types"], ["list", "--since", "2026-03-17"]]) {
      const unknown = await run(["events", ...args, "--provider", "strip"], { place, env });
      expect(unknown).toMatchObject({ code: 0, stdout: "" });
      expect(unknown.stderr).toMatch(
        /^there is no provider called "strip" as far as .* mean stripe\?\nthere are none that fit/,
      );
      const json = await run(["events", ...args, "--provider", "strip", "--json"], { place, env });
      expect(JSON.parse(json.stdout)).toEqual({ data: [], next_cursor: null });
      const known = await run(["events", ...args, "--provider", "stripe"], { place, env });
      expect(known.stderr).toMatch(/^there are none that fit; leave out --provider .*to see more\n$/);
    }
    expect((await run(["events", "list"], { place, env })).stderr).toBe("no event was published yet\n");
  });
});

describe("published events", () => {
  test.each(["on this machine", "on a server"])(
    "%s are listed newest first, and shown as they were",
    async (where) => {
      const place = createPlace();
      const { url, key } = where === "on a server" ? await startApi() : { url: "", key: "" };
      const env = url === "" ? {} : { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: key };
      const none = await run(["events", "list"], { place, env });
      expect(none).toMatchObject({ code: 0, stdout: "", stderr: "no event was published yet\n" });
      const body = Buffer.from('{ "caf\u00e9" : 1.0 }\n', "utf8");
      place.write("fareplay/order.accepted.json", body);
      const names = ["order.created", "fynn/subscription.activated", "./fareplay/order.accepted.json"];
      const ids: string[] = [];
      for (const name of names) {
        const { stdout } = await run(["events", "publish", name, "--type", typeOf(name), "--json"], {
          place,
          env,
        });
        ids.unshift((JSON.parse(stdout) as { id: string }).id);
      }
      const idsOf = async (...flags: string[]): Promise<string[]> => {
        const { code, stdout } = await run(["events", "list", ...flags, "--json"], { place, env });
        expect(code).toBe(0);
        return (JSON.parse(stdout) as { data: { id: string }[] }).data.map(({ id }) => id);
      };
      expect(await idsOf()).toEqual(ids);
      expect(await idsOf("--provider", "fareplay")).toEqual([ids[0], ids[2]]);
      expect(await idsOf("--type", "subscription.activated")).toEqual([ids[1]]);
      expect(await idsOf("--since", "1h", "--limit", "1")).toEqual([ids[0]]);
      expect(await idsOf("--until", "2026-01-01T00:00:00Z")).toEqual([]);
      // Spaces, digits and the last line's end are as they were.
      const shown = await run(["events", "show", ids[0] ?? ""], { place, env });
      expect([shown.code, shown.bytes]).toEqual([0, body]);
      const missing = await run(["events", "show", "evt_0", "--json"], { place, env });
      expect(missing).toMatchObject({ code: 4, stdout: "" });
      expect(errorOf(missing)).toMatchObject({
        code: "not-found",
        next_steps: ["see what there is: hookline events list"],
      });
    },
  );

  test("are asked for as the flags say", async () => {
    const event = {
      id: "evt_1",
      provider: "fareplay",
      type: "order.created",
      created_at: "2026-03-17T14:32:07.000Z",
    };
    const { url, received } = await startStub(({ url: path }) =>
      path.startsWith("/v1/events?")
        ? { status: 200, body: { data: [event], next_cursor: path.includes("cursor=") ? null : "evt_0" } }
        : { status: 200, body: { ...event, payload: null, payload_base64: "AAH/" } },
    );
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    const place = createPlace();
    const flags = [
      "--provider",
      "fareplay",
      "--type",
      "order.created",
      "--since",
      "2026-03-17",
      "--until",
      "1800000000",
    ];
    const page = await run(["events", "list", ...flags, "--limit", "1"], { place, env });
    expect(page.stdout).toMatch(
      /^ID +CREATED +PROVIDER +EVENT\nevt_1 +2026-03-1\d \d\d:\d\d:07 +fareplay +order\.created\n$/,
    );
    expect(page.stderr).toContain("--cursor evt_0");
    const query = new URL(received[0]?.url ?? "", url).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      provider: "fareplay",
      type: "order.created",
      since: "2026-03-17T00:00:00.000Z",
      until: "2027-01-15T08:00:00.000Z",
      limit: "1",
    });
    const all = await run(["events", "list", "--all", "--json"], { place, env });
    expect(JSON.parse(all.stdout)).toEqual({ data: [event, event], next_cursor: null });

    // Any bytes come out as they are.
    const shown = await run(["events", "show", "evt_1"], { place, env });
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect([...shown.bytes]).toEqual([0, 1, 255]);
  });

  test("bad flags are refused before anybody is asked", async () => {
    for (const [args, message] of [
      [["--since", "noon"], /^--since takes a time/],
      [["--limit", "101"], /^--limit takes a whole number/],
    ] as const) {
      const finished = await run(["events", "list", ...args, "--json"], { place: createPlace() });
      expect(finished).toMatchObject({ code: 2, stdout: "" });
      expect(errorOf(finished).message).toMatch(message);
    }
  });

  test("show takes one", async () => {
    const finished = await run(["events", "show", "--json"], { place: createPlace() });
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(finished)).toMatchObject({ code: "usage", message: "no event is named" });
  });

  test.skipIf(!hasTerminal)("on a terminal show offers the newest", async () => {
    const event = { provider: "fareplay", type: "order.created", created_at: "2026-03-17T14:32:07.000Z" };
    const { url, received } = await startStub(({ url: path }) => ({
      status: 200,
      body: path.startsWith("/v1/deliveries?")
        ? { data: [delivery], next_cursor: null }
        : path.startsWith("/v1/events?")
          ? { data: ["evt_2", "evt_1"].map((id) => ({ ...event, id })), next_cursor: "evt_1" }
          : { ...event, id: "evt_1", payload: '{"a":1}', payload_base64: null },
    }));
    const delivery = {
      id: "dlv_1",
      event_id: "evt_1",
      endpoint_id: "ep_1",
      endpoint_url: "https://shop.example/hooks",
      provider: "fareplay",
      event_type: "order.created",
      status: "failed",
      attempts_made: 0,
      created_at: "2026-03-17T14:32:07.000Z",
      next_attempt_at: null,
      last_attempt: null,
    };
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    const terminal = startOnTerminal(["events", "show"], { place: createPlace(), env });
    await terminal.until("Which event?");
    await terminal.until("fareplay/order.created");
    terminal.type("\x1b[B\r");
    await terminal.until("dlv_1  failed  https://shop.example/hooks");
    expect(await terminal.ended).toBe(0);
    expect(received.map(({ url: path }) => path)).toEqual([
      "/v1/events?limit=100",
      "/v1/events/evt_1",
      "/v1/deliveries?event_id=evt_1",
    ]);
  });
});
