import { join } from "node:path";
import { Command, CommanderError, Help, type Option } from "commander";
import type { Context, GlobalFlags, Handler, Session } from "./commands/context.ts";
import { commands } from "./commands/index.ts";
import { readEnvironment } from "./config/environment.ts";
import { watchParent } from "./config/parent.ts";
import { createStdin } from "./config/stdin.ts";
import { EXIT, HooklineError, isHooklineError } from "./errors.ts";
import { createOutput, type Output } from "./ui/output.ts";
import { createPrompts, isPromptAbort } from "./ui/prompts.ts";
import { colourLevel, createTheme } from "./ui/theme.ts";

const packageRoot = join(__dirname, "..");
/** A terminal that is closed, and Ctrl-\\, must not leave behind what was started either. */
const signalCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const;
/** Under npx one Ctrl-C comes twice: from the terminal, and handed on by npx. */
const sameKeyMs = 500;

let output: Output | undefined;
let exitCode: number | undefined;
let interruptedBy: number | undefined;
const interruption = new AbortController();

async function openOutput(flags: GlobalFlags, environment = readEnvironment()): Promise<Output> {
  const { stdin, stdout, stderr } = process;
  const theme = (stream: NodeJS.WriteStream): ReturnType<typeof createTheme> =>
    createTheme(
      colourLevel({
        isTTY: stream.isTTY,
        noColor: environment.noColor,
        forceColor: environment.forceColor,
        flag: flags.color,
        ci: environment.ci,
        term: environment.term,
        colorterm: environment.colorterm,
      }),
    );
  const [out, err] = await Promise.all([theme(stdout), theme(stderr)]);
  return createOutput(
    { stdout, stderr },
    {
      json: flags.json === true,
      quiet: flags.quiet === true,
      debug: environment.debug,
      interactive:
        stdin.isTTY &&
        stderr.isTTY &&
        !environment.ci &&
        flags.input !== false &&
        !flags.json &&
        !flags.quiet,
      out,
      err,
      // Nobody reads any more: what runs is ended as a signal would end it.
      onClosed: () => interruption.abort(),
    },
  );
}

/** Opens what a command works with, once its flags are known. */
async function openSession(flags: GlobalFlags): Promise<Session> {
  const environment = readEnvironment(flags.envFile);
  const opened = await openOutput(flags, environment);
  output = opened;
  return {
    output: opened,
    prompts: createPrompts({ input: process.stdin, output: process.stderr }, opened.err),
    stderr: process.stderr,
    host: {
      environment,
      cwd: currentFolder(),
      packageRoot,
      get version() {
        return version();
      },
      stdin: createStdin(process.stdin, interruption.signal),
      now: Date.now,
      random: createRandom(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      warn: (text) => opened.warn(text),
    },
    signal: interruption.signal,
    interrupted: () => interruptedBy,
  };
}

/** Random bytes, a few at a time from many that were drawn together: each drawing is a system call. */
function createRandom(): (bytes: number) => Buffer {
  const drawn = 4096;
  let pool: Buffer | undefined;
  let used = 0;
  return (bytes) => {
    // Loaded at first use: it costs a tenth of the start.
    const { randomBytes } = process.getBuiltinModule("node:crypto");
    if (bytes > drawn / 16) return randomBytes(bytes);
    if (pool === undefined || used + bytes > drawn) {
      pool = randomBytes(drawn);
      used = 0;
    }
    // A copy of its own, so that nothing drawn is left behind for another.
    const taken = Buffer.from(pool.subarray(used, used + bytes));
    pool.fill(0, used, used + bytes);
    used += bytes;
    return taken;
  };
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new HooklineError("folder-gone", "the current folder is not there any more", {
      cause,
      nextSteps: ["change into another folder and run the command again"],
    });
  }
}

const context: Context = {
  run: (handler) => actionOf(handler, () => undefined),
  runUntilSignal: (handler) =>
    actionOf(handler, ({ host }) => {
      const { startedByNpx } = host.environment;
      let first = 0;
      for (const [name, code] of Object.entries(signalCodes)) {
        process.on(name, () => {
          if (interruptedBy === undefined) {
            first = performance.now();
            interruptedBy = code;
            interruption.abort();
          } else if (!startedByNpx || performance.now() - first > sameKeyMs) {
            // The second one means it: whatever is under way is dropped.
            process.exit(code);
          }
        });
      }
      if (startedByNpx) watchParent(() => interruption.abort());
    }),
};

function actionOf<Arguments extends unknown[]>(
  handler: Handler<Arguments>,
  prepare: (session: Session) => void,
): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    const command = args.at(-1) as Command;
    const session = await openSession(command.optsWithGlobals<GlobalFlags>());
    prepare(session);
    exitCode = await handler(session, ...args);
  };
}

