import { createRegistry } from "../../src/providers/index.ts";
import { verify } from "../../src/signing/verify.ts";
import type { Verdict } from "../../src/signing/types.ts";
import { startServer, values, type Received, type TestServer } from "../cli/run-servers.ts";

interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** Where deliveries arrive: answers each as it is told to. */
export interface Receiver extends TestServer {
  /** What it answers from now on; `hang`: nothing until `release`. */
  reply: Reply | "hang" | ((request: Received) => Reply | "hang");
  /** Answers all that wait. */
  release(reply?: Reply): void;
  /** How many wait for an answer. */
  waiting(): number;
}

/** Answers 200 until it is told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  const held: ((reply: Reply) => void)[] = [];
  const server = await startServer((request, response) => {
    const reply = typeof receiver.reply === "function" ? receiver.reply(request) : receiver.reply;
    const answer = ({ status = 200, headers = {}, body = "" }: Reply): void =>
      void response.writeHead(status, headers).end(body);
    if (reply === "hang") held.push(answer);
    else answer(reply);
  });
  const receiver: Receiver = {
    ...server,
    reply: {},
    release(reply = {}) {
      for (const answer of held.splice(0)) answer(reply);
    },
    waiting: () => held.length,
  };
  return receiver;
}

/** Whether a request that arrived is signed as its provider signs, with one of the secrets. @param now Unix milliseconds */
export function verdictOf(
  request: Received | undefined,
  provider: string,
  secrets: readonly string[],
  now: number,
): Verdict | undefined {
  if (request === undefined) return undefined;
  const { body, headers } = request;
  return verify(createRegistry().require(provider).signatures, secrets, { body, headers, now });
}

/** Every value of a header in each of the requests. */
export function headerOf(requests: readonly Received[], name: string): string[] {
  return requests.flatMap(({ headers }) => values(headers, name));
}
