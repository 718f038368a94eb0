import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadProject, projectError } from "../../src/config/project.ts";
import { createFolder } from "../cli/spawn.ts";

/** A folder with a project file. */
function project(content: string): string {
  const folder = createFolder();
  // Nothing above the folder is looked at.
  mkdirSync(join(folder, ".git"));
  writeFileSync(join(folder, "hookline.json"), content);
  return folder;
}

const refused = (message: RegExp) =>
  expect.objectContaining({
    code: "project-invalid",
    exitCode: 2,
    message: expect.stringMatching(message) as string,
  }) as Error;

describe("the project file", () => {
  test("says which providers and secrets there are", async () => {
    const folder = project(
      JSON.stringify({
        $schema: "https://example.com/schema.json",
        providers: { acme: { signatures: [] } },
        secrets: {
          acme: "env:ACME_WEBHOOK_SECRET",
          fynn: ["file:a.txt", "env:FYNN_WEBHOOK_SECRET_PREVIOUS"],
        },
      }),
    );
    expect(await loadProject(folder)).toEqual({
      file: join(folder, "hookline.json"),
      folder,
      providers: { acme: { signatures: [] } },
      secrets: {
        acme: ["env:ACME_WEBHOOK_SECRET"],
        fynn: ["file:a.txt", "env:FYNN_WEBHOOK_SECRET_PREVIOUS"],
      },
    });
  });

  test("may be empty but for its braces, and may begin with a byte order mark", async () => {
    expect(await loadProject(project("\ufeff{}"))).toMatchObject({ providers: {}, secrets: {} });
  });

  test("says what listen does, durations in milliseconds and sizes in bytes", async () => {
    const folder = project(
      JSON.stringify({
        listen: {
          port: 4400,
          target: "3000/webhooks",
          routes: [
            { match: "order.*", to: "3000/orders" },
            { match: "fikafi/*", to: ["3001/", "3002"], timeout: "1.5s" },
          ],
          providers: ["fareplay"],
          timeout: "30s",
          max_body: "5mb",
          in_order: true,
          require_verified: true,
          print: "full",
          inspect: false,
          inspector_port: 0,
          record: false,
        },
      }),
    );
    expect((await loadProject(folder))?.listen).toEqual({
      port: 4400,
      target: "3000/webhooks",
      routes: [
        { match: "order.*", to: ["3000/orders"] },
        { match: "fikafi/*", to: ["3001/", "3002"], timeoutMs: 1500 },
      ],
      providers: ["fareplay"],
      timeoutMs: 30_000,
      maxBody: 5_242_880,
      inOrder: true,
      requireVerified: true,
      print: "full",
      inspect: false,
      inspectorPort: 0,
      record: false,
    });
    expect((await loadProject(project('{"listen": {}}')))?.listen).toEqual({});
    expect(await loadProject(project("{}"))).not.toHaveProperty("listen");
  });

  test.each([
    "AWS_SECRET_ACCESS_KEY",
    "HOME",
    "PATH",
    "WEBHOOK_SECRET",
    "fynn_webhook_secret",
    "A_WEBHOOK_SECRET\\n",
    "A_WEBHOOK_SECRET=B",
    "FYNN_WEBHOOK_SECRET/../HOME",
  ])("cannot name the variable %s", async (name) => {
    await expect(loadProject(project(`{"secrets": {"fynn": "env:${name}"}}`))).rejects.toThrow(
      refused(/:1:14: secrets\.fynn may name only variables like ACME_WEBHOOK_SECRET$/),
    );
  });

  test("never has a secret itself, and the error does not repeat it", async () => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const error: unknown = await loadProject(project(`{"secrets": {"svix": "${secret}"}}`)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "project-invalid" });
    expect(String(error)).not.toContain("MfKQ9");
  });

  test("of more than 1 MiB is not read", async () => {
    await expect(loadProject(project(`{}${" ".repeat(1024 * 1024)}`))).rejects.toThrow(
      refused(/larger than 1 MiB/),
    );
  });

  test("nested without sense is an error like any other", async () => {
    const deep = 100_000;
    await expect(loadProject(project("[".repeat(deep) + "]".repeat(deep)))).rejects.toThrow(
      refused(/hookline\.json: the file must be an object/),
    );
    await expect(loadProject(project("[".repeat(deep)))).rejects.toThrow(
      refused(/hookline\.json: it is not valid JSON$/),
    );
    await expect(
      loadProject(project(`{"secrets": {"fynn": ${"[".repeat(deep)}${"]".repeat(deep)}}}`)),
    ).rejects.toThrow(refused(/hookline\.json: secrets\.fynn/));
  });

  test("that is a folder is refused", async () => {
    const folder = createFolder();
    mkdirSync(join(folder, "hookline.json"));
    await expect(loadProject(folder)).rejects.toThrow(refused(/it is not a file/));
  });
});

