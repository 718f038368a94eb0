import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, afterEach, describe, expect } from "vitest";

const known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const given = process.env["CHROMIUM_PATH"];
const executablePath = given ?? known.find((path) => existsSync(path));

/** `describe` where there is a Chromium; else it is skipped, and the name says why. */
export function inChromium(name: string, tests: () => void): void {
  if (executablePath !== undefined) describe(name, tests);
  else describe.skip(`${name} (skipped: no Chromium found, CHROMIUM_PATH names one)`, tests);
}

let browser: Promise<Browser> | undefined;
const contexts: { close(): Promise<void> }[] = [];
const complaints: string[] = [];

/** What belongs to a page that is asked for, and what it said that it should not have. */
export interface OpenOptions extends BrowserContextOptions {
  /** What the console may say, as a page is tried on which it has to complain. */
  mayComplain?: boolean;
}

/** A page in a profile of its own; in the tests' one browser, for which every name under .test is this machine. */
export async function openPage({ mayComplain = false, ...options }: OpenOptions = {}): Promise<Page> {
  browser ??= chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    // What the browser itself keeps from this machine is not to hide what the inspector lets through.
    args: ["--host-resolver-rules=MAP *.test 127.0.0.1", "--disable-features=LocalNetworkAccessChecks"],
  });
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 800 }, ...options });
  contexts.push(context);
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    const isIcon = message.location().url.endsWith("/favicon.ico");
    if (!mayComplain && !isIcon && ["error", "warning"].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  return page;
}

/** What an expression is in the page. */
export function evaluate<Result>(page: Page, expression: string): Promise<Result> {
  return page.evaluate<Result>(expression);
}

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  expect(complaints.splice(0)).toEqual([]);
});

afterAll(async () => {
  await (await browser)?.close();
});
