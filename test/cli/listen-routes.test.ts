import { expect, test } from "vitest";
import { listenJson } from "./listen-process.ts";
import { fareplayHeaders, post, startServer } from "./run-servers.ts";
import { createPlace, run } from "./spawn.ts";

const secret = "a-configured-secret";
const env = { FAREPLAY_WEBHOOK_SECRET: secret };
const body = "{}";
const signed = (event: string): { headers: Record<string, string>; body: string } => ({
  headers: fareplayHeaders(body, secret, { event }),
  body,
});

test("a delivery goes to every route that takes it, what none takes to the target, and the first failure is the answer", async () => {
  const orders = await startServer((_, response) => void response.end("orders"));
  const audit = await startServer((_, response) => void response.writeHead(503).end("audit"));
  const rest = await startServer((_, response) => void response.writeHead(202).end("rest"));
  const listener = await listenJson(
    [
      ...[
        `${rest.port}/rest/`,
        "--route",
        `order.*=${orders.port}/orders`,
        "--route",
        `order.paid=${audit.port}`,
      ],
      ...["--route", `fikafi/*=${orders.port}/fikafi`],
    ],
    { env },
  );
  const answers = [];
  for (const event of ["order.created", "order.paid", "cart.updated"])
    answers.push(await post(`${listener.url}/fareplay/more`, signed(event)));
  answers.push(await post(`${listener.url}/fikafi`, { body }));
  answers.push(await post(`${listener.url}/unknown`, { body }));
  expect(answers.map((answer) => [answer.status, String(answer.body)])).toEqual([
    [200, "orders"],
    [503, "audit"],
    [202, "rest"],
    [200, "orders"],
    [202, "rest"],
  ]);
  const told = await listener.deliveries(5);
  expect(told.map(({ forwarded }) => forwarded.map(({ route, ok, status }) => [route, ok, status]))).toEqual([
    [["order.*", true, 200]],
    [
      ["order.*", true, 200],
      ["order.paid", false, 503],
    ],
    [[null, true, 202]],
    [["fikafi/*", true, 200]],
    [[null, true, 202]],
  ]);
  expect(rest.received.map(({ url }) => url)).toEqual(["/rest/more", "/rest/unknown"]);
});

test("a route may have a time of its own, and hookline.json the same as flags, which come first", async () => {
  const place = createPlace();
  const hanging = await startServer(() => undefined);
  const quick = await startServer();
  const file = {
    listen: {
      routes: [{ match: "order.*", to: [`${hanging.port}`, `${quick.port}/file`], timeout: "100ms" }],
      timeout: "20s",
    },
  };
  place.write("hookline.json", JSON.stringify(file));
  const listener = await listenJson([], { place, env });
  expect((await post(`${listener.url}/fareplay`, signed("order.created"))).status).toBe(504);
  await listener.stop();
  const other = await listenJson(["--route", `*=${quick.port}/flag timeout=5s`], { place, env });
  expect((await post(`${other.url}/fareplay`, signed("order.created"))).status).toBe(200);
  expect(quick.received.map(({ url }) => url)).toEqual(["/file", "/flag"]);
});

test("--register makes an endpoint that leads here; it is gone at the end, and after a crash at the next start", async () => {
  const place = createPlace();
  const endpoints = async (): Promise<{ url: string; provider: string }[]> => {
    const { stdout } = await run(["endpoints", "list", "--json"], { place });
    return (JSON.parse(stdout) as { data: { url: string; provider: string }[] }).data;
  };
  const flags = ["--register", "--provider", "fareplay", "--events", "order.*"];
  const first = await listenJson(flags, { place });
  expect(await endpoints()).toMatchObject([{ url: `${first.url}/fareplay`, provider: "fareplay" }]);
  // Signed with the endpoint's own secret, which nobody has configured.
  const published = await run(["events", "publish", "order.created", "--wait"], { place });
  expect(published.code).toBe(0);
  expect((await first.deliveries(1))[0]).toMatchObject({ verified: true, status: 200 });
  expect((await first.stop()).code).toBe(0);
  expect(await endpoints()).toEqual([]);

  const crashed = await listenJson(flags, { place });
  crashed.kill("SIGKILL");
  await crashed.finished;
  expect(await endpoints()).toHaveLength(1);
  const next = await listenJson([], { place });
  while ((await endpoints()).length > 0);
  expect((await next.stop()).code).toBe(0);
});
