import type { DemoEvent } from "../actions/demo.ts";
import { count } from "./format.ts";
import { showDelivery } from "./listen.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/**
 * Tells the demonstration as it happens, by the listener's lines.
 * @returns whether all went as it should: everything verified but the one that was tampered with
 */
export async function showDemo(output: Output, events: AsyncIterable<DemoEvent>): Promise<boolean> {
  const { out } = output;
  let sent = 0;
  let delivered = 0;
  let refused = false;
  let provider = "";
  let counts = { verified: 0, rejected: 0 };
  for await (const happened of events) {
    if (happened.side === "listener") {
      const { event } = happened;
      if (event.type === "ready")
        output.line(
          `A listener is up at ${out.bold(event.urls[0] ?? "")}. Every vendor's webhooks are sent to it, signed with`,
        );
      if (event.type === "ready") output.line("this machine's development secrets.");
      if (event.type === "delivery") {
        if (event.provider !== undefined && event.provider !== provider && event.accepted) {
          provider = event.provider;
          output.line(`\n${out.bold(safeLine(event.title ?? provider))}`);
        }
        if (!event.accepted) output.line(`\n${out.bold("Tampered with")}`);
        showDelivery(output, event, "line");
      }
      if (event.type === "stopped") counts = event;
    } else if (happened.side === "sender") {
      if (happened.event.type !== "summary") continue;
      sent += happened.event.sent;
      delivered += happened.event.succeeded;
    } else {
      refused = happened.status === 401;
      output.line(
        `  ${out.dim(`${happened.name} was signed, then ${happened.path} was set to ${happened.value} on the way: answered ${happened.status}`)}`,
      );
    }
  }
  const passed = delivered === sent && sent > 0 && refused && counts.verified === sent;
  output.json({ type: "summary", ok: passed, sent, verified: counts.verified, rejected: counts.rejected });
  output.line(
    `\n${passed ? out.green("✓") : out.red("✗")} ${count(sent, "delivery", "deliveries")} sent, ${counts.verified} verified; ${counts.rejected} tampered with and rejected`,
  );
  output.note(`\nNow your own app:
  npx hookline listen 3000/webhooks                                  receives, verifies and forwards to it
  npx hookline replay order.created --to localhost:4400/fareplay     sends a signed delivery`);
  return passed;
}
