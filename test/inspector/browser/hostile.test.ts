import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { post, startServer } from "../../cli/run-servers.ts";
import { openInspector, type TestInspector } from "../inspectors.ts";
import { builtPage, openBench, rowsOf } from "./bench.ts";
import { evaluate, inChromium, openPage } from "./chromium.ts";

const markup = [
  `<script>alert(1)</script>`,
  `<img src=x onerror=alert(2)>`,
  `"><svg onload=alert(3)>`,
  `javascript:alert(4)`,
  `</textarea></pre><iframe srcdoc="<script>parent.alert(5)</script>">`,
  "{{constructor.constructor('alert(6)')()}}",
];
const unseen = "\u001b[31mred\u001b]8;;http://evil.test\u0007 \u202etxt.exe\u2066 a\u200bb\u00ad \u0000";

inChromium("a hostile payload", () => {
  test("stays text: markup is shown, what would not be seen is written out, nothing runs", async () => {
    const { page, deliver, listener } = await openBench({
      answer: (_, response) =>
        void response.writeHead(500, { "x-answer": markup[0] ?? "" }).end(`${markup.join("\n")}${unseen}`),
    });
    const body = JSON.stringify({ markup, unseen, ["__proto__"]: markup[0], [markup[1] ?? ""]: 1 });
    await deliver(body, { event: markup[0] ?? "", delivery: markup[1] ?? "" });
    await post(`${listener.url}/${encodeURIComponent(markup[1] ?? "")}?${markup[3]}`, {
      body: `a=${encodeURIComponent(markup.join())}&b=%1b%e2%80%ae`,
      headers: { "content-type": "application/x-www-form-urlencoded", "user-agent": markup[2] ?? "" },
    });
    await post(`${listener.url}/fareplay`, {
      body: Buffer.concat([Buffer.from(markup.join()), Buffer.from([0xff, 0x1b])]),
    });
    await listener.deliveries(3);
    const rows = rowsOf(page);
    await rows.nth(2).waitFor();
    for (let row = 0; row < 3; row++) {
      await rows.nth(row).click();
      await page.getByRole("group", { name: "View of the body" }).waitFor();
      for (const view of await page
        .getByRole("group", { name: "View of the body" })
        .getByRole("button")
        .all()) {
        await view.click();
        await expectOnlyOwn(page);
      }
    }
    await rows.nth(2).click();
    await page.getByRole("heading", { name: markup[0] ?? "" }).waitFor();
    await page.getByRole("button", { name: "Raw", exact: true }).click();
    await page
      .getByLabel("Body as text")
      .getByText(markup[2] ?? "")
      .waitFor();
    await page.getByRole("button", { name: "Tree", exact: true }).click();
    await page.getByRole("treeitem").getByText("__proto__").waitFor();
    const tree = (await page.getByRole("tree", { name: "Body" }).textContent()) ?? "";
    for (const written of ["\\u001b[31mred", "\\u202etxt.exe\\u2066", "a\\u200bb\\u00ad", "\\u0000"]) {
      expect(tree).toContain(written);
    }
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await expectOnlyOwn(page);
    await page.keyboard.press("Escape");
    const text = await evaluate<string>(page, "document.body.textContent");
    expect(text).not.toMatch(/[\u0000\u001b\u202a-\u202e\u2066-\u2069\u200b]/);
  });

  test("is downloaded as a file, never shown as a page", async () => {
    const inspector = await openInspector({ pageFolder: builtPage });
    inspector.record({ body: Buffer.from("<!doctype html><script>alert(1)</script>") });
    const page = await openPage({ extraHTTPHeaders: { authorization: `Bearer ${inspector.token}` } });
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.goto(`${inspector.url}api/deliveries/1/body`).catch(() => undefined),
    ]);
    expect(download.suggestedFilename()).toBe("delivery-1.bin");
  });
});

