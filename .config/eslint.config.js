import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import tseslint from "typescript-eslint";
import house from "./house.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "fixtures/"] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ["tsconfig.json", "src/inspector/page/tsconfig.json"],
        tsconfigRootDir: root,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { house },
    rules: { "house/imports": "error", "house/process": "error", "no-console": "error" },
  },
  { files: ["**/*.js"], extends: [tseslint.configs.disableTypeChecked] },
  { files: ["bin/*.js"], rules: { "no-var": "off", "@typescript-eslint/no-require-imports": "off" } },
);
