import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Listening, ListenEvent, ListenReady } from "../../src/actions/listen-events.ts";
import { HooklineError } from "../../src/errors.ts";
import { showListen } from "../../src/ui/listen.ts";
import type { PrintMode } from "../../src/ui/listen-delivery.ts";
import { answered, delivery, noon, ready, screenOf } from "./listen-events.ts";

const withAll = ready({
  target: "http://localhost:3000/webhooks",
  inspector: "http://127.0.0.1:4401/#token=t",
});

interface Options {
  head?: ListenReady;
  print?: PrintMode;
  interactive?: boolean;
  columns?: number | undefined;
  json?: boolean;
  ownsTerminal?: () => boolean;
  replayLast?: () => Promise<boolean>;
  inspectorPage?: () => string | undefined;
  /** Whether something can open a page. */
  opens?: boolean;
}

/** A listener at work on a terminal, with somebody at the keyboard. */
async function listenOnTerminal(options: Options = {}) {
  const { head = withAll, print = "body", interactive = true, json = false } = options;
  const screen = await screenOf({
    json,
    interactive,
    ...("columns" in options && options.columns === undefined ? {} : { columns: options.columns ?? 80 }),
  });
  const { output } = screen;

  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => void modes.push(isRaw),
  });
  const signals: string[] = [];
  const process = Object.assign(new EventEmitter(), {
    platform: "linux",
    kill: (pid: number, signal: string) => void signals.push(`${signal} to ${pid}, raw: ${modes.at(-1)}`),
  });
  process.on("SIGINT", () => void signals.push("SIGINT"));
  let answer: (text: string) => void = () => undefined;
  let leave: () => void = () => undefined;
  /** What the keys have asked for. */
  const calls: string[] = [];
  const input = (): Promise<string> => {
    calls.push("ask");
    return new Promise((resolve, reject) => {
      answer = resolve;
      leave = () => reject(new HooklineError("interrupted", "the question was not answered"));
    });
  };

  const queue: ListenEvent[] = [];
  let wake: () => void = () => undefined;
  let isOver = false;
  const push = (event: ListenEvent): void => {
    queue.push(event);
    wake();
  };
  const stop = (): void => {
    calls.push("stop");
    const counts = { received: 0, verified: 0, rejected: 0, unverified: 0, duplicates: 0 };
    isOver = true;
    push({ type: "stopped", ...counts, unmet: [] });
  };
  const listening: Listening = {
    async *[Symbol.asyncIterator]() {
      while (!isOver || queue.length > 0) {
        const event = queue.shift();
        if (event === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield event;
      }
    },
    replayLast() {
      calls.push("replay");
      return options.replayLast?.() ?? Promise.resolve(true);
    },
    inspectorPage: options.inspectorPage ?? (() => "file:///home/me/open.html"),
    stop,
  };
  const { ownsTerminal = () => true, opens = true } = options;
  const open = (url: string): Promise<boolean> => {
    calls.push(`open ${url}`);
    return Promise.resolve(opens);
  };
  const keys = { prompts: { input }, stdin, process, ownsTerminal, open };
  const done = showListen(output, { print, now: () => noon, keys }, listening);
  done.catch(() => undefined);
  onTestFinished(async () => {
    if (!isOver) stop();
    await done.catch(() => undefined);
  });

  /** All that is under way in this process has been done. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    await output.flush();
  };
  push(head);
  // What keys need is loaded by then.
  while (!screen.text().includes("listening on")) await settle();
  return {
    ...screen,
    done,
    modes,
    signals,
    process,
    stdin,
    calls,
    stop,
    answer: async (text: string) => {
      answer(text);
      await settle();
    },
    leave: async () => {
      leave();
      await settle();
    },
    receive: async (...events: ListenEvent[]) => {
      for (const event of events) push(event);
      await settle();
    },
    /** @returns what is printed for it */
    type: async (text: string): Promise<string> => {
      const before = screen.text().length;
      stdin.write(text);
      await settle();
      return screen.text().slice(before);
    },
  };
}

const named = (event: string) => delivery({ event });

