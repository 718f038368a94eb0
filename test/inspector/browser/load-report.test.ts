import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import type { Report } from "../../../src/reports/report.ts";
import { createFolder, root } from "../../cli/spawn.ts";
import { loadReport } from "../../reports/load-report.ts";
import { evaluate, inChromium, openPage, type OpenOptions } from "./chromium.ts";

/** As it is shipped: to the tests' own loader style sheets are empty. */
const { htmlReport } = createRequire(import.meta.url)(join(root, "dist/lazy/reports-html.cjs")) as {
  htmlReport: (report: Report) => string;
};

/** The report's file in a browser without a network. @returns the page, and what it asked for beside itself */
async function openReport(options: OpenOptions = {}, report = loadReport()) {
  const file = pathToFileURL(join(createFolder(), "load.html")).href;
  writeFileSync(new URL(file), htmlReport(report));
  const page = await openPage({ offline: true, ...options });
  const requests: string[] = [];
  page.on("request", (request) => void requests.push(request.url()));
  await page.goto(file);
  return { page, others: () => requests.filter((url) => url !== file) };
}

inChromium("the report of a load, opened from the disk", () => {
  test("plots, and asks for nothing", async () => {
    const { page, others } = await openReport();
    expect(await page.locator("figure:visible canvas").count()).toBe(3);
    expect(await page.getByText("p99>500ms", { exact: true }).first().isVisible()).toBe(true);
    expect(others()).toEqual([]);
  });

  test.each([
    ["light", "rgb(255, 255, 255)"],
    ["dark", "rgb(16, 17, 19)"],
  ] as const)("is %s where the reader's system is, on a phone too", async (colorScheme, ground) => {
    const { page } = await openReport({ colorScheme, viewport: { width: 400, height: 800 } });
    expect(await evaluate(page, "getComputedStyle(document.body).backgroundColor")).toBe(ground);
    expect(await evaluate(page, "document.documentElement.scrollWidth")).toBe(400);
    expect(await evaluate(page, "document.querySelector('canvas').clientWidth <= 400")).toBe(true);
  });

  test("without scripts every figure is there, and no empty plot", async () => {
    const { page } = await openReport({ javaScriptEnabled: false });
    expect(await page.locator("figure:visible").count()).toBe(0);
    await page.getByText("Second by second").click();
    expect(await page.getByRole("cell", { name: "2.4 s" }).first().isVisible()).toBe(true);
  });

  test("runs no script that text from outside brings", async () => {
    const report = loadReport();
    const target = `</title><script>document.title = "taken"</script>`;
    const { page } = await openReport({}, { ...report, target });
    expect(await page.title()).toBe(`hookline replay --for: ${target}`);
  });
});
