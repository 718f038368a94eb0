import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createPlace, run, type Place } from "./spawn.ts";

const folderOf = (place: Place): string => join(place.home, ".local/share/hookline/development-secrets");
const modeOf = (path: string): number => statSync(path).mode & 0o777;

interface Secret {
  provider: string;
  env: string;
  secret: string;
}

const all = async (place: Place): Promise<Secret[]> =>
  (JSON.parse((await run(["secrets", "--json"], { place })).stdout) as { data: Secret[] }).data;

describe("secrets", () => {
  test("shows hints of all, and the whole one that is asked for by name", async () => {
    const place = createPlace();
    const { code, stdout, stderr } = await run(["secrets"], { place });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^PROVIDER +VARIABLE +DEVELOPMENT SECRET\n/);
    expect(stdout).toMatch(/^fareplay +FAREPLAY_WEBHOOK_SECRET +…[0-9a-f]{4}$/m);
    expect(stdout).toMatch(/^stripe +STRIPE_WEBHOOK_SECRET +whsec_….{4}$/m);
    expect(stderr).toContain("hookline secrets <provider>");

    const whole = await run(["secrets", "stripe"], { place });
    expect(whole).toMatchObject({ code: 0, stderr: "" });
    expect(whole.stdout).toMatch(/^whsec_[0-9a-f]{64}\n$/);
    expect(stdout).not.toContain(whole.stdout.trim());
    expect(stdout).toContain(`whsec_…${whole.stdout.trim().slice(-4)}`);
  });

  test("in JSON is a list of hints, or the one thing itself", async () => {
    const place = createPlace();
    const hints = await all(place);
    expect(hints).toHaveLength(11);
    for (const { secret } of hints) expect(secret).toMatch(/^(whsec_)?….{4}$/);
    const { stdout } = await run(["secrets", "svix", "--json"], { place });
    const svix = JSON.parse(stdout) as Secret;
    expect(svix).toEqual({
      provider: "svix",
      env: "SVIX_WEBHOOK_SECRET",
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) as string,
    });
    expect(hints.find(({ provider }) => provider === "svix")?.secret).toBe(`whsec_…${svix.secret.slice(-4)}`);
  });

  test("are the machine's own: never those of the environment", async () => {
    const { stdout } = await run(["secrets", "fareplay"], { env: { FAREPLAY_WEBHOOK_SECRET: "real" } });
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
  });

  test("those who share a variable share the secret", async () => {
    const place = createPlace();
    const [stripe, fitaiid, fjellride] = await Promise.all(
      ["stripe", "fitaiid", "fjellride"].map(async (id) => (await run(["secrets", id], { place })).stdout),
    );
    expect(fitaiid).toBe(stripe);
    expect(fjellride).not.toBe(stripe);
  });

  test("of an unknown provider is exit 4; of one that signs nothing exit 2", async () => {
    const place = createPlace();
    place.write("hookline.json", '{"providers": {"acme": {"signatures": [{"kind": "none"}]}}}');
    expect(await run(["secrets", "nobody"], { place })).toMatchObject({ code: 4, stdout: "" });
    const none = await run(["secrets", "acme", "--json"], { place });
    expect(none).toMatchObject({ code: 2, stdout: "" });
    expect(JSON.parse(none.stderr)).toMatchObject({
      error: { code: "secret-none", message: "acme signs nothing, so it has no secret" },
    });
    expect((await all(place)).map(({ provider }) => provider)).not.toContain("acme");
  });

  test.each(["bearer", "basic"])("of a %s provider can be used", async (kind) => {
    const place = createPlace();
    place.write("hookline.json", JSON.stringify({ providers: { acme: { signatures: [{ kind }] } } }));
    const { stdout } = await run(["secrets", "acme"], { place });
    expect(stdout).toMatch(kind === "basic" ? /^hookline:[0-9a-f]{48}\n$/ : /^[0-9a-f]{64}\n$/);
    place.write("acme/x.json", "{}");
    const signed = await run(["sign", "acme/x.json", "--json"], { place });
    const value = kind === "basic" ? Buffer.from(stdout.trim()).toString("base64") : stdout.trim();
    expect(JSON.parse(signed.stdout)).toMatchObject({
      headers: { authorization: `${kind === "basic" ? "Basic" : "Bearer"} ${value}` },
    });
  });
});

