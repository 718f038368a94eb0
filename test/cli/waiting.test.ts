import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { startServer } from "./run-servers.ts";
import { createPlace, run } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

const nothing = (response: ServerResponse): void =>
  void response.setHeader("content-type", "application/json").end('{"data":[],"next_cursor":null}');

test.skipIf(!hasTerminal)("a terminal shows what is waited for", async () => {
  const place = createPlace();
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (answer = resolve));
  const { url } = await startServer(async (_, response) => {
    await asked;
    nothing(response);
  });
  const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: "hk_any" };
  const terminal = startOnTerminal(["keys", "list"], { place, env });
  await terminal.until(`waiting for ${new URL(url).host}`);
  answer();
  await terminal.until("no keys: make one with hookline keys create");
  expect(await terminal.ended).toBe(0);
});

test("nothing of it goes through a pipe", async () => {
  const { url } = await startServer((_, response) => void setTimeout(() => nothing(response), 400));
  const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: "hk_any" };
  const { code, stderr } = await run(["keys", "list"], { env });
  expect([code, stderr]).toEqual([0, "no keys: make one with hookline keys create\n"]);
});
