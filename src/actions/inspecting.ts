import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isHooklineError } from "../errors.ts";
import { redact } from "../inbox/redact.ts";
import { startInspector, type Inspector } from "../inspector/server.ts";
import type { Forwarder } from "./forwarding.ts";
import type { InspectOptions } from "./listen-events.ts";
import type { Replayer } from "./listen-replay.ts";
import type { Recording } from "./recording.ts";
import type { Workspace } from "./workspace.ts";

/** The inspector of a listener. */
export interface Inspecting {
  /** Where it is, the token of this run behind the `#`. */
  url: string;
  /**
   * Writes a file that leads a browser there, to the delivery that came last: what is named to a browser as it starts
   * stands in its arguments, which every user of the machine can read.
   * @returns the file's URL
   */
  page(): string;
  close(): Promise<void>;
}

export interface InspectingParts {
  recording: Recording;
  forwarder: Forwarder | undefined;
  replayer: Replayer;
  /** Where the listener can be reached. */
  listening: string;
  broken: (error: unknown) => void;
}

/** @throws HooklineError `port-taken` (where the port was asked for), `cannot-listen` */
export async function openInspector(
  workspace: Workspace,
  options: InspectOptions,
  { recording, forwarder, replayer, listening, broken }: InspectingParts,
): Promise<Inspecting> {
  const { host, registry } = workspace;
  const token = host.random(32).toString("base64url");
  const session = {
    version: host.version,
    listening,
    routes: (forwarder?.all ?? []).map(({ match, target }, index) => ({
      index,
      match: index < (forwarder?.routes ?? 0) ? match : null,
      url: target.url.href,
    })),
    providers: registry.all.map(({ id, title, ack }) => ({ id, title, ack_timeout_ms: ack.timeoutMs })),
  };
  const start = (port: number): Promise<Inspector> =>
    startInspector({
      inbox: recording.inbox,
      port,
      pageFolder: join(host.packageRoot, "dist", "inspector"),
      token,
      session: () => session,
      findings: options.findings,
      redact: ({ provider }, headers) =>
        redact(headers, provider === null ? undefined : registry.get(provider)),
      curl: (delivery, url) => {
        const args = replayer.curl(delivery, url);
        const piped = args.at(-1) === "@-" ? `hookline inbox show ${delivery.number} --raw | ` : "";
        return piped + options.commandLine(args);
      },
      replay: (delivery, order) => replayer.recorded(delivery, order),
      onError: broken,
    });
  const inspector = await start(options.port).catch((error: unknown) => {
    if (options.isPortGiven || !isHooklineError(error) || error.code !== "port-taken") throw error;
    // Another listener's inspector is there.
    return start(0);
  });
  recording.onRecorded((numbers) => inspector.changed(numbers));
  const url = `${inspector.url}#token=${token}`;
  const file = join(host.environment.home, `inspector-${inspector.port}.html`);
  const forget = (): void => rmSync(file, { force: true });
  process.on("exit", forget);
  return {
    url,
    page() {
      const last = recording.last();
      const to = last === undefined ? url : `${url}&n=${last}`;
      forget();
      writeFileSync(
        file,
        `<!doctype html><meta charset="utf-8"><title>hookline</title><meta http-equiv="refresh" content="0;url=${to.replaceAll("&", "&amp;")}">`,
        { mode: 0o600, flag: "wx" },
      );
      return pathToFileURL(file).href;
    },
    async close() {
      process.off("exit", forget);
      forget();
      await inspector.close();
    },
  };
}
