import { describe, expect, test } from "vitest";
import { events } from "../../src/actions/channel.ts";

const never = (): void => undefined;

async function read<T>(source: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const event of source) got.push(event);
  return got;
}

describe("events", () => {
  test("come in order, those told before the reader asks and those told after", async () => {
    const source = events<number>(async (push) => {
      push(1);
      push(2);
      await Promise.resolve();
      push(3);
      await new Promise((resolve) => setTimeout(resolve, 5));
      push(4);
      push(5);
    }, never);
    expect(await read(source)).toEqual([1, 2, 3, 4, 5]);
  });

  test("a reader slower than they come loses none", async () => {
    const source = events<number>(async (push) => {
      for (let index = 0; index < 50; index++) {
        push(index);
        if (index % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }, never);
    const got: number[] = [];
    for await (const event of source) {
      got.push(event);
      if (event % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(got).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test("none at all is an end", async () => {
    expect(await read(events(() => Promise.resolve(), never))).toEqual([]);
  });

  test("an error comes behind the events before it, whether the reader waits or not", async () => {
    for (const wait of [0, 5]) {
      const got: number[] = [];
      const source = events<number>(async (push) => {
        push(1);
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        throw new Error("broken");
      }, never);
      const reading = (async () => {
        for await (const event of source) got.push(event);
      })();
      await expect(reading).rejects.toThrow("broken");
      expect(got).toEqual([1]);
    }
  });

  test("a reader that leaves ends what runs, and waits for it", async () => {
    let told = 0;
    let ended = false;
    let leave: () => void = never;
    const left = new Promise<void>((resolve) => (leave = resolve));
    const source = events<number>(
      async (push) => {
        push(1);
        push(2);
        await left;
        push(3);
        await Promise.resolve();
        ended = true;
      },
      () => leave(),
    );
    for await (const event of source) {
      told += event;
      break;
    }
    expect(told).toBe(1);
    expect(ended).toBe(true);
  });
});
