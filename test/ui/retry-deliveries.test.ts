import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Retried } from "../../src/actions/retry-deliveries.ts";
import type { Delivery } from "../../src/remote/contract.ts";
import { createOutput } from "../../src/ui/output.ts";
import { showRetries } from "../../src/ui/retry-deliveries.ts";
import { createTheme } from "../../src/ui/theme.ts";

const plain = await createTheme(0);
const sink = (lines: string[]): Writable =>
  new Writable({
    decodeStrings: false,
    write(chunk: string, _, done) {
      lines.push(chunk);
      done();
    },
  });

/** As Stripe's API tells of it: no endpoint and no attempts. */
const delivery = (id: string): Delivery => ({
  id,
  event_id: id,
  endpoint_id: null,
  endpoint_url: null,
  provider: "stripe",
  event_type: "invoice.paid",
  status: "pending",
  attempts_made: null,
  created_at: "2026-03-17T14:00:00.000Z",
  next_attempt_at: null,
  last_attempt: null,
});

const asked = (id: string): Retried => ({ retried: true, delivery: delivery(id), outcome: "waiting" });
const refused = (id: string): Retried => ({
  retried: false,
  delivery: delivery(id),
  code: "delivery-succeeded",
  message: `${id} has been delivered`,
});

async function* inTurn(retries: readonly Retried[]): AsyncGenerator<Retried> {
  yield* retries;
}

async function shown(kind: "api" | "stripe", retries: readonly Retried[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const output = createOutput(
    { stdout: sink(out), stderr: sink(err) },
    { json: false, quiet: false, interactive: false, out: plain, err: plain, onClosed: () => undefined },
  );
  const stderr = sink(err) as unknown as NodeJS.WriteStream;
  const options = { total: retries.length, waits: false, kind, now: () => 0 };
  const counts = await showRetries(output, stderr, inTurn(retries), options);
  await output.flush();
  return { counts, last: out.join("").trimEnd().split("\n").at(-1), notes: err.join("") };
}

describe("what became of deliveries that were retried", () => {
  test("is counted by outcome, and says how to see the rest", async () => {
    const { counts, last, notes } = await shown("api", [asked("dlv_1"), asked("dlv_2"), refused("dlv_3")]);
    expect(counts).toEqual({ refused: 1, succeeded: 0, failed: 0, waiting: 2 });
    expect(last).toBe("2 deliveries asked for · 1 not retried");
    expect(notes).toContain("see how they go: hookline deliveries list");
    const done: Retried = { retried: true, delivery: delivery("dlv_4"), outcome: "succeeded" };
    expect((await shown("api", [asked("dlv_1"), done])).last).toBe(
      "2 deliveries asked for · 1 succeeded · 0 failed · 1 without an outcome yet",
    );
    expect((await shown("api", [done, done])).last).toBe("2 deliveries retried · 2 succeeded · 0 failed");
  });

  test("is not told by Stripe, so neither are outcomes", async () => {
    const both = await shown("stripe", [asked("evt_1"), asked("evt_2")]);
    expect(both).toMatchObject({ last: "2 deliveries asked for", notes: "" });
    const one = await shown("stripe", [asked("evt_1"), refused("evt_2")]);
    expect(one.last).toBe("1 delivery asked for · 1 not retried");
  });
});