describe("keys that can do something are shown", () => {
  test.each([
    ["all of them", withAll, "r replay the last · o open in the inspector · f filter · c clear · q quit"],
    ["nowhere to send to", { ...withAll, target: undefined }, "o open in the inspector · f filter"],
    ["no inspector", { ...withAll, inspector: undefined }, "r replay the last · f filter · c clear · q quit"],
  ])("%s", async (_, head, hint) => {
    const { text, type } = await listenOnTerminal({ head });
    expect(text()).toContain(`\n  ${hint}`);
    expect(await type("?")).toContain(`  ${hint}`);
    expect(await type("h")).toContain(`  ${hint}`);
  });

  test("and no others work", async () => {
    const head = { ...withAll, target: undefined, inspector: undefined };
    const { type, calls } = await listenOnTerminal({ head });
    expect(await type("r")).toBe("");
    expect(await type("o")).toBe("");
    expect(calls).toEqual([]);
  });

  test.each([
    ["nothing may be asked", { interactive: false }],
    ["standard output is no terminal", { columns: undefined }],
    ["JSON is wanted", { json: true, interactive: false }],
    ["it is in the background", { ownsTerminal: () => false }],
  ])("none where %s, and the terminal is left alone", async (_, options) => {
    const { text, type, modes, calls } = await listenOnTerminal(options);
    expect(text()).not.toContain("quit");
    expect(await type("q")).toBe("");
    expect(calls).toEqual([]);
    expect(modes).toEqual([]);
  });
});

describe("r", () => {
  test("replays the last, one at a time", async () => {
    let settle: (isDone: boolean) => void = () => undefined;
    const { type, calls } = await listenOnTerminal({
      replayLast: () => new Promise((resolve) => (settle = resolve)),
    });
    await type("r");
    await type("r");
    expect(calls).toEqual(["replay"]);
    settle(true);
    await type("R");
    expect(calls).toEqual(["replay", "replay"]);
  });

  test.each([
    ["there is nothing", () => Promise.resolve(false), "nothing to replay: no delivery was accepted yet"],
    [
      "it fails",
      () => Promise.reject(new Error("no secret\x1b[2J")),
      String.raw`it was not replayed: no secret\u001b[2J`,
    ],
  ])("says so where %s", async (_, replayLast, said) => {
    const { type } = await listenOnTerminal({ replayLast });
    expect(await type("r")).toContain(said);
  });
});

describe("o", () => {
  test("opens the page that leads to the inspector, and says nothing", async () => {
    const { type, calls } = await listenOnTerminal();
    expect(await type("o")).toBe("");
    expect(calls).toEqual(["open file:///home/me/open.html"]);
  });

  test("where nothing opens it, the address is told whole", async () => {
    const inspector = `http://127.0.0.1:4401/#token=${"t".repeat(60)}`;
    const { type } = await listenOnTerminal({
      head: { ...withAll, inspector },
      opens: false,
      columns: 60,
    });
    expect(await type("o")).toBe(`nothing here opens a browser; open it by hand:\n${inspector}\n`);
  });

  test("where its page cannot be written it says why, tells the address and goes on", async () => {
    const { type, calls, done } = await listenOnTerminal({
      inspectorPage: () => {
        throw new Error("no space left on device\x1b[2J");
      },
      columns: 120,
    });
    expect(await type("o")).toBe(
      [
        String.raw`the inspector was not opened: no space left on device\u001b[2J; open it by hand:`,
        "http://127.0.0.1:4401/#token=t",
        "",
      ].join("\n"),
    );
    expect(calls).toEqual([]);
    await type("q");
    expect(await done).toMatchObject({ type: "stopped" });
  });
});

describe("f", () => {
  test("holds back what comes, then shows what fits, until an empty answer", async () => {
    const at = await listenOnTerminal();
    await at.type("f");
    expect(at.calls).toEqual(["ask"]);
    const before = at.text();
    await at.receive(named("order.created"), named("user.created"));
    expect(at.text()).toBe(before);
    // What is typed belongs to the question.
    await at.type("q");
    expect(at.calls).toEqual(["ask"]);

    await at.answer(" Order.* ");
    await at.receive(named("order.paid"), named("user.paid"));
    const shown = at.text().slice(before.length);
    expect(shown).toContain("only deliveries that fit are shown: Order.*");
    expect(shown.match(/(order|user)\.\w+/g)).toEqual(["order.created", "order.paid"]);

    await at.type("f");
    await at.answer("");
    expect(at.text()).toContain("every delivery is shown; 2 deliveries were hidden");
    await at.receive(named("user.gone"));
    expect(at.text()).toContain("user.gone");
  });

  test("a question that is left changes nothing", async () => {
    const at = await listenOnTerminal();
    await at.type("f");
    await at.answer("order");
    await at.type("f");
    await at.receive(named("user.created"), named("order.created"));
    await at.leave();
    expect(at.text()).not.toContain("user.created");
    expect(at.text()).toContain("order.created");
    await at.type("q");
    expect(at.calls).toEqual(["ask", "ask", "stop"]);
  });

  test("of more than 1,000 that come meanwhile the last are shown, and the rest is counted", async () => {
    const at = await listenOnTerminal();
    await at.type("f");
    await at.receive(...Array.from({ length: 1003 }, (_, index) => named(`event.${index}`)));
    await at.answer("");
    expect(at.text()).toContain("3 deliveries came meanwhile and can be shown no more");
    expect(
      at
        .text()
        .match(/event\.\d+/g)
        ?.slice(0, 2),
    ).toEqual(["event.3", "event.4"]);
    expect(at.text().match(/event\.\d+/g)).toHaveLength(1000);
  });

  test("the end comes also while it asks", async () => {
    const at = await listenOnTerminal();
    await at.type("f");
    await at.receive(named("order.created"));
    at.stop();
    await at.done;
    await at.receive();
    expect(at.text()).toMatch(/order\.created[^]*0 deliveries: 0 verified/);
    expect(at.modes.at(-1)).toBe(false);
  });

  test("is not there where no delivery is printed", async () => {
    const { text, type, calls } = await listenOnTerminal({ print: "none" });
    expect(text()).not.toContain("filter");
    await type("f");
    expect(calls).toEqual([]);
  });
});