describe("development secrets are kept", () => {
  test("in files of mode 0600, in a folder of mode 0700", async () => {
    const place = createPlace();
    await run(["secrets"], { place });
    expect(modeOf(folderOf(place))).toBe(0o700);
    const files = readdirSync(folderOf(place));
    expect(files).toHaveLength(10);
    for (const file of files) expect(modeOf(join(folderOf(place), file))).toBe(0o600);
  });

  test("under HOOKLINE_HOME", async () => {
    const place = createPlace();
    const env = { HOOKLINE_HOME: join(place.home, "mine") };
    await run(["secrets", "fareplay"], { place, env });
    expect(readdirSync(join(place.home, "mine/development-secrets"))).toEqual([
      "FAREPLAY_WEBHOOK_SECRET.hmac-raw",
    ]);
    expect(readdirSync(place.home)).toEqual(["mine"]);
  });

  test("the same for all who start at the same moment", async () => {
    const place = createPlace();
    const finished = await Promise.all(
      Array.from({ length: 8 }, () => run(["secrets", "fareplay"], { place })),
    );
    expect(finished.map(({ code }) => code)).toEqual(new Array(8).fill(0));
    expect(new Set(finished.map(({ stdout }) => stdout)).size).toBe(1);
    expect(finished[0]?.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(readdirSync(folderOf(place))).toEqual(["FAREPLAY_WEBHOOK_SECRET.hmac-raw"]);
  });

  test.each([
    ["is a file", "file"],
    ["is below a file", "file/home"],
  ])("nowhere where the home %s: exit 2, and what to do", async (_, home) => {
    const place = createPlace();
    place.write("file", "");
    const env = { HOOKLINE_HOME: home };
    for (const args of [
      ["secrets", "fareplay"],
      ["sign", "order.created"],
    ]) {
      const { code, stdout, stderr } = await run([...args, "--json"], { place, env });
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      const { error } = JSON.parse(stderr) as {
        error: { code: string; message: string; next_steps: string[] };
      };
      expect(error.code).toBe("home-unwritable");
      expect(error.message).toContain(home);
      expect(error.next_steps.join()).toContain("HOOKLINE_HOME");
    }
    const { code } = await run(["sign", "order.created", "--secret", "env:S"], {
      place,
      env: { ...env, S: "s" },
    });
    expect(code).toBe(0);
  });

  // Nothing is read-only to root.
  test.runIf(process.getuid?.() !== 0)("nowhere where the home is read-only", async () => {
    const place = createPlace();
    chmodSync(place.home, 0o500);
    const { code, stderr } = await run(["secrets", "fareplay"], { place });
    chmodSync(place.home, 0o700);
    expect(code).toBe(2);
    expect(stderr).toContain("HOOKLINE_HOME");
  });
});

describe("secrets --write-env", () => {
  test("writes one to its variable; only its line changes", async () => {
    const place = createPlace();
    const before = Buffer.concat([
      Buffer.from("# keys\r\nA=1\r\nexport FAREPLAY_WEBHOOK_SECRET='old' # mine\r\nB=\"x\r\n y\"\r\n#"),
      Buffer.from([0xff, 0xfe]),
    ]);
    const file = place.write(".env", before);
    const { stdout: secret } = await run(["secrets", "fareplay"], { place });
    const { code, stdout, stderr } = await run(["secrets", "fareplay", "--write-env", ".env"], { place });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`✓ ${file} holds FAREPLAY_WEBHOOK_SECRET\n`);
    const expected = before.toString("latin1").replace("'old'", secret.trim());
    expect(readFileSync(file, "latin1")).toBe(expected);
    expect(modeOf(file)).toBe(0o600);
  });

  test("writes all, each variable once; hookline and the shell read them back", async () => {
    const place = createPlace();
    const nowhere = await run(["secrets", "--write-env", "sub/.env", "--json"], { place });
    expect(nowhere).toMatchObject({ code: 2, stdout: "" });
    expect(nowhere.stderr).toContain(`the folder ${join(place.cwd, "sub")} is not there`);
    mkdirSync(join(place.cwd, "sub"));
    const { stdout } = await run(["secrets", "--write-env", "sub/.env", "--json"], { place });
    const { file, written } = JSON.parse(stdout) as { file: string; written: string[] };
    expect(file).toBe(join(place.cwd, "sub/.env"));
    expect(written).toHaveLength(10);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => line.split("=")[0])).toEqual(written);
    const other = createPlace();
    writeFileSync(join(other.cwd, ".env"), readFileSync(file));
    const [here, there] = await Promise.all([
      run(["sign", "order.created"], { place }),
      run(["sign", "order.created", "--env-file", ".env"], { place: other }),
    ]);
    expect(there.stdout).toBe(here.stdout);
    expect(there.stderr).toContain("signed with the secret in FAREPLAY_WEBHOOK_SECRET of the env file");
  });

  test("never prints what it writes", async () => {
    const place = createPlace();
    const { stdout, stderr } = await run(["secrets", "stripe", "--write-env", ".env"], { place });
    expect(stdout + stderr).not.toContain("whsec_");
  });

  test("follows a link", async () => {
    const place = createPlace();
    mkdirSync(join(place.cwd, "real"));
    symlinkSync("real/.env", join(place.cwd, ".env"));
    expect(await run(["secrets", "stripe", "--write-env", ".env"], { place })).toMatchObject({ code: 0 });
    expect(readFileSync(join(place.cwd, "real/.env"), "utf8")).toMatch(/^STRIPE_WEBHOOK_SECRET=whsec_/);
  });

  test("into a folder is a clear error", async () => {
    const { code, stdout, stderr } = await run(["secrets", "--write-env", ".", "--json"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "env-file-unwritable" } });
  });
});
