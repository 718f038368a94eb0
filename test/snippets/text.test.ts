import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it, test } from "vitest";
import { builtInProviders } from "../../src/providers/index.ts";
import { defineProvider } from "../../src/providers/custom.ts";
import { snippet, snippetLanguages } from "../../src/snippets/index.ts";
import { customProviders, ed25519Providers } from "./providers.ts";

const own = [...customProviders, ...ed25519Providers];
const every = [...builtInProviders, ...own].flatMap((provider) =>
  snippetLanguages.map((language) => ({ provider, language, id: provider.id })),
);

/** What the compiler says of modules, by their names, under the strictest rules a reader may have. */
function complaints(modules: ReadonlyMap<string, string>): string[] {
  const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ["node"],
    noEmit: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noImplicitReturns: true,
    noPropertyAccessFromIndexSignature: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const files = new Map([...modules].map(([name, text]) => [join(root, name), text]));
  const onDisk = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => root;
  host.fileExists = (file) => files.has(file) || onDisk.fileExists(file);
  host.readFile = (file) => files.get(file) ?? onDisk.readFile(file);
  host.getSourceFile = (file, target) => {
    const text = host.readFile(file);
    return text === undefined ? undefined : ts.createSourceFile(file, text, target);
  };
  return ts
    .getPreEmitDiagnostics(ts.createProgram([...files.keys()], options, host))
    .map(
      ({ file, messageText }) =>
        `${basename(file?.fileName ?? "")}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
}

test("the verifiers in TypeScript pass the strictest compiler, and take the headers of node:http", () => {
  const modules = new Map(
    [...builtInProviders, ...own].map((provider) => [
      `${provider.id}.ts`,
      snippet(provider, "ts")?.verifier ?? "",
    ]),
  );
  modules.set(
    "in-use.ts",
    `import type { IncomingMessage } from "node:http";
import { verifyStripe } from "./stripe";
export const check = (request: IncomingMessage, body: Buffer): boolean => verifyStripe(body, request.headers, "");`,
  );
  modules.set("wrong.ts", 'export const text: string = Buffer.from("");');
  expect(complaints(modules)).toEqual([
    "wrong.ts: Type 'Buffer<ArrayBuffer>' is not assignable to type 'string'.",
  ]);
});

describe.each(every)("$id in $language", ({ provider, language }) => {
  const {
    function: name,
    verifier,
    example,
    file,
  } = snippet(provider, language) ?? {
    function: "",
    verifier: "",
    example: "",
    file: "",
  };

  it("is plain text that no terminal and no log obeys", () => {
    expect(file.replace(/[\p{L}\n]/gu, "")).toMatch(/^[\x20-\x7e]*$/);
    expect(file).not.toMatch(/##/);
    expect(file).not.toMatch(/[ \t]$/m);
    expect(file.startsWith(verifier)).toBe(true);
    expect(file.endsWith(example)).toBe(true);
  });

  it("has an example with its own variable, path and answer", () => {
    expect(verifier).toContain(name);
    expect(example).toContain(`${name}(`);
    expect(example).toContain(provider.secretEnv);
    if (language !== "php") expect(example).toContain(`"/webhooks/${provider.id}"`);
    const { success } = provider.ack;
    const status = success === "2xx" ? 200 : success[0];
    const answer = { ts: "res.sendStatus(", python: 'return "", ', php: "http_response_code(" }[language];
    expect(example.split(answer).map((text) => Number.parseInt(text, 10))).toEqual([NaN, 401, status]);
  });

  it("compares in constant time, and reads the raw body where that is signed", () => {
    const [scheme] = provider.signatures;
    const signs = scheme?.kind === "hmac" || scheme?.kind === "ed25519";
    expect(verifier).toMatch(
      scheme?.kind === "ed25519"
        ? /\b(verify|verify_detached|sodium_crypto_sign_verify_detached)\(/
        : /\b(timingSafeEqual|compare_digest|hash_equals)\(/,
    );
    expect(/express\.raw\(|get_data\(\)|php:\/\/input/.test(example)).toBe(signs);
  });
});

test("a receiver's verifier names whose webhooks it gets", () => {
  const [fitaiid] = builtInProviders.filter(({ id }) => id === "fitaiid");
  const written = fitaiid && snippet(fitaiid, "ts");
  expect(written?.function).toBe("verifyFitaiid");
  expect(written?.verifier).toContain("Whether Stripe signed this request.");
});

test("the first of several schemes is taken", () => {
  const svix = builtInProviders.find(({ id }) => id === "svix");
  const { verifier = "" } = (svix && snippet(svix, "ts")) ?? {};
  expect(verifier).toContain('headers["svix-signature"]');
  expect(verifier).not.toMatch(/webhook-|v1a/);
});

test.each(snippetLanguages)("nothing is written in %s where nothing is signed", (language) => {
  expect(snippet(defineProvider("open", { signatures: [{ kind: "none" }] }), language)).toBeUndefined();
});
