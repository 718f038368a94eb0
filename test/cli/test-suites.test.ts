import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startServer, values, type Answerer, type TestServer } from "./run-servers.ts";
import {
  createFolder,
  createPlace,
  ndjson,
  run,
  start,
  type Finished,
  type Place,
  type SpawnOptions,
} from "./spawn.ts";

const env = { FAREPLAY_WEBHOOK_SECRET: "a-configured-secret" };

type Step = Record<string, unknown>;

/** Runs one suite against a server. */
async function tested(
  suite: object | Step[],
  {
    answer,
    args = [],
    place = createPlace(),
    ...options
  }: SpawnOptions & { answer?: Answerer; args?: readonly string[] } = {},
): Promise<Finished & { server: TestServer; steps: Step[]; messages: string[] }> {
  const server = await startServer(answer ?? ((_, response) => void response.end('{"id":"ans_1"}')));
  place.write("a.suite.json", JSON.stringify(Array.isArray(suite) ? { steps: suite } : suite, null, 2));
  const command = ["test", "a.suite.json", "--to", `${server.port}/hook`, "--json", ...args];
  const finished = await run(command, { place, env, ...options });
  const steps = ndjson(finished.stdout).filter(({ type }) => type === "step");
  const failures = steps.flatMap(({ failures: all }) => all as { message: string }[]);
  return { ...finished, server, steps, messages: failures.map(({ message }) => message) };
}

const send = "order.created";
const outcomes = (steps: readonly Step[]): unknown[] => steps.map(({ outcome }) => outcome);

describe("what is sent", () => {
  test("in order, edited, signed, with values as they are written in the file", async () => {
    const place = createPlace();
    place.write("payloads/fareplay/own.json", '{"type": "order.created", "big": 12345678901234567890}');
    const server = await startServer();
    place.write(
      "a.suite.json",
      `{"to": "${server.port}/hook", "steps": [
        {"send": "order.created", "set": {"data.total": 8.00, "data.customer": {"name": "Ida"}}, "unset": ["data.items"]},
        {"send": "./payloads/fareplay/own.json", "headers": {"X-Own": "ü", "User-Agent": null}, "times": 2},
        {"send": "order.created", "fresh": true, "delay": "20ms"}
      ]}`,
    );
    const { code, stdout, stderr } = await run(["test", "."], { place, env });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/3 steps · 3 passed · 0 failed · /);
    const bodies = server.received.map(({ body }) => body.toString());
    expect(bodies[0]).toContain('"total": 8.00');
    expect(bodies[0]).toContain('"customer": {"name": "Ida"}');
    expect(bodies[0]).not.toContain("items");
    expect(bodies.slice(1, 3)).toEqual(
      Array(2).fill('{"type": "order.created", "big": 12345678901234567890}'),
    );
    expect(bodies[3]).not.toContain("evt_9xKmL3nPqR");
    expect(server.received.map(({ url }) => url)).toEqual(Array(4).fill("/hook"));
    const { headers = [] } = server.received[1] ?? {};
    expect([values(headers, "x-own"), values(headers, "user-agent")]).toEqual([
      [Buffer.from("ü").toString("latin1")],
      [],
    ]);
  });

  test("at once, where the suite or neighbouring steps say so", async () => {
    const waiting: (() => void)[] = [];
    const answer =
      (most: number): Answerer =>
      (_, response) => {
        waiting.push(() => response.end());
        // Nobody is answered before all of them are there.
        if (waiting.length === most) for (const go of waiting.splice(0)) go();
      };
    const all = await tested({ parallel: true, steps: Array(8).fill({ send }) }, { answer: answer(8) });
    expect([all.code, outcomes(all.steps)]).toEqual([0, Array(8).fill("passed")]);
    const some = await tested(
      [
        { send, parallel: true, name: "b" },
        { send, parallel: true, name: "a" },
      ],
      {
        answer: answer(2),
      },
    );
    expect([some.code, some.steps.map(({ name }) => name)]).toEqual([0, ["b", "a"]]);
  });

  test("with what an answer and a call held, and what it holds is data alone", async () => {
    const { code, server, messages } = await tested(
      [
        { send, capture: { id: "body.id", any: "body.any", type: "header.content-type", n: "body.n" } },
        {
          send,
          set: { "data.order_id": "{{id}}-x", "data.n": "{{n}}" },
          headers: { "X-Id": "{{id}}" },
          expect: { status: 200, body: { id: "{{id}}", n: "{{n}}", any: "{{any}}", other: "{{any}}" } },
        },
      ],
      {
        answer: (_, response) =>
          void response
            .setHeader("content-type", "application/json")
            .end('{"id": "a{{n}}", "n": 7, "any": {"exists": true}, "other": 1}'),
      },
    );
    expect(server.received[1]?.body.toString()).toContain('"order_id": "a{{n}}-x"');
    expect(server.received[1]?.body.toString()).toMatch(/"n": 7\b/);
    expect(values(server.received[1]?.headers ?? [], "x-id")).toEqual(["a{{n}}"]);
    // An answer that looks like a matcher does not become one.
    expect([code, messages]).toEqual([1, ["body other is different"]]);
  });

  test("a captured value that breaks a header is told, and nothing is sent", async () => {
    const { code, server, messages } = await tested(
      [
        { send, capture: { v: "body.v" } },
        { send, headers: { "X-V": "{{v}}" } },
      ],
      { answer: (_, response) => void response.end('{"v": "a\\r\\nX-Other: b"}') },
    );
    expect([code, server.received.length]).toEqual([1, 1]);
    expect(messages).toEqual(["the value of X-V holds a line break or another control character"]);
  });
});

