import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listenJson } from "./listen-process.ts";
import { fareplayHeaders, post, startServer } from "./run-servers.ts";
import { createPlace, run, type Place } from "./spawn.ts";

const secret = "a-configured-secret";
const env = { FAREPLAY_WEBHOOK_SECRET: secret };
const body = '{"id":"evt_1","type":"order.created","data":{"total":8.00}}';
const signed = (delivery: string): Record<string, string> => fareplayHeaders(body, secret, { delivery });

interface Listed {
  number: number;
  delivery_id: string;
  status: number;
  cause: string | null;
  bytes: number;
}

async function recorded(place: Place): Promise<Listed[]> {
  const { stdout } = await run(["inbox", "list", "--all", "--json"], { place });
  return (JSON.parse(stdout) as { data: Listed[] }).data.reverse();
}

async function shown(place: Place, id: string): Promise<Record<string, unknown>> {
  return JSON.parse((await run(["inbox", "show", id, "--json"], { place })).stdout) as Record<
    string,
    unknown
  >;
}

const folderOf = ({ home }: Place): string => join(home, ".local/share/hookline");

test("what was acknowledged is there, however the listener ends", async () => {
  const place = createPlace();
  const hanging = await startServer(() => undefined);
  const ids = (name: string): string[] => Array.from({ length: 20 }, (_, index) => `${name}_${index}`);
  const send = (url: string, names: readonly string[]): Promise<unknown> =>
    Promise.all(names.map((name) => post(url, { headers: signed(name), body })));

  const gentle = await listenJson(["--record"], { place, env });
  await send(`${gentle.url}/fareplay`, ids("gentle"));
  expect((await gentle.stop()).code).toBe(0);

  // The first signal waits for the delivery that hangs, the second does not.
  const impatient = await listenJson(["--record", "--route", `order.hangs=${hanging.port}`], { place, env });
  const stuck = post(`${impatient.url}/fareplay`, {
    headers: fareplayHeaders(body, secret, { delivery: "stuck", event: "order.hangs" }),
    body,
  }).catch(() => undefined);
  await send(`${impatient.url}/fareplay`, ids("impatient"));
  impatient.kill("SIGINT");
  impatient.kill("SIGTERM");
  expect([130, 143]).toContain((await impatient.finished).code);
  await stuck;

  const killed = await listenJson(["--record"], { place, env });
  await send(`${killed.url}/fareplay`, ids("killed"));
  while ((await recorded(place)).length < 60);
  killed.kill("SIGKILL");
  await killed.finished;

  const all = await recorded(place);
  expect(all.map(({ number }) => number)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  expect(all.map(({ delivery_id }) => delivery_id).sort()).toEqual(
    ["gentle", "impatient", "killed"].flatMap(ids).sort(),
  );
});

test("credentials are not kept unless asked for, and never leave", async () => {
  const headers = {
    ...signed("evt_1"),
    Authorization: "Bearer s3cr3t-one",
    Cookie: "sid=s3cr3t-two",
    "X-Api-Key": "s3cr3t-three",
  };
  const target = await startServer((_, response) => {
    response.setHeader("set-cookie", "sid=s3cr3t-four");
    response.end();
  });
  for (const flags of [[], ["--record-secrets"]]) {
    const place = createPlace();
    const listener = await listenJson([String(target.port), "--record", ...flags], { place, env });
    await post(`${listener.url}/fareplay`, { headers, body });
    await listener.stop();
    const bytes = readdirSync(folderOf(place))
      .filter((name) => name.startsWith("inbox.db"))
      .map((name) => readFileSync(join(folderOf(place), name), "latin1"))
      .join("");
    const inFile = ["one", "two", "three", "four"].filter((end) => bytes.includes(`s3cr3t-${end}`));
    expect(inFile).toEqual(flags.length === 0 ? [] : ["one", "two", "three"]);
    const { headers: told } = (await shown(place, "last")) as { headers: [string, string][] };
    expect(JSON.stringify(told)).not.toContain("s3cr3t");
    expect(told).toContainEqual([expect.stringMatching(/^x-api-key$/i), "[redacted]"]);
    // The app got them.
    expect(JSON.stringify(target.received.at(-1))).toContain("s3cr3t-three");
    expect(statSync(folderOf(place)).mode & 0o777).toBe(0o700);
  }
});

test("every request is recorded, with why it was refused and what was found", async () => {
  const place = createPlace();
  const listener = await listenJson(["--record", "--max-body", "1kb"], { place, env });
  const url = `${listener.url}/fareplay`;
  await post(url, { headers: fareplayHeaders(body, `${secret}\n`, { delivery: "evt_1" }), body });
  await post(url, { body: "x".repeat(2000) });
  await post(url, { method: "GET", body: "" });
  const told = await listener.deliveries(3);
  await listener.stop();
  expect((await recorded(place)).map(({ status, cause }) => [status, cause])).toEqual([
    [401, "secret-whitespace"],
    [413, null],
    [405, null],
  ]);
  const { findings, id } = await shown(place, "1");
  expect([id, findings]).toEqual([told[0]?.id, told[0]?.findings]);
});

test("--no-record keeps nothing, and where nothing can be kept the listener goes on", async () => {
  const place = createPlace();
  const without = await listenJson([], { place, env });
  await post(`${without.url}/fareplay`, { headers: signed("evt_1"), body });
  await without.stop();
  expect(existsSync(join(folderOf(place), "inbox.db"))).toBe(false);

  const file = place.write("file", "");
  const listener = await listenJson(["--record"], {
    place,
    env: { ...env, HOOKLINE_HOME: join(file, "home") },
  });
  const { status } = await post(`${listener.url}/fareplay`, { headers: signed("evt_1"), body });
  const { code, stderr } = await listener.stop();
  expect([status, code]).toEqual([200, 0]);
  expect(stderr).toContain("warning: deliveries are not recorded: ");
});

test("a forgery that was turned away gets no right signature by being replayed; what was verified does", async () => {
  const place = createPlace();
  // Signed before a rotation, it is verified, and goes out with the secret of today.
  const rotated = { ...env, FAREPLAY_WEBHOOK_SECRET_PREVIOUS: "before" };
  const listener = await listenJson(["--record"], { place, env: rotated });
  const forged = fareplayHeaders(body, "a-stranger's-guess", { delivery: "evt_forged" });
  await post(`${listener.url}/fareplay`, { headers: forged, body });
  await post(`${listener.url}/fareplay`, {
    headers: { ...fareplayHeaders(body, "before"), "x-odd": "kept" },
    body,
  });
  await listener.stop();
  const target = await startServer();
  const finished = await run(["inbox", "replay", "1", "2", "--to", String(target.port), "--json"], {
    place,
    env,
  });
  expect(finished.code).toBe(0);
  const signatures = target.received.map(({ headers }) => JSON.stringify(headers));
  expect(signatures).toHaveLength(2);
  const [first = "", second = ""] = signatures;
  expect(first).toContain(forged["x-fareplay-signature"]);
  expect(second).toContain(signed("evt_1")["x-fareplay-signature"]);
  expect(second).toContain("x-odd");
});
