import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // The built binary is spawned in many tests: two cores are shared by all of them.
    // Most tests wait for a process they started, so more workers than cores keep both busy.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    globalSetup: ["test/build.ts"],
  },
});
