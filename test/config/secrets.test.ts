import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Environment } from "../../src/config/environment.ts";
import type { Project } from "../../src/config/project.ts";
import { createSecretFinder, resolveSecretFlags, type ProviderSecrets } from "../../src/config/secrets.ts";
import { Readable } from "node:stream";
import { createStdin } from "../../src/config/stdin.ts";
import { createFolder } from "../cli/spawn.ts";

const variable = "ACME_WEBHOOK_SECRET";
const owner = { id: "acme", secretEnv: variable, shape: "hmac-raw", generate: () => "generated" };

function environment(
  own: Readonly<Record<string, string>> = {},
  file: Readonly<Record<string, string>> = {},
): Environment {
  const variables = new Map<string, { value: string; source: "environment" | "env-file" }>();
  for (const [name, value] of Object.entries(file)) variables.set(name, { value, source: "env-file" });
  for (const [name, value] of Object.entries(own)) variables.set(name, { value, source: "environment" });
  return {
    variable: (name) => variables.get(name),
    home: "",
    noColor: false,
    forceColor: undefined,
    term: undefined,
    colorterm: undefined,
    ci: false,
    startedByNpx: false,
    debug: false,
    proxy: {},
  };
}

function projectWith(...references: string[]): Project {
  const folder = createFolder();
  return { file: join(folder, "hookline.json"), folder, providers: {}, secrets: { acme: references } };
}

const find = (from: Environment, project?: Project, given?: ProviderSecrets): ProviderSecrets | undefined =>
  createSecretFinder({ environment: from, project, home: "/none", given }).configured(owner);

describe("a provider's secrets come, in this order, from", () => {
  const given = { secrets: ["flag"], source: "flag" } as const;
  const project = projectWith("env:B_WEBHOOK_SECRET");
  const all = environment({ [variable]: "own", B_WEBHOOK_SECRET: "b" }, { [variable]: "file" });

  test("--secret", () => expect(find(all, project, given)).toEqual(given));

  test("the environment", () =>
    expect(find(all, project)).toEqual({ secrets: ["own"], source: "environment", name: variable }));

  test("the env file", () =>
    expect(find(environment({ B_WEBHOOK_SECRET: "b" }, { [variable]: "file" }), project)).toEqual({
      secrets: ["file"],
      source: "env-file",
      name: variable,
    }));

  test("the project file", () =>
    expect(find(environment({ B_WEBHOOK_SECRET: "b" }), project)).toEqual({
      secrets: ["b"],
      source: "project",
      name: "B_WEBHOOK_SECRET",
    }));

  test("nowhere: then the development secret is asked for", () => {
    const home = createFolder();
    expect(find(environment())).toBeUndefined();
    expect(
      createSecretFinder({
        environment: environment(),
        project: undefined,
        home,
        given: undefined,
      }).development(owner),
    ).toEqual({ secrets: ["generated"], source: "development" });
  });
});

describe("the variable of the secret before", () => {
  test("comes second", () =>
    expect(find(environment({ [variable]: "new", [`${variable}_PREVIOUS`]: "old" }))?.secrets).toEqual([
      "new",
      "old",
    ]));

  test("stands alone where there is no current one", () =>
    expect(find(environment({ [`${variable}_PREVIOUS`]: "old" }))).toEqual({
      secrets: ["old"],
      source: "environment",
      name: variable,
    }));

  test("may come from the env file beside a current one of the environment", () =>
    expect(find(environment({ [variable]: "new" }, { [`${variable}_PREVIOUS`]: "old" }))?.secrets).toEqual([
      "new",
      "old",
    ]));
});

describe("a reference in the project file", () => {
  test("may be a list, the current one first", () => {
    const project = projectWith("file:new.txt", "env:OLD_WEBHOOK_SECRET");
    writeFileSync(join(project.folder, "new.txt"), "new\n");
    expect(find(environment({ OLD_WEBHOOK_SECRET: "old" }), project)?.secrets).toEqual(["new", "old"]);
  });

  test("to a file is read inside the project: below it, and under any name", () => {
    const project = projectWith("file:secrets/..acme");
    mkdirSync(join(project.folder, "secrets"));
    writeFileSync(join(project.folder, "secrets/..acme"), "inside");
    expect(find(environment(), project)?.secrets).toEqual(["inside"]);
    writeFileSync(join(project.folder, "..acme"), "top");
    expect(find(environment(), { ...project, secrets: { acme: ["file:..acme"] } })?.secrets).toEqual(["top"]);
  });

  test.each(["../secret.txt", "a/../../secret.txt", "/etc/passwd", "..", "link", "linked/secret.txt"])(
    "to the file %s outside the project is refused, be it there or not",
    (path) => {
      const outside = createFolder();
      writeFileSync(join(outside, "secret.txt"), "outside");
      const folder = join(outside, "project");
      mkdirSync(folder);
      symlinkSync("../secret.txt", join(folder, "link"));
      symlinkSync("..", join(folder, "linked"));
      const project = { ...projectWith(`file:${path}`), folder };
      expect(() => find(environment(), project)).toThrow(
        expect.objectContaining({ code: "secret-outside-project", exitCode: 2 }),
      );
    },
  );

  test("to a variable that is unset says which", () =>
    expect(() => find(environment(), projectWith("env:B_WEBHOOK_SECRET"))).toThrow(
      expect.objectContaining({
        code: "secret-unset",
        message: expect.stringContaining("B_WEBHOOK_SECRET") as string,
      }),
    ));

  test.each(["none.txt", "."])("to a file that cannot be read (%s) is a clear error", (path) =>
    expect(() => find(environment(), projectWith(`file:${path}`))).toThrow(
      expect.objectContaining({ code: "secret-unreadable", exitCode: 2 }),
    ),
  );

  test.each(["constructor", "__proto__", "toString"])("is not found for a provider called %s", (id) => {
    const finder = createSecretFinder({
      environment: environment(),
      project: projectWith("file:x"),
      home: "/none",
      given: undefined,
    });
    expect(finder.configured({ ...owner, id })).toBeUndefined();
  });
});

