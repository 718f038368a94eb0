import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deliveryStatuses } from "../../src/actions/deliveries.ts";
import { builtInProviders } from "../../src/providers/index.ts";
import { endpointQuery, keyQuery } from "../../src/remote/schemas.ts";
import { scopes } from "../../src/remote/scopes.ts";
import { snippetLanguages } from "../../src/snippets/index.ts";
import { tamperings } from "../../src/transport/tamper.ts";
import { createPlace, run, type Place } from "./spawn.ts";

/** What the last of the words may become, and the directive. */
async function complete(words: readonly string[], place = createPlace()) {
  const { code, stdout, stderr } = await run(["complete", "--", ...words], { place });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.split("\n");
  expect(lines.pop()).toBe("");
  const directive = lines.pop();
  return {
    values: lines.map((line) => line.split("\t")[0] ?? ""),
    descriptions: new Map(lines.map((line) => line.split("\t") as [string, string | undefined])),
    directive,
  };
}

const values = async (words: readonly string[], place?: Place) => (await complete(words, place)).values;
const ids = builtInProviders.map(({ id }) => id);
const eventsOf = (id: string) => Object.keys(builtInProviders.find((one) => one.id === id)?.events ?? {});
/** Files as well; no files; neither files nor a space behind the word. */
const [filesToo, noFiles, neither] = [":0", ":4", ":6"];

/** A profile file as `login` writes it. */
function writeProfiles({ home }: Place, text: string): Record<string, string> {
  const folder = join(home, "hookline");
  mkdirSync(folder);
  writeFileSync(join(folder, "profiles.json"), text, { mode: 0o600 });
  return { HOOKLINE_HOME: folder };
}

