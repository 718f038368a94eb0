import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import { safeLine } from "./safe.ts";
import type { Theme } from "./theme.ts";

export interface Choice<Value> {
  value: Value;
  name: string;
  description?: string;
}

export interface InputOptions {
  /** True where the answer will do, else what is wrong with it. */
  validate?: (answer: string) => true | string | Promise<true | string>;
}

/** Makes a validation of a check that throws a HooklineError where an answer will not do. */
export function validateBy(check: (answer: string) => unknown): (answer: string) => Promise<true | string> {
  return async (answer) => {
    try {
      await check(answer);
      return true;
    } catch (error) {
      if (!isHooklineError(error)) throw error;
      return error.message;
    }
  };
}

/** Questions on the terminal. Each throws HooklineError `interrupted` where the user leaves (Ctrl-C, Ctrl-D). */
export interface Prompts {
  select<Value>(message: string, choices: readonly Choice<Value>[]): Promise<Value>;
  /** Any number of the choices, at least one. */
  checkbox<Value>(message: string, choices: readonly Choice<Value>[]): Promise<Value[]>;
  input(message: string, options?: InputOptions): Promise<string>;
  /** What is typed does not show. */
  password(message: string, options?: InputOptions): Promise<string>;
  confirm(message: string, options?: { default?: boolean }): Promise<boolean>;
}

/** Whether an error says that the user left a prompt (or pressed Ctrl-C elsewhere): exit code 130, no message. */
export function isPromptAbort(error: unknown): boolean {
  return isHooklineError(error) && error.code === "interrupted";
}

/** @param streams `output` is standard error, as prompts are no data; `theme` is its */
export function createPrompts(
  streams: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream },
  theme: Theme,
): Prompts {
  const look = {
    prefix: { idle: theme.cyan("?"), done: theme.green("✔") },
    spinner: { frames: [theme.yellow("…")] },
    style: {
      answer: (text: string) => theme.cyan(safeLine(text)),
      message: theme.bold,
      error: (text: string) => theme.red(`> ${text}`),
      defaultAnswer: (text: string) => theme.dim(`(${text})`),
      help: theme.dim,
      highlight: theme.cyan,
      key: theme.cyan,
    },
  };
  const choiceLook = {
    ...look,
    style: {
      ...look.style,
      disabled: theme.dim,
      description: theme.dim,
      keysHelpTip: (keys: [key: string, action: string][]) =>
        theme.dim(keys.map(([key, action]) => `${key} ${action}`).join(" • ")),
    },
  };

  const ask = async <Answer>(
    prompt: (library: typeof import("./inquirer.ts"), context: object) => Promise<Answer>,
  ): Promise<Answer> => {
    const library = await import("./inquirer.ts");
    // The library never settles at the end of input, so that is watched here.
    const left = new AbortController();
    const leave = (): void => left.abort();
    const onKey = (_text: unknown, key?: { ctrl?: boolean; name?: string }): void => {
      if (key?.ctrl && key.name === "d") leave();
    };
    streams.input.on("end", leave).on("keypress", onKey);
    try {
      return await prompt(library, { ...streams, signal: left.signal });
    } catch (error) {
      if (!(error instanceof Error) || !/^(Exit|Abort)PromptError$/.test(error.name)) throw error;
      throw new HooklineError("interrupted", "nothing was done: the question was not answered", {
        exitCode: EXIT.failed,
        cause: error,
      });
    } finally {
      streams.input.off("end", leave).off("keypress", onKey);
    }
  };

  return {
    select: (message, choices) =>
      ask((library, context) =>
        library.select(
          {
            message: safeLine(message),
            choices: choices.map(({ value, name, description }) => ({
              value,
              name: safeLine(name),
              ...(description === undefined ? {} : { description: safeLine(description) }),
            })),
            theme: choiceLook,
          },
          context,
        ),
      ),
    checkbox: (message, choices) =>
      ask((library, context) =>
        library.checkbox(
          {
            message: safeLine(message),
            choices: choices.map(({ value, name, description }) => ({
              value,
              name: safeLine(name),
              ...(description === undefined ? {} : { description: safeLine(description) }),
            })),
            required: true,
            theme: choiceLook,
          },
          context,
        ),
      ),
    input: (message, options) =>
      ask((library, context) =>
        library.input({ message: safeLine(message), validate: validation(options), theme: look }, context),
      ),
    password: (message, options) =>
      ask((library, context) =>
        library.password(
          { message: safeLine(message), mask: "*", validate: validation(options), theme: look },
          context,
        ),
      ),
    confirm: (message, { default: preset = false } = {}) =>
      ask((library, context) =>
        library.confirm({ message: safeLine(message), default: preset, theme: look }, context),
      ),
  };
}

function validation({ validate }: InputOptions = {}): (answer: string) => Promise<true | string> {
  return async (answer) => {
    const verdict = (await validate?.(answer)) ?? true;
    return verdict === true ? true : safeLine(verdict);
  };
}
