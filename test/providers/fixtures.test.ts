import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { isHooklineError } from "../../src/errors.ts";
import type { Provider } from "../../src/providers/contract.ts";
import { eventOf } from "../../src/providers/event.ts";
import { builtInProviders, createRegistry } from "../../src/providers/index.ts";
import { parsePointer, readPointer } from "../../src/providers/pointer.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(`${root}fixtures/${path}.json`);
const json = (path: string): unknown => JSON.parse(read(path).toString("utf8"));

/** Every file under fixtures/, as `stripe/charge.refunded`. */
const fixtures = readdirSync(`${root}fixtures`, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.slice(`${root}fixtures/`.length).replace(/\.json$/, ""))
  .sort();

const senders = builtInProviders.filter((provider) => provider.base === undefined);
const receivers = builtInProviders.filter((provider) => provider.base !== undefined);
const sent = senders.flatMap((provider) =>
  Object.keys(provider.events).map((event) => ({ provider, event, path: `${provider.id}/${event}` })),
);

describe("the directories are the registry", () => {
  test("every event has a fixture and every fixture is an event", () => {
    expect(fixtures).toEqual(sent.map(({ path }) => path).sort());
  });

  test("every provider is a file of its name", () => {
    const machinery = [
      "contract",
      "custom",
      "custom-schema",
      "event",
      "index",
      "json-schema",
      "pointer",
      "problems",
    ];
    const files = readdirSync(`${root}src/providers`).map((name) => name.replace(/\.ts$/, ""));
    expect(files.filter((name) => !machinery.includes(name)).sort()).toEqual(
      builtInProviders.map(({ id }) => id).sort(),
    );
  });

  test("the order, in which they are identified", () => {
    expect(builtInProviders.map(({ id }) => id)).toEqual([
      "fareplay",
      "fynn",
      "fikafi",
      "stripe",
      "fitaiid",
      "fjellride",
      "standard-webhooks",
      "svix",
      "github",
      "shopify",
      "slack",
    ]);
  });

  test("no file of a provider loads zod, which would cost every start its loading", () => {
    const valueImport = /^import (?!type\b).*from "zod"|import\("zod"\)|require\("zod"\)/m;
    const files = [...builtInProviders.map(({ id }) => id), "index", "event", "pointer"];
    expect(
      files.filter((name) => valueImport.test(readFileSync(`${root}src/providers/${name}.ts`, "utf8"))),
    ).toEqual([]);
  });
});