describe("what is expected", () => {
  const answering =
    (status: number, body = "", ms = 0): Answerer =>
    (_, response) =>
      void setTimeout(() => response.writeHead(status, { "x-own": "v" }).end(body), ms);

  const table: readonly [name: string, step: Step, answer: Answerer, messages: RegExp[]][] = [
    ["the provider's own rule", {}, answering(204), []],
    ["the provider's own rule, not met", {}, answering(500), [/^answered 500: Fareplay takes only 2xx/]],
    ["a status", { expect: { status: [201, "4xx"] } }, answering(404), []],
    ["another status", { expect: { status: 201 } }, answering(200), [/^answered 200, expected 201$/]],
    ["a refusal", { tamper: "body" }, answering(401), []],
    [
      "no refusal",
      { tamper: "body" },
      answering(200),
      [/^answered 200 to a request .*: it was taken for right/],
    ],
    [
      "a handler that breaks",
      { tamper: "body" },
      answering(500),
      [/^answered 500 to a request .*: it broke over it/],
    ],
    ["a status of a tampered one", { tamper: "body", expect: { status: 403 } }, answering(403), []],
    ["an answer in time", { expect: { within: "10s", status: 200 } }, answering(200), []],
    [
      "a late answer",
      { expect: { within: "20ms", status: 200 } },
      answering(200, "", 150),

      [/^answered after .*, expected within 20 ms$/],
    ],
    [
      "a late answer by the rule",
      { expect: { within: "20ms" } },
      answering(200, "", 150),

      [/^answered too late: it has 20 ms$/],
    ],
    [
      "several things at once",
      {
        expect: {
          header: { "x-own": "w", etag: "e" },
          body: { "a.b": [1], c: { matches: "^x" } },
          text: "t",
        },
      },
      answering(200, '{"a": {"b": [2]}, "c": "y"}'),

      [
        /^header x-own is different/,
        /^header etag is missing/,
        /^body a\.b is diff/,
        /^body c does not match/,
        /^text is/,
      ],
    ],
    [
      "each of several",
      { times: 3, expect: { status: 200 } },
      answering(500),

      [1, 2, 3].map((n) => new RegExp(`^delivery ${n}: `)),
    ],
  ];

  test("each by what came of it", async () => {
    const steps = table.map(([name, step], index) => ({
      send,
      name,
      headers: { "X-Case": String(index) },
      ...step,
    }));
    const result = await tested(steps, {
      answer: (request, response, message) =>
        table[Number(values(request.headers, "x-case")[0])]?.[2](request, response, message),
    });
    expect(result.code).toBe(1);
    for (const [index, [name, , , messages]] of table.entries()) {
      const { name: told, outcome, failures } = result.steps[index] ?? {};
      expect([told, outcome, (failures as { message: string }[]).map(({ message }) => message)]).toEqual([
        name,
        messages.length === 0 ? "passed" : "failed",
        messages.map((text) => expect.stringMatching(text) as string),
      ]);
    }
  });

  test("a pattern that would try for years ends, and fails", async () => {
    const text = `${"a".repeat(60)}!`;
    const { code, messages } = await tested([{ send, expect: { text: { matches: "^(a+)+$" } } }], {
      answer: (_, response) => void response.end(text),
    });
    expect([code, messages]).toEqual([1, ["text cannot be matched: the pattern takes too long"]]);
  });

  test("calls: what the handler sends to the stub counts once, and must not come where none may", async () => {
    let stub = "";
    const steps = [
      {
        send,
        name: "two",
        expect: { calls: [{ path: "/a", times: 2, body: { n: 1 } }] },
        capture: { n: "calls[1].body.n" },
      },
      {
        send,
        name: "one too many",
        expect: {
          calls: [
            { path: "/a", times: 1 },
            { path: "/a", times: 0, within: "5s" },
          ],
        },
      },
      { send, name: "one too few", expect: { calls: [{ method: "PUT", path: "/a", within: "50ms" }] } },
      { send, name: "none", expect: { calls: [{ path: "/b/{{n}}", times: 0, within: "20ms" }] } },
    ];
    const place = createPlace();
    const server = await startServer(async (_, response) => {
      for (const n of [1, 1]) await fetch(`${stub}/a`, { method: "POST", body: JSON.stringify({ n }) });
      response.end();
    });
    place.write(
      "b.suite.json",
      JSON.stringify({
        variables: { n: 0 },
        steps: [{ ...steps[0], send: "./fareplay/s.json", set: { stub: "{{stub}}" } }, ...steps.slice(1)],
      }),
    );
    place.write("fareplay/s.json", "{}");
    const { code, stdout } = await run(
      ["test", "b.suite.json", "--stub", "0", "--to", String(await relay(server)), "--json"],
      { place, env },
    );
    const result = ndjson(stdout).filter(({ type }) => type === "step");
    expect([code, outcomes(result)]).toEqual([1, ["passed", "failed", "failed", "passed"]]);
    expect(
      result.flatMap(({ failures }) => (failures as { message: string }[]).map(({ message }) => message)),
    ).toEqual([
      "/a was called 2 times, expected 1",
      "/a was called 1 time, and must not be",
      "PUT /a was called 0 times within 50 ms, expected 1",
      "POST /a came once more than an earlier step expects, and this one does not expect it",
      "POST /a came once more than an earlier step expects, and this one does not expect it",
    ]);

    /** Learns where the stub is from the first delivery. */
    async function relay(to: TestServer): Promise<number> {
      const front = await startServer(async ({ body }, response) => {
        stub ||= (JSON.parse(body.toString()) as { stub: string }).stub;
        await fetch(to.url, { method: "POST", body: "{}" });
        response.end();
      });
      return front.port;
    }
  });
});

