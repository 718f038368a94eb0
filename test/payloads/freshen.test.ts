import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { freshenBody } from "../../src/payloads/edit.ts";
import { createFreshener, freshenerOf } from "../../src/payloads/freshen.ts";
import { builtInProviders } from "../../src/providers/index.ts";
import type { Envelope } from "../../src/providers/contract.ts";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const fresh = { id: () => 'n"é', now: Date.UTC(2026, 2, 17, 14, 32, 5, 678) };

/** What a call comes to: its bytes, or the code of its error. */
function outcome(call: () => Buffer): string {
  try {
    return call().toString("latin1");
  } catch (error) {
    return `error ${(error as { code?: string }).code}`;
  }
}

describe("createFreshener does what freshenBody does", () => {
  test("to every fixture", () => {
    const bodies = builtInProviders
      .filter(({ base }) => base === undefined)
      .flatMap(({ id, envelope, events }) =>
        Object.keys(events).map((event) => ({
          envelope,
          body: readFileSync(`${fixtures}${id}/${event}.json`),
        })),
      );
    const outcomes = bodies.map(({ body, envelope }) => [
      outcome(() => createFreshener(body, envelope)(fresh)),
      outcome(() => freshenBody(body, envelope, fresh)),
    ]);
    for (const [ours, theirs] of outcomes) expect(ours).toBe(theirs);
    // Both kinds are among them.
    expect(outcomes.some(([ours]) => ours?.startsWith("error"))).toBe(true);
    expect(outcomes.some(([ours]) => ours?.includes('n\\"'))).toBe(true);
  });

  const envelope: Envelope = { id: "/id", createdAt: "/meta/at", idPrefix: "evt_" };
  test.each<[name: string, body: string, envelope: Envelope]>([
    ["the time before the id", '{"meta":{"at":"x"}, "id": 7 }', envelope],
    ["one of the two", '{"id":{"a":[1,2]},"meta":{}}', envelope],
    ["bytes beyond ASCII, and no UTF-8", '{"é":"\xff","id":"\xc3\xa9","meta":{"at":1}}', envelope],
    ["a byte order mark", '\xef\xbb\xbf{"id":"1","meta":{"at":1}}', envelope],
    ["the same key twice", '{"id":"1","id":"2","meta":{"at":1,"at":2}}', envelope],
    ["neither", '{"other":1}', { id: "/id", createdAt: "/at" }],
    ["no JSON", "{", envelope],
    ["a number on the way", '{"id":"1","meta":5}', envelope],
    ["one within the other", '{"id":{"at":1}}', { id: "/id", createdAt: "/id/at" }],
    ["both in one place", '{"id":1}', { id: "/id", createdAt: "/id", time: "unix" }],
    ["a provider without either", "{}", {}],
  ])("to a body with %s", (_, body, own) => {
    const bytes = Buffer.from(body, "latin1");
    expect(outcome(() => createFreshener(bytes, own)(fresh))).toBe(
      outcome(() => freshenBody(bytes, own, fresh)),
    );
  });

  test("anew each time, and the body stays as it was", () => {
    const body = Buffer.from('{"id":"old","meta":{"at":"then"}}');
    let turn = 0;
    const freshen = createFreshener(body, envelope);
    const next = (): string => freshen({ id: () => String(++turn), now: turn * 1000 }).toString();
    expect([next(), next()]).toEqual([
      '{"id":"evt_1","meta":{"at":"1970-01-01T00:00:00Z"}}',
      '{"id":"evt_2","meta":{"at":"1970-01-01T00:00:01Z"}}',
    ]);
    expect(body.toString()).toBe('{"id":"old","meta":{"at":"then"}}');
  });
});

test("a body with nothing to renew has no freshener", () => {
  expect(freshenerOf(Buffer.from("{}"), { id: "/id" })).toBeUndefined();
  expect(freshenerOf(Buffer.from("no JSON"), { id: "/id" })).toBeUndefined();
  expect(freshenerOf(Buffer.from('{"id":1}'), { id: "/id" })).toBeDefined();
});