describe("completion knows", () => {
  test("the commands and what they do, as the help page lists them", async () => {
    const { values, descriptions, directive } = await complete([""]);
    const page = (await run(["--help"])).stdout.split("\nCommands:\n")[1]?.split("\n\n")[0] ?? "";
    const listed = [...page.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name);
    expect(values).toEqual(listed);
    expect(values).not.toContain("complete");
    expect(descriptions.get("replay")).toBe("send payloads to a URL, correctly signed");
    expect(directive).toBe(noFiles);
  });

  test.each([
    ["replay"],
    ["listen"],
    ["keys", "create"],
    ["deliveries", "retry"],
    ["verify"],
    ["completion"],
  ])("the flags of %s %s, as its help page lists them", async (...path) => {
    const { values, descriptions } = await complete([...path, "--"]);
    const page = (await run([...path, "--help"])).stdout;
    const listed = [...page.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect([...values].sort()).toEqual([...listed].sort());
    for (const description of descriptions.values()) expect(description).not.toBe("");
  });

  test.each<[words: string, values: readonly string[], directive: string]>([
    ["re", ["replay"], noFiles],
    ["help snip", ["snippet"], noFiles],
    ["--json --env-file absent.env key", ["keys"], noFiles],
    ["keys ro", ["rotate"], noFiles],
    ["replay --pro", ["--provider", "--profile"], noFiles],
    ["replay order.created -- --prov", [], filesToo],
    ["bogus ", [], noFiles],
    ["keys list bogus ", [], noFiles],
    ["replay --provider ", ids, noFiles],
    ["replay --provider=f", ids.filter((id) => id.startsWith("f")), noFiles],
    ["replay --provider stripe --to ", [], noFiles],
    ["snippet st", ["stripe", "standard-webhooks"], noFiles],
    ["snippet stripe ", [], noFiles],
    ["secrets fyn", ["fynn"], noFiles],
    ["providers show sl", ["slack"], noFiles],
    ["fixtures list sv", ["svix"], noFiles],
    ["replay fareplay/", eventsOf("fareplay").map((event) => `fareplay/${event}`), filesToo],
    ["replay shopify/o", ["shopify/orders/create"], filesToo],
    ["replay fynn", ["fynn", ...eventsOf("fynn").map((event) => `fynn/${event}`)], filesToo],
    ["replay order.cr", ["order.created"], filesToo],
    ["replay order.created cart.s", ["cart.status_changed"], filesToo],
    // Two providers have it, so that it names none.
    ["replay invoice.pa", [], filesToo],
    [
      "sign standard",
      ["standard-webhooks", ...["invoice.paid", "user.created"].map((e) => `standard-webhooks/${e}`)],
      filesToo,
    ],
    ["replay inbox:", ["inbox:last"], filesToo],
    ["fixtures show fareplay/payment.r", ["fareplay/payment.refunded"], filesToo],
    ["events publish fikafi/paymentE", ["fikafi/paymentEvent"], filesToo],
    ["listen --expect fynn/subscription.a", ["fynn/subscription.activated"], noFiles],
    ["endpoints create --provider fynn --events subscription.act", ["subscription.activated"], noFiles],
    ["endpoints create --provider fynn --events x,subscription.act", ["x,subscription.activated"], noFiles],
    ["replay --tamper ", [...tamperings, "all"], noFiles],
    ["replay --report ", ["junit:", "json:", "markdown:", "html:", "github"], neither],
    ["snippet stripe --lang ", snippetLanguages, noFiles],
    ["keys create --scope ", scopes, noFiles],
    ["keys list --status ", keyQuery.status.unwrap().options, noFiles],
    ["endpoints list --status ", endpointQuery.status.unwrap().options, noFiles],
    ["deliveries list --status ", deliveryStatuses, noFiles],
    ["listen --print f", ["full"], noFiles],
    ["completion ", ["bash", "zsh", "fish", "powershell"], noFiles],
    ["replay --ca ", [], filesToo],
    ["replay --env-file ", [], filesToo],
    ["verify --body ", [], filesToo],
    ["inbox export --out ", [], filesToo],
    ["keys create --write-env ", [], filesToo],
  ])("hookline %s", async (words, expected, directive) => {
    const found = await complete(words.split(" "));
    expect([...found.values].sort()).toEqual([...expected].sort());
    expect(found.directive).toBe(directive);
  });

  test("the providers and events of hookline.json, and the project's own payloads", async () => {
    const place = createPlace();
    place.write(
      "hookline.json",
      JSON.stringify({
        providers: {
          acme: {
            title: "Acme",
            signatures: [{ kind: "none" }],
            events: { "parcel.sent": { description: "A parcel leaves." } },
          },
        },
      }),
    );
    place.write("fixtures/acme/parcel.sent.json", "{}");
    const { values, descriptions } = await complete(["providers", "show", "ac"], place);
    expect(values).toEqual(["acme"]);
    expect(descriptions.get("acme")).toBe("Acme");
    expect((await complete(["listen", "--expect", "acme/"], place)).descriptions).toEqual(
      new Map([["acme/parcel.sent", "A parcel leaves."]]),
    );
    expect((await complete(["replay", "fix"], place)).values).toEqual(["fixtures/acme/parcel.sent.json"]);
  });

  test("the profiles, and shows no key", async () => {
    const place = createPlace();
    const profile = { kind: "api", url: "https://hooks.acme.example", key: "hk_secret" };
    const env = writeProfiles(
      place,
      JSON.stringify({ current: "acme", profiles: { acme: profile, work: profile } }),
    );
    for (const words of [
      ["profiles", "use", ""],
      ["keys", "list", "--profile", ""],
    ]) {
      const { stdout } = await run(["complete", "--", ...words], { place, env });
      expect(stdout).toBe("embedded\nacme\nwork\n:4\n");
    }
    writeFileSync(join(env["HOOKLINE_HOME"] ?? "", "profiles.json"), "{ broken");
    const broken = await run(["complete", "--", "profiles", "use", ""], { place, env });
    expect(broken).toMatchObject({ code: 0, stdout: ":4\n", stderr: "" });
  });

  test("the files behind the format of a report", async () => {
    const place = createPlace();
    for (const file of [
      "out/a.xml",
      "other.xml",
      ".hidden",
      "out/$(touch x).xml",
      "out/a b.xml",
      "out/`id`",
      "out/x\n:0",
    ])
      place.write(file, "");
    expect(await complete(["replay", "--report", "junit:o"], place)).toMatchObject({
      values: ["junit:other.xml", "junit:out/"],
      directive: neither,
    });
    expect(await values(["replay", "--report=junit:out/"], place)).toEqual(["junit:out/a.xml"]);
    expect(await complete(["replay", "--report", "junit:none/"], place)).toMatchObject({
      values: [],
      directive: noFiles,
    });
  });
});

describe("completion is not harmed", () => {
  test.each([
    ["what is no JSON", "{ broken"],
    ["providers that are no objects", '{"providers":{"acme":7,"__proto__":{}}}'],
    ["what is no project", "[]"],
  ])("by a hookline.json that holds %s", async (_, text) => {
    const place = createPlace();
    place.write("hookline.json", text);
    expect((await values(["replay", "--provider", ""], place)).sort()).toEqual([...ids].sort());
  });

  test("by one provider that is wrong, as the others are still there", async () => {
    const place = createPlace();
    const right = { signatures: [{ kind: "none" }] };
    place.write("hookline.json", JSON.stringify({ providers: { wrong: 7, right } }));
    const found = await values(["snippet", ""], place);
    expect(found).toContain("right");
    expect(found).not.toContain("wrong");
  });

  test("by text from outside: a candidate is one line of what no shell evaluates", async () => {
    const place = createPlace();
    place.write(
      "hookline.json",
      JSON.stringify({
        providers: {
          acme: {
            title: "Acme \u001b]0;x\u0007\n:1\n$(touch pwned)\t`id`",
            signatures: [{ kind: "none" }],
            events: {
              fine: { description: "one\ntwo\u202e ::set-output" },
              "two words": { description: "x" },
            },
          },
        },
      }),
    );
    place.write("fixtures/acme/$(touch pwned).json", "{}");
    place.write("fixtures/acme/;id;.json", "{}");
    place.write("fixtures/acme/it's.json", "{}");
    for (const words of [
      ["replay", ""],
      ["listen", "--expect", "acme/"],
      ["snippet", ""],
    ]) {
      const { stdout, stderr } = await run(["complete", "--", ...words], { place });
      expect(stderr).toBe("");
      expect(stdout).toMatch(/^(?:[A-Za-z0-9_.][\w./:@%+=,-]*(?:\t[^\x00-\x1f\x7f\u202e]+)?\n)+:\d\n$/);
    }
    expect((await complete(["listen", "--expect", "acme/"], place)).values).toEqual(["acme/fine"]);
    expect((await complete(["replay", "fixtures/acme/"], place)).values).toEqual([]);
    expect(readdirSync(place.cwd)).not.toContain("pwned");
  });

  test("and leaves nothing behind, makes no secret and looks for none", async () => {
    const place = createPlace();
    place.write("hookline.json", JSON.stringify({ secrets: { fareplay: "file:absent.txt" } }));
    for (const words of [
      ["replay", "fareplay", "--secret", ""],
      ["secrets", ""],
      ["--env-file", "absent.env", "sign", "fareplay/"],
    ])
      await complete(words, place);
    expect(readdirSync(place.home)).toEqual([]);
    expect(readdirSync(place.cwd)).toEqual(["hookline.json"]);
  });
});

describe("completion prints", () => {
  test.each(["bash", "zsh", "fish", "powershell"])("the script for %s", async (shell) => {
    const [plain, json] = await Promise.all([
      run(["completion", shell]),
      run(["completion", shell, "--json"]),
    ]);
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    expect(plain.stdout).toContain("hookline complete ");
    const document = JSON.parse(json.stdout) as { shell: string; script: string };
    expect(document.shell).toBe(shell);
    expect(document.script.trimEnd()).toBe(plain.stdout.trimEnd());
  });

  test("nothing for another shell", async () => {
    const { code, stdout, stderr } = await run(["completion", "tcsh"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("take one of bash, zsh, fish, powershell");
  });

  test("how each is installed, on its help page", async () => {
    const { stdout } = await run(["completion", "--help"]);
    for (const shell of ["bash", "zsh", "fish", "powershell"])
      expect(stdout).toContain(`hookline completion ${shell}`);
  });
});
