import type { Command } from "commander";
import type { LoginPlace } from "../actions/login.ts";
import { HooklineError } from "../errors.ts";
import { validateBy } from "../ui/prompts.ts";
import type { Context, Session } from "./context.ts";
import { requireConfirmation } from "./remote-flags.ts";

interface Flags {
  profile?: string;
  stripe?: boolean;
  key?: string;
  allowHttp?: boolean;
  /** False with `--no-use`. */
  use: boolean;
  yes?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument("[url]", "where the API is: https://HOST, or https://HOST/PATH")
    .option("--key <ref>", "its key: env:NAME, file:PATH or - for standard input")
    .option("--profile <name>", "save it under this name (default: the host's)")
    .option("--stripe", "log in to Stripe's own API")
    .option("--allow-http", "allow plain HTTP to a host that is not this machine")
    .option("--no-use", "leave the current profile as it is")
    .option("--yes", "replace a profile of the same name without asking")
    .addHelpText(
      "after",
      `
The key is tried first, then kept in a file of mode 0600 that only you can read. Without a URL or a key,
HOOKLINE_API_URL and HOOKLINE_API_KEY are read, and on a terminal you are asked.

Examples:
  hookline login https://hooks.acme.com
  hookline login https://hooks.acme.com --key file:acme.key --profile acme
  hookline login --stripe --key env:STRIPE_API_KEY`,
    )
    .action(
      context.run(async (session, url: string | undefined, flags: Flags) => {
        const { host, output } = session;
        const [{ openWorkspace }, actions, { showLogin }, { during }] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/login.ts"),
          import("../ui/profiles.ts"),
          import("../ui/spinner.ts"),
        ]);
        if (flags.stripe === true && flags.allowHttp === true)
          throw new HooklineError("usage", "--stripe and --allow-http do not go together");
        const options = {
          stripe: flags.stripe === true,
          allowHttp: flags.allowHttp === true,
          ...(flags.profile === undefined ? {} : { profile: flags.profile }),
        };
        const find = (text: string | undefined): Promise<LoginPlace | undefined> =>
          actions.findLoginPlace(host, text === undefined ? options : { ...options, url: text });
        const place = (await find(url)) ?? (await find(await askUrl(session, find)));
        if (place === undefined) throw noUrl();
        const key =
          (await actions.findLoginKey(host, place, flags.key)) ??
          (await askKey(session, place, (text) => actions.readLoginKey(text, place)));
        const workspace = await openWorkspace(host);
        const login = await during(
          session,
          `waiting for ${place.url.host}`,
          actions.verifyLogin(workspace, place, key),
        );
        const lost = await actions.replacedBy(host, login);
        if (lost !== undefined) {
          const question = `The profile ${place.profile} is for ${lost}. Replace it, and lose the key it keeps?`;
          await requireConfirmation(session, flags.yes, question);
        }
        showLogin(output, await actions.keepLogin(host, login, flags.use), host.now());
        return 0;
      }),
    );
}

function noUrl(): HooklineError {
  return new HooklineError("usage", "no URL is given to log in to", {
    nextSteps: [
      "hookline login https://HOST --key env:NAME",
      "or, for Stripe's own API: hookline login --stripe",
    ],
  });
}

/** @param check throws where the text will not do */
async function askUrl(
  { output, prompts }: Session,
  check: (text: string) => Promise<unknown>,
): Promise<string> {
  if (!output.interactive) throw noUrl();
  return prompts.input("URL of the API (https://…)", { validate: validateBy(check) });
}

/** @param read throws where the text is no key */
async function askKey(
  { output, prompts }: Session,
  { url }: LoginPlace,
  read: (text: string) => string,
): Promise<string> {
  if (output.interactive) {
    return read(await prompts.password(`Key for ${url.host}`, { validate: validateBy(read) }));
  }
  throw new HooklineError("usage", `no key is given for ${url.host}`, {
    nextSteps: ["give it with --key env:NAME, --key file:PATH or, on standard input, --key -"],
  });
}
