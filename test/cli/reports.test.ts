import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { XMLValidator } from "fast-xml-parser";
import { parse } from "test-results-parser";
import { describe, expect, test } from "vitest";
import { startServer, values, type Received } from "./run-servers.ts";
import { bin, createPlace, run, start, startCommand, type Place } from "./spawn.ts";

const secret = "a-secret-that-nobody-must-see";
const env = { FAREPLAY_WEBHOOK_SECRET: secret };

interface JsonReport {
  counts: Record<string, number>;
  interrupted: boolean;
  groups: {
    name: string;
    cases: {
      name: string;
      outcome: string;
      failures: { code: string; message: string }[];
      request: { command: string };
      answer: { status: number | null; text: string } | null;
    }[];
  }[];
}

const jsonIn = ({ cwd }: Place, name = "out.json"): JsonReport =>
  JSON.parse(readFileSync(join(cwd, name), "utf8")) as JsonReport;

const allFormats = ["junit:a/out.xml", "json:out.json", "markdown:out.md", "github"];
const flags = (formats: readonly string[]) => formats.flatMap((format) => ["--report", format]);

/** Every file below the working folder, as text. */
const written = ({ cwd }: Place): string =>
  readdirSync(cwd, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "hookline.json")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");

const isRight = ({ headers, body }: Received): boolean =>
  values(headers, "x-fareplay-signature")[0] ===
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

describe("replay --report", () => {
  test("writes all formats at once, and the summary and annotations of GitHub, quiet or not", async () => {
    const place = createPlace();
    const summary = place.write("summary.md", "before\n");
    const target = await startServer(
      ({ url }, response) => void response.writeHead(url === "/" ? 500 : 200).end("no"),
    );
    const { code, stderr, stdout } = await run(
      [
        "replay",
        "order.created",
        "order.accepted",
        "--to",
        `${target.port}/`,
        "--quiet",
        ...flags(allFormats),
      ],
      { place, env: { ...env, GITHUB_STEP_SUMMARY: summary } },
    );
    expect(code).toBe(1);
    expect(
      stderr.split("\n").map((line) => line.replace(/^(::error title=[^:]*::answered 500).*$/, "$1")),
    ).toEqual(["::error title=fareplay/order.created and 1 more::answered 500", ""]);
    expect(stdout).not.toContain("::");
    const junit = parse({ type: "junit", files: [join(place.cwd, "a/out.xml")] });
    expect(junit.suites.map(({ name, failed }) => [name, failed])).toEqual([["fareplay", 2]]);
    expect(jsonIn(place)).toMatchObject({
      version: 1,
      title: "hookline replay",
      target: `http://localhost:${target.port}/`,
      interrupted: false,
      counts: { total: 2, passed: 0, failed: 2, skipped: 0 },
    });
    const markdown = readFileSync(join(place.cwd, "out.md"), "utf8");
    expect(markdown).toMatch(/^## hookline replay: ✗ 2 of 2 failed\n/);
    expect(readFileSync(summary, "utf8")).toBe(`before\n${markdown}\n`);
    expect(readdirSync(place.cwd).sort()).toEqual(["a", "out.json", "out.md", "summary.md"]);
  });

  test("says where the reports are; outside of GitHub that there is no summary; and keeps JSON apart", async () => {
    const place = createPlace();
    const target = await startServer();
    const { code, stderr, stdout } = await run(
      ["replay", "order.created", "--to", String(target.port), "--json", ...flags(allFormats)],
      { place, env },
    );
    expect(code).toBe(0);
    for (const name of ["a/out.xml", "out.json", "out.md"])
      expect(stderr).toContain(`report written to ${join(place.cwd, name)}\n`);
    expect(stderr).toContain("GITHUB_STEP_SUMMARY is not set");
    expect(stderr).not.toContain("::");
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(["delivery", "summary"]);
    expect(jsonIn(place).counts).toMatchObject({ passed: 1, failed: 0 });
  });

  test("makes one case of each payload, and of each way in which it is tampered with", async () => {
    const place = createPlace();
    const target = await startServer(
      (request, response) => void response.writeHead(isRight(request) ? 200 : 401).end(),
    );
    await run(
      [
        "replay",
        "order.created",
        "order.created",
        "--to",
        String(target.port),
        "--times",
        "3",
        "--tamper",
        "body,secret",
        ...flags(["json:out.json"]),
      ],
      { place, env },
    );
    expect(target.received).toHaveLength(12);
    expect(
      jsonIn(place).groups.map(({ name, cases }) => [name, cases.map((one) => [one.name, one.outcome])]),
    ).toEqual([
      [
        "fareplay",
        [
          ["fareplay/order.created (body)", "passed"],
          ["fareplay/order.created (secret)", "passed"],
          ["fareplay/order.created (body) #2", "passed"],
          ["fareplay/order.created (secret) #2", "passed"],
        ],
      ],
    ]);
  });

  test("is written where a signal ends the run, and says that cases are missing", async () => {
    const place = createPlace();
    const target = await startServer((_, response) => {
      if (target.received.length === 1) response.end();
    });
    const replaying = start(
      [
        "replay",
        "order.created",
        "order.accepted",
        "--to",
        String(target.port),
        ...flags(["json:out.json", "junit:out.xml"]),
      ],
      { place, env },
    );
    await target.until(2);
    replaying.kill("SIGINT");
    expect((await replaying.finished).code).toBe(130);
    const { interrupted, groups } = jsonIn(place);
    expect([interrupted, groups[0]?.cases.map(({ outcome }) => outcome)]).toEqual([
      true,
      ["passed", "skipped"],
    ]);
    expect(readFileSync(join(place.cwd, "out.xml"), "utf8")).toMatch(
      /<failure type="interrupted" message="[^"]*cases are missing"/,
    );
  });

  test("sends nothing where a report could not be written, and leaves none behind", async () => {
    const place = createPlace();
    mkdirSync(join(place.cwd, "folder"));
    const target = await startServer();
    const { code, stderr } = await run(
      [
        "replay",
        "order.created",
        "--to",
        String(target.port),
        "--json",
        ...flags(["json:out.json", "junit:folder"]),
      ],
      { place, env },
    );
    const { error } = JSON.parse(stderr) as { error: Record<string, unknown> };
    expect([code, error["code"], target.received.length]).toEqual([1, "report-unwritable", 0]);
    expect(error["message"]).toBe(
      `cannot write the report ${join(place.cwd, "folder")}: it is a folder; nothing was sent`,
    );
    expect(readdirSync(place.cwd)).toEqual(["folder"]);
    const unknown = await run(["replay", "order.created", "--to", "1", "--report", "tap:x"], { place, env });
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("junit:FILE") as string]);
  });
});

