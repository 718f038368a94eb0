// Bundles the program into dist/: main.cjs, a CommonJS file per command, under lazy/ what only some runs need, and under
// inspector/ the page for the browser.
// Does nothing when dist/ was built from exactly these sources: npx runs `prepare` again in a checkout.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const stampFile = join(dist, ".stamp");
// Built beside, then put in its place: whoever starts the program meanwhile finds it whole.
const made = join(root, `.dist.${process.pid}`);

/** @param {string} folder @returns {string[]} */
const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

const inputs = [
  ...filesUnder(join(root, "src")),
  join(root, "package.json"),
  join(root, "package-lock.json"),
  fileURLToPath(import.meta.url),
];
const hash = createHash("sha256");
for (const file of inputs)
  hash.update(relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
const stamp = hash.digest("hex");
if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) process.exit(0);

// Not needed, and so not loaded, where nothing is to be built.
const { build } = await import("esbuild");
mkdirSync(made);
process.on("exit", () => rmSync(made, { recursive: true, force: true }));

/** Modules that become files of their own under dist/lazy/, by the names of those files; to begin with, the code of a thread. @type {Map<string, string>} */
const lazy = new Map([["inbox-worker", join(root, "src/inbox/worker.ts")]]);

/**
 * What is imported dynamically is loaded when it is needed, from a file of its own: each command by main, and whatever
 * rarely runs (prompts, proxies, custom providers) by the rest. Only a command's own imports stay in its file.
 * @param {string} toDist the way from the file that is built to dist/
 */
const loadedApart = (toDist) => ({
  name: "loaded-apart",
  /** @param {import("esbuild").PluginBuild} api */
  setup(api) {
    api.onResolve({ filter: /.*/ }, ({ path, kind, importer, resolveDir }) => {
      if (kind !== "dynamic-import" || path.startsWith("node:")) return undefined;
      const from = relative(join(root, "src"), importer);
      if (from === join("commands", "index.ts")) {
        return { path: `${toDist}commands/${path.slice(2).replace(/\.ts$/, ".cjs")}`, external: true };
      }
      if (from.startsWith(`commands${sep}`)) return undefined;
      const module = path.startsWith(".") ? resolve(resolveDir, path) : path;
      const name = (path.startsWith(".") ? relative(join(root, "src"), module) : path).replace(/\.ts$/, "");
      const file = name.replace(/[^\w-]+/g, "-");
      lazy.set(file, module);
      return { path: `${toDist}lazy/${file}.cjs`, external: true };
    });
  },
});

/** `file?raw` is the file's text, as Vite has it. */
const rawText = {
  name: "raw-text",
  /** @param {import("esbuild").PluginBuild} api */
  setup(api) {
    api.onResolve({ filter: /\?raw$/ }, async ({ path, resolveDir }) => {
      const found = await api.resolve(path.slice(0, -"?raw".length), {
        kind: "import-statement",
        resolveDir,
      });
      return { ...found, suffix: "?raw" };
    });
    api.onLoad({ filter: /.*/ }, ({ path, suffix }) =>
      suffix === "?raw" ? { contents: readFileSync(path, "utf8"), loader: "text" } : undefined,
    );
  },
};

/** Commander loads it for subcommands that are programs of their own. hookline has none, and it is a fifth of the start. */
const noChildProcess = {
  name: "no-child-process",
  /** @param {import("esbuild").PluginBuild} api */
  setup(api) {
    api.onResolve({ filter: /^node:child_process$/ }, ({ path }) => ({ path, namespace: "absent" }));
    api.onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** @type {import("esbuild").BuildOptions} */
const shared = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "cjs",
  minify: true,
  legalComments: "none",
  // A native module, installed beside the package where it can be.
  external: ["libsql"],
  // The entry for Node reads the environment, and may print what it finds there for others to read.
  alias: { stripe: "./node_modules/stripe/esm/stripe.esm.worker.js" },
  // Commands are loaded with require: an import() of CommonJS scans the whole file for its exports first.
  supported: { "dynamic-import": false },
  metafile: true,
  logLevel: "warning",
  absWorkingDir: root,
};

// Beside the commands lies what they share: the index tells which are commands.
const index = readFileSync(join(root, "src/commands/index.ts"), "utf8");
const commands = [...index.matchAll(/import\("\.\/(.+?)"\)/g)].map(([, name]) => `src/commands/${name}`);
/** @type {import("esbuild").BuildResult[]} */
const results = await Promise.all([
  build({
    ...shared,
    entryPoints: ["src/main.ts"],
    outfile: join(made, "main.cjs"),
    plugins: [rawText, loadedApart("./"), noChildProcess],
  }),
  build({
    ...shared,
    entryPoints: commands,
    outdir: join(made, "commands"),
    outExtension: { ".js": ".cjs" },
    plugins: [rawText, loadedApart("../")],
  }),
]);
// Files that are loaded apart may load others apart.
for (let built = 0; built < lazy.size;) {
  const entryPoints = Object.fromEntries([...lazy].slice(built));
  built = lazy.size;
  results.push(
    await build({
      ...shared,
      entryPoints,
      outdir: join(made, "lazy"),
      outExtension: { ".js": ".cjs" },
      plugins: [rawText, loadedApart("../")],
    }),
  );
}

// The inspector's page: its server answers nothing but these three files.
const page = "src/inspector/page";
results.push(
  await build({
    bundle: true,
    platform: "browser",
    target: ["chrome123", "firefox125", "safari17.5"],
    format: "esm",
    minify: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    absWorkingDir: root,
    entryPoints: [
      { in: `${page}/main.tsx`, out: "app" },
      { in: `${page}/styles/app.css`, out: "app" },
    ],
    outdir: join(made, "inspector"),
  }),
);
copyFileSync(join(root, page, "index.html"), join(made, "inspector/index.html"));

// What editors check a suite by, made from the very schema that checks it.
const schemaFile = join(made, "suite-schema.cjs");
await build({
  ...shared,
  entryPoints: ["src/suites/schema.ts"],
  outfile: schemaFile,
  minify: false,
  metafile: false,
});
writeFileSync(join(made, "package.json"), '{ "type": "commonjs" }\n');
const { suiteJsonSchema } = createRequire(import.meta.url)(schemaFile);
writeFileSync(join(made, "suite.schema.json"), `${JSON.stringify(suiteJsonSchema(), null, 2)}\n`);
rmSync(schemaFile);

// The bundle carries other people's code, so their licences travel with it.
const packages = new Set(
  results
    .flatMap((result) => Object.keys(result.metafile?.inputs ?? {}))
    .flatMap((input) => /^(node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []),
);
const licences = [...packages].sort().map((folder) => {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(name));
  const text = file ? readFileSync(join(root, folder, file), "utf8").trim() : "";
  return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text}\n`;
});
writeFileSync(join(made, "THIRD-PARTY-LICENSES.txt"), licences.join(`\n${"-".repeat(80)}\n\n`));
writeFileSync(join(made, ".stamp"), stamp);
const old = `${made}.old`;
if (existsSync(dist)) renameSync(dist, old);
renameSync(made, dist);
rmSync(old, { recursive: true, force: true });
