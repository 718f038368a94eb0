import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { values } from "../../cli/run-servers.ts";
import { createFolder } from "../../cli/spawn.ts";
import { openBench, openFilled, rowsOf } from "./bench.ts";
import { evaluate, inChromium, openPage } from "./chromium.ts";

inChromium("the inspector in Chromium", () => {
  test("shows a delivery that arrives within a second, without a reload", async () => {
    const { page, deliver } = await openBench();
    await page.getByText("Nothing received yet").waitFor();
    await evaluate(page, "window.sameDocument = true");
    // The page itself takes the time from its own clock: nothing between it and the test counts.
    await evaluate(
      page,
      `void (window.appeared = new Promise((resolve) => {
        const look = () => document.querySelector("[role=option]") && resolve(Date.now());
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
      }))`,
    );
    const sent = Date.now();
    expect(await deliver(`{"price":8.00}`)).toBe(200);
    const appeared = await evaluate<number>(page, "window.appeared");
    expect(appeared - sent).toBeLessThan(1000);
    const row = rowsOf(page);
    expect(await row.count()).toBe(1);
    expect(await row.textContent()).toMatch(/verified.*fareplay.*order\.created.*evt_1.*200/);
    await row.click();
    await page.getByRole("treeitem").getByText("8.00").waitFor();
    expect(await evaluate(page, "window.sameDocument")).toBe(true);
  });

  test("replays to the app, signed anew", async () => {
    const { page, deliver, app, secret } = await openBench();
    const body = `{"price":8.00, "note":"grüezi"}`;
    await deliver(body, { event: "order.paid", delivery: "evt_7" });
    await rowsOf(page).click();
    await page.getByRole("button", { name: "Replay", exact: true }).click();
    await app.until(2);
    await page.getByRole("status").getByText("answered 200").waitFor();
    const [forwarded, replayed] = app.received;
    expect(replayed?.url).toBe(forwarded?.url);
    expect(replayed?.body.toString("utf8")).toBe(body);
    expect(values(replayed?.headers ?? [], "x-fareplay-event")).toEqual(["order.paid"]);
    expect(values(replayed?.headers ?? [], "x-fareplay-signature")).toEqual([signature(body, secret)]);
    await rowsOf(page).getByText("replayed 1×").waitFor();
  });

  test("edits a body and replays it with the signature it needs", async () => {
    const { page, deliver, app, secret } = await openBench();
    await deliver(`{"price":8.00}`);
    await rowsOf(page).click();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    const body = `{"price":9.00, "note":"<b>né</b>\u{1f600}"}`;
    const field = page.getByRole("dialog").getByRole("textbox", { name: "Body" });
    expect(await field.inputValue()).toBe(`{"price":8.00}`);
    await field.fill(body);
    await field.press("Control+Enter");
    await app.until(2);
    expect(app.received[1]?.body.toString("utf8")).toBe(body);
    expect(values(app.received[1]?.headers ?? [], "x-fareplay-signature")).toEqual([signature(body, secret)]);
    await page.getByRole("dialog").waitFor({ state: "detached" });
    // What came stays what it was.
    await page.getByRole("treeitem").getByText("8.00").waitFor();
  });

  test("says what the app refused, and that a replay it took settles it", async () => {
    let status = 500;
    const { page, deliver } = await openBench({
      answer: (_, response) => void response.writeHead(status).end("no room <b>left</b>"),
    });
    await deliver("{}");
    const row = rowsOf(page);
    await row.getByText("failed", { exact: true }).waitFor();
    await row.click();
    await page.getByText("no room <b>left</b>").waitFor();
    status = 200;
    await page.keyboard.press("r");
    await row.getByText("failed", { exact: true }).waitFor({ state: "detached" });
  });

  test("keeps token, filters and the open delivery over a reload, and the token out of the address", async () => {
    const { page, deliver, inspectorUrl, listener } = await openBench();
    for (const [event, delivery] of [
      ["order.created", "evt_1"],
      ["order.paid", "evt_2"],
      ["invoice.paid", "evt_3"],
    ] as const) {
      await deliver(`{"event":"${event}"}`, { event, delivery });
    }
    await listener.deliveries(3);
    const rows = rowsOf(page);
    await rows.nth(2).waitFor();
    await page.getByRole("searchbox", { name: "Event" }).fill("order.*");
    await rowsOf(page).nth(2).waitFor({ state: "detached" });
    await page.getByRole("combobox", { name: "Verdict" }).selectOption("true");
    await rows.filter({ hasText: "order.paid" }).click();
    await page.getByRole("heading", { name: "order.paid" }).waitFor();
    const token = new URL(inspectorUrl).hash.slice("#token=".length);
    expect(token).toMatch(/^[\w-]{43}$/);
    const check = async (): Promise<void> => {
      await page.getByRole("heading", { name: "order.paid" }).waitFor();
      await rows.nth(1).waitFor();
      expect(await rows.count()).toBe(2);
      expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
        event: "order.*",
        verified: "true",
        n: "2",
      });
      expect(page.url()).not.toContain(token);
    };
    await check();
    await page.reload();
    await check();
    expect(await page.context().cookies()).toEqual([]);
    expect(await evaluate(page, "JSON.stringify(localStorage)")).not.toContain(token);
    // A tab that was given no token has none.
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.getByRole("heading", { name: "This page is locked" }).waitFor();
    expect(await rowsOf(other).count()).toBe(0);
  });

  test.each([
    ["no token", ""],
    ["a wrong token", `#token=${"A".repeat(43)}`],
  ])("shows nothing with %s", async (_, fragment) => {
    const { inspector } = await openFilled([{ event: "order.hidden" }]);
    const page = await openPage({ mayComplain: true });
    await page.goto(`${inspector.url}${fragment}`);
    await page.getByRole("heading", { name: "This page is locked" }).waitFor();
    expect(await rowsOf(page).count()).toBe(0);
    const text = await evaluate<string>(page, "document.documentElement.textContent");
    expect(text).not.toMatch(/order|127\.0\.0\.1:3000|fareplay/i);
  });

  test("opens from a file that leads there, as a terminal's key does it", async () => {
    const { inspector } = await openFilled([{ event: "order.created" }]);
    const file = join(createFolder(), "open.html");
    const to = `${inspector.url}#token=${inspector.token}&amp;n=1`;
    writeFileSync(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${to}">`);
    const page = await openPage();
    await page.goto(`file://${file}`);
    await page.getByRole("heading", { name: "order.created" }).waitFor();
    expect(new URL(page.url()).hash).toBe("");
    await page.reload();
    await page.getByRole("heading", { name: "order.created" }).waitFor();
  });

  test("tells when the listener stops", async () => {
    const { page, listener } = await openBench({ mayComplain: true });
    await listener.stop();
    await page.getByText(/Listener stopped/).waitFor();
  });
});

function signature(body: string, secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}
