import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { createMask, showCommandOutput } from "../../src/ui/command-output.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+/==";
const other = "hk_0123456789abcdefghijABCDEFGHIJ9xYz12";

/** What comes of a text that arrives in these parts. */
const masked = (parts: readonly string[], secrets = [secret, other]): string => {
  const mask = createMask(secrets);
  return [...parts.map((part) => mask.push(Buffer.from(part, "latin1"))), mask.end()]
    .map((bytes) => bytes.toString("latin1"))
    .join("");
};

describe("a mask", () => {
  test.each([
    ["alone", secret, "whsec_…/=="],
    ["in a line", `a ${secret} b\n`, "a whsec_…/== b\n"],
    ["twice, one after the other", secret + secret, "whsec_…/==whsec_…/=="],
    ["beside another", `${other}${secret}`, "hk_…Yz12whsec_…/=="],
    ["after what looks like its beginning", `whsec_Mfwhsec_${secret}`, "whsec_Mfwhsec_whsec_…/=="],
    ["without its prefix", `key=${secret.slice(6)};`, "key=whsec_…/==;"],
    ["in a URL", `?s=${encodeURIComponent(secret)}&`, "?s=whsec_…/==&"],
    ["but for its last letter", secret.slice(0, -1), secret.slice(0, -1)],
  ])("hides a secret that stands %s, wherever the stream is cut", (_, text, expected) => {
    const shown = expected.replaceAll("whsec_…/==", "whsec_…w+/==".replace("w+/==", secret.slice(-4)));
    const inBytes = Buffer.from(shown).toString("latin1");
    expect(masked([text])).toBe(inBytes);
    expect(masked([...text])).toBe(inBytes);
    for (let cut = 1; cut < text.length; cut++)
      expect([cut, masked([text.slice(0, cut), text.slice(cut)])]).toEqual([cut, inBytes]);
  });

  test.each(["", "\n", "x"])("hides it in base64, with %j after it", (after) => {
    const encoded = Buffer.from(secret + after).toString("base64");
    const shown = masked([`value: ${encoded}`]);
    expect(shown).not.toContain(encoded.slice(0, 20));
    expect(shown.length).toBeLessThan(30);
  });

  const hexSecret = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

  test.each([
    ["as a password of Basic authentication", Buffer.from(`user:${secret}`).toString("base64")],
    ["in base64, one further", Buffer.from(`users:${secret}!`).toString("base64")],
    ["in base64, two further", Buffer.from(`a-user:${secret}!!`).toString("base64")],
    ["in base64 for URLs", Buffer.from(`user:${secret}`).toString("base64url")],
    ["without its prefix in base64", Buffer.from(`u:${secret.slice(6)}`).toString("base64")],
    ["without its prefix in a URL", encodeURIComponent(secret.slice(6))],
    ["in hexadecimal", Buffer.from(secret).toString("hex")],
    ["in upper-case hexadecimal", Buffer.from(secret).toString("hex").toUpperCase()],
    ["in upper case, where it is hexadecimal", hexSecret.toUpperCase()],
  ])("hides it %s, wherever the stream is cut", (_, text) => {
    const shown = masked([`value: ${text}\n`], [secret, hexSecret]);
    expect(shown).toContain(Buffer.from("…").toString("latin1"));
    // What stands before and after it may stay: a user's name, the group that it ends within.
    const parts = [...text].slice(12).map((__, at) => text.slice(at, at + 13));
    expect(parts.filter((part) => shown.includes(part))).toEqual([]);
    expect(masked([...`value: ${text}\n`], [secret, hexSecret])).toBe(shown);
  });

  test("leaves every other byte as it is, and keeps nothing back that is no beginning of a secret", () => {
    const bytes = Buffer.from([...Array(256).keys()]);
    const mask = createMask([secret]);
    expect(mask.push(bytes)).toEqual(bytes);
    expect(mask.push(Buffer.from("progress 10%\r")).toString()).toBe("progress 10%\r");
    expect(mask.push(Buffer.from("a w")).toString()).toBe("a ");
    expect(mask.push(Buffer.from("orn")).toString()).toBe("worn");
    expect(mask.end()).toHaveLength(0);
  });

  test("without a secret hides nothing", () => {
    expect(masked(["whsec_", "x"], [])).toBe("whsec_x");
    expect(masked(["whsec_", "x"], [""])).toBe("whsec_x");
  });
});

describe("a command's output", () => {
  const gather = () => {
    let text = "";
    const stderr = new Writable({
      write(chunk: Buffer, _, done) {
        text += chunk.toString();
        done();
      },
    });
    return { stderr, text: () => text };
  };

  test("of both streams goes to standard error, each masked by itself, and ends its line", async () => {
    const { stderr, text } = gather();
    const output = showCommandOutput({ stderr }, [other]);
    await output.write("stdout", Buffer.from(`one ${other.slice(0, 10)}`));
    await output.write("stderr", Buffer.from("two\n"));
    await output.write("stdout", Buffer.from(`${other.slice(10)} three`));
    await output.end();
    expect(text()).toBe("one two\nhk_…Yz12 three\n");
  });

  test("adds no line where there was none, or it is over", async () => {
    for (const written of ["", "done\n"]) {
      const { stderr, text } = gather();
      const output = showCommandOutput({ stderr }, [other]);
      await output.write("stdout", Buffer.from(written));
      await output.end();
      expect(text()).toBe(written);
    }
  });

  test("goes on where nobody reads it any more", async () => {
    const stderr = new Writable({ write: (_, __, done) => done(new Error("EPIPE")) }).on(
      "error",
      () => undefined,
    );
    const output = showCommandOutput({ stderr }, [other]);
    await output.write("stdout", Buffer.from("one\n"));
    await output.write("stdout", Buffer.from("two\n"));
    await expect(output.end()).resolves.toBeUndefined();
  });
});
