import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { accepted, binary, errorOf, fillInbox, hostile, listed, onInbox } from "./inbox-filled.ts";
import { createPlace, type Place } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

let filled: Place;
beforeAll(async () => {
  filled = await fillInbox();
});

/** No control but a line feed, and nothing that is hidden or turns text round. */
const harmless = /^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$/;

describe("inbox list", () => {
  test.each<[flags: string[], numbers: number[]]>([
    [[], [6, 5, 4, 3, 2, 1]],
    [["--failed"], [2]],
    [["--verified"], [2, 1]],
    [["--no-verified"], [6, 5, 4, 3]],
    [
      ["--provider", "fareplay", "--event", "order.*"],
      [3, 2, 1],
    ],
    [["--event", "order.accepted"], [2]],
    [["--text", "EVT_3"], [3]],
    [["--since", "2020-01-01", "--until", "2021-01-01"], []],
    [
      ["--since", "1h", "--limit", "2"],
      [6, 5],
    ],
    [
      ["--cursor", "3", "--all"],
      [2, 1],
    ],
  ])("%j", async (flags, numbers) => {
    expect(await listed(filled, ...flags)).toEqual(numbers);
  });

  test("is a table for people, and JSON in pages for programs", async () => {
    const [{ stdout, stderr }, page] = await Promise.all([
      onInbox(filled, "inbox", "list"),
      onInbox(filled, "inbox", "list", "--json", "--limit", "5"),
    ]);
    expect(stdout).toMatch(/^2 .*✓ 500 .*failed +fareplay\/order\.accepted +evt_2$/m);
    expect(stdout).toMatch(/^3 .*✗ 401 .*rejected/m);
    expect(stdout).toMatch(/^4 .*\? 200 .*POST \/elsewhere\?x=1$/m);
    expect(stdout + stderr).toMatch(harmless);
    const { data, next_cursor } = JSON.parse(page.stdout) as { data: object[]; next_cursor: string };
    expect(next_cursor).toBe("2");
    expect(data[3]).toMatchObject({
      number: 3,
      id: expect.stringMatching(/^dlv_/) as string,
      received_at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      provider: "fareplay",
      verified: false,
      code: "signature-mismatch",
      accepted: false,
      status: 401,
      bytes: accepted.length,
    });
  });

  test.skipIf(!hasTerminal)("fits a terminal of 60 columns", async () => {
    const terminal = startOnTerminal(["inbox", "list"], { place: filled, columns: 60 });
    expect(await terminal.ended).toBe(0);
    const lines = terminal.screen().split(/\r?\n/);
    expect(lines.length).toBeGreaterThan(6);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(60);
  });

  test("of nothing says how it is filled, makes no file, and tells a misspelt provider", async () => {
    const place = createPlace();
    const [empty, json, misspelt, none] = await Promise.all([
      onInbox(place, "inbox", "list"),
      onInbox(place, "inbox", "list", "--json"),
      onInbox(place, "inbox", "list", "--provider", "farepaly", "--json"),
      onInbox(place, "inbox", "list", "--failed"),
    ]);
    expect(empty).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("hookline listen") as string,
    });
    expect(JSON.parse(json.stdout)).toEqual({ data: [], next_cursor: null });
    expect(misspelt.code).toBe(4);
    expect(errorOf(misspelt).next_steps[0]).toContain("fareplay");
    expect(none.stderr).toContain("leave out --failed");
    expect(existsSync(join(place.home, ".local/share/hookline"))).toBe(false);
  });
});

