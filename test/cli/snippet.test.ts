import { describe, expect, test } from "vitest";
import { builtInProviders } from "../../src/providers/index.ts";
import { snippet, snippetLanguages } from "../../src/snippets/index.ts";
import { createPlace, run } from "./spawn.ts";

const stripe = builtInProviders.find(({ id }) => id === "stripe");
const written = (language: (typeof snippetLanguages)[number]) => stripe && snippet(stripe, language);

describe("snippet", () => {
  test.each(snippetLanguages)("prints the code alone, in %s", async (language) => {
    const result = await run(["snippet", "stripe", "--lang", language]);
    expect(result).toMatchObject({ code: 0, stdout: `${written(language)?.file}\n`, stderr: "" });
  });

  test("is TypeScript where no language is named", async () => {
    const { stdout } = await run(["snippet", "stripe"]);
    expect(stdout).toBe(`${written("ts")?.file}\n`);
  });

  test("has no colour, not even where colour is asked for", async () => {
    const { stdout } = await run(["snippet", "stripe", "--color"]);
    expect(stdout).toBe(`${written("ts")?.file}\n`);
  });

  test("is one document in JSON, verifier and example apart", async () => {
    const { code, stdout, stderr } = await run(["snippet", "stripe", "--lang", "python", "--json"]);
    expect({ code, stderr, lines: stdout.split("\n").length }).toEqual({ code: 0, stderr: "", lines: 2 });
    expect(JSON.parse(stdout)).toEqual({
      provider: "stripe",
      lang: "python",
      function: "verify_stripe",
      verifier: written("python")?.verifier,
      example: written("python")?.example,
    });
  });

  test("knows the providers of hookline.json", async () => {
    const place = createPlace();
    place.write(
      "hookline.json",
      JSON.stringify({
        providers: {
          "acme-pay": {
            title: "Acme \u001b[31m*/",
            signatures: [
              { kind: "hmac", header: "X-Acme", algorithm: "sha512", encoding: "base64", prefix: "a'\"`" },
            ],
          },
        },
      }),
    );
    const { code, stdout } = await run(["snippet", "acme-pay", "--lang", "php"], { place });
    expect(code).toBe(0);
    expect(stdout).toContain(" * Whether Acme 31m / signed this request.\n");
    expect(stdout).toContain(
      "$expected = 'a\\'\"`' . base64_encode(hash_hmac('sha512', $body, $secret, true));\n",
    );
    expect(stdout).toContain("getenv('ACME_PAY_WEBHOOK_SECRET')");
  });
});

/** The error that a run ends with. */
async function failure(args: readonly string[], place = createPlace()) {
  const { code, stdout, stderr } = await run([...args, "--json"], { place });
  const { error } = JSON.parse(stderr) as {
    error: { code: string; message: string; next_steps: string[] };
  };
  return { code, stdout, error };
}

describe("snippet refuses", () => {
  test.each(["typescript", "js", "TS", ""])("the language %j, naming those there are", async (language) => {
    const { code, stdout, error } = await failure(["snippet", "stripe", "--lang", language]);
    expect({ code, stdout, kind: error.code }).toEqual({ code: 2, stdout: "", kind: "usage" });
    expect(error.message).toBe("--lang takes ts, python or php");
  });

  test("a provider that it does not know", async () => {
    const { code, stdout, error } = await failure(["snippet", "strip"]);
    expect({ code, stdout, kind: error.code }).toEqual({ code: 4, stdout: "", kind: "provider-unknown" });
    expect(error.next_steps).toContain("did you mean stripe?");
  });

  test("to run without one", async () => {
    const { code, stdout, error } = await failure(["snippet"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(error.message).toContain("provider");
  });

  test("a provider that signs nothing", async () => {
    const place = createPlace();
    place.write("hookline.json", JSON.stringify({ providers: { open: { signatures: [{ kind: "none" }] } } }));
    const { code, stdout, error } = await failure(["snippet", "open"], place);
    expect({ code, stdout, kind: error.code }).toEqual({ code: 2, stdout: "", kind: "snippet-none" });
    expect(error.message).toBe('"open" signs nothing, so there is nothing to verify its requests by');
    expect(error.next_steps).toEqual(["see what is known of it: hookline providers show open"]);
  });
});