describe("which steps run", () => {
  const steps = [
    { send, name: "a", tags: ["smoke"] },
    { send, name: "b", tags: ["smoke", "slow"], expect: { status: 500 } },
    { send, name: "c", skip: "not yet" },
    { send, name: "d" },
  ];
  const told = ({ steps: all }: { steps: Step[] }): string[] =>
    all.map(({ name, outcome }) => `${String(name)} ${String(outcome)}`);

  test.each([
    [["--tag", "smoke"], 1, ["a passed", "b failed", "c skipped", "d skipped"]],
    [["--tag", "smoke", "--skip-tag", "slow"], 0, ["a passed", "b skipped", "c skipped", "d skipped"]],
    [["--bail"], 1, ["a passed", "b failed", "c skipped", "d skipped"]],
    [["--tag", "none"], 1, ["a skipped", "b skipped", "c skipped", "d skipped"]],
  ])("with %j", async (args, exit, result) => {
    const finished = await tested(steps, { args });
    expect([finished.code, told(finished)]).toEqual([exit, result]);
    if (args.includes("none")) expect(finished.stderr).toMatch(/nothing was run/);
  });

  test("only narrows the run, says so, and fails it in CI", async () => {
    const narrowed = [
      { send, name: "a" },
      { send, name: "b", only: true },
    ];
    const here = await tested(narrowed);
    expect([here.code, told(here)]).toEqual([0, ["a skipped", "b passed"]]);
    expect(here.stderr).toMatch(/^warning: "only" stands in a\.suite\.json, .*in CI it fails the run/);
    const ci = await tested(narrowed, { env: { ...env, CI: "true" } });
    expect([ci.code, told(ci)]).toEqual([1, ["a skipped", "b passed"]]);
    expect(ci.stderr).toMatch(/in CI that fails the run; take it out/);
  });

  test("--list sends nothing", async () => {
    const { code, server, stdout } = await tested(steps, { args: ["--list", "--tag", "smoke"] });
    const { data } = JSON.parse(stdout) as { data: Step[] };
    expect([code, server.received.length]).toEqual([0, 0]);
    expect(data.map(({ name, line, runs, reason }) => [name, line, runs, reason])).toEqual([
      ["a", 3, true, null],
      ["b", 10, true, null],
      ["c", 21, false, "skip: not yet"],
      ["d", 26, false, "by its tags"],
    ]);
  });

  test("folders are searched for suites, in order", async () => {
    const place = createPlace();
    const one = JSON.stringify({ steps: [{ send }] });
    for (const file of [
      "s/b.suite.json",
      "s/a/z.json",
      "s/.hidden/x.suite.json",
      "s/node_modules/x.suite.json",
    ])
      place.write(file, one);
    place.write("s/payload.json", '{"steps": "none"}');
    const { stdout } = await run(["test", "s", "--list", "--json"], { place });
    const { data } = JSON.parse(stdout) as { data: Step[] };
    expect(data.map(({ file }) => file)).toEqual(["s/a/z.json", "s/b.suite.json"]);
    // Their own names are the same from wherever.
    expect(data.map(({ suite }) => suite)).toEqual(["a/z.json", "b.suite.json"]);
  });
});

