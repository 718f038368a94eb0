import { describe, expect, test } from "vitest";
import { startApi, startStub, stubKey } from "./api-server.ts";
import { createPlace, run, type Finished } from "./spawn.ts";

const errorOf = ({ stderr }: Finished): { code: string; message: string } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string };
    }
  ).error;

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
    const none = await run(["events", "types", "--provider", "nobody"], { place });
    expect(none).toMatchObject({ code: 0, stdout: "" });
    expect(none.stderr).toContain("hookline events types");
  });
});

describe("published events", () => {
  test("are nothing that a server has yet: exit 5, in words", async () => {
    const { url, key } = await startApi();
    const place = createPlace();
    for (const env of [{}, { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: key }]) {
      for (const args of [["list"], ["show", "evt_1"]]) {
        const finished = await run(["events", ...args, "--json"], { place, env });
        expect(finished).toMatchObject({ code: 5, stdout: "" });
        expect(errorOf(finished)).toMatchObject({
          code: "not-implemented",
          message: expect.stringContaining("delivers no events yet") as string,
        });
      }
    }
  });

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
});