describe("inbox show", () => {
  test("tells the request, the verdict, how the app took it, and the body", async () => {
    const { code, stdout, stderr } = await onInbox(filled, "inbox", "show", "2");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const part of [
      "2  fareplay/order.accepted",
      "POST /fareplay/sub/path?x=1",
      "✓ verified: signed by Fareplay",
      "✗ forwarded to http://localhost",
      '"why": "no"',
      "│ x-own: b",
      "│ authorization: [redacted]",
      '"n": 8',
    ])
      expect(stdout).toContain(part);
    expect(stdout).not.toContain("s3cret");
  });

  test("tells why a signature is wrong", async () => {
    const { stdout } = await onInbox(filled, "inbox", "show", "3");
    expect(stdout).toMatch(/✗ rejected \(signature-mismatch\)\n {4}.+\n {4}fix: /);
  });

  test("writes no byte from outside to the terminal that would steer it", async () => {
    const { stdout } = await onInbox(filled, "inbox", "show", "5");
    expect(stdout).toContain("evil");
    expect(stdout).toMatch(harmless);
    expect(stdout).not.toContain("##vso");
  });

  test("gives all of it to programs: the body as text, or base64 where it is none", async () => {
    const [two, four, six] = await Promise.all(
      ["2", "4", "last"].map(async (name) => {
        const { stdout } = await onInbox(filled, "inbox", "show", name, "--json");
        expect(stdout).not.toContain("s3cret");
        return JSON.parse(stdout) as Record<string, unknown>;
      }),
    );
    expect(two).toMatchObject({
      number: 2,
      failed: true,
      attempts: [{ kind: "forward", ok: false, status: 500, answer: '{"why":"no"}' }],
      findings: [],
      body_base64: null,
    });
    expect(two?.["headers"]).toEqual(
      expect.arrayContaining([
        ["X-Own", "a"],
        ["Cookie", "[redacted]"],
      ]),
    );
    expect(four).toMatchObject({ body: null, body_base64: binary.toString("base64") });
    expect(six).toMatchObject({ number: 6, body: null, body_base64: null, has_body: false });
  });

  test("writes the body alone, byte for byte, with --raw", async () => {
    expect((await onInbox(filled, "inbox", "show", "4", "--raw")).bytes).toEqual(binary);
    const both = await onInbox(filled, "inbox", "show", "4", "--raw", "--json");
    expect(both).toMatchObject({ code: 2, stdout: "" });
  });

  test.skipIf(!hasTerminal)("asks which on a terminal, and writes no raw bytes there", async () => {
    const asking = startOnTerminal(["inbox", "show"], { place: filled });
    await asking.until("Which delivery?");
    asking.type("\r");
    expect(await asking.ended).toBe(0);
    expect(asking.screen()).toContain("405");
    const raw = startOnTerminal(["inbox", "show", "5", "--raw"], { place: filled });
    expect(await raw.ended).toBe(2);
    expect(raw.screen()).not.toContain("evil");
  });
});

describe("inbox diff", () => {
  test("tells the differences by path", async () => {
    const [people, json, same] = await Promise.all([
      onInbox(filled, "inbox", "diff", "1", "2"),
      onInbox(filled, "inbox", "diff", "1", "2", "--json"),
      onInbox(filled, "inbox", "diff", "1", "3"),
    ]);
    expect(people).toMatchObject({ code: 0, stderr: "" });
    expect(people.stdout.split("\n").slice(3, -1)).toEqual([
      '- id          "evt_1"',
      '+ id          "evt_2"',
      '+ items[0]    {"id": 0}',
      "- items[1].n  8.00  (written differently)",
      "+ items[1].n  8  (written differently)",
    ]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      before: 1,
      after: 2,
      kind: "json",
      equal: false,
      differences: [{ path: "id", op: "changed" }, { path: "items[0]", op: "added" }, { op: "written" }],
    });
    expect(same.stdout).toMatch(/^= 1 and 3 are the same, byte for byte \(\d+ B\)\n$/);
  });

  test("is harmless, whatever the bodies are", async () => {
    for (const name of ["1", "4"]) {
      const { code, stdout } = await onInbox(filled, "inbox", "diff", name, "5");
      expect(code).toBe(0);
      expect(stdout).toMatch(harmless);
    }
    expect(hostile).not.toMatch(harmless);
  });
});

test.each<[args: string[], exit: number, code: string]>([
  [["show", "99"], 4, "not-found"],
  [["show", "dlv_99"], 4, "not-found"],
  [["show"], 2, "usage"],
  [["diff", "1", "nothing"], 4, "not-found"],
  [["replay"], 2, "usage"],
  [["replay", "1", "--failed", "--to", "1"], 2, "usage"],
  [["replay", "1"], 2, "usage"],
  [["replay", "6", "--to", "1"], 2, "delivery-empty"],
  [["replay", "--no-verified", "--to", "1"], 2, "confirmation-missing"],
  [["export", "1"], 2, "usage"],
  [["export", "6", "--out", "x"], 2, "delivery-empty"],
  [["clear"], 2, "confirmation-missing"],
  [["limits", "--count", "0"], 2, "usage"],
  [["limits", "--size", "5"], 2, "usage"],
  [["list", "--cursor", "dlv_1"], 2, "usage"],
  [["list", "--since", "sometime"], 2, "usage"],
])("%j is exit %i, %s", async (args, exit, code) => {
  const finished = await onInbox(filled, "inbox", ...args, "--json");
  expect(finished).toMatchObject({ code: exit, stdout: "" });
  expect(errorOf(finished).code).toBe(code);
});
