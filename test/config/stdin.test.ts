import { describe, expect, test } from "vitest";
import { PassThrough, Readable } from "node:stream";
import { createStdin as create, type Stdin } from "../../src/config/stdin.ts";

const createStdin = (chunks: AsyncIterable<Buffer | string>): Stdin =>
  create(Readable.from(chunks, { objectMode: true }), new AbortController().signal);

async function* stream(...chunks: (Buffer | string)[]): AsyncGenerator<Buffer | string> {
  yield* chunks;
}

describe("standard input", () => {
  test("is read whole, byte for byte", async () => {
    const stdin = createStdin(stream(Buffer.from([0, 255, 254]), "ü", Buffer.from("\r\n")));
    expect(await stdin.read("the payload")).toEqual(Buffer.from([0, 255, 254, 0xc3, 0xbc, 0x0d, 0x0a]));
  });

  test("may be empty", async () => {
    expect(await createStdin(stream()).read("the payload")).toEqual(Buffer.alloc(0));
  });

  test("has one reader; the second is told who has it", async () => {
    const stdin = createStdin(stream("a"));
    await stdin.read("--secret");
    await expect(stdin.read("the payload")).rejects.toMatchObject({
      code: "stdin-taken",
      exitCode: 2,
      message: "standard input is already read for --secret, so the payload cannot have it",
    });
  });

  test("is not read without end", async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    let given = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        given++;
        yield chunk;
      }
    }
    await expect(createStdin(endless()).read("the payload")).rejects.toMatchObject({
      code: "stdin-too-large",
      exitCode: 2,
    });
    expect(given).toBeLessThan(100);
  });

  test("that fails is the user's to look at, not a bug", async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      throw new Error("EIO: i/o error, read");
    }
    await expect(createStdin(broken()).read("the payload")).rejects.toMatchObject({
      code: "stdin-unreadable",
      exitCode: 2,
      message: "standard input cannot be read: EIO: i/o error, read",
    });
  });

  test("that nobody writes to is left at the signal", async () => {
    const interruption = new AbortController();
    const reading = create(new PassThrough(), interruption.signal).read("the payload");
    interruption.abort();
    await expect(reading).rejects.toMatchObject({ code: "interrupted" });
  });
});
