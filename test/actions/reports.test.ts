import { mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readReports, tryReports, writeReports } from "../../src/actions/reports.ts";
import type { Host } from "../../src/actions/workspace.ts";
import { createFolder } from "../cli/spawn.ts";
import { failing, sample } from "../reports/samples.ts";

/** What is used of a host. */
function hostIn(cwd: string, variables: Readonly<Record<string, string>> = {}): Host {
  const environment = {
    variable: (name: string) =>
      variables[name] === undefined ? undefined : { value: variables[name], source: "environment" },
  };
  return { cwd, environment } as unknown as Host;
}

const read = (texts: readonly string[], html = false) => readReports(hostIn("/work"), texts, { html });

describe("readReports", () => {
  it.each([
    ["junit:out.xml", { format: "junit", file: "/work/out.xml" }],
    ["json:/tmp/a/../out.json", { format: "json", file: "/tmp/out.json" }],
    ["markdown:a:b.md", { format: "markdown", file: "/work/a:b.md" }],
    [String.raw`junit:C:\out\a.xml`, { format: "junit", file: String.raw`/work/C:\out\a.xml` }],
    ["json:junit:x", { format: "json", file: "/work/junit:x" }],
    ["github", { format: "github" }],
  ])("reads %s", (text, wanted) => {
    expect(read([text])).toEqual([wanted]);
  });

  it("reads several, and where the summary of a step goes", () => {
    const host = hostIn("/work", { GITHUB_STEP_SUMMARY: "/runner/summary" });
    expect(readReports(host, ["github", "html:a.html", "junit:a.xml"], { html: true })).toEqual([
      { format: "github", file: "/runner/summary" },
      { format: "html", file: "/work/a.html" },
      { format: "junit", file: "/work/a.xml" },
    ]);
  });

  it.each<[string[], RegExp, RegExp]>([
    [["tap:out.tap"], /knows no "tap"/, /use junit:FILE, json:FILE, markdown:FILE, or github/],
    [["out.xml"], /knows no "out.xml"/, /use junit:FILE/],
    [["__proto__:x"], /knows no "__proto__"/, /use junit:FILE/],
    [["constructor:x"], /knows no "constructor"/, /use junit:FILE/],
    [["JUnit:x"], /knows no "JUnit"/, /use junit:FILE/],
    [[""], /knows no ""/, /use junit:FILE/],
    [["junit"], /junit needs a file/, /use --report junit:FILE/],
    [["junit:"], /junit needs a file/, /use --report junit:FILE/],
    [["json:-"], /json takes no standard output/, /name a file: --report json:FILE/],
    [["junit:out/"], /names a folder/, /the name of a file/],
    [["github:out.md"], /takes no file/, /use --report github$/],
    [["html:a.html"], /html is for a load/, /use junit:FILE, json:FILE, markdown:FILE, or github/],
    [["junit:a.xml", "json:./b/../a.xml"], /names \/work\/a.xml twice/, /a file of its own/],
    [["github", "github"], /names github twice/, /a file of its own/],
  ])("refuses %j", (texts, message, step) => {
    let error: unknown;
    try {
      read(texts);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      code: "usage",
      exitCode: 2,
      message: expect.stringMatching(message) as string,
      nextSteps: [expect.stringMatching(step) as string],
    });
  });
});

describe("tryReports", () => {
  it("makes folders, and leaves no report", async () => {
    const folder = createFolder();
    const file = join(folder, "a/b/out.xml");
    await tryReports([{ format: "junit", file }, { format: "github" }]);
    expect(readdirSync(join(folder, "a/b"))).toEqual([]);
    writeFileSync(file, "before");
    await tryReports([{ format: "junit", file }]);
    expect([readdirSync(join(folder, "a/b")), readFileSync(file, "utf8")]).toEqual([["out.xml"], "before"]);
  });

  it.each<[string, (folder: string) => string, RegExp]>([
    ["a folder", (folder) => folder, /it is a folder/],
    [
      "a file where its folder should be",
      (folder) => {
        writeFileSync(join(folder, "a"), "");
        return join(folder, "a/out.xml");
      },
      /EEXIST|ENOTDIR/,
    ],
    [
      "a link",
      (folder) => {
        symlinkSync(join(folder, "elsewhere"), join(folder, "out.xml"));
        return join(folder, "out.xml");
      },
      /it is a symbolic link/,
    ],
    ["a device", () => "/dev/null", /it is not a file/],
  ])("refuses %s", (_, prepare, message) => refused(prepare(createFolder()), message));

  // Root may write anywhere.
  it.skipIf(process.getuid?.() === 0).each<[string, (folder: string) => string, RegExp]>([
    [
      "a folder that nobody may write to",
      (folder) => {
        mkdirSync(join(folder, "a"), { mode: 0o555 });
        return join(folder, "a/out.xml");
      },
      /EACCES/,
    ],
    [
      "a file that nobody may write to",
      (folder) => {
        writeFileSync(join(folder, "out.xml"), "", { mode: 0o444 });
        return join(folder, "out.xml");
      },
      /EACCES/,
    ],
  ])("refuses %s (skipped for root)", (_, prepare, message) => refused(prepare(createFolder()), message));

  async function refused(file: string, message: RegExp): Promise<void> {
    await expect(tryReports([{ format: "junit", file }])).rejects.toMatchObject({
      code: "report-unwritable",
      exitCode: 1,
      message: expect.stringMatching(message) as string,
    });
  }
});

