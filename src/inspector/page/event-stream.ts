/** One server-sent event. */
export interface ServerEvent {
  event: string;
  data: string;
}

/**
 * Reads server-sent events (HTML Standard, 9.2.6) out of text that comes in pieces: `event` and `data` alone, since
 * nothing here resumes by id.
 * @returns a function that takes the next piece and gives the events it completes
 */
function createEventReader(): (piece: string) => ServerEvent[] {
  let rest = "";
  let event = "";
  let data: string[] = [];
  return (piece) => {
    const events: ServerEvent[] = [];
    rest += piece;
    // A CR at the end may be the first half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) events.push({ event: event === "" ? "message" : event, data: data.join("\n") });
        event = "";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const name = colon === -1 ? line : line.slice(0, colon);
      const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "event") event = value;
      else if (name === "data") data.push(value);
    }
    return events;
  };
}

/** `live`, on the way to it for the first time, or again after the listener fell silent. */
export type Connection = "connecting" | "live" | "lost";

export interface FollowOptions {
  open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  onConnection: (connection: Connection) => void;
  onEvent: (event: ServerEvent) => void;
  signal: AbortSignal;
  /** Resolves after so many milliseconds, or earlier where trying again is worth it. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Milliseconds between two tries to connect. */
const delays = [250, 500, 1000, 2000, 4000, 8000];

/** The server sends a comment every 15 s; a connection that stays silent for three of them is dead. */
const silenceMs = 45_000;

/** Follows a stream of events until `signal` is aborted, connecting again whenever it ends. */
export async function followEvents(options: FollowOptions): Promise<void> {
  const { signal, onConnection, sleep } = options;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await readOnce(options, () => {
        failures = 0;
        onConnection("live");
      });
    } catch {
      // Whatever ended it: it is tried again.
    }
    if (signal.aborted) return;
    onConnection("lost");
    await sleep(delays[Math.min(failures, delays.length - 1)] ?? 0, signal);
  }
}

async function readOnce({ open, onEvent, signal }: FollowOptions, onOpen: () => void): Promise<void> {
  const silence = new AbortController();
  const stream = await open(AbortSignal.any([signal, silence.signal]));
  onOpen();
  const read = createEventReader();
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  for (;;) {
    const timer = setTimeout(() => silence.abort(), silenceMs);
    const { done, value } = await reader.read().finally(() => clearTimeout(timer));
    if (done) return;
    for (const event of read(decoder.decode(value, { stream: true }))) onEvent(event);
  }
}
