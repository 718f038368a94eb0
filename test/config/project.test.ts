import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadProject } from "../../src/config/project.ts";
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

  test.each([
    ["malformed", "{", /Expected property name|JSON/],
    ["empty", "", /it is not valid JSON/],
    ["a list", "[]", /the file: must be an object/],
    ["null", "null", /the file: must be an object/],
    ["with an unknown key", '{"profile": "live"}', /the file: profile is unknown here/],
    ["with an API key", '{"api_key": "x", "api_url": "y"}', /api_key, api_url is unknown here/],
    ["with a prototype", '{"__proto__": {"providers": {}}}', /__proto__ is unknown here/],
    ["with a provider __proto__", '{"providers": {"__proto__": {}}}', /providers: __proto__ may not be used/],
    [
      "with a secret of __proto__",
      '{"secrets": {"__proto__": "env:A_WEBHOOK_SECRET"}}',
      /secrets: __proto__/,
    ],
    ["with providers as a list", '{"providers": []}', /providers: must be an object/],
    ["with providers null", '{"providers": null}', /providers: must be an object/],
    ["with secrets as text", '{"secrets": "env:A_WEBHOOK_SECRET"}', /secrets: must be an object/],
    ["with a number for a secret", '{"secrets": {"fynn": 3}}', /secrets\.fynn: must be text/],
    ["with no secret", '{"secrets": {"fynn": []}}', /secrets\.fynn: must not be empty/],
    [
      "with an empty variable",
      '{"secrets": {"fynn": "env:"}}',
      /secrets\.fynn: a secret stands here by reference/,
    ],
    ["with another kind of reference", '{"secrets": {"fynn": "https://x"}}', /by reference/],
    ["with stdin", '{"secrets": {"fynn": "-"}}', /by reference/],
  ])("%s is refused", async (_, content, message) => {
    await expect(loadProject(project(content))).rejects.toThrow(refused(message));
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
      refused(/only variables like ACME_WEBHOOK_SECRET/),
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
      refused(/must be an object/),
    );
    await expect(
      loadProject(project(`{"secrets": {"fynn": ${"[".repeat(deep)}${"]".repeat(deep)}}}`)),
    ).rejects.toThrow(refused(/secrets\.fynn/));
  });

  test("that is a folder is refused", async () => {
    const folder = createFolder();
    mkdirSync(join(folder, "hookline.json"));
    await expect(loadProject(folder)).rejects.toThrow(refused(/it is not a file/));
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
