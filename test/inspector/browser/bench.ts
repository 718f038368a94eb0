import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { developmentSecret, listenJson, type Listener } from "../../cli/listen-process.ts";
import { fareplayHeaders, post, startServer, type Answerer, type TestServer } from "../../cli/run-servers.ts";
import { createPlace, ndjson, root, type Place } from "../../cli/spawn.ts";
import { openInspector, type TestInspector } from "../inspectors.ts";
import { openPage, type OpenOptions } from "./chromium.ts";

/** Folder of the page as it is shipped. */
export const builtPage = join(root, "dist/inspector");

/** The built program, an app behind it, and a page on its inspector. */
export interface Bench {
  place: Place;
  listener: Listener;
  app: TestServer;
  /** With the token behind its `#`. */
  inspectorUrl: string;
  page: Page;
  secret: string;
  /** Sends a delivery of Fareplay, rightly signed. @returns the status it was answered with */
  deliver: (body: string | Uint8Array, names?: { event?: string; delivery?: string }) => Promise<number>;
}

export async function openBench(
  { answer, ...options }: OpenOptions & { answer?: Answerer } = {},
  place = createPlace(),
): Promise<Bench> {
  const [secret, app, page] = await Promise.all([
    developmentSecret("fareplay", { place }),
    startServer(answer),
    openPage(options),
  ]);
  const args = [`${app.url}/hooks`, "--record", "--inspect", "--inspector-port", "0"];
  const listener = await listenJson(args, { place });
  const inspectorUrl = String(ndjson(listener.stdout())[0]?.["inspector_url"]);
  await page.goto(inspectorUrl);
  await page.getByText("Live", { exact: true }).waitFor();
  return {
    place,
    listener,
    app,
    inspectorUrl,
    page,
    secret,
    deliver: async (body, names) => {
      const headers = fareplayHeaders(body, secret, names);
      return (await post(`${listener.url}/fareplay`, { body, headers })).status;
    },
  };
}

/** An inspector in this process, with deliveries in it, and a page on it. */
export async function openFilled(
  deliveries: Parameters<TestInspector["record"]>,
  options: OpenOptions = {},
): Promise<{ inspector: TestInspector; page: Page }> {
  const [inspector, page] = await Promise.all([openInspector({ pageFolder: builtPage }), openPage(options)]);
  inspector.record(...deliveries);
  await page.goto(`${inspector.url}#token=${inspector.token}`);
  await page.getByText("Live", { exact: true }).waitFor();
  return { inspector, page };
}

/** The deliveries in the list; a menu's options are none. */
export function rowsOf(page: Page): Locator {
  return page.getByRole("listbox").getByRole("option");
}
