import { cpSync } from "node:fs";
import { listenJson } from "./listen-process.ts";
import { exchange, fareplayHeaders, post, startServer } from "./run-servers.ts";
import { createPlace, run, type Finished, type Place } from "./spawn.ts";

const secret = "a-secret-of-the-tests";

/** What every command on the filled inbox runs with. */
export const env = { FAREPLAY_WEBHOOK_SECRET: secret };

export const accepted = '{ "id" : "evt_1",\r\n  "items": [{"id": 1, "n": 8.00}] }';
export const refused = '{ "id" : "evt_2",\r\n  "items": [{"id": 0}, {"id": 1, "n": 8}] }';
export const binary = Buffer.from([0x7b, 0x00, 0xff, 0x0d, 0x0a, 0x0d, 0x0a, 0x7d]);
export const hostile = String.raw`{"type":"../..\u001b[31mevil\u202e","text":"#` + '#vso[x]\u202e"}';

const signed = fareplayHeaders(refused, secret, { event: "order.accepted", delivery: "evt_2" });

/** The request that the app did not take, as it is on the wire. */
export const onTheWire = [
  "POST /fareplay/sub/path?x=1 HTTP/1.1",
  "HOST: 127.0.0.1",
  "X-Own: a",
  "authorization: Bearer s3cret-of-a-header",
  "x-own: b, \xe4",
  "Cookie: session=s3cret-of-a-header",
  ...Object.entries(signed).map(([name, value]) => `${name}: ${value}`),
  `Content-Length: ${refused.length}`,
  "Connection: close",
  "",
  refused,
].join("\r\n");

/**
 * A home whose inbox holds six deliveries: 1 accepted, 2 not accepted by the app, 3 with a bad signature, 4 of nobody in
 * chunks, 5 unverified and hostile, 6 refused at the door.
 */
export async function fillInbox(): Promise<Place> {
  const place = createPlace();
  const app = await startServer((request, response) => {
    response.writeHead(request.body.toString() === refused ? 500 : 200, {
      "set-cookie": "s3cret-of-a-header",
    });
    response.end(request.body.toString() === refused ? '{"why":"no"}' : "");
  });
  const listener = await listenJson(["--record", String(app.port)], { place, env });
  const send = async (
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | Buffer,
  ): Promise<unknown> => post(`${listener.url}${path}`, { headers, body });
  await send("/fareplay", fareplayHeaders(accepted, secret), accepted);
  await exchange(listener.url, onTheWire);
  await send("/fareplay", fareplayHeaders(accepted, "another secret", { delivery: "evt_3" }), accepted);
  await send("/elsewhere?x=1", { "transfer-encoding": "chunked", "x-api-key": "s3cret-of-a-header" }, binary);
  await send("/stripe", { "content-type": "application/json" }, hostile);
  await post(`${listener.url}/fareplay`, { method: "GET", body: "" });
  await listener.deliveries(6);
  await listener.stop();
  return place;
}

/** A home with the same inbox, to be changed. */
export function copyOf({ home }: Place): Place {
  const place = createPlace();
  cpSync(home, place.home, { recursive: true });
  return place;
}

/** Runs a command on an inbox. */
export function onInbox(place: Place, ...args: readonly string[]): Promise<Finished> {
  return run(args, { place, env });
}

/** Numbers of the deliveries that a list has. */
export async function listed(place: Place, ...args: readonly string[]): Promise<number[]> {
  const { stdout } = await onInbox(place, "inbox", "list", "--json", ...args);
  return (JSON.parse(stdout) as { data: { number: number }[] }).data.map(({ number }) => number);
}

export function errorOf({ stderr }: Finished): { code: string; message: string; next_steps: string[] } {
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  return (JSON.parse(last) as { error: { code: string; message: string; next_steps: string[] } }).error;
}
