import type { WatchEvent } from "../actions/watch-deliveries.ts";
import { statusLine } from "./deliveries.ts";
import { duration, timeOfDay } from "./format.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** Prints changes of deliveries as they come. @param where whose they are */
export async function showWatch(
  output: Output,
  where: string,
  events: AsyncIterable<WatchEvent>,
): Promise<void> {
  const { out, err } = output;
  for await (const event of events) {
    switch (event.type) {
      case "ready":
        output.note(`${err.green("●")} watching the deliveries of ${safeLine(where, 200)}`);
        if (event.delivers)
          output.note(err.dim("  no server is needed: while this runs, it delivers what is due"));
        break;
      case "change":
        output.json(event.delivery);
        if (!output.jsonMode)
          output.line(statusLine(out, event.delivery, { at: event.at, time: timeOfDay(event.at) }));
        break;
      case "trouble":
        output.note(
          err.yellow(`${safeLine(event.error.message, 500)}; asking again in ${duration(event.againInMs)}`),
        );
        break;
      case "recovered":
        output.note("the API answers again");
    }
  }
}
