import type { AttemptShape, DeliveryDetail, DeliveryList, ReplayRequest, Session } from "../api.ts";
import { filterQuery } from "./filter.ts";
import type { Filter } from "./filter.ts";

/** The listener's side of the page. Every call throws {@link RequestError}, or what `signal` was aborted with. */
export interface Client {
  session(signal?: AbortSignal): Promise<Session>;
  list(filter: Filter, page: ListPage, signal?: AbortSignal): Promise<DeliveryList>;
  delivery(number: number, signal?: AbortSignal): Promise<DeliveryDetail>;
  body(number: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** A command for a POSIX shell. */
  curl(number: number, route: number | undefined): Promise<string>;
  replay(number: number, request: ReplayRequest): Promise<AttemptShape>;
  /** Server-sent events, as they come. */
  stream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

export interface ListPage {
  limit: number;
  /** Only those with a smaller number. */
  before?: number;
  /** Only those with a greater number. */
  after?: number;
}

/** A request that was not answered, or not with what was asked for. */
class RequestError extends Error {
  /** Status of the answer; undefined where none came. */
  readonly status: number | undefined;
  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/**
 * @param token what the server wants to see in `Authorization`
 * @param onRefused called where it was the wrong one
 */
export function createClient(token: string, onRefused: () => void): Client {
  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    let answer: Response;
    try {
      answer = await fetch(`api/${path}`, { ...init, headers, cache: "no-store", credentials: "omit" });
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      throw new RequestError("the listener does not answer");
    }
    if (answer.status === 401) onRefused();
    if (!answer.ok) throw new RequestError(await errorMessage(answer), answer.status);
    return answer;
  }
  const json = async <Shape>(path: string, init?: RequestInit): Promise<Shape> =>
    (await (await ask(path, init)).json()) as Shape;
  const until = (signal: AbortSignal | undefined): RequestInit => (signal === undefined ? {} : { signal });

  return {
    session: (signal) => json<Session>("session", until(signal)),
    list(filter, page, signal) {
      const query = filterQuery(filter);
      for (const [name, value] of Object.entries(page)) query.set(name, String(value));
      return json<DeliveryList>(`deliveries?${query}`, until(signal));
    },
    delivery: (number, signal) => json<DeliveryDetail>(`deliveries/${number}`, until(signal)),
    body: async (number, signal) =>
      new Uint8Array(await (await ask(`deliveries/${number}/body`, until(signal))).arrayBuffer()),
    curl: async (number, route) =>
      (await ask(`deliveries/${number}/curl${route === undefined ? "" : `?route=${route}`}`)).text(),
    replay: (number, request) =>
      json<AttemptShape>(`deliveries/${number}/replay`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
      }),
    async stream(signal) {
      const { body } = await ask("stream", { signal, headers: { accept: "text/event-stream" } });
      if (body === null) throw new RequestError("the listener sent no events");
      return body;
    },
  };
}

async function errorMessage(answer: Response): Promise<string> {
  try {
    const { error } = (await answer.json()) as { error: { message: string; next_steps?: string[] } };
    return [error.message, ...(error.next_steps ?? [])].join(" · ");
  } catch {
    return `the listener answered ${answer.status}`;
  }
}

/** What to say of something that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