describe("writeReports", () => {
  it("writes each whole, in the place of what was there, as readable as any other file", async () => {
    const folder = createFolder();
    writeFileSync(join(folder, "out.xml"), "x".repeat(100_000));
    const host = hostIn(folder);
    const wanted = readReports(host, ["junit:out.xml", "json:a/out.json", "markdown:out.md"], {
      html: false,
    });
    const written = await writeReports(host, wanted, sample());
    const names = ["out.xml", "a/out.json", "out.md"];
    expect(written).toEqual({
      files: names.map((name) => join(folder, name)),
      annotations: [],
      isWithoutSummary: false,
      problem: undefined,
    });
    expect(readdirSync(folder).sort()).toEqual(["a", "out.md", "out.xml"]);
    expect(readFileSync(join(folder, "out.xml"), "utf8")).toMatch(/^<\?xml[^]*<\/testsuites>\s*$/);
    expect(JSON.parse(readFileSync(join(folder, "a/out.json"), "utf8"))).toMatchObject({ version: 1 });
    expect(readFileSync(join(folder, "out.md"), "utf8")).toMatch(/^## hookline replay/);
    writeFileSync(join(folder, "plain"), "");
    expect(statSync(join(folder, "out.xml")).mode).toBe(statSync(join(folder, "plain")).mode);
  });

  it("writes the others where one cannot be written, and leaves what was there", async () => {
    const folder = createFolder();
    const host = hostIn(folder);
    const wanted = readReports(host, ["junit:a/out.xml", "json:link.json", "markdown:out.md", "github"], {
      html: false,
    });
    await tryReports(wanted);
    // What happens while the run lasts.
    mkdirSync(join(folder, "a/out.xml"));
    writeFileSync(join(folder, "victim"), "untouched");
    symlinkSync("victim", join(folder, "link.json"));
    const { files, annotations, problem, isWithoutSummary } = await writeReports(host, wanted, sample());
    expect(files).toEqual([join(folder, "out.md")]);
    expect([annotations.length, isWithoutSummary]).toEqual([1, true]);
    expect(problem).toMatchObject({ code: "report-unwritable", exitCode: 1 });
    expect(problem?.message).toContain(`${join(folder, "a/out.xml")}: it is a folder`);
    expect(problem?.message).toContain(`${join(folder, "link.json")}: it is a symbolic link`);
    expect(readFileSync(join(folder, "victim"), "utf8")).toBe("untouched");
    expect(readdirSync(folder).sort()).toEqual(["a", "link.json", "out.md", "victim"]);
  });

  it("adds to the summary of a GitHub step, and gives annotations below the repository's folder", async () => {
    const folder = createFolder();
    const summary = join(folder, "summary.md");
    writeFileSync(summary, "before\n");
    const host = hostIn(join(folder, "repo/app"), {
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_WORKSPACE: join(folder, "repo"),
    });
    const written = await writeReports(host, readReports(host, ["github"], { html: false }), sample());
    expect(written).toMatchObject({ files: [], isWithoutSummary: false, problem: undefined });
    expect(readFileSync(summary, "utf8")).toMatch(/^before\n## hookline replay: ✗ 1 of 3 failed\n/);
    expect(written.annotations).toHaveLength(1);
    expect(written.annotations[0]).toMatch(/^::error file=app\/suites\/orders.json,line=12,title=/);
  });

  it("stays below what GitHub takes as a summary, with what is in it already", async () => {
    const folder = createFolder();
    const summary = join(folder, "summary.md");
    const host = hostIn(folder, { GITHUB_STEP_SUMMARY: summary });
    const wanted = readReports(host, ["github"], { html: false });
    const cases = Array.from({ length: 2000 }, (_, index) => ({ ...failing, name: `case ${index}` }));
    const report = sample({ groups: [{ name: "g", durationMs: 1, cases, output: "x".repeat(2_000_000) }] });
    for (let step = 0; step < 3; step++) {
      const { problem } = await writeReports(host, wanted, report);
      expect(problem).toBeUndefined();
      expect(statSync(summary).size).toBeLessThan(2 ** 20);
    }
    expect(readFileSync(summary, "utf8").match(/^## hookline replay/gm)).toHaveLength(3);
  });

  it("says that the summary cannot be written, and still gives the annotations", async () => {
    const folder = createFolder();
    const host = hostIn(folder, { GITHUB_STEP_SUMMARY: folder });
    const written = await writeReports(host, readReports(host, ["github"], { html: false }), sample());
    expect(written.problem?.message).toContain("it is a folder");
    expect(written.annotations).toHaveLength(1);
  });
});