test("c clears all and begins again with the head", async () => {
  const at = await listenOnTerminal();
  await at.receive(named("order.created"));
  const printed = await at.type("c");
  expect(printed.startsWith("\x1b[2J\x1b[3J\x1b[H● listening on")).toBe(true);
  expect(printed).toContain("q quit");
  expect(printed).not.toContain("order.created");
});

describe("leaving", () => {
  test("q ends it gracefully and gives the terminal back", async () => {
    const { type, done, modes, stdin } = await listenOnTerminal();
    expect(modes.at(-1)).toBe(true);
    await type("q");
    expect(await done).toMatchObject({ type: "stopped" });
    expect(modes.at(-1)).toBe(false);
    expect(stdin.isPaused()).toBe(true);
    expect(stdin.listenerCount("keypress")).toBe(0);
  });

  test("Ctrl-C is an interrupt, each of them, whatever else is typed with it", async () => {
    const { type, signals, calls } = await listenOnTerminal();
    await type("\x03");
    expect(signals).toEqual(["SIGINT"]);
    await type("x\x03");
    expect(signals).toEqual(["SIGINT", "SIGINT"]);
    expect(calls).toEqual([]);
  });

  test("Ctrl-Z stops the job with the terminal as it was, and takes it again behind", async () => {
    const { type, signals, modes } = await listenOnTerminal();
    await type("\x1a");
    expect(signals).toEqual(["SIGTSTP to 0, raw: false"]);
    expect(modes.at(-1)).toBe(true);
  });

  test("continued in the foreground it takes the terminal again, in the background it does not", async () => {
    let isInFront = true;
    const { process, modes, stdin, done, stop } = await listenOnTerminal({ ownsTerminal: () => isInFront });
    isInFront = false;
    const before = modes.length;
    process.emit("SIGCONT");
    expect(modes).toHaveLength(before);
    expect(stdin.isPaused()).toBe(true);
    isInFront = true;
    process.emit("SIGCONT");
    // Set anew, as it is thought to be set.
    expect(modes.slice(before)).toEqual([false, true]);
    expect(stdin.isPaused()).toBe(false);
    stop();
    await done;
    expect(process.listenerCount("SIGCONT")).toBe(0);
  });

  test("an error in the listener gives the terminal back too", async () => {
    const at = await listenOnTerminal();
    const broken = { ...delivery(), forwards: null } as unknown as ListenEvent;
    await at.receive(broken);
    await expect(at.done).rejects.toThrow(TypeError);
    expect(at.modes.at(-1)).toBe(false);
  });
});

describe("what is no key", () => {
  test.each([
    ["a paste", "from cover to q"],
    ["a paste of keys", "roc"],
    ["arrows and other keys that send sequences", "\x1b[A\x1b[B\x1bOq\x1b[15~"],
    ["one of them alone", "\x1b[C"],
    ["with Alt", "\x1bq"],
    ["any other", "x"],
    ["Enter", "\r"],
  ])("%s does nothing", async (_, typed) => {
    const { type, calls } = await listenOnTerminal();
    expect(await type(typed)).toBe("");
    expect(calls).toEqual([]);
  });

  test("a key held down counts once for each time it is read", async () => {
    const { type, calls } = await listenOnTerminal();
    await type("rrrr");
    expect(calls).toEqual(["replay"]);
  });
});

test("what is replayed is shown as it went", async () => {
  const at = await listenOnTerminal();
  const [provider, event] = ["fareplay", "order.created"];
  await at.receive({
    type: "replayed",
    id: "dlv_1",
    provider,
    event,
    signed: true,
    forwards: [answered(200)],
  });
  expect(at.text()).toContain("↻ 12:00:00 replayed fareplay order.created (signed anew)");
  expect(at.text()).toContain("  → http://localhost:3000/webhooks  200  12 ms");
});