/** What is wrong with a project file: `LINE:COLUMN: problem` for each. */
async function problemsOf(content: string): Promise<string[]> {
  const folder = project(content);
  const error: unknown = await loadProject(folder).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "project-invalid", exitCode: 2 });
  const file = `${join(folder, "hookline.json")}:`;
  return (error as Error).message
    .split("\n")
    .map((line) => (line.startsWith(file) ? line.slice(file.length) : line));
}

describe("a mistake in the project file is told with its line and column:", () => {
  const notJson = "it is not valid JSON";
  test.each([
    ["nothing", "", [`1:1: ${notJson}: a value is missing`]],
    ["an object that does not end", "{", [`1:2: ${notJson}: a closing brace is missing`]],
    ["a list that does not end", "[1", [`1:3: ${notJson}: a closing bracket is missing`]],
    ["a text that does not end", '{"a": "b\n}', [`1:7: ${notJson}: a closing quote is missing`]],
    ["a comma too many", '{\n  "a": 1,\n}', [`3:1: ${notJson}: a name in double quotes is missing`]],
    ["a comma too few", '{"a": 1 "b": 2}', [`1:9: ${notJson}: a comma is missing`]],
    ["a colon too few", '{"a" 1}', [`1:6: ${notJson}: a colon is missing`]],
    ["a comment", "{} // as it is", [`1:4: ${notJson}: JSON has no comments`]],
    ["a comment that does not end", "{ /* x", [`1:3: ${notJson}: JSON has no comments`]],
    ["single quotes", "{'a': 1}", [`1:2: ${notJson}: there is a word or sign that JSON does not have`]],
    ["more behind the end", "{}\n{}", [`2:1: ${notJson}: the file goes on after its end`]],
    ["a malformed escape", '{"a": "\\x"}', [`1:7: ${notJson}: an escape is malformed`]],
    ["a malformed code", '{"a": "\\u12"}', [`1:7: ${notJson}: an escape is malformed`]],
    [
      "a control character",
      '{"a": "\u0007"}',
      [`1:7: ${notJson}: a control character stands in a text, where it has to be written as an escape`],
    ],
    ["a malformed number", '{"a": 1.}', [`1:7: ${notJson}: a number is malformed`]],
    [
      "behind a byte order mark",
      "\ufeff{x}",
      [`1:2: ${notJson}: there is a word or sign that JSON does not have`],
    ],
    [
      "a tab is one character, as is a picture",
      '{\t"😀": x}',
      [`1:8: ${notJson}: there is a word or sign that JSON does not have`],
    ],
    [
      "lines end in CR LF, LF or CR",
      "{\r\n\n\r  x}",
      [`4:3: ${notJson}: there is a word or sign that JSON does not have`],
    ],
  ])("%s", async (_, content, problems) => expect(await problemsOf(content)).toEqual(problems));

  test.each([
    ["a list", " []", ["1:2: the file must be an object"]],
    ["null", "null", ["1:1: the file must be an object"]],
    ["an unknown key", '{"profile": "live"}', ["1:2: profile is not known here"]],
    [
      "several at once",
      '{\n  "api_key": "x",\n  "secrets": {\n    "fynn": 3,\n    "acme-pay": "https://x"\n  },\n  "api_url": 1\n}',
      [
        "2:3: api_key is not known here",
        "4:5: secrets.fynn must be text",
        '5:5: secrets["acme-pay"] must name a secret by reference, as env:NAME or file:PATH, never hold it',
        "7:3: api_url is not known here",
      ],
    ],
    ["a prototype", '{"__proto__": {}}', ['1:2: ["__proto__"] is not known here']],
    [
      "a provider __proto__",
      '{"providers": {"__proto__": {}}}',
      ['1:16: providers["__proto__"] may not be used as a name'],
    ],
    [
      "a secret of __proto__",
      '{"secrets": {"__proto__": "env:A_WEBHOOK_SECRET"}}',
      ['1:14: secrets["__proto__"] may not be used as a name'],
    ],
    [
      "a listen of __proto__",
      '{"listen": {"__proto__": {}}}',
      ['1:13: listen["__proto__"] is not known here'],
    ],
    ["providers as a list", '{"providers": []}', ["1:2: providers must be an object"]],
    ["providers null", '{"providers": null}', ["1:2: providers must be an object"]],
    ["secrets as text", '{"secrets": "env:A_WEBHOOK_SECRET"}', ["1:2: secrets must be an object"]],
    ["no secret", '{"secrets": {"fynn": []}}', ["1:14: secrets.fynn must not be empty"]],
    [
      "a number in a list of secrets",
      '{"secrets": {"fynn": ["file:a", 3]}}',
      ["1:33: secrets.fynn[1] must be text"],
    ],
    [
      "an empty variable",
      '{"secrets": {"fynn": "env:"}}',
      ["1:14: secrets.fynn must name a secret by reference, as env:NAME or file:PATH, never hold it"],
    ],
    [
      "standard input",
      '{"secrets": {"fynn": "-"}}',
      ["1:14: secrets.fynn must name a secret by reference, as env:NAME or file:PATH, never hold it"],
    ],
    [
      "a name that stands there twice: the last counts",
      '{"listen": 1,\n"listen": 2}',
      ["2:1: listen must be an object"],
    ],
    [
      "listen",
      `{
  "listen": {
    "port": 65536,
    "target": " ",
    "routes": [
      {
        "match": "order.*",
        "timeout": "5 parsecs"
      },
      { "match": "", "to": [], "timeout": "25d", "retries": 3 },
      { "match": "*", "to": ["3000", 4] },
      { "match": "*", "to": 3000 },
      "*=4000"
    ],
    "providers": "fareplay",
    "timeout": 30,
    "max_body": "2gb",
    "in_order": "yes",
    "print": "all",
    "inspector_port": 1.5
  }
}`,
      [
        "3:5: listen.port takes a whole number from 0 to 65535",
        "4:5: listen.target must not be empty",
        "6:7: listen.routes[0].to is missing",
        "8:9: listen.routes[0].timeout takes a duration such as 30s, 10m or 1h",
        "10:9: listen.routes[1].match must not be empty",
        "10:22: listen.routes[1].to must not be empty",
        "10:32: listen.routes[1].timeout takes a duration above 0 and below 24 days",
        "10:50: listen.routes[1].retries is not known here",
        "11:38: listen.routes[2].to[1] must be text",
        "12:23: listen.routes[3].to must be text",
        "13:7: listen.routes[4] must be an object",
        "15:5: listen.providers must be a list",
        "16:5: listen.timeout takes a duration such as 30s, 10m or 1h",
        "17:5: listen.max_body takes a size up to 1gb, such as 5mb or 512kb",
        "18:5: listen.in_order must be true or false",
        "19:5: listen.print takes line, body, full or none",
        "20:5: listen.inspector_port takes a whole number from 0 to 65535",
      ],
    ],
  ])("%s", async (_, content, problems) => expect(await problemsOf(content)).toEqual(problems));

  test.each([
    ["host", "0.0.0.0"],
    ["forward_invalid", true],
    ["record_secrets", true],
    ["insecure", true],
    ["ca", "ca.pem"],
    ["register", true],
    ["public_url", "https://evil.example"],
  ])("listen.%s is for flags alone", async (name, value) => {
    const flag = `--${name.replace("_", "-")}`;
    expect(await problemsOf(JSON.stringify({ listen: { [name]: value } }))).toEqual([
      `1:12: listen.${name} can be given only as a flag, ${flag}: this file comes with a repository`,
    ]);
  });

  test("never with anything but the names that stand in it", async () => {
    for (const content of [
      "hunter2hunter2",
      '{"a": hunter2hunter2}',
      '"hunter2hunter2',
      '{"listen": {"timeout": "hunter2hunter2", "print": "hunter2hunter2", "routes": ["hunter2hunter2"]}}',
      '{"secrets": {"fynn": "hunter2hunter2", "svix": ["hunter2hunter2"]}}',
    ])
      expect((await problemsOf(content)).join("\n")).not.toContain("hunter2");
  });

  test("as many as can be read, and names no longer than that", async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `"k${index}": 1`);
    const many = await problemsOf(`{${names.join(",")}}`);
    expect(many).toHaveLength(21);
    expect(many.at(-1)).toBe("and 980 more");
    const [long] = await problemsOf(`{"${"x".repeat(100_000)}": 1}`);
    expect(long).toBe(`1:2: ["${"x".repeat(99)}…"] is not known here`);
  });

  test("also where it was found later, and where what is missing would stand", async () => {
    const folder = project('{\n  "providers": {"acme": {"title": "A"}}\n}');
    const file = join(folder, "hookline.json");
    const problems = [
      { path: ["providers", "acme", "title"], text: "must be text" },
      { path: ["providers", "acme", "signatures", 0, "header"], text: "is missing" },
      { path: [], text: "is odd" },
    ];
    const error = await projectError(file, problems, { code: "provider-invalid", nextSteps: ["mend it"] });
    expect(error).toMatchObject({ code: "provider-invalid", exitCode: 2, nextSteps: ["mend it"] });
    expect(error.message.split("\n")).toEqual([
      `${file}:1:1: the file is odd`,
      `${file}:2:17: providers.acme.signatures[0].header is missing`,
      `${file}:2:26: providers.acme.title must be text`,
    ]);
  });
});

