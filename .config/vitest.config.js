import { defineConfig } from "vitest/config";

// Tests of pure functions, which leave nothing behind: their files share what they import.
const pure = ["signing", "ui", "providers", "payloads", "snippets"].map(
  (room) => `test/${room}/**/*.test.ts`,
);

// Tests in a real browser, which not every machine has: a script of their own runs them.
const browser = ["test/inspector/browser/**/*.test.ts"];

export default defineConfig({
  test: {
    // The built binary is spawned in many tests: two cores are shared by all of them.
    // Most tests wait for a process they started, so more workers than cores keep both busy.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    globalSetup: ["test/build.ts"],
    projects: [
      { extends: true, test: { name: "pure", include: pure, isolate: false } },
      { extends: true, test: { name: "browser", include: browser } },
      {
        extends: true,
        test: { name: "real", include: ["test/**/*.test.ts"], exclude: [...pure, ...browser] },
      },
    ],
  },
});
