import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { exportDeliveries, rawRequest, safeName } from "../../src/actions/inbox-export.ts";
import type { Workspace } from "../../src/actions/workspace.ts";
import { parseRawRequest } from "../../src/payloads/raw-request.ts";
import { createRegistry } from "../../src/providers/index.ts";
import { createFolder } from "../cli/spawn.ts";
import { delivery, openTestInbox } from "../inbox/deliveries.ts";

test.each([
  ["order.created", "order.created"],
  ["orders/create", "orders-create"],
  ["../../etc/passwd", "etc-passwd"],
  ["..", "unnamed"],
  ["", "unnamed"],
  [".hidden", "hidden"],
  ["-rf", "rf"],
  ["a\\b:c", "a-b-c"],
  ["a\u0000\u001b[31m\u202eb\n", "a-31m-b"],
  ["Bestellung-größer", "Bestellung-gr-er"],
  ["con", "_con"],
  ["LPT1.x", "_LPT1.x"],
  ["console", "console"],
  ["name.", "name"],
  ["x".repeat(500), "x".repeat(80)],
])("%j becomes %j in a file's name", (text, name) => {
  expect(safeName(text)).toBe(name);
});

describe("a raw request", () => {
  const body = Buffer.from([0x00, 0xff, 0x0d, 0x0a, 0x0d, 0x0a]);

  test.each<[name: string, headers: string[], expected: string[]]>([
    [
      "keeps order, case and repetition",
      ["B", "2", "a", "1 \xe4", "b", "", "Content-Length", "6"],
      ["B", "2", "a", "1 \xe4", "b", "", "Content-Length", "6"],
    ],
    [
      "has its length in place of its chunks",
      ["a", "1", "transfer-encoding", "gzip, chunked", "b", "2"],
      ["a", "1", "Content-Length", "6", "b", "2"],
    ],
    ["is told its length where nothing does", ["a", "1"], ["a", "1", "Content-Length", "6"]],
  ])("%s, and is read back", (_, headers, expected) => {
    const read = parseRawRequest(rawRequest({ method: "POST", target: "/a?b=c", headers }, body));
    expect(read).toMatchObject({ method: "POST", target: "/a?b=c", headers: expected });
    expect(read.body).toEqual(body);
  });

  test("has no byte in its target that a request line cannot have", () => {
    const read = parseRawRequest(rawRequest({ method: "POST", target: "/\xa0\xe4 x", headers: [] }, body));
    expect(read.target).toBe("/%a0%e4%20x");
  });
});

describe("the folder of a provider", () => {
  /** An export of one delivery of fareplay and one of Stripe into `out`, which holds what was put there before. */
  async function exporting(prepare: (out: string, elsewhere: string) => void) {
    const cwd = createFolder();
    const [out, elsewhere] = [join(cwd, "out"), join(cwd, "elsewhere")];
    for (const folder of [out, elsewhere]) mkdirSync(folder);
    prepare(out, elsewhere);
    const recording = await openTestInbox();
    onTestFinished(() => recording.close());
    recording.record(delivery(), delivery({ provider: "stripe", event: "charge.refunded" }));
    const workspace = { host: { cwd }, registry: createRegistry() } as Workspace;
    return {
      out,
      elsewhere,
      write: (to: string, force: boolean) =>
        exportDeliveries(workspace, recording.inbox, [1, 2], { out: to, force }),
    };
  }
  const redirected = (message: string): unknown =>
    expect.objectContaining({
      code: "out-redirected",
      exitCode: 2,
      message: expect.stringContaining(message) as string,
    });

  test.each<[what: string, prepare: (out: string, elsewhere: string) => void, message: string]>([
    [
      "a link out of it",
      (out, elsewhere) => symlinkSync(elsewhere, join(out, "stripe"), "junction"),
      "stripe is a link, which may lead elsewhere, so nothing was written there",
    ],
    [
      "a link to nothing",
      (out, elsewhere) => symlinkSync(join(elsewhere, "x"), join(out, "stripe"), "junction"),
      "stripe is a link",
    ],
    ["a file", (out) => writeFileSync(join(out, "stripe"), ""), "stripe is no folder"],
  ])("is refused where it is %s, before anything is written", async (_, prepare, message) => {
    const { out, elsewhere, write } = await exporting(prepare);
    for (const force of [false, true]) {
      expect(() => [...write("out", force)]).toThrow(redirected(message));
      expect(readdirSync(out)).toEqual(["stripe"]);
      expect(readdirSync(elsewhere)).toEqual([]);
    }
  });

  test("is refused where it becomes a link while files are written", async () => {
    const { out, elsewhere, write } = await exporting(() => undefined);
    const written = write("out", true);
    written.next();
    symlinkSync(elsewhere, join(out, "stripe"), "junction");
    expect(() => written.next()).toThrow(redirected("stripe is a link"));
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test("may stand in a folder that is named by a link", async () => {
    const { elsewhere, write } = await exporting((out, elsewhere) =>
      symlinkSync(elsewhere, join(out, "link"), "junction"),
    );
    expect([...write("out/link", false)]).toHaveLength(2);
    expect(readdirSync(elsewhere)).toEqual(["fareplay", "stripe"]);
  });
});
