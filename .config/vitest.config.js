import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { defineConfig } from "vitest/config";

// Tests of pure functions, which leave nothing behind: their files share what they import.
const pure = ["signing", "ui", "providers", "payloads", "snippets"].map(
  (room) => `test/${room}/**/*.test.ts`,
);

// Tests in a real browser, which not every machine has: a script of their own runs them.
const browser = ["test/inspector/browser/**/*.test.ts"];

// Whole stories with many processes: what pipelines do, rotations from end to end, handlers of all kinds, what npx and
// shells make of it. They take as long as a third of all others together, so that a script of their own runs them.
const pipelines = [
  "test/ci/**/*.test.ts",
  "test/handlers/**/*.test.ts",
  ...["rotation*", "keys-exec", "npx", "completion-shells"].map((name) => `test/cli/${name}.test.ts`),
];

/** Where tests make their folders: in memory, where it has room for them, so that no database waits for a disk. */
function temporaryFolder() {
  const memory = "/dev/shm";
  if (process.env["TMPDIR"] !== undefined) return tmpdir();
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize >= 2 ** 30 ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** What all tests have that start programs. */
const real = {
  // A process for each file costs a tenth of the suite; `fresh.ts` gives each modules of its own all the same.
  isolate: false,
  setupFiles: ["test/fresh.ts"],
  env: { TMPDIR: temporaryFolder(), DISK_FOLDER: tmpdir() },
};

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
      // A browser on a busy machine may take longer than anybody would wait: once more tells that from a fault.
      { extends: true, test: { name: "browser", include: browser, retry: 1 } },
      {
        extends: true,
        test: {
          name: "real",
          include: ["test/**/*.test.ts"],
          exclude: [...pure, ...browser, ...pipelines],
          ...real,
        },
      },
      { extends: true, test: { name: "pipelines", include: pipelines, ...real } },
    ],
  },
});