describe("a suite that is wrong: exit code 2, each mistake with its place, and nothing is sent", () => {
  async function refused(suite: object | string, args: readonly string[] = [], place: Place = createPlace()) {
    const server = await startServer();
    place.write("w.suite.json", typeof suite === "string" ? suite : JSON.stringify(suite));
    const { code, stderr, stdout } = await run(
      [
        "test",
        "w.suite.json",
        ...args,
        "--json",
        ...(args.includes("--to") ? [] : ["--to", String(server.port)]),
      ],
      { place, env: { ...env, MY_TOKEN: "t0ken", HOOKLINE_VAR_given: "from-env" } },
    );
    expect([code, stdout, server.received.length]).toEqual([2, "", 0]);
    return (
      JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as { error: { message: string; code: string } }
    ).error;
  }

  const form: readonly [suite: object | string, message: RegExp][] = [
    ["{\n  steps: []}", /^\d+\.suite\.json:2:3: it is not valid JSON/],
    [
      '{"steps": [\n  {"send": "order.created", "sendd": 1}]}',
      /^\d+\.suite\.json:2:29: steps\[0\]\.sendd is not a known field; did you mean send\?$/,
    ],
    [
      '{"steps": [{"send": "order.created",\n "fresh": true, "fresh": false}]}',
      /^\d+\.suite\.json:2:17: steps\[0\]\.fresh is there a second time/,
    ],
  ];

  const meaning: readonly [suite: object | string, message: RegExp][] = [
    [
      { steps: [{ send: "order.craeted" }] },
      /:1:\d+: steps\[0\]\.send cannot be sent: there is no provider, event/,
    ],
    [{ steps: [{ send: "./nothing.json" }] }, /steps\[0\]\.send cannot be sent: there is no file/],
    [{ steps: [{ send: "-" }] }, /steps\[0\]\.send cannot be standard input/],
    [{ steps: [{ send: "inbox:last" }] }, /steps\[0\]\.send cannot name what this machine/],
    [{ steps: [{ send: "remote:evt_1" }] }, /steps\[0\]\.send cannot name what/],
    [{ steps: [{ send: "../out.json" }] }, /steps\[0\]\.send leads out of the suite's folder/],
    [{ steps: [{ send: "/etc/passwd" }] }, /steps\[0\]\.send leads out of the suite's folder/],
    [{ steps: [{ send: "./.env" }] }, /steps\[0\]\.send names a hidden file/],
    [{ steps: [{ send, provider: "acme" }] }, /steps\[0\]\.provider names no provider that there is/],
    [{ steps: [{ send, delay: "100d" }] }, /steps\[0\]\.delay takes a duration above 0 and below 24 days/],
    [
      { steps: [{ send, set: { "a.constructor": 1 } }] },
      /steps\[0\]\.set\["a\.constructor"\] cannot be used/,
    ],
    [{ steps: [{ send, set: { "id.x.y": 1 } }] }, /steps\[0\]\.set\["id\.x\.y"\] cannot be done/],
    [
      { steps: [{ send, set: { a: 1 }, unset: ["data", "nowhere"] }] },
      /steps\[0\]\.unset\[1\] cannot be done: the body has no nowhere/,
    ],
    [
      { variables: { b: 1, a: "{{b}}" }, steps: [{ send }] },
      /variables\.a holds \{\{b\}\}, which is not replaced there/,
    ],
    [
      {
        parallel: true,
        steps: [
          { send, capture: { x: "text" } },
          { send, capture: { x: "text" } },
        ],
      },
      /steps\[1\]\.capture\.x is captured by steps\[0\] too, which is sent at once with it/,
    ],
    [{ steps: [{ send, tamper: "timestamp" }] }, /steps\[0\]\.tamper cannot be done/],
    [{ steps: [{ send, headers: { Host: "x" } }] }, /steps\[0\]\.headers\.Host belongs to the connection/],
    [
      { steps: [{ send, expect: { text: { matches: "(" } } }] },
      /expect\.text\.matches is no regular expression/,
    ],
    [
      { steps: [{ send, set: { id: "{{nope}}" } }] },
      /steps\[0\]\.set\.id uses \{\{nope\}\}, which is not known/,
    ],
    [{ steps: [{ send, set: { id: "{{MY_TOKEN}}" } }] }, /uses \{\{MY_TOKEN\}\}, which is not known/],
    [{ variables: { MY_TOKEN: null }, steps: [{ send }] }, /variables\.MY_TOKEN has no value/],
    [
      { variables: { a: null }, steps: [{ send, set: { id: "{{a}}" } }] },
      /^\S+ variables\.a has no value: give it with --var a=VALUE, or .* HOOKLINE_VAR_a/,
    ],
    // Only what the suite lists is read.
    [{ steps: [{ send, set: { id: "{{given}}" } }] }, /uses \{\{given\}\}, which is not known/],
    [
      {
        steps: [
          { send, set: { id: "{{x}}" } },
          { send, capture: { x: "text" } },
        ],
      },
      /uses \{\{x\}\}, which is captured by steps\[1\]: that has to run before/,
    ],
    [
      {
        parallel: true,
        steps: [
          { send, capture: { x: "text" } },
          { send, set: { id: "{{x}}" } },
        ],
      },
      /captured by steps\[0\]/,
    ],
    [
      {
        steps: [
          { send, skip: true, capture: { x: "text" } },
          { send, set: { id: "{{x}}" } },
        ],
      },
      /captured by steps\[0\]/,
    ],
    [
      { steps: [{ send, capture: { x: "calls[0].text" } }] },
      /capture\.x names a call that the step does not expect/,
    ],
  ];

  /** Runs a folder of suites that are each wrong. @returns what is told of each */
  async function allRefused(
    suites: readonly (object | string)[],
    args: readonly string[],
  ): Promise<string[]> {
    const place = createPlace();
    for (const [index, suite] of suites.entries())
      place.write(`${100 + index}.suite.json`, typeof suite === "string" ? suite : JSON.stringify(suite));
    const { code, stdout, stderr } = await run(["test", ".", "--json", ...args], {
      place,
      env: { ...env, MY_TOKEN: "t0ken", HOOKLINE_VAR_given: "from-env" },
    });
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string } };
    expect([code, stdout, error.code]).toEqual([2, "", "suite-invalid"]);
    expect(error.message).not.toMatch(/t0ken|from-env/);
    const lines = error.message.split("\n");
    return suites.map((_, index) =>
      lines.filter((line) => line.startsWith(`${100 + index}.suite.json`)).join("\n"),
    );
  }

  test.each([
    ["in its form", form],
    ["in what it means", meaning],
  ])("%s", async (_, wrong) => {
    const server = await startServer();
    const told = await allRefused(
      wrong.map(([suite]) => suite),
      ["--to", String(server.port)],
    );
    for (const [index, [, message]] of wrong.entries()) expect(told[index]).toMatch(message);
    expect(server.received).toEqual([]);
  });

  test("its own target is not this machine", async () => {
    const hosts = [
      "http://example.com/",
      "192.168.1.1:80",
      "http://127.0.0.1.nip.io",
      "http://x.localhost",
      "{{host}}:80",
    ];
    const told = await allRefused(
      hosts.map((to) => ({ to, variables: { host: "example.com" }, steps: [{ send }] })),
      [],
    );
    for (const text of told) expect(text).toMatch(/^\d+\.suite\.json:1:2: to may only name this machine/);
  });

  test("a link out of its folder is not followed, whatever it is called", async () => {
    const outside = join(createFolder(), "secret.json");
    writeFileSync(outside, '{"secret": 1}');
    const place = createPlace();
    symlinkSync(outside, join(place.cwd, "link.json"));
    symlinkSync(join(outside, ".."), join(place.cwd, "fareplay"));
    place.write(".env", "x");
    symlinkSync(join(place.cwd, ".env"), join(place.cwd, "plain.json"));
    const names = ["link.json", "./fareplay/secret.json", "./plain.json"];
    const { message } = await refused(
      { provider: "fareplay", steps: names.map((name) => ({ send: name })) },
      [],
      place,
    );
    expect(message.match(/steps\[\d\]\.send is a link: it (leads out of|names a hidden)/g)).toHaveLength(3);
  });

  test("advice is given only where it helps", async () => {
    for (const suite of ['{"steps": [}', { variables: { a: null }, steps: [{ send }] }]) {
      const { message, ...error } = (await refused(suite)) as { message: string; next_steps?: string[] };
      expect([message, error.next_steps ?? []]).toEqual([expect.any(String), []]);
    }
  });

  test("what flags say of variables, and files that are not there", async () => {
    const { message } = await refused({ variables: { a: 1 }, steps: [{ send }] }, ["--var", "b=1"]);
    expect(message).toBe("no suite has a variable b");
    expect((await refused({ variables: { a: 1 }, steps: [{ send }] }, ["--var", "a=x"])).message).toMatch(
      /variables\.a is a number/,
    );
    for (const args of [
      ["test", "nowhere"],
      ["test", "."],
      ["test", ""],
      ["test", ".", "--start", " "],
      ["test", ".", "--start", "x", "--ready", ""],
      ["test", ".", "--tag", ""],
      ["test", ".", "--skip-tag", ""],
    ])
      expect((await run(args, { place: createPlace() })).code).toBe(2);
  });
});