/** No element that only a payload could have made, and no attribute that runs or loads anything. */
async function expectOnlyOwn(page: Page): Promise<void> {
  const found = await evaluate<string[]>(
    page,
    `[...document.querySelectorAll("*")].filter((element) =>
      ["IMG", "SVG", "IFRAME", "OBJECT", "EMBED", "BASE", "A", "VIDEO"].includes(element.tagName.toUpperCase()) ||
      (element.tagName === "SCRIPT" && !/\\/app\\.js$/.test(element.src)) ||
      [...element.attributes].some(({ name, value }) => /^on/i.test(name) || /javascript:|srcdoc/i.test(value) && name !== "title"),
    ).map((element) => element.outerHTML.slice(0, 200))`,
  );
  expect(found).toEqual([]);
  expect(await evaluate(page, "document.scripts.length")).toBe(1);
}

/** What must not come out, in whatever an attacker saw. */
const marker = "order.confidential";

/** What a page tries, each with what it saw of it; `base` is the inspector's address. */
const attempts = (base: string, token: string): Record<string, string> => ({
  "a fetch": `fetch("${base}/api/deliveries").then((answer) => answer.text())`,
  "a fetch of the page": `fetch("${base}/").then((answer) => answer.text())`,
  "a fetch that knows the token": `fetch("${base}/api/deliveries", { headers: { authorization: "Bearer ${token}" } }).then((answer) => answer.text())`,
  "a fetch with credentials": `fetch("${base}/api/deliveries", { credentials: "include" }).then((answer) => answer.text())`,
  "a fetch that asks for nothing": `fetch("${base}/api/deliveries", { mode: "no-cors" }).then((answer) => answer.type + answer.status + answer.text.length)`,
  "a stream": `new Promise((resolve, reject) => {
    const source = new EventSource("${base}/api/stream");
    source.onopen = source.onmessage = (event) => resolve("open " + event.data);
    source.onerror = () => (source.close(), reject(new Error("closed")));
  })`,
  "a WebSocket": `new Promise((resolve, reject) => {
    const socket = new WebSocket("${base.replace("http", "ws")}/api/stream");
    socket.onopen = socket.onmessage = () => resolve("open");
    socket.onerror = () => reject(new Error("closed"));
  })`,
  "a script": include("script", "src", `${base}/api/deliveries`),
  "the page's script": include("script", "src", `${base}/app.js`),
  "a module": `import("${base}/app.js").then((module) => "ran")`,
  "an image": include("img", "src", `${base}/api/deliveries/1/body`),
  "a style sheet": include("link", "href", `${base}/app.css`),
  "an object": include("object", "data", `${base}/`),
});

function include(tag: string, attribute: string, url: string): string {
  return `new Promise((resolve, reject) => {
    const element = document.createElement("${tag}");
    element.onload = () => resolve("loaded");
    element.onerror = () => reject(new Error("refused"));
    if ("${tag}" === "link") element.rel = "stylesheet";
    element["${attribute}"] = "${url}";
    document.body.append(element);
  })`;
}

async function openTarget(): Promise<{ inspector: TestInspector; replays: () => number }> {
  let replays = 0;
  const inspector = await openInspector({
    pageFolder: builtPage,
    replay: () => {
      replays++;
      return Promise.reject(new Error("never"));
    },
  });
  inspector.record({ event: marker });
  return { inspector, replays: () => replays };
}

/** Runs every attempt in the page. @returns those that saw anything, and what */
async function tryAll(page: Page, base: string, token: string): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(attempts(base, token))) {
    const result = await evaluate<string | undefined>(
      page,
      `Promise.race([(${attempt}).then(String, () => undefined), new Promise((resolve) => setTimeout(resolve, 3000, "hangs"))])`,
    );
    if (result !== undefined) seen[name] = result;
  }
  return seen;
}

