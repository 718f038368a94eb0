import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { NewDelivery } from "../../../src/inbox/types.ts";
import { root } from "../../cli/spawn.ts";
import { attempt } from "../inspectors.ts";
import { openFilled, rowsOf } from "./bench.ts";
import { evaluate, inChromium } from "./chromium.ts";

const axe = readFileSync(join(root, "node_modules/axe-core/axe.min.js"), "utf8");

/** Violations of accessibility in what is shown, with the elements they are in; of all rules where none are named. */
async function violations(page: Page, rules?: string[]): Promise<string[]> {
  const { violations: found } = await evaluate<Pick<AxeResults, "violations">>(
    page,
    // Evaluated by the debugger, which the page's policy does not concern.
    `(typeof axe === "undefined" ? eval(${JSON.stringify(axe)}) : undefined, axe.run(document, ${JSON.stringify(rules === undefined ? {} : { runOnly: rules })}))`,
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(" | ")}`);
}

const some: Partial<NewDelivery>[] = [
  { id: "dlv_1", body: Buffer.from(`{"items":[{"price":8.00,"name":"Fahrkarte"}],"note":null,"paid":true}`) },
  {
    id: "dlv_2",
    provider: "fynn",
    event: "invoice.paid",
    verified: false,
    code: "signature-mismatch",
    accepted: false,
    status: 401,
    findings: [{ cause: "body-changed", confidence: "certain" } as never],
    attempts: [],
    body: Buffer.from("a=1&b=2"),
    headers: ["Content-Type", "application/x-www-form-urlencoded"],
  },
  {
    id: "dlv_3",
    provider: null,
    event: null,
    verified: null,
    attempts: [attempt({ ok: false, status: 500, durationMs: 6200, answer: Buffer.from("no") })],
    body: Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
  },
  { id: "dlv_4", duplicate: true, event: "order.paid", body: Buffer.from(`{"items":[{"price":9.00}]}`) },
];

inChromium("10,000 deliveries", () => {
  test("are in the document only as far as they are seen, and can be scrolled through to the first", async () => {
    const deliveries = Array.from({ length: 10_000 }, (_, index) => ({
      id: `dlv_${index}`,
      deliveryId: `evt_${index}`,
    }));
    const { page, inspector } = await openFilled(deliveries);
    const rows = rowsOf(page);
    await rows.first().waitFor();
    await page.getByText("10,000 deliveries").waitFor();
    const most = Math.max(
      await rows.count(),
      ...(await evaluate<number[]>(
        page,
        `(async () => {
          const list = document.querySelector("[role=listbox]");
          const counts = [];
          for (let step = 0; step < 400 && !document.querySelector('[aria-posinset="10000"]'); step++) {
            list.scrollTop = step % 10 === 9 ? list.scrollHeight : list.scrollTop + 20_000;
            await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 10)));
            counts.push(document.querySelectorAll("[role=option]").length);
          }
          return counts;
        })()`,
      )),
    );
    expect(most).toBeLessThan(200);
    await page.locator('[aria-posinset="10000"]').getByText("evt_0", { exact: true }).waitFor();
    expect(await page.locator('[aria-posinset="10000"]').getAttribute("aria-setsize")).toBe("10000");

    // One that arrives moves nothing of what is read, and is a click away.
    inspector.changed(inspector.record({ id: "dlv_new", deliveryId: "evt_new" }));
    await page.getByRole("button", { name: /1 new/ }).click();
    await page.locator('[aria-posinset="1"]').getByText("evt_new").waitFor();
    expect(await evaluate<number>(page, `document.querySelectorAll("*").length`)).toBeLessThan(3000);
  });
});

inChromium("the keyboard", () => {
  test("moves with j and k, replays, searches and helps", async () => {
    const { page } = await openFilled(some);
    const title = page.locator("#detail-title");
    await rowsOf(page).first().waitFor();
    await page.keyboard.press("j");
    await title.getByText("#4").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await title.getByText("#2").waitFor();
    await page.keyboard.press("k");
    await title.getByText("#3").waitFor();
    expect(await page.locator("[role=option][aria-selected=true]").getAttribute("data-number")).toBe("3");

    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await title.getByText("#3").waitFor();

    await page.keyboard.press("r");
    const replay = page.getByRole("dialog", { name: /Replay #3/ });
    await replay.getByRole("button", { name: /3000\/orders/ }).waitFor();
    await page.keyboard.press("2");
    await page.getByRole("status").getByText("answered 200").waitFor();

    await page.keyboard.press("/");
    // Letters that mean something elsewhere are letters here.
    await page.keyboard.type("fahrkarte");
    await rowsOf(page).nth(1).waitFor({ state: "detached" });
    expect(await rowsOf(page).getAttribute("data-number")).toBe("1");
    expect(new URL(page.url()).searchParams.get("text")).toBe("fahrkarte");
    await page.keyboard.press("Escape");
    await rowsOf(page).nth(3).waitFor();
  });

  test("compares two", async () => {
    const { page } = await openFilled(some);
    await rowsOf(page).first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("End");
    await page.locator("#detail-title").getByText("#1").waitFor();
    await page.keyboard.press("x");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("cell", { name: "8.00" }).waitFor();
    await dialog.getByRole("cell", { name: "9.00" }).waitFor();
  });
});

inChromium("axe-core finds nothing", () => {
  test.each(["light", "dark"] as const)("in list, details and dialogs (%s)", async (colorScheme) => {
    const { page } = await openFilled(some, { colorScheme, reducedMotion: "reduce" });
    // Nothing but the colours is another.
    const rules = colorScheme === "dark" ? ["color-contrast"] : undefined;
    const rows = rowsOf(page);
    await rows.first().waitFor();
    expect(await violations(page, rules), "list").toEqual([]);
    for (let row = 0; row < some.length; row++) {
      await rows.nth(row).click();
      await page
        .locator("#detail-title")
        .getByText(`#${some.length - row}`)
        .waitFor();
      await page.getByRole("group", { name: "View of the body" }).waitFor();
      expect(await violations(page, rules), `detail ${row}`).toEqual([]);
    }
    for (const [key, name] of [
      ["?", /Keys/],
      ["r", /Replay #1/],
      ["e", /Edit #1/],
    ] as const) {
      const dialog = page.getByRole("dialog", { name });
      // A key does nothing as long as what it needs is on its way.
      for (let tries = 0; tries < 20 && !(await dialog.isVisible()); tries++) {
        await page.keyboard.press(key);
        await page.waitForTimeout(250);
      }
      await dialog.waitFor();
      expect(await violations(page, rules), key).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
  });
});

inChromium("a phone", () => {
  test("shows list, then detail, then the list again, without scrolling sideways", async () => {
    const wide = Buffer.from(
      JSON.stringify({ ["k".repeat(300)]: "v".repeat(3000), deep: [[[[[[["x".repeat(300)]]]]]]] }),
    );
    const { page } = await openFilled(
      [
        ...some,
        {
          id: "dlv_5",
          event: `order.${"x".repeat(200)}`,
          deliveryId: "e".repeat(200),
          target: `/${"p".repeat(500)}`,
          body: wide,
        },
      ],
      { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
    );
    const overflow = (): Promise<number> =>
      evaluate(page, "document.scrollingElement.scrollWidth - document.documentElement.clientWidth");
    await rowsOf(page).first().waitFor();
    expect(await overflow()).toBe(0);
    await rowsOf(page).first().tap();
    await page.getByRole("tree", { name: "Body" }).waitFor();
    expect(await overflow()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Back to the list" }).tap();
    await rowsOf(page).first().waitFor();
    expect(await page.locator("#detail-title").count()).toBe(0);
  });
});