describe("--secret", () => {
  const cwd = createFolder();
  const resolve = async (
    references: readonly string[],
    { own = {}, input = "" }: { own?: Readonly<Record<string, string>>; input?: string } = {},
  ): Promise<{ found: ProviderSecrets | undefined; warnings: string[] }> => {
    const warnings: string[] = [];
    async function* stdin(): AsyncGenerator<Buffer> {
      yield Buffer.from(input);
    }
    const found = await resolveSecretFlags(references, {
      environment: environment(own),
      cwd,
      stdin: createStdin(Readable.from(stdin()), new AbortController().signal),
      warn: (text) => warnings.push(text),
    });
    return { found, warnings };
  };

  test("not given is nothing", async () => expect((await resolve([])).found).toBeUndefined());

  test("env:NAME is any variable of the user's", async () =>
    expect(await resolve(["env:MY_OWN"], { own: { MY_OWN: "s" } })).toEqual({
      found: { secrets: ["s"], source: "flag", name: "MY_OWN" },
      warnings: [],
    }));

  test.each(["s\n", "s\r\n", "s"])(
    "file:PATH is a file's text without its last line end (%j)",
    async (text) => {
      writeFileSync(join(cwd, "secret.txt"), text);
      expect((await resolve(["file:secret.txt"])).found).toEqual({
        secrets: ["s"],
        source: "flag",
        name: "secret.txt",
      });
    },
  );

  test("keeps all else of a file: blanks, further line ends, a colon", async () => {
    writeFileSync(join(cwd, "a:b"), " s \n\n");
    expect((await resolve(["file:a:b"])).found?.secrets).toEqual([" s \n"]);
  });

  test("- is standard input, which only one can have", async () => {
    expect((await resolve(["-"], { input: "s\n" })).found?.secrets).toEqual(["s"]);
    await expect(resolve(["-", "-"], { input: "s\n" })).rejects.toMatchObject({ code: "stdin-taken" });
  });

  test("as it is gives a warning that does not repeat it", async () => {
    const { found, warnings } = await resolve(["whsec_abc"]);
    expect(found).toEqual({ secrets: ["whsec_abc"], source: "flag" });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("`ps`");
    expect(warnings[0]).not.toContain("abc");
  });

  test("repeats, in order", async () => {
    writeFileSync(join(cwd, "b.txt"), "b");
    const { found } = await resolve(["env:A", "file:b.txt", "-"], { own: { A: "a" }, input: "c" });
    expect(found).toEqual({ secrets: ["a", "b", "c"], source: "flag", name: "A" });
  });

  test.each([
    ["env:UNSET", "secret-unset"],
    ["env:", "secret-unset"],
    ["env:__proto__", "secret-unset"],
    ["file:none.txt", "secret-unreadable"],
    ["file:.", "secret-unreadable"],
    ["file:", "secret-unreadable"],
    ["-", "secret-missing"],
    ["", "secret-missing"],
  ])("%j is refused as %s", async (reference, code) => {
    await expect(resolve([reference])).rejects.toMatchObject({ code, exitCode: 2 });
  });

  test("does not take a large file for a secret", async () => {
    writeFileSync(join(cwd, "large"), "a".repeat(65_537));
    await expect(resolve(["file:large"])).rejects.toMatchObject({
      code: "secret-unreadable",
      message: expect.stringContaining("64 KiB") as string,
    });
  });
});

describe("all secrets that there are for a provider", () => {
  test("each with its place, also those that a stronger place covers", () => {
    const home = createFolder();
    const project = projectWith("env:B_WEBHOOK_SECRET", "env:UNSET_WEBHOOK_SECRET");
    const alone = projectWith("env:B_WEBHOOK_SECRET");
    const given: ProviderSecrets = { secrets: ["f1", "f2"], source: "flag", name: "F" };
    const variables = environment({
      [variable]: "own",
      [`${variable}_PREVIOUS`]: "before",
      B_WEBHOOK_SECRET: "b",
    });
    const finder = createSecretFinder({ environment: variables, project: alone, home, given });
    const found = [
      { secret: "f1", source: "flag" },
      { secret: "f2", source: "flag" },
      { secret: "own", source: "environment", name: variable },
      { secret: "before", source: "environment", name: `${variable}_PREVIOUS`, previous: true },
      { secret: "b", source: "project", name: "B_WEBHOOK_SECRET" },
    ];
    expect(finder.existing(owner)).toEqual(found);
    // None was made; one that was is there.
    finder.development(owner);
    expect(finder.existing(owner)).toEqual([...found, { secret: "generated", source: "development" }]);
    // What cannot be read is left out, not told.
    const broken = createSecretFinder({
      environment: environment(),
      project,
      home: "/none",
      given: undefined,
    });
    expect(broken.existing(owner)).toEqual([]);
  });
});