/** The whole program: the command called is the only one that is loaded. */
async function createProgram(called: string | undefined): Promise<Command> {
  const program = new Command("hookline")
    .description(
      "Webhooks of any provider: sign, send, receive, verify, and manage the keys and endpoints behind.",
    )
    .usage("<command> [options]")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    // Flags that every command has; they may stand before its name too.
    .option("--json", "print JSON on standard output, and nothing else there")
    .option("--quiet", "print no notes on standard error")
    .option("--no-input", "ask nothing")
    .option("--color", "use colour even where the output is no terminal")
    .option("--no-color", "use no colour")
    .option("--env-file <file>", "read variables from a dotenv file too")
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption })
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      "after",
      `
Start with:
  hookline demo                                                every vendor's webhooks, on this machine alone
  hookline listen 3000/webhooks                                receive, verify and forward to your app
  hookline replay order.created --to localhost:4400/fareplay   send it a signed delivery`,
    );
  for (const { name, summary, hidden = false, load } of commands) {
    const command = program
      .command(name, { hidden })
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`);
    if (name !== called) continue;
    (await load()).define(command, context);
  }
  return program;
}

/** Without the empty list that a repeatable flag begins with. */
function describeOption(option: Option): string {
  const value: unknown = option.defaultValue;
  const isEmpty = Array.isArray(value) && value.length === 0;
  return isEmpty ? option.description : Help.prototype.optionDescription(option);
}

function version(): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (require("../package.json") as { version: string }).version;
}

async function main(argv: readonly string[]): Promise<number> {
  // `help listen` is `listen --help`, so that listen is loaded.
  const args =
    argv[0] === "help" && argv[1] !== undefined ? [argv[1], ...argv.slice(2), "--help"] : [...argv];
  if (args.length === 0) args.push("--help");
  const words = args.filter((arg, index) => !arg.startsWith("-") && args[index - 1] !== "--env-file");
  const program = await createProgram(words[0]);
  const path = commandPath(program, words);
  const unknown = path.command.commands.length > 0 && ![undefined, "help"].includes(path.next);
  try {
    // Commander would answer `bogus --help` with the help of what it knows.
    await program.parseAsync(unknown ? args.filter((arg) => !/^(-h|--help)$/.test(arg)) : args, {
      from: "user",
    });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      throw usageError(error, path.names);
    }
    throw error;
  }
  return exitCode ?? 0;
}

/** The command that the words lead to, its names from the program down, and the word after it. */
function commandPath(
  program: Command,
  words: readonly string[],
): { command: Command; names: string[]; next: string | undefined } {
  const names: string[] = [];
  let command = program;
  for (const word of words) {
    const child = command.commands.find((candidate) => candidate.name() === word);
    if (child === undefined) return { command, names, next: word };
    names.push(word);
    command = child;
  }
  return { command, names, next: undefined };
}

function usageError(error: CommanderError, names: readonly string[]): HooklineError {
  const [, message = "", suggestion] =
    /^(?:error: )?(.*?)(?:\n\(Did you mean (.*)\?\))?$/s.exec(error.message) ?? [];
  const missing = names.length === 0 ? "no command is named" : "a subcommand is missing";
  return new HooklineError("usage", error.code === "commander.help" ? missing : inHouseStyle(message), {
    nextSteps: [
      ...(suggestion === undefined ? [] : [`did you mean ${suggestion}?`]),
      `see ${["hookline", ...names, "--help"].join(" ")}`,
    ],
  });
}

/** Commander's only two sentences: "too many arguments for 'sign'. Expected 1 argument but got 2." */
function inHouseStyle(message: string): string {
  return message.replace(/\. Expected (\d+ arguments? but got \d+)\.$/, ": expected $1");
}

/** The one place where an error becomes words and an exit code. */
async function fail(error: unknown): Promise<number> {
  if (isPromptAbort(error)) return interruptedBy ?? signalCodes.SIGINT;
  // An error that came before any command ran knows its flags by the arguments alone.
  const { argv } = process;
  output ??= await openOutput({
    json: argv.includes("--json"),
    ...(argv.includes("--no-color") ? { color: false } : argv.includes("--color") ? { color: true } : {}),
  });
  output.error(error);
  return isHooklineError(error) ? error.exitCode : EXIT.bug;
}

async function finish(code: number): Promise<never> {
  try {
    await output?.flush();
  } catch (error) {
    code = await fail(error);
    await output?.flush();
  }
  process.exit(code);
}

process.on("uncaughtException", (error) => void fail(error).then(finish));
// Where nothing is left to wait for and the command has not come to its end, something was lost on the way.
process.once("beforeExit", () => void fail(new Error("the command ended before it was done")).then(finish));
main(process.argv.slice(2))
  .catch(fail)
  .then(finish, () => process.exit(EXIT.bug));
