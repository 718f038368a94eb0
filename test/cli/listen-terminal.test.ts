import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { listen, listenJson } from "./listen-process.ts";
import { exchange, post, startServer, type TestServer } from "./run-servers.ts";
import { bin, createPlace, ndjson, run, startCommand, type SpawnOptions, type Started } from "./spawn.ts";
import { startOnTerminal, type Terminal } from "./terminal.ts";

const hasTerminal = spawnSync("script", ["--version"]).status === 0;

/** Runs hookline on a pseudo-terminal: what it prints there comes back as the terminal would get it. */
function onTerminal(args: readonly string[], options: SpawnOptions = {}): Started {
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const command = [process.execPath, bin, ...args].map(quote).join(" ");
  // A pseudo-terminal has no size until it is given one.
  return startCommand("script", ["-qec", `stty cols 100 rows 30; ${command}`, "/dev/null"], {
    ...options,
    env: { TERM: "xterm-256color", ...options.env },
  });
}

/** Each would do something to a terminal; the last two to a CI system that reads the log. */
const hostile = [
  "\x1b[2J\x1b[HPWN",
  "\x1b]0;PWN\x07",
  "\x1b]8;;http://evil.example\x1b\\PWN\x1b]8;;\x1b\\",
  "\x1b[8mPWN",
  "\x1bP$qPWN\x1b\\",
  "\x9b31mPWN",
  "\x9d0;PWN\x9c",
  "safe\rPWN\x08\x08\x08",
  "\u202ePWN\u2066",
  "\u200bPWN\u{e0041}",
  "\n::error::PWN",
  "\n##vso[task.setvariable]PWN",
];

