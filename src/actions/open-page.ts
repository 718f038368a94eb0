import type { spawn as spawnType } from "node:child_process";

/** The programs that open a page in the browser its user has chosen, by platform. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [program: string, ...args: string[]]>>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/**
 * Opens a page in the browser, through no shell.
 * @param url of a file: the arguments of a program can be seen by others on the machine
 * @returns false where nothing can open it; settles once the program that opens it has ended
 */
export function openPage(url: string, platform: NodeJS.Platform, spawn: typeof spawnType): Promise<boolean> {
  const [program, ...args] = openers[platform] ?? ["xdg-open"];
  return new Promise((resolve) => {
    try {
      const child = spawn(program, [...args, url], {
        detached: true,
        stdio: "ignore",
        shell: false,
        windowsHide: true,
      });
      child.on("error", () => resolve(false));
      // Ended by a signal it had opened something: it stays as long as some browsers do.
      child.on("exit", (code) => resolve(code === 0 || code === null));
      child.unref();
    } catch {
      resolve(false);
    }
  });
}