describe("the project file is looked for", () => {
  const file = (folder: string): void => writeFileSync(join(folder, "hookline.json"), "{}");
  const below = (folder: string, path: string): string => {
    const made = join(folder, path);
    mkdirSync(made, { recursive: true });
    return made;
  };

  test("in the folder alone where there is no repository", async () => {
    const root = createFolder();
    const deep = below(root, "a");
    file(root);
    expect(await loadProject(deep)).toBeUndefined();
    expect(await loadProject(root)).toMatchObject({ folder: root });
  });

  test("in the folder and those above it: the nearest counts", async () => {
    const root = createFolder();
    below(root, ".git");
    const middle = below(root, "middle");
    const deep = below(root, "middle/a/b");
    file(root);
    expect(await loadProject(deep)).toMatchObject({ folder: root });
    file(middle);
    expect(await loadProject(deep)).toMatchObject({ folder: middle });
  });

  test("as far up as the repository's root, which may have it itself", async () => {
    const root = createFolder();
    const repository = below(root, "repository");
    const deep = below(root, "repository/a/b");
    below(repository, ".git");
    file(root);
    expect(await loadProject(deep)).toBeUndefined();
    file(repository);
    expect(await loadProject(deep)).toMatchObject({ folder: repository });
  });

  test("no further up than a worktree's root, whose .git is a file", async () => {
    const root = createFolder();
    const worktree = below(root, "worktree");
    file(root);
    writeFileSync(join(worktree, ".git"), "gitdir: elsewhere\n");
    expect(await loadProject(worktree)).toBeUndefined();
  });

  test("behind links too, but its folder is where the link stands", async () => {
    const root = createFolder();
    const repository = below(root, "repository");
    below(repository, ".git");
    file(root);
    symlinkSync("../hookline.json", join(repository, "hookline.json"));
    expect(await loadProject(repository)).toMatchObject({ folder: repository });
  });
});