describe("an answer from a hostile handler", () => {
  const body = [
    "::error::owned",
    "  ::set-output name=a::b\r\n::stop-commands::x\r",
    "##[error]owned ##vso[task.complete]",
    "\u001b[31mred\u001b]0;title\u0007 \u0000 \u202e \ufffe",
    "]]> </system-out></failure><script>alert(1)</script> [[ATTACHMENT|/etc/passwd]]",
    "@everyone ![x](http://evil.example) | ```````` </details>",
    "%0A::error::owned",
  ].join("\n");

  test("starts no command of a CI system, in no report and nowhere in the output", async () => {
    const place = createPlace();
    const summary = place.write("summary.md", "");
    place.write("fareplay/%0A::error::x,a=b.json", "{}");
    const target = await startServer(
      (_, response) => void response.writeHead(500).end(`${body}${"x".repeat(1e6)}`),
    );
    const { code, stderr, stdout } = await run(
      ["replay", "./fareplay", "order.created", "--to", String(target.port), ...flags(allFormats)],
      { place, env: { ...env, GITHUB_STEP_SUMMARY: summary } },
    );
    expect(code).toBe(1);
    const own = /^::error title=[^:,]*::[^:]/;
    const annotations = stderr.split("\n").filter((line) => own.test(line));
    expect(annotations).toHaveLength(1);
    const output = `${stdout}\n${stderr}`.split("\n").filter((line) => !annotations.includes(line));
    for (const line of [...output, ...written(place).split("\n")]) {
      expect(line).not.toMatch(/^\s*::/);
      expect(line).not.toMatch(/##(vso)?\[|[\u0000\u001b\u0007\u202e\r]/);
    }
    expect(annotations.join("\n")).not.toMatch(/##(vso)?\[|[\u0000\u001b\u0007\u202e\r]/);

    const xml = readFileSync(join(place.cwd, "a/out.xml"), "utf8");
    expect(XMLValidator.validate(xml)).toBe(true);
    const [suite] = parse({ type: "junit", files: [join(place.cwd, "a/out.xml")] }).suites;
    expect(suite?.cases.map(({ attachments }) => attachments)).toEqual([[], []]);
    expect(jsonIn(place).groups[0]?.cases[1]?.answer?.text).toContain("1.0 MB in all");
    // A megabyte of answer is not in each.
    expect(written(place).length).toBeLessThan(60_000);
  });
});

describe("secrets", () => {
  test("are in no report: signing secrets, bearers, passwords, and headers that were given", async () => {
    const place = createPlace();
    place.write(
      "hookline.json",
      JSON.stringify({
        providers: {
          bear: {
            title: "Bear",
            signatures: [{ kind: "bearer", header: "X-Bear-Key" }],
            events: { made: {} },
          },
          base: { title: "Base", signatures: [{ kind: "basic" }], events: { made: {} } },
        },
        secrets: { bear: "env:BEAR_WEBHOOK_SECRET", base: "env:BASE_WEBHOOK_SECRET" },
      }),
    );
    place.write("bear/made.json", "{}");
    place.write("base/made.json", "{}");
    const summary = place.write("summary.md", "");
    const secrets = {
      FAREPLAY_WEBHOOK_SECRET: secret,
      BEAR_WEBHOOK_SECRET: "bear-token-0123456789",
      BASE_WEBHOOK_SECRET: "user:pass-word-0123456789",
    };
    const target = await startServer((_, response) => void response.writeHead(500).end("no"));
    const given = ["-H", "Authorization: Bearer given-0123456789", "-H", "Cookie: session=cookie-0123456789"];
    const sendings = [
      ["order.created", "./bear/made.json", ...given],
      ["./base/made.json"],
      ["order.created", "./bear/made.json", "./base/made.json", "--tamper", "secret,missing"],
    ];
    for (const [index, what] of sendings.entries()) {
      const formats = ["github", `junit:${index}.xml`, `json:${index}.out.json`, `markdown:${index}.md`];
      const { code, stdout, stderr } = await run(
        ["replay", ...what, "--to", String(target.port), ...flags(formats)],
        { place, env: { ...secrets, GITHUB_STEP_SUMMARY: summary } },
      );
      expect(code).toBe(1);
      const said = `${stdout}\n${stderr}\n${written(place)}`;
      const basic = Buffer.from(secrets.BASE_WEBHOOK_SECRET).toString("base64");
      for (const value of [
        ...Object.values(secrets),
        basic,
        "given-0123456789",
        "cookie-0123456789",
        "pass-word",
      ])
        expect(said).not.toContain(value);
    }
    const sent = target.received.map(({ headers }) => headers.join("\n")).join("\n");
    for (const value of ["bear-token-0123456789", "Bearer given-0123456789", "cookie-0123456789"])
      expect(sent).toContain(value);
    expect(readFileSync(join(place.cwd, "0.out.json"), "utf8")).toContain("Authorization: [redacted]");
  });
});

describe("the command that is reported", () => {
  const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
  const runnable = has("curl") && has("bash");

  /** A `hookline` that is this one, in a folder of its own. */
  function asCommand(place: Place): Record<string, string> {
    place.write("bin/hookline", `#!/bin/sh\nexec ${process.execPath} ${bin} "$@"\n`);
    spawnSync("chmod", ["+x", join(place.cwd, "bin/hookline")]);
    return { ...env, PATH: `${join(place.cwd, "bin")}${delimiter}${process.env["PATH"] ?? ""}` };
  }

  test.skipIf(!runnable)(
    "sends the same again, rightly signed, in bash with curl (skipped where one of them is missing)",
    async () => {
      const place = createPlace();
      place.write("fareplay/it's $HOME `x`.json", '{ "b" : 8.00, "c": "é" }\r\n');
      const target = await startServer((_, response) => void response.writeHead(500).end());
      await run(
        [
          "replay",
          "./fareplay",
          "--to",
          `${target.port}/hooks?a=1&b=[2]`,
          "--set",
          'c="$(id) \'"',
          "-H",
          "Content-Language: a b",
          ...flags(["json:out.json"]),
        ],
        { place, env },
      );
      const [one] = jsonIn(place).groups[0]?.cases ?? [];
      const { code, stderr } = await startCommand("bash", ["-c", one?.request.command ?? "exit 99"], {
        place,
        env: asCommand(place),
      }).finished;
      expect([code, stderr.includes("error")]).toEqual([0, false]);
      const [first, again, ...more] = target.received;
      expect(more).toEqual([]);
      expect(again?.url).toBe("/hooks?a=1&b=[2]");
      expect(again?.body).toEqual(first?.body);
      expect(again && isRight(again)).toBe(true);
      expect(again && values(again.headers, "content-language")).toEqual(["a b"]);
      expect(existsSync(join(place.cwd, "hookline-body"))).toBe(true);
    },
  );

  test.skipIf(!has("bash"))(
    "sends what was tampered with as wrong as it was (skipped where there is no bash)",
    async () => {
      const place = createPlace();
      const target = await startServer();
      await run(
        [
          "replay",
          "order.created",
          "--to",
          String(target.port),
          "--tamper",
          "body",
          ...flags(["json:out.json"]),
        ],
        { place, env },
      );
      const [one] = jsonIn(place).groups[0]?.cases ?? [];
      expect(one?.failures[0]?.code).toBe("not-refused");
      const { code } = await startCommand("bash", ["-c", one?.request.command ?? "exit 99"], {
        place,
        env: asCommand(place),
      }).finished;
      expect(code).toBe(1);
      expect(target.received).toHaveLength(2);
      expect(target.received[1]?.body).toEqual(target.received[0]?.body);
      expect(target.received.some(isRight)).toBe(false);
    },
  );
});
