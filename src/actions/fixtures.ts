import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { EXIT, HooklineError } from "../errors.ts";
import type { Edit } from "../payloads/edit.ts";
import { listFixtures as findFixtures, loadPayloads } from "../payloads/load.ts";
import type { Provider } from "../providers/contract.ts";
import { envelopeTime } from "../providers/event.ts";
import { randomText } from "../providers/ids.ts";
import type { Workspace } from "./workspace.ts";

export interface FixtureSummary {
  provider: string;
  event: string;
  bytes: number;
  /** What the event means to this provider. */
  description: string | undefined;
}

export interface FixtureDetail extends FixtureSummary {
  file: string | undefined;
  body: Buffer;
}

export function listFixtures({ registry, fixturesDir }: Workspace, provider?: string): FixtureSummary[] {
  const only = provider === undefined ? undefined : registry.require(provider);
  return findFixtures(registry, fixturesDir)
    .filter((fixture) => only === undefined || fixture.provider === only.id)
    .map(({ provider, event, bytes }) => ({
      provider,
      event,
      bytes,
      description: describe(registry.require(provider), event),
    }));
}

/** @throws HooklineError `payload-unknown`, `fixture-one` */
export async function showFixture(workspace: Workspace, name: string): Promise<FixtureDetail> {
  const { host, registry, fixturesDir } = workspace;
  const [payload, ...more] = await loadPayloads([name], {
    registry,
    fixturesDir,
    cwd: host.cwd,
    readStdin: () => host.stdin.read("the payload"),
  });
  if (payload === undefined || more.length > 0) {
    throw new HooklineError("fixture-one", `${JSON.stringify(name)} names ${more.length + 1} fixtures`, {
      nextSteps: [
        `list them: hookline fixtures list ${payload?.provider.id ?? ""}`.trim(),
        "name one, as provider/event",
      ],
    });
  }
  const event = payload.event ?? "";
  return {
    provider: payload.provider.id,
    event,
    bytes: payload.body.length,
    description: describe(payload.provider, event),
    file: payload.path,
    body: payload.body,
  };
}

export interface NewFixture {
  provider: string;
  event: string;
  /** As a command of hookline takes it. */
  file: string;
  /** Where its content came from: the provider's own fixture, or its envelope around empty data. */
  from: "fixture" | "envelope";
}

/**
 * Writes a payload of the user's own to start from.
 * @param file default `fixtures/<provider>/<event>.json` in the current folder
 * @param replace whether a file that is there may be overwritten
 * @throws HooklineError `fixture-name`, `provider-unknown`, `file-exists`, `file-unwritable`
 */
export async function newFixture(
  workspace: Workspace,
  name: string,
  file: string | undefined,
  replace: boolean,
): Promise<NewFixture> {
  const { host, registry, fixturesDir } = workspace;
  const slash = name.indexOf("/");
  const event = name.slice(slash + 1);
  if (
    slash < 1 ||
    !/^[A-Za-z0-9_][\w.:/-]{0,99}$/.test(event) ||
    event.split("/").some((part) => /^\.*$/.test(part))
  ) {
    throw new HooklineError("fixture-name", `${JSON.stringify(name)} does not name a fixture`, {
      nextSteps: ["write it as provider/event: fareplay/order.created"],
    });
  }
  const provider = registry.require(name.slice(0, slash));
  const existing = findFixtures(registry, fixturesDir).find(
    (fixture) => fixture.provider === provider.id && fixture.event === event,
  );
  const body =
    existing === undefined ? await skeleton(workspace, provider, event) : readFileSync(existing.file);
  const path = resolve(host.cwd, file ?? join("fixtures", provider.id, `${event}.json`));
  const shown = relative(host.cwd, path) || ".";
  if (!replace && existsSync(path)) {
    throw new HooklineError("file-exists", `${shown} is there already`, {
      nextSteps: ["name another file, or overwrite it with --force"],
    });
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body, replace ? {} : { flag: "wx" });
  } catch (cause) {
    throw new HooklineError("file-unwritable", `cannot write ${shown}: ${(cause as Error).message}`, {
      cause,
      exitCode: EXIT.usage,
      nextSteps: ["check that you may write there"],
    });
  }
  const command = /^[./]/.test(shown) ? shown : `./${shown}`;
  return {
    provider: provider.id,
    event,
    file: command,
    from: existing === undefined ? "envelope" : "fixture",
  };
}

/** The provider's envelope, filled in, around empty data. */
async function skeleton({ host }: Workspace, provider: Provider, event: string): Promise<Buffer> {
  const { editBody } = await import("../payloads/edit.ts");
  const { id, type, createdAt, idPrefix = "" } = provider.envelope;
  const edits: Edit[] = [];
  const set = (path: string | undefined, value: unknown): void => {
    if (path !== undefined) edits.push({ op: "set", path, value: JSON.stringify(value) });
  };
  set(id, idPrefix + randomText(host.random, 22));
  set(type, event);
  set(createdAt, envelopeTime(provider.envelope, host.now()));
  const envelope = editBody(Buffer.from("{\n}\n"), edits);
  const hasData = Object.hasOwn(JSON.parse(envelope.toString("utf8")) as object, "data");
  return hasData ? envelope : editBody(envelope, [{ op: "set", path: "data", value: "{}" }]);
}

function describe(provider: Provider, event: string): string | undefined {
  return Object.hasOwn(provider.events, event) ? provider.events[event]?.description : undefined;
}