test("variables: the flag first, then the environment for what is listed, then the default", async () => {
  const suite = {
    variables: { a: "default", b: "default", c: "default", n: 1 },
    steps: [{ send, headers: { "X-All": "{{a}} {{b}} {{c}} {{n}} {{d}}" } }],
  };
  const { code, server } = await tested(suite, {
    args: ["--var", "a=flag", "--var", "d=fläg", "--var", "n=2.5"],
    env: { ...env, HOOKLINE_VAR_a: "env", HOOKLINE_VAR_b: "env", b: "other", c: "other" },
  });
  const [all = ""] = values(server.received[0]?.headers ?? [], "x-all");
  expect([code, Buffer.from(all, "latin1").toString()]).toEqual([0, "flag env default 2.5 fläg"]);
});

test("more at once than hookline sends at once are not late for it", async () => {
  const steps = Array.from({ length: 60 }, () => ({ send, expect: { status: 200, within: "1s" } }));
  let most = 0;
  let underWay = 0;
  const { code } = await tested(
    { parallel: true, steps },
    {
      answer: (_, response) => {
        most = Math.max(most, ++underWay);
        setTimeout(() => {
          underWay--;
          response.end();
        }, 600);
      },
    },
  );
  expect([code, most]).toEqual([0, 50]);
});

