import { HooklineError } from "../errors.ts";

/** Standard input, which one reader of a command may have. */
export interface Stdin {
  /**
   * Reads all of it.
   * @param reader what it is for, as the user named it: "the payload", "--secret"
   * @throws HooklineError `stdin-taken`
   */
  read(reader: string): Promise<Buffer>;
}

export function createStdin(stream: AsyncIterable<Buffer | string>): Stdin {
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
      for await (const chunk of stream) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    },
  };
}