inChromium("a page of another origin", () => {
  test.each([
    ["another port of this machine", (port: number) => `http://127.0.0.1:${port}`],
    ["another site", (port: number) => `http://evil.test:${port}`],
  ])("on %s reads nothing and triggers nothing", async (_, originOf) => {
    const { inspector, replays } = await openTarget();
    const attacker = await startServer((_, response) => {
      response
        .writeHead(200, { "content-type": "text/html" })
        .end("<!doctype html><title>evil</title><body>");
    });
    const page = await openPage({ mayComplain: true });
    await page.goto(originOf(attacker.port));
    const base = inspector.url.slice(0, -1);
    // The same tried on a server that lets everybody in, so that it is known to work at all.
    const open = await startServer((_, response) => {
      response
        .writeHead(200, {
          "access-control-allow-origin": originOf(attacker.port),
          "access-control-allow-credentials": "true",
          "access-control-allow-headers": "authorization",
          "content-type": "text/event-stream",
        })
        .end(`data: ${marker}\n\n`);
    });
    const seen = await tryAll(page, open.url, inspector.token);
    for (const name of ["a fetch", "a fetch that knows the token", "a fetch with credentials"]) {
      expect(seen[name], name).toContain(marker);
    }
    expect(seen["a stream"]).toMatch(/^open/);
    expect(seen["a fetch that asks for nothing"]).toMatch(/^opaque/);
    expect(await tryAll(page, base, inspector.token)).toEqual({});

    const framed = await evaluate<string>(
      page,
      `new Promise((resolve) => {
        const frame = document.createElement("iframe");
        frame.onload = () => { let text; try { text = frame.contentDocument.body.textContent } catch (error) { text = error.name } resolve(String(text)) };
        frame.src = "${inspector.url}#token=${inspector.token}";
        document.body.append(frame);
      })`,
    );
    expect(framed).not.toContain(marker);
    const frame = page.frames().find((candidate) => candidate !== page.mainFrame());
    expect(await frame?.locator("[role=option]").count()).toBe(0);

    const opened = await evaluate<string>(
      page,
      `new Promise((resolve) => {
        const opened = window.open("${inspector.url}#token=${inspector.token}");
        setTimeout(() => { let text; try { text = opened.document.body.textContent } catch (error) { text = error.name } resolve(String(opened.closed) + text) }, 500);
      })`,
    );
    expect(opened).not.toContain(marker);

    await evaluate(
      page,
      `(() => {
        const form = document.createElement("form");
        form.method = "post";
        form.enctype = "text/plain";
        form.action = "${base}/api/deliveries/1/replay";
        const field = document.createElement("input");
        field.name = '{"route":0,"original":false,"x":"';
        field.value = '"}';
        form.append(field);
        document.body.append(form);
        form.submit();
      })()`,
    );
    await page.waitForURL(/replay$/);
    expect(await page.textContent("body")).toContain("origin-refused");
    expect(replays()).toBe(0);
    expect(inspector.errors).toEqual([]);
  });

  test("whose name is pointed at this machine reads nothing, though it is of the inspector's port", async () => {
    const { inspector, replays } = await openTarget();
    const base = `http://evil.test:${inspector.port}`;
    const page = await openPage({ mayComplain: true });
    await page.goto(`${base}/`);
    expect(await page.textContent("body")).toContain("host-refused");
    // What the attacker's own server sent before the name was pointed elsewhere.
    await page.route(`${base}/attack`, (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html><title>evil</title><body>" }),
    );
    await page.goto(`${base}/attack`);
    const seen = await tryAll(page, base, inspector.token);
    // Of the same origin as it is, the page reads the refusal.
    for (const [name, text] of Object.entries(seen)) {
      expect(text, name).toMatch(/host-refused|^(loaded|basic421\d+)$/);
      expect(text, name).not.toContain(marker);
    }
    expect(Object.keys(seen)).toContain("a fetch that knows the token");
    const replay = await evaluate<number>(
      page,
      `fetch("/api/deliveries/1/replay", {
        method: "POST",
        headers: { authorization: "Bearer ${inspector.token}", "content-type": "application/json" },
        body: '{"route":0}',
      }).then(({ status }) => status)`,
    );
    expect([replay, replays()]).toEqual([421, 0]);
  });
});