test("values of the environment, and headers with credentials, are not shown; what is in patterns stands for itself", async () => {
  const token = "tok+en/of-mine";
  const steps = [
    {
      send,
      set: { "data.token": "{{token}}" },
      expect: {
        header: { "set-cookie": "b" },
        text: { matches: "{{token}} {{dots}}" },
        body: { token: "{{token}}x" },
      },
    },
  ];
  const place = createPlace();
  const result = await tested(
    { variables: { token: null, dots: "a.c" }, steps },
    {
      place,
      args: ["--report", `junit:${join(place.cwd, "out.xml")}`],
      answer: (_, response) => {
        response.setHeader("set-cookie", "sid=abcdef");
        response.end(JSON.stringify({ token, abc: Buffer.from(token).toString("base64") }));
      },
      env: { ...env, HOOKLINE_VAR_token: token },
    },
  );
  expect(result.messages).toEqual([
    "header set-cookie is different",
    "body token is different",
    "text does not match",
  ]);
  for (const text of [result.stdout, readFileSync(join(place.cwd, "out.xml"), "utf8")]) {
    expect(text).not.toMatch(/tok\\*\+en|of.{0,4}mine|sid=abcdef/);
    expect(text).not.toContain(Buffer.from(token).toString("base64").slice(0, 16));
    expect(text).toContain("[redacted]");
    expect(text).toContain("[secret]");
  }
});

