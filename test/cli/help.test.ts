import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root, run } from "./spawn.ts";

const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
const global = ["--json", "--quiet", "--no-input", "--color", "--no-color", "--env-file <file>", "--help"];
const payload = [
  "--provider <id>",
  "--profile <name>",
  "--secret <ref>",
  "-H, --header <header>",
  "--set <path=value>",
  "--unset <path>",
  "--fresh",
];

const delivery = ["--status <status>", "--endpoint <id>", "--event <id or type>"];

const exec = ["--exec <command>", "--exec-env <name>", "--exec-timeout <duration>"];

const recorded = [
  ...["--provider <id>", "--event <event>", "--verified", "--no-verified", "--failed", "--text <text>"],
  ...["--since <time>", "--until <time>"],
];

/** Every command with the flags its page has to name. */
const pages: readonly [command: string, flags: readonly string[]][] = [
  ["demo", []],
  [
    "listen",
    [
      ...[
        "[target]",
        "--route <events=target>",
        "--provider <id>",
        "--secret <ref>",
        "--port <n>",
        "--host <address>",
        "--require-verified",
      ],
      ...["--forward-invalid", "--in-order", "--timeout <duration>", "--max-body <size>", "--print <mode>"],
      ...["--exit-after <n>", "--for <duration>", "--expect <provider/event>", "--no-diagnose"],
      ...["--record", "--no-record", "--record-secrets", "--inspect", "--no-inspect", "--inspector-port <n>"],
      ...["--register", "--events <types>", "--public-url <url>", "--profile <name>", "--insecure"],
      "--ca <file>",
    ],
  ],
  ["inbox list", [...recorded, "--limit <n>", "--cursor <text>", "--all"]],
  ["inbox show", ["[id]", "--raw"]],
  [
    "inbox replay",
    [
      ...["[ids...]", ...recorded, "--to <target>", "--original", "--dry-run", "--yes", "--concurrency <n>"],
      ...["--timeout <duration>", "--insecure", "--ca <file>"],
    ],
  ],
  ["inbox export", ["[ids...]", ...recorded, "--out <folder>", "--force"]],
  ["inbox clear", [...recorded, "--dry-run", "--yes"]],
  ["inbox diff", ["<before>", "<after>"]],
  ["inbox limits", ["--count <n>", "--age <duration>", "--size <size>"]],
  [
    "replay",
    [
      ...[
        "[payloads...]",
        "--to <target>",
        ...payload,
        "--original",
        "--times <n>",
        "--concurrency <n>",
        "--rate <n>",
      ],
      ...["--tamper <how>", "--for <duration>", "--ramp <duration>", "--fail-if <condition>"],
      ...["--report <format:file>", "--timeout <duration>", "--insecure", "--ca <file>"],
    ],
  ],
  [
    "test",
    [
      ...["<suites...>", "--to <target>", "--start <command>", "--ready <url or text>", "--stub <port>"],
      ...["--ready-timeout <duration>", "--var <name=value>", "--tag <tag>", "--skip-tag <tag>", "--bail"],
      ...["--list", "--timeout <duration>", "--provider <id>", "--secret <ref>", "--insecure", "--ca <file>"],
      "--report <format:file>",
    ],
  ],
  [
    "check",
    [
      ...["--to <target>", "--provider <id>", "--secret <ref>", "-H, --header <header>", "--event <type>"],
      ...["--only <check>", "--skip <check>", "--timeout <duration>", "--fail-under <percent>"],
      ...["--insecure", "--ca <file>", "--report <format:file>", "--list"],
    ],
  ],
  ["sign", ["<payload>", ...payload, "--at <time>", "--curl <target>", "--out <file>"]],
  [
    "verify",
    [
      ...["--provider <id>", "--secret <ref>", "-H, --header <header>", "--body <file>", "--request <file>"],
      ...["--at <time>", "--tolerance <duration>", "--thorough"],
    ],
  ],
  ["snippet", ["<provider>", "--lang <lang>"]],
  ["fixtures list", ["[provider]"]],
  ["fixtures show", ["<payload>"]],
  ["fixtures new", ["<provider/event>", "[file]", "--force"]],
  ["providers list", []],
  ["providers show", ["<id>"]],
  ["secrets", ["[provider]", "--write-env <file>"]],
  ["keys list", ["--status <status>", "--limit <n>", "--cursor <text>", "--all", "--profile <name>"]],
  [
    "keys create",
    [
      ...["--name <name>", "--scope <scope>", "--expires <duration>", "--provider <id>"],
      ...["--write-env <file:name>", "--profile <name>"],
    ],
  ],
  ["keys show", ["[id]", "--profile <name>"]],
  [
    "keys rotate",
    [
      ...["[id]", "--grace <duration>", "--expires <duration>", "--write-env <file:name>", ...exec],
      "--profile <name>",
    ],
  ],
  ["keys revoke", ["[id]", "--yes", "--profile <name>"]],
  ["keys audit", ["--within <duration>", "--idle <duration>", "--fail", "--profile <name>"]],
  [
    "endpoints list",
    [
      ...["--provider <id>", "--status <status>", "--limit <n>", "--cursor <text>", "--all"],
      "--profile <name>",
    ],
  ],
  [
    "endpoints create",
    [
      ...["--url <url>", "--provider <id>", "--events <types>", "--description <text>"],
      ...["--write-env <file:name>", "--profile <name>"],
    ],
  ],
  ["endpoints show", ["[id]", "--profile <name>"]],
  [
    "endpoints update",
    ["[id]", "--url <url>", "--events <types>", "--description <text>", "--profile <name>"],
  ],
  ["endpoints enable", ["[id]", "--profile <name>"]],
  ["endpoints disable", ["[id]", "--profile <name>"]],
  ["endpoints delete", ["[id]", "--yes", "--profile <name>"]],
  [
    "endpoints rotate-secret",
    [
      ...["[id]", "--grace <duration>", "--write-env <file:name>", ...exec, "--undo", "--finish"],
      "--profile <name>",
    ],
  ],
  ["endpoints test", ["[id]", "--type <event>", "--wait-timeout <duration>", "--profile <name>"]],
  ["events types", ["--provider <id>", "--profile <name>"]],
  [
    "events list",
    [
      ...["--provider <id>", "--type <event>", "--since <time>", "--until <time>", "--limit <n>"],
      ...["--cursor <text>", "--all", "--profile <name>"],
    ],
  ],
  ["events show", ["[id]", "--profile <name>"]],
  [
    "events publish",
    [
      ...["[payloads...]", "--provider <id>", "--type <event>", "--set <path=value>", "--unset <path>"],
      ...["--fresh", "--wait", "--wait-timeout <duration>", "--profile <name>"],
    ],
  ],
  [
    "deliveries list",
    [
      ...[...delivery, "--since <time>", "--until <time>", "--limit <n>", "--cursor <text>", "--all"],
      "--profile <name>",
    ],
  ],
  ["deliveries show", ["[id]", "--answers", "--profile <name>"]],
  [
    "deliveries retry",
    [
      ...["[ids...]", ...delivery, "--since <time>", "--until <time>", "--wait", "--wait-timeout <duration>"],
      ...["--dry-run", "--force", "--yes", "--profile <name>"],
    ],
  ],
  ["deliveries watch", [...delivery, "--profile <name>"]],
  [
    "activity list",
    [
      ...["--action <action>", "--key <id>", "--since <time>", "--until <time>", "--limit <n>"],
      ...["--cursor <text>", "--all", "--profile <name>"],
    ],
  ],
  [
    "login",
    [...["[url]", "--key <ref>", "--profile <name>", "--stripe", "--allow-http", "--no-use"], "--yes"],
  ],
  ["logout", ["[name]", "--yes"]],
  ["whoami", ["--profile <name>"]],
  ["profiles list", []],
  ["profiles use", ["[name]"]],
  ["profiles show", ["[name]"]],
  ["profiles delete", ["[name]", "--yes"]],
  [
    "serve",
    [
      ...["--port <n>", "--host <address>", "--db <file>", "--create-account <name>"],
      ...["--root-key-file <file>", "--use", "--retry-delays <durations>", "--disable-after <n>"],
      ...["--concurrency <n>", "--endpoint-concurrency <n>", "--allow-private-targets"],
      "--allow-target <cidr>",
    ],
  ],
  ["completion", ["<shell>", "bash, zsh, fish or powershell"]],
];

