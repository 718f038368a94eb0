import { EXIT, HooklineError } from "../errors.ts";
import { errorJson, renderError } from "./error.ts";
import { safeJson, safeText } from "./safe.ts";
import type { Theme } from "./theme.ts";

/** What is used of a `NodeJS.WriteStream`. */
export interface Sink {
  write(text: string | Uint8Array, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
  readonly columns?: number;
  readonly isTTY?: boolean;
}

export interface OutputOptions {
  /** Standard output carries JSON alone. */
  json: boolean;
  /** Notes are dropped. */
  quiet: boolean;
  /** Errors carry their stacks. */
  debug?: boolean;
  /** Prompts and animation are welcome. */
  interactive: boolean;
  /** The styles of standard output. */
  out: Theme;
  /** The styles of standard error. */
  err: Theme;
  /** Called once, when nothing more can be written to standard output: its reader is gone, or the disk is full. */
  onClosed: () => void;
}

/** The one way to the terminal. Text given to `line` and `note` is written as it is: views make it safe. */
export interface Output {
  readonly jsonMode: boolean;
  readonly quiet: boolean;
  readonly interactive: boolean;
  readonly out: Theme;
  readonly err: Theme;
  /** Whether a person reads standard output. */
  readonly isTerminal: boolean;
  /** Whether a person reads standard error: logs are lines for people there, and JSON elsewhere. */
  readonly logsForPeople: boolean;
  /** Columns of the terminal behind standard output now, `Infinity` where there is none or its size is unknown. */
  readonly width: number;
  /** Data for people, on standard output; nowhere in JSON mode. */
  line(text: string): void;
  /** Bytes as they are, on standard output; nowhere in JSON mode. Not for a terminal. */
  raw(bytes: Uint8Array): void;
  /** Data for programs, one line on standard output; nowhere but in JSON mode. */
  json(value: unknown): void;
  /** For people, on standard error; dropped when quiet. */
  note(text: string): void;
  /** Plain text (made safe here), on standard error. */
  warn(text: string): void;
  /** A command of the CI system that runs this, on standard error, also when quiet. Whoever makes it escapes it. */
  command(text: string): void;
  /** On standard error: for people, or in JSON mode as one line of JSON. */
  error(error: unknown): void;
  /**
   * Waits until all is written. A reader that left early is no error, unless somebody has to read it.
   * @throws HooklineError `output-failed`, once, where standard output could not be written
   */
  flush(options?: { mustBeRead?: boolean }): Promise<void>;
}

/** Characters gathered before they are written; a write to a file is a system call that blocks. */
const BATCH = 64 * 1024;

const READER_GONE = new Set(["EPIPE", "EOF", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

/** Lines are gathered and written once per turn of the event loop; their order is kept across the two streams. */
export function createOutput(streams: { stdout: Sink; stderr: Sink }, options: OutputOptions): Output {
  const { json: jsonMode, quiet, interactive, out, err } = options;
  const closed = new Set<Sink>();
  let current = streams.stdout;
  let gathered = "";
  let scheduled = false;
  let writing = 0;
  const waiting: (() => void)[] = [];
  let failure: HooklineError | undefined;

  const fail = (stream: Sink, error: NodeJS.ErrnoException): void => {
    if (closed.has(stream)) return;
    closed.add(stream);
    if (stream !== streams.stdout) return;
    if (!READER_GONE.has(error.code ?? ""))
      failure = new HooklineError("output-failed", `standard output cannot be written: ${error.message}`, {
        exitCode: EXIT.failed,
        nextSteps: ["check what standard output is redirected to, and the space left there"],
        cause: error,
      });
    options.onClosed();
  };
  for (const stream of [streams.stdout, streams.stderr]) stream.on("error", (error) => fail(stream, error));

  const send = (stream: Sink, content: string | Uint8Array): void => {
    if (content.length === 0 || closed.has(stream)) return;
    writing++;
    stream.write(content, (error) => {
      if (error) fail(stream, error);
      if (--writing > 0) return;
      for (const resolve of waiting.splice(0)) resolve();
    });
  };

  const write = (): void => {
    const text = gathered;
    gathered = "";
    send(current, text);
  };

  const add = (stream: Sink, text: string): void => {
    if (closed.has(stream)) return;
    if (stream !== current) write();
    current = stream;
    gathered += `${text}\n`;
    if (gathered.length >= BATCH) write();
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      write();
    });
  };

  return {
    jsonMode,
    quiet,
    interactive,
    out,
    err,
    isTerminal: streams.stdout.isTTY === true,
    logsForPeople: streams.stderr.isTTY === true && !jsonMode,
    get width() {
      // A terminal of unknown size says it has 0.
      return streams.stdout.columns || Infinity;
    },
    line(text) {
      if (!jsonMode) add(streams.stdout, text);
    },
    raw(bytes) {
      if (jsonMode) return;
      write();
      send(streams.stdout, bytes);
    },
    json(value) {
      if (jsonMode) add(streams.stdout, safeJson(JSON.stringify(value)));
    },
    note(text) {
      if (!quiet) add(streams.stderr, text);
    },
    warn(text) {
      add(streams.stderr, `${err.yellow("warning:")} ${safeText(text)}`);
    },
    command(text) {
      add(streams.stderr, text);
    },
    error(error) {
      const text = jsonMode
        ? safeJson(JSON.stringify(errorJson(error)))
        : renderError(error, err, { debug: options.debug ?? false });
      add(streams.stderr, text);
    },
    async flush({ mustBeRead = false } = {}) {
      write();
      if (writing > 0) await new Promise<void>((resolve) => waiting.push(resolve));
      const error = failure;
      failure = undefined;
      if (error) throw error;
      if (mustBeRead && closed.has(streams.stdout)) {
        throw new HooklineError("output-failed", "nobody reads standard output any more", {
          exitCode: EXIT.failed,
          nextSteps: ["run it again where its output is kept"],
        });
      }
    },
  };
}