test("long whole numbers are kept and compared with all their digits", async () => {
  const place = createPlace();
  const { port, received } = await startServer(
    (_, response) => void response.end('{"id": 9007199254740993}'),
  );
  place.write(
    "n.suite.json",
    `{"variables": {"big": 9007199254740995}, "steps": [
      {"send": "order.created", "capture": {"id": "body.id"}, "expect": {"body": {"id": 9007199254740993}}},
      {"send": "order.created", "set": {"a": "{{id}}", "b": "{{big}}"}, "expect": {"body": {"id": 9007199254740992}}}
    ]}`,
  );
  const { stdout } = await run(["test", "n.suite.json", "--to", String(port), "--json"], { place, env });
  const all = ndjson(stdout).filter(({ type }) => type === "step");
  expect(outcomes(all)).toEqual(["passed", "failed"]);
  expect(all[1]).toMatchObject({ failures: [{ diff: ["- 9007199254740992", "+ 9007199254740993"] }] });
  expect(received[1]?.body.toString()).toMatch(/"a": ?9007199254740993.*"b": ?9007199254740995/s);
});

test("a run that is interrupted says which steps were not run", async () => {
  const place = createPlace();
  const { port } = await startServer();
  const steps = [
    { send },
    { send, name: "slow", delay: "60s" },
    { send, name: "left" },
    { send, skip: true },
  ];
  place.write("a.suite.json", JSON.stringify({ steps }));
  place.write("b.suite.json", JSON.stringify({ steps: [{ send }] }));
  const args = ["test", ".", "--to", String(port), "--report", "json:out.json"];
  const started = start(args, { place, env });
  await started.until("the first step", (stdout) => stdout.includes("✓"));
  started.kill("SIGINT");
  const { code, stdout, stderr } = await started.finished;
  expect([code, stdout]).toEqual([130, expect.stringMatching(/5 steps · 1 passed · 0 failed · 4 skipped/)]);
  expect(stderr).toContain("interrupted: 3 steps were not run");
  expect(stdout).not.toContain("b.suite.json");
  expect(readFileSync(join(place.cwd, "out.json"), "utf8").match(/"interrupted"/g)?.length).toBeGreaterThan(
    2,
  );
});

test("what the stub cannot have is said of --stub", async () => {
  const place = createPlace();
  const { port } = await startServer();
  place.write("a.suite.json", JSON.stringify({ steps: [{ send }] }));
  const args = ["test", "a.suite.json", "--to", String(port), "--stub", String(port)];
  const { code, stderr } = await run(args, { place, env });
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/the stub cannot listen: .*\n.*choose another port with --stub/s),
  ]);
});

test("hostile text of answers and suites reaches neither the terminal nor a CI system", async () => {
  const evil = "\u001b]0;x\u0007\n::set-output name=a::b\n##vso[task]\u202e";
  const place = createPlace();
  const server = await startServer((_, response) => void response.end(JSON.stringify({ a: evil }) + evil));
  const steps = [
    { send, name: evil, expect: { text: evil, body: { a: "x" } }, skip: false },
    { send, skip: evil },
  ];
  place.write("a.suite.json", JSON.stringify({ name: evil, steps }));
  for (const args of [[], ["--json"]]) {
    const { code, stdout, stderr } = await run(
      ["test", "a.suite.json", "--to", String(server.port), ...args],
      { place, env },
    );
    expect(code).toBe(1);
    expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]|^\s*::|##vso/m);
  }
});
