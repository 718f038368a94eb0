import { execFileSync } from "node:child_process";

/** Tests run the built binary, so the build is brought up to date once before them (nothing happens when it is). */
export default function setup(): void {
  execFileSync(process.execPath, [".config/build.js"], { stdio: "inherit" });
}
