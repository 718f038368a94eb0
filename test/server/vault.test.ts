import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkMasterKey, createVault } from "../../src/server/vault.ts";
import type { Settings } from "../../src/store/contract.ts";

const masterKey = randomBytes(32);
const vault = createVault(masterKey, randomBytes);

describe("the vault", () => {
  test("opens what it sealed, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, place) => {
        const sealed = vault.seal(text, place);
        expect(vault.open(sealed, place)).toBe(text);
        if (text.length > 3) expect(Buffer.from(sealed).includes(Buffer.from(text))).toBe(false);
      }),
    );
  });

  test("never seals the same twice alike", () => {
    expect(vault.seal("a", "p")).not.toEqual(vault.seal("a", "p"));
  });

  test("opens nothing at another place, with another key, or with a byte changed or lost", () => {
    const sealed = Buffer.from(vault.seal("whsec_secret", "endpoint/ep_1"));
    expect(() => vault.open(sealed, "endpoint/ep_2")).toThrow();
    expect(() => createVault(randomBytes(32), randomBytes).open(sealed, "endpoint/ep_1")).toThrow();
    for (let place = 0; place < sealed.length; place++) {
      const changed = Buffer.from(sealed);
      changed[place] = (changed[place] ?? 0) ^ 1;
      expect(() => vault.open(changed, "endpoint/ep_1")).toThrow();
      expect(() => vault.open(sealed.subarray(0, place), "endpoint/ep_1")).toThrow();
    }
  });

  test("knows the master key a database was begun with", async () => {
    const kept = new Map<string, Uint8Array>();
    const settings: Settings = {
      get: async (name) => kept.get(name),
      setOnce: async (name, value) => {
        if (!kept.has(name)) kept.set(name, value);
        return kept.get(name) ?? value;
      },
    };
    await checkMasterKey(settings, vault);
    await checkMasterKey(settings, createVault(masterKey, randomBytes));
    await expect(checkMasterKey(settings, createVault(randomBytes(32), randomBytes))).rejects.toMatchObject({
      code: "master-key-wrong",
    });
  });
});
