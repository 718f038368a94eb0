import type { Client } from "./client.ts";

/** Bodies never change, so those looked at last are kept: for going back, comparing and editing. */
export type Bodies = (number: number) => Promise<Uint8Array<ArrayBuffer>>;

const kept = 8;

export function createBodies(client: Client): Bodies {
  const known = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();
  return (number) => {
    const body = known.get(number) ?? client.body(number);
    known.delete(number);
    known.set(number, body);
    body.catch(() => known.delete(number));
    const [oldest] = known.keys();
    if (known.size > kept && oldest !== undefined) known.delete(oldest);
    return body;
  };
}