/** The commands that a help page lists, by name. */
const listed = (page: string): string[] => {
  const [, list = ""] = page.split("\nCommands:\n");
  const [block = ""] = list.split("\n\n");
  return [...block.matchAll(/^ {2}([a-z-]+) /gm)]
    .map(([, name = ""]) => name)
    .filter((name) => name !== "help");
};

describe("help", () => {
  test("is what hookline alone prints, and names every command", async () => {
    const [alone, long, short, word] = await Promise.all(
      [[], ["--help"], ["-h"], ["help"]].map((args) => run(args)),
    );
    expect(alone).toMatchObject({ code: 0, stderr: "" });
    for (const other of [long, short, word]) expect(other).toMatchObject({ code: 0, stdout: alone?.stdout });
    for (const [command] of pages)
      expect(alone?.stdout).toMatch(new RegExp(`^  ${command.split(" ")[0]} +\\w`, "m"));
    for (const flag of global) expect(alone?.stdout).toContain(flag);
    expect(alone?.stdout).toContain("hookline demo");
  });

  test.each(pages)("of %s names its arguments and all its flags", async (command, flags) => {
    const { code, stdout, stderr } = await run([...command.split(" "), "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^Usage: hookline ${command} `));
    for (const flag of [...flags, ...global]) expect(stdout).toContain(flag);
    // And the other way round: no flag of the page is missing here.
    const named = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    const known = [...flags, ...global, "--version"].map((flag) => flag.replace(/^-\w, /, "").split(" ")[0]);
    expect(known).toEqual(expect.arrayContaining(named));
  });

  test("names all that is tested here, and nothing else", async () => {
    const names = [...new Set(pages.map(([command]) => command.split(" ")[0] ?? ""))];
    expect(listed((await run(["--help"])).stdout).sort()).toEqual([...names].sort());
    const groups = names.filter((name) => pages.some(([command]) => command.startsWith(`${name} `)));
    const found = await Promise.all(groups.map((group) => run([group, "--help"])));
    const subcommands = found.flatMap(({ stdout }, index) =>
      listed(stdout).map((name) => `${groups[index]} ${name}`),
    );
    const known = pages.map(([command]) => command).filter((command) => command.includes(" "));
    expect(subcommands.sort()).toEqual([...known].sort());
  });

  test.each([
    [
      ["help", "sign"],
      ["sign", "--help"],
    ],
    [
      ["help", "fixtures", "new"],
      ["fixtures", "new", "--help"],
    ],
    [
      ["sign", "order.created", "-h"],
      ["sign", "--help"],
    ],
    [
      ["fixtures", "help", "new"],
      ["fixtures", "new", "--help"],
    ],
  ])("%j is %j", async (args, same) => {
    const [one, other] = await Promise.all([run(args), run(same)]);
    expect(one).toMatchObject({ code: 0, stdout: other?.stdout, stderr: "" });
  });

  test("has no colour through a pipe", async () => {
    expect((await run(["--help"])).stdout).not.toContain("\u001b");
  });
});

describe("the version", () => {
  test.each([["--version"], ["-V"]])("%s", async (flag) => {
    expect(await run([flag])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
    expect(await run([flag, "--json"])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});
