// The rules of the house, for the linter: which room may import which, and who may touch the process.
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const src = resolve(dirname(fileURLToPath(import.meta.url)), "../src");
const types = true;

/** Room → the rooms it may import, besides errors and text; `types` allows `import type` alone. @type {Record<string, Record<string, boolean | "types">>} */
const mayImport = {
  text: {},
  signing: {},
  config: {},
  providers: { signing: types },
  snippets: { signing: types, providers: types },
  payloads: { providers: types },
  transport: { signing: types, providers: types },
  sqlite: {},
  store: { sqlite: types, providers: "types" },
  inbox: { sqlite: types, signing: "types", providers: "types" },
  inspector: { inbox: types, transport: types },
  suites: { transport: types, payloads: types, providers: types },
  reports: { providers: types },
  remote: { providers: "types" },
  server: { transport: types, providers: types, signing: types, store: types, remote: types },
  actions: {
    signing: types,
    providers: types,
    payloads: types,
    snippets: types,
    transport: types,
    config: types,
    store: types,
    inbox: types,
    inspector: types,
    suites: types,
    reports: types,
    remote: types,
    server: types,
  },
  ui: { actions: "types", remote: "types", reports: "types" },
  commands: { actions: types, ui: types, config: types, remote: "types" },
  main: { commands: types, ui: types, config: types },
};

/** @param {string} file the absolute path of a source file @returns {string | undefined} its room, if it is under src/ */
function roomOf(file) {
  const path = relative(src, file).split(sep);
  if (path[0] === undefined || path[0] === "..") return undefined;
  return path.length === 1 ? path[0].replace(/\.ts$/, "") : path[0];
}

/** @type {import("eslint").Rule.RuleModule} */
const imports = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      forbidden: "{{from}}/ may not import {{to}}/ (the rooms are in .config/house.js)",
      typesOnly: "{{from}}/ may import only types from {{to}}/",
      unknown: "{{from}} is not a room of the house: name it and what it may import in .config/house.js",
    },
  },
  create(context) {
    const from = roomOf(context.filename);
    if (from === undefined || from === "errors") return {};
    const allowed = mayImport[from];

    /** @param {import("eslint").Rule.Node} node @param {unknown} source @param {boolean} typeOnly */
    const check = (node, source, typeOnly) => {
      if (typeof source !== "string" || !source.startsWith(".")) return;
      const to = roomOf(resolve(dirname(context.filename), source));
      if (to === undefined || to === from || to === "errors" || to === "text") return;
      if (allowed === undefined) return context.report({ node, messageId: "unknown", data: { from } });
      const rule = allowed[to];
      if (rule === undefined) return context.report({ node, messageId: "forbidden", data: { from, to } });
      if (rule === "types" && !typeOnly) context.report({ node, messageId: "typesOnly", data: { from, to } });
    };
    /** @param {any} node */
    const declaration = (node) =>
      check(node, node.source?.value, (node.importKind ?? node.exportKind) === "type");
    return {
      ImportDeclaration: declaration,
      ExportNamedDeclaration: declaration,
      ExportAllDeclaration: declaration,
      ImportExpression: (node) =>
        check(node, node.source.type === "Literal" ? node.source.value : undefined, false),
      /** @param {any} node */
      TSImportType: (node) => check(node, node.source?.value ?? node.argument?.literal?.value, true),
    };
  },
};

/** @type {import("eslint").Rule.RuleModule} */
const process = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      exit: "only main ends the process",
      env: "only config/ reads the environment",
      stream: "only ui/ writes to the terminal",
      clock: "time and randomness are passed in from main",
    },
  },
  create(context) {
    const room = roomOf(context.filename);
    if (room === undefined) return {};
    return {
      /** @param {any} node */
      MemberExpression(node) {
        const name = `${node.object.name ?? ""}.${node.property.name ?? ""}`;
        if ((name === "process.exit" || name === "process.exitCode") && room !== "main")
          context.report({ node, messageId: "exit" });
        if (name === "process.env" && room !== "config") context.report({ node, messageId: "env" });
        if (/^(process\.(stdout|stderr)|console\.\w+)$/.test(name) && room !== "ui" && room !== "main")
          context.report({ node, messageId: "stream" });
        if (/^(Date\.now|Math\.random)$/.test(name) && room !== "main")
          context.report({ node, messageId: "clock" });
      },
      /** @param {any} node */
      NewExpression(node) {
        if (node.callee.name === "Date" && node.arguments.length === 0 && room !== "main")
          context.report({ node, messageId: "clock" });
      },
    };
  },
};

export default { rules: { imports, process } };
