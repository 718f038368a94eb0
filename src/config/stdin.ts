import { addAbortSignal, type Readable } from "node:stream";
import { HooklineError } from "../errors.ts";

/** Bytes read at most: input may have no end. */
const maxBytes = 64 * 1024 * 1024;

/** Standard input, which one reader of a command may have. */
export interface Stdin {
  /**
   * Reads all of it.
   * @param reader what it is for, as the user named it: "the payload", "--secret"
   * @throws HooklineError `stdin-taken`, `stdin-too-large` (over 64 MiB), `stdin-unreadable`
   */
  read(reader: string): Promise<Buffer>;
}

/** @param signal ends a read that waits, with the error `interrupted` */
export function createStdin(stream: Readable, signal: AbortSignal): Stdin {
  let taken: string | undefined;
  return {
    async read(reader) {
      if (taken !== undefined) {
        throw new HooklineError(
          "stdin-taken",
          `standard input is already read for ${taken}, so ${reader} cannot have it`,
          {
            nextSteps: ["give one of the two from a file"],
          },
        );
      }
      taken = reader;
      const chunks: Buffer[] = [];
      let bytes = 0;
      try {
        for await (const chunk of addAbortSignal(signal, stream) as AsyncIterable<Buffer | string>) {
          chunks.push(Buffer.from(chunk));
          bytes += chunk.length;
          if (bytes > maxBytes) break;
        }
      } catch (cause) {
        if (signal.aborted)
          throw new HooklineError("interrupted", "standard input was not read to its end", { cause });
        throw new HooklineError(
          "stdin-unreadable",
          `standard input cannot be read: ${(cause as Error).message}`,
          { cause, nextSteps: [`give ${reader} from a file`] },
        );
      }
      if (bytes > maxBytes) {
        throw new HooklineError(
          "stdin-too-large",
          "standard input is larger than 64 MiB, the most hookline reads",
          {
            nextSteps: ["send a smaller payload"],
          },
        );
      }
      return Buffer.concat(chunks);
    },
  };
}
