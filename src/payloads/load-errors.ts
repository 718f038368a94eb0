import { EXIT, HooklineError } from "../errors.ts";
import { closest } from "../providers/closest.ts";
import type { Provider } from "../providers/contract.ts";
import { fixturesOf } from "./fixtures.ts";
import type { Loading } from "./payload.ts";

/** Whether a name can only mean a file or folder. */
export function isPath(name: string): boolean {
  return /^\.{0,2}[\\/]|^\.{1,2}$|^[A-Za-z]:[\\/]|\/$/.test(name);
}

export function unread(name: string, prefix: string): HooklineError {
  return new HooklineError(
    "payload-source-unknown",
    `${name} cannot be sent: this command reads fixtures, files and more, but not ${prefix}`,
    { nextSteps: ["name an event, a file or a folder, or pipe the body in and name it -"] },
  );
}

export function ofNobodyHere(name: string, id: string): HooklineError {
  const owner = JSON.stringify(id.length > 100 ? `${id.slice(0, 99)}…` : id);
  return new HooklineError("provider-unknown", `${name} is of ${owner}, a provider not known here`, {
    exitCode: EXIT.notFound,
    nextSteps: [
      "say who signs it: --provider fareplay",
      "or define its provider in hookline.json; those known: hookline providers list",
    ],
  });
}

export function ofNobody(name: string, nextSteps: readonly string[] = []): HooklineError {
  return new HooklineError("payload-provider-unknown", `nothing says whose webhook ${name} is`, {
    nextSteps: [...nextSteps, `${nextSteps.length > 0 ? "or " : ""}name the provider: --provider fareplay`],
  });
}

export function noFixture(provider: Provider, event?: string): HooklineError {
  const what =
    event === undefined ? `${provider.id} has no fixtures` : `${provider.id}/${event} has no fixture`;
  return new HooklineError("payload-unknown", `${what}, so there is nothing to send`, {
    exitCode: EXIT.notFound,
    nextSteps: ["make one: hookline fixtures new", "or give a file or a folder instead"],
  });
}

export function unknown(name: string, { registry, fixturesDir }: Loading): HooklineError {
  const known = registry.all.flatMap((provider) => {
    const events = [...fixturesOf(provider, registry, fixturesDir).keys()];
    const bare = provider.base === undefined ? events : [];
    return [provider.id, ...bare, ...events.map((event) => `${provider.id}/${event}`)];
  });
  const near = closest(name, known);
  const provider = registry.get(name.split("/", 1)[0] ?? "");
  const hasNone = provider !== undefined && fixturesOf(provider, registry, fixturesDir).size === 0;
  return new HooklineError(
    "payload-unknown",
    isPath(name)
      ? `there is no file or folder ${name}`
      : `there is no provider, event, file or folder "${name}"`,
    {
      exitCode: EXIT.notFound,
      nextSteps: [
        ...(near.length === 0 ? [] : [`did you mean ${near.join(" or ")}?`]),
        ...(hasNone ? [`${provider.id} has no fixtures yet; make one: hookline fixtures new`] : []),
        "see what can be sent: hookline fixtures list",
      ],
    },
  );
}
