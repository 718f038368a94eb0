import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadProfiles } from "../config/profiles.ts";
import { loadProject } from "../config/project.ts";
import { listFixtures } from "../payloads/load.ts";
import type { Provider } from "../providers/contract.ts";
import { createRegistry, type Registry } from "../providers/index.ts";
import { scopes } from "../remote/scopes.ts";
import { snippetLanguages } from "../snippets/index.ts";
import { tamperings } from "../transport/tamper.ts";
import type { Host } from "./workspace.ts";

/** What a word of a command line may become. */
export interface Candidate {
  value: string;
  description?: string;
}

/**
 * The names that there are where a command line is being written. Nothing here fails: what cannot be read has no names.
 * No secret is looked for and nothing is sent.
 */
export interface Names {
  providers(): Promise<Candidate[]>;
  /** Event types of one provider, or of all. */
  events(provider?: string): Promise<Candidate[]>;
  /** `provider/event`, once the provider is told by the word; providers before that. */
  providerEvents(word: string): Promise<Candidate[]>;
  /** What can be sent by name: providers, events that need no provider, `provider/event`, and payloads of the project. */
  payloads(word: string): Promise<Candidate[]>;
  profiles(): Promise<Candidate[]>;
  tamperings(): Candidate[];
  snippetLanguages(): Candidate[];
  scopes(): Candidate[];
  /** Files and folders (with a `/` behind) whose paths begin so. */
  files(path: string): Candidate[];
}

/** Names of one kind that are told at most: nobody reads more. */
const mostNames = 500;

export function createNames(host: Host): Names {
  let opened: Promise<Registry> | undefined;
  const registry = (): Promise<Registry> => (opened ??= openRegistry(host.cwd));
  const fixturesDir = join(host.packageRoot, "fixtures");

  const providers = async (): Promise<Candidate[]> =>
    (await registry()).all.map(({ id, title }) => ({ value: id, description: title }));
  /** The one provider that a word begins to name, or has named before its `/`. */
  const named = (all: readonly Provider[], word: string): Provider | undefined => {
    const [id = "", rest] = word.split("/", 2);
    const found = all.filter((provider) =>
      rest === undefined ? provider.id.startsWith(id) : provider.id === id,
    );
    return found.length === 1 && id !== "" ? found[0] : undefined;
  };

  return {
    providers,
    async events(id) {
      const known = await registry();
      const one = id === undefined ? undefined : known.get(id);
      return (one === undefined ? known.all : [one]).flatMap(eventsOf);
    },
    async providerEvents(word) {
      const one = named((await registry()).all, word);
      if (one === undefined) return providers();
      return [...(await providers()), ...eventsOf(one).map((event) => prefixed(one, event))];
    },
    async payloads(word) {
      const known = await registry();
      const fixtures = listFixtures(known, fixturesDir);
      const one = named(known.all, word);
      if (word.includes("/")) return one === undefined ? [] : fixturesOf(one);
      return [
        ...(await providers()).filter(({ value }) => fixtures.some(({ provider }) => provider === value)),
        ...known.all.flatMap((provider) =>
          eventsOf(provider).filter(({ value }) => {
            const [sender, ...others] = known.withEvent(value);
            return sender === provider && others.length === 0 && has(provider, value);
          }),
        ),
        ...(one === undefined ? [] : fixturesOf(one)),
        ...ownPayloads(host.cwd, known),
      ];

      function has({ id }: Provider, event: string): boolean {
        return fixtures.some((fixture) => fixture.provider === id && fixture.event === event);
      }
      function fixturesOf(provider: Provider): Candidate[] {
        const events = fixtures.filter((fixture) => fixture.provider === provider.id);
        return events.map(({ event }) => prefixed(provider, { value: event, ...described(provider, event) }));
      }
    },
    async profiles() {
      try {
        const names = (await loadProfiles(host.environment.home)).names();
        return names.slice(0, mostNames).map((value) => ({ value }));
      } catch {
        return [];
      }
    },
    tamperings: () => [...tamperings, "all"].map((value) => ({ value })),
    snippetLanguages: () => snippetLanguages.map((value) => ({ value })),
    scopes: () => scopes.map((value) => ({ value })),
    files: (path) => filesThatBegin(host.cwd, path),
  };
}

/** The providers that are built in, and those of the project that are as they should be. */
async function openRegistry(cwd: string): Promise<Registry> {
  const custom: Provider[] = [];
  try {
    const entries = Object.entries((await loadProject(cwd))?.providers ?? {});
    if (entries.length > 0) {
      const { defineProvider } = await import("../providers/custom.ts");
      for (const [id, input] of entries.slice(0, mostNames)) {
        try {
          custom.push(defineProvider(id, input));
        } catch {
          // Whoever runs a command with it is told what is wrong.
        }
      }
    }
  } catch {
    // The same, for the file as a whole.
  }
  return createRegistry(custom);
}

function eventsOf(provider: Provider): Candidate[] {
  return Object.keys(provider.events).map((value) => ({ value, ...described(provider, value) }));
}

function described({ events }: Provider, event: string): { description?: string } {
  const description = Object.hasOwn(events, event) ? events[event]?.description : undefined;
  return description === undefined ? {} : { description };
}

function prefixed({ id }: Provider, { value, ...rest }: Candidate): Candidate {
  return { value: `${id}/${value}`, ...rest };
}

/** Payloads where `fixtures new` puts them: fixtures/<provider>/<event>.json in the current folder. */
function ownPayloads(cwd: string, { all }: Registry): Candidate[] {
  return all
    .flatMap(({ id, title }) =>
      filesThatBegin(cwd, `fixtures/${id}/`)
        .filter(({ value }) => /\.[A-Za-z0-9]{1,5}$/.test(value))
        .map(({ value }) => ({ value, description: `your own payload of ${title}` })),
    )
    .slice(0, mostNames);
}

function filesThatBegin(cwd: string, path: string): Candidate[] {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const begin = path.slice(folder.length);
  try {
    return readdirSync(resolve(cwd, folder || "."), { withFileTypes: true })
      .filter(({ name }) => name.startsWith(begin) && (begin !== "" || !name.startsWith(".")))
      .slice(0, mostNames)
      .map((entry) => {
        const value = folder + entry.name;
        return { value: entry.isDirectory() || leadsToFolder(cwd, value) ? `${value}/` : value };
      });
  } catch {
    return [];
  }
}

function leadsToFolder(cwd: string, path: string): boolean {
  return statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isDirectory() === true;
}