/** All that may not stand in what a terminal or a log gets; the styles of the program's own are taken out before. */
function harm(output: string, lineEnd: "\r\n" | "\n"): string[] {
  const bare = output.replace(/\x1b\[(?:1|2|22|3[1-9]|39)m/g, "").replaceAll(lineEnd, "\n");
  return [
    ...(bare.match(
      /(?!\n)[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu,
    ) ?? []),
    ...(bare.match(/^\s*::\w.*|##(?:vso)?\[.*/gm) ?? []),
  ];
}

const json = JSON.stringify;
const escaped = hostile.map((text) => json(text).slice(1, -1)).join(" ");

/** Sends what is hostile in every place that a sender fills. */
async function attack(url: string): Promise<void> {
  const requests = [
    // As JSON with the characters written out, which JSON forbids, and as JSON with escapes.
    ...hostile.map((text) => ({ path: "/fareplay", body: `{"a": "${text}", "::error::": 1}` })),
    {
      path: "/stripe",
      body: `{"id":${json(hostile[0])},"type":${json(hostile[8])},"${escaped}":"${escaped}"}`,
    },
    { path: "/standard-webhooks", body: json({ type: hostile.join("") }) },
    { path: `/${encodeURIComponent(hostile.join(""))}`, body: hostile.join("\n") },
    { path: "/::error::PWN/##vso[PWN]", body: "::error::PWN\n ##[group]PWN" },
    { path: "/fikafi", body: Buffer.from([0x1b, 0x5d, 0xff, 0x07]) },
  ];
  for (const { path, body } of requests) {
    const bytes = Buffer.from(body as string);
    const head = [
      `POST ${path} HTTP/1.1`,
      "Host: a",
      "Connection: close",
      // On the wire header values are latin1: C1 controls fit in.
      "X-Fareplay-Event: \x9b31mPWN\x9d0;PWN\x9c",
      "X-Fareplay-Delivery: \x85\x9bPWN",
      "X-Fareplay-Signature: \x90PWN",
      "X-Own: \x9b2J\x84PWN ##vso[PWN]",
      `Content-Length: ${bytes.length}`,
    ];
    await exchange(url, Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), bytes]));
  }
  await exchange(url, "\x1b]0;PWN\x07 / HTTP/1.1\r\n\r\n");
  await exchange(url, "PUT /::error::PWN HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n");
}

/** Answers with something hostile each time. */
const evilTarget = (status: number): Promise<TestServer> => {
  let turn = 0;
  return startServer((_, response) => {
    response.writeHead(status, { "X-Evil": "\x9b31mPWN", "Content-Type": "text/plain" });
    response.end(`${hostile[turn++ % hostile.length]}\n::error::PWN\n${hostile.join("")}`);
  });
};

describe.skipIf(!hasTerminal)("on a terminal", () => {
  test("nothing of what listen gets, from either side, reaches it raw", async () => {
    const target = await evilTarget(500);
    const listener = onTerminal(["listen", String(target.port), "--port", "0", "--print", "full"]);
    const url = await listener.ready();
    await attack(url);
    // The last of them is a PUT.
    await listener.until("every delivery", (out) => out.includes("webhooks come by POST"));
    const output = listener.stdout();
    expect(output).toContain("\x1b[");
    expect(output).toContain(String.raw`\u001b]0;PWN\u0007`);
    expect(output).toContain(String.raw`\u009b31mPWN`);
    expect(output).toContain("your app answered 500");
    expect(harm(output, "\r\n")).toEqual([]);
  });

  test("verified bodies are pretty-printed in colour", async () => {
    const listener = onTerminal(["listen", "--port", "0", "--exit-after", "1"]);
    const url = await listener.ready();
    const { code } = await run(["replay", "order.created", "--to", `${url}/fareplay`]);
    expect(code).toBe(0);
    const { stdout } = await listener.finished;
    expect(stdout).toContain("\x1b[32m✓ verified  \x1b[39m");
    expect(stdout).toMatch(/\x1b\[36m"unit_price"\x1b\[39m\S*: \S*\x1b\[33m8\.00\x1b\[39m/);
    expect(stdout.split("\r\n").length).toBeGreaterThan(20);
  });

  test("nor anything of what replay gets, nor of the names of files", async () => {
    const place = createPlace();
    const names = hostile.map((text, index) => `./${index}${text.replaceAll("/", "")}.json`);
    for (const name of names) place.write(name, "{}");
    const target = await evilTarget(404);
    const args = ["--provider", "fareplay", "--to", String(target.port)];
    const { code, stdout } = await onTerminal(["replay", ...names, ...args], { place }).finished;
    expect(code).toBe(1);
    expect(stdout).toContain("Fareplay takes only 2xx as success");
    expect(stdout).toContain(String.raw`\u001b]0;PWN\u0007`);
    expect(harm(stdout, "\r\n")).toEqual([]);
  });

  test("a bar for many deliveries leaves the terminal as it was", async () => {
    const target = await startServer();
    const args = ["order.created", "--to", String(target.port), "--times", "60", "--rate", "100"];
    const { code, stdout } = await onTerminal(["replay", ...args]).finished;
    expect(code).toBe(0);
    expect(stdout).toContain("60 sent · 60 succeeded · 0 failed");
    expect(target.received).toHaveLength(60);
    expect(stdout).toMatch(/sending .*█.* \d+\/60/);
    // What hides the cursor shows it again.
    expect(stdout.split("\x1b[?25l").length).toBe(stdout.split("\x1b[?25h").length);
  });
});

describe.skipIf(!hasTerminal)("keys", () => {
  const keys = "f filter · c clear · q quit";

  /** Listens on a terminal of 60 columns. @returns it with the listener's address */
  async function listenOnTerminal(...args: string[]): Promise<Terminal & { url: string }> {
    const options = { place: createPlace(), columns: 60, showMode: true };
    const terminal = startOnTerminal(["listen", "--port", "0", "--no-inspect", ...args], options);
    await terminal.until("q quit");
    return { ...terminal, url: /listening on (http:\S+)/.exec(terminal.screen())?.[1] ?? "" };
  }

  /** Modes before and after. */
  const modes = ({ screen }: Terminal): string[] =>
    [...screen().matchAll(/mode: (\S+)/g)].map(([, mode = ""]) => mode);

  test("r replays to the app, f filters, q quits; the layout holds and the terminal is as it was", async () => {
    const target = await startServer();
    const terminal = await listenOnTerminal(`${target.port}/hooks`);
    const { url, type, until } = terminal;
    type("r");
    await until("nothing to replay");
    await post(`${url}/fareplay`, { body: '{"n":1}', headers: { "x-fareplay-event": "order.created" } });
    await until("order.created");
    type("r");
    await until("replayed fareplay order.created");
    await until("  200");
    expect(target.received.map(({ body }) => body.toString())).toEqual(['{"n":1}', '{"n":1}']);

    type("f");
    await until("Show only");
    type("user\r");
    await until("only deliveries that fit are shown: user");
    await post(`${url}/fareplay`, { body: '{"n":2}', headers: { "x-fareplay-event": "order.paid" } });
    await post(`${url}/fareplay`, { body: '{"n":3}', headers: { "x-fareplay-event": "user.created" } });
    await until("user.created");
    type("q");
    await until("3 deliveries: 0 verified");
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).not.toContain("order.paid");
    const lines = terminal.screen().split(/\r?\n/);
    expect(lines.filter((line) => !/^(mode:|\? Show)/.test(line) && line.length > 60)).toEqual([]);
    const [before, after] = modes(terminal);
    expect(after).toBe(before);
  });

  test("Ctrl-C ends it gracefully, the second at once; the terminal is as it was both times", async () => {
    const graceful = await listenOnTerminal();
    graceful.type("\x03");
    await graceful.until("0 deliveries");
    expect(await graceful.ended).toBe(0);
    expect(new Set(modes(graceful)).size).toBe(1);

    const target = await startServer(() => undefined);
    const stuck = await listenOnTerminal(String(target.port));
    post(`${stuck.url}/fareplay`).catch(() => undefined);
    await target.until(1);
    stuck.type("\x03");
    stuck.type("\x03");
    const code = await stuck.ended;
    expect(code, stuck.screen()).toBe(130);
    expect(modes(stuck)).toHaveLength(2);
    expect(new Set(modes(stuck)).size).toBe(1);
  });

  test.each([
    ["--quiet", ["--quiet"], {}],
    ["--no-input", ["--no-input"], {}],
    ["CI", [], { CI: "true" }],
    ["--json", ["--json"], {}],
  ])("there are none with %s", async (_, args, env) => {
    const place = createPlace();
    const terminal = startOnTerminal(["listen", "--port", "0", "--for", "1ms", ...args], { place, env });
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).not.toContain(keys);
  });

  test("nor where standard input is no terminal", async () => {
    const command = `'${process.execPath}' '${bin}' listen --port 0 --for 1ms </dev/null`;
    const { stdout } = await startCommand("script", ["-qec", command, "/dev/null"]).finished;
    expect(stdout).toContain("listening on");
    expect(stdout).not.toContain(keys);
  });
});

describe("in a CI log", () => {
  test("nothing from outside becomes a command or a control", async () => {
    const target = await evilTarget(500);
    const listener = await listen([String(target.port), "--print", "full"], { env: { CI: "true" } });
    await attack(listener.url);
    const { stdout, stderr } = await listener.stop();
    expect(stdout).toContain("error::PWN");
    expect(harm(stdout, "\n")).toEqual([]);
    expect(harm(stderr, "\n")).toEqual([]);
    const { stdout: replayed } = await run(["replay", "order.created", "--to", String(target.port)]);
    expect(replayed).toContain("PWN");
    expect(harm(replayed, "\n")).toEqual([]);
  });

  test("and NDJSON carries it escaped, as it was", async () => {
    const listener = await listenJson();
    await post(`${listener.url}/stripe`, {
      body: json({ id: hostile.slice(-2).join(""), type: hostile.join("") }),
    });
    const { stdout } = await listener.stop();
    expect(harm(stdout, "\n")).toEqual([]);
    expect(ndjson(stdout)[1]).toMatchObject({
      event: hostile.join(""),
      delivery_id: hostile.slice(-2).join(""),
    });
  });
});
