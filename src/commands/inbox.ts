import type { Command } from "commander";
import type { Context } from "./context.ts";
import { addInboxFilterFlags, readLimits, type LimitFlags } from "./inbox-flags.ts";
import { clear, exportThem, list, replay, show } from "./inbox-run.ts";
import { addListFlags } from "./list-flags.ts";

const naming = "by number or id, or last";

export function define(command: Command, context: Context): void {
  const sub = (words: string, description: string): Command =>
    command.command(words).description(description);

  addListFlags(addInboxFilterFlags(sub("list", "List what listeners received, newest first.")))
    .addHelpText(
      "after",
      `
✓ is verified, ✗ is not, ? has no secret to be held against. Rejected: the sender was turned away; failed: your app has
not accepted it, nor any replay of it.

Examples:
  hookline inbox list --failed --since 1h
  hookline inbox list --provider stripe --event 'charge.*' --text cus_9s6`,
    )
    .action(context.run(list));

  sub("show", "Show a delivery: its request, the verdict, and how your app took it.")
    .argument("[id]", `a delivery ${naming}; asked for on a terminal`)
    .option("--raw", "write the bytes of its body, and nothing else")
    .action(context.run(show));

  addInboxFilterFlags(
    sub("replay", "Send deliveries again: those that are named, or all that fit a filter.").argument(
      "[ids...]",
      `deliveries ${naming}; asked for on a terminal`,
    ),
  )
    .option(
      "--to <target>",
      "3000, 3000/path, host:port/path or a URL; ending in / it gets the rest of the path",
    )
    .option("--original", "send the headers that they came with, in place of new signatures")
    .option("--dry-run", "list what would be sent, and send nothing")
    .option("--yes", "do not ask, however many fit the filter")
    .option("--concurrency <n>", "so many at once", "1")
    .option("--timeout <duration>", "wait so long for an answer (default: as long as the provider does)")
    .option("--insecure", "accept any certificate")
    .option("--ca <file>", "trust the certificates in this PEM file too")
    .addHelpText(
      "after",
      `
They are sent oldest first, byte for byte, each with the headers it came with and a new signature: by the secret that is
configured, else, where it was verified, the development secret. What no provider claims, and what no secret is known
for, keeps its old signature, as all do with --original; a time in it may have run out.

How each goes is recorded: what your app accepts is no longer listed by --failed.
Exit code 0 where all were accepted, 1 otherwise. To change a body first: hookline replay inbox:ID --set …

Examples:
  hookline inbox replay --failed --to 3000/webhooks
  hookline inbox replay last --to 3000/webhooks`,
    )
    .action(context.runUntilSignal(replay));

  addInboxFilterFlags(
    sub("export", "Write deliveries as raw HTTP requests, one file each.").argument(
      "[ids...]",
      `deliveries ${naming}; all that fit the filter where none is named`,
    ),
  )
    .option("--out <folder>", "the folder they go into, each below its provider's name")
    .option("--force", "replace files that are there")
    .addHelpText(
      "after",
      `
Headers in order and case, and the body byte for byte; credentials (Authorization, Cookie, x-api-key) are [redacted], and
a body that came in chunks has a Content-Length instead. The files are readable by you alone. Both of these take one:
  hookline replay captured/fareplay/order.created-17.http --to 3000/webhooks
  hookline verify --request captured/fareplay/order.created-17.http

Example:
  hookline inbox export --failed --out captured`,
    )
    .action(context.run(exportThem));

  addInboxFilterFlags(sub("clear", "Remove deliveries for good: all of them, or those that fit a filter."))
    .option("--dry-run", "list what would be removed, and remove nothing")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      `
Examples:
  hookline inbox clear --until 7d
  hookline inbox clear --yes`,
    )
    .action(context.run(clear));

  sub("diff", "Show where the bodies of two deliveries differ.")
    .argument("<before>", `a delivery ${naming}`)
    .argument("<after>", "another")
    .addHelpText(
      "after",
      `
JSON is compared value by value, forms by parameter, other text by line. What means the same and is written differently
(8 for 8.00, another order of keys, white space) is told as such: a signature does not take it for the same.
Exit code 0 whether they differ or not.`,
    )
    .action(
      context.run(async ({ host, output }, before: string, after: string) => {
        const [{ diffDeliveries }, { showDeliveryDiff }] = await Promise.all([
          import("../actions/inbox.ts"),
          import("../ui/inbox-diff.ts"),
        ]);
        showDeliveryDiff(output, await diffDeliveries(host, [before, after]));
        return 0;
      }),
    );

  sub("limits", "Show how much is kept, or change it; the oldest go first.")
    .option("--count <n>", "keep so many deliveries (at first 10000)")
    .option("--age <duration>", "keep them so long (at first 30d)")
    .option("--size <size>", "keep so much (at first 1gb)")
    .action(
      context.run(async ({ host, output }, flags: LimitFlags) => {
        const [{ inboxLimits }, { showLimits }, changed] = await Promise.all([
          import("../actions/inbox.ts"),
          import("../ui/inbox.ts"),
          readLimits(flags),
        ]);
        showLimits(output, await inboxLimits(host, changed));
        return 0;
      }),
    );
}
