import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { post } from "./run-servers.ts";
import { createPlace, disk, run, start } from "./spawn.ts";

/** Seconds of writing: few in the suite, more with `npm run test:shared-database`. */
const seconds = Number(process.env["SHARED_DATABASE_SECONDS"] ?? 3);

/** Names of all keys that a page by page listing tells. */
async function keyNames(list: (cursor: string | undefined) => Promise<string>): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = JSON.parse(await list(cursor)) as { data: { name: string }[]; next_cursor: string | null };
    names.push(...page.data.map(({ name }) => name));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return names;
}

test(
  `a server and embedded commands write to one file for ${seconds} s, and nothing is lost or refused`,
  { timeout: seconds * 1000 + 60_000 },
  async () => {
    const place = createPlace(disk);
    const rootKeyFile = place.write("empty/.keep", "").replace(".keep", "root.key");
    const server = start(["serve", "--port", "0", "--json", "--root-key-file", rootKeyFile], {
      place,
      deadlineMs: seconds * 1000 + 50_000,
    });
    const url = await server.ready();
    const key = readFileSync(rootKeyFile, "utf8").trim();

    const acknowledged: string[] = [];
    const refused: string[] = [];
    const until = performance.now() + seconds * 1000;
    const loop = async (
      who: string,
      create: (name: string) => Promise<string | undefined>,
    ): Promise<void> => {
      for (let number = 0; performance.now() < until; number++) {
        const name = `${who} ${number}`;
        const problem = await create(name);
        if (problem === undefined) acknowledged.push(name);
        else refused.push(`${name}: ${problem}`);
      }
    };
    const overHttp = async (name: string): Promise<string | undefined> => {
      const { status, body } = await post(`${url}/v1/keys`, {
        headers: { "x-api-key": key, "content-type": "application/json" },
        body: JSON.stringify({ name, scopes: ["keys:read"] }),
      });
      return status === 201 ? undefined : body.toString();
    };
    const embedded = async (name: string): Promise<string | undefined> => {
      const { code, stderr } = await run(
        ["keys", "create", "--name", name, "--scope", "keys:read", "--json"],
        {
          place,
        },
      );
      return code === 0 ? undefined : stderr;
    };
    await Promise.all([
      ...["http a", "http b", "http c"].map((who) => loop(who, overHttp)),
      ...["embedded a", "embedded b"].map((who) => loop(who, embedded)),
    ]);

    expect(refused).toEqual([]);
    expect(acknowledged.filter((name) => name.startsWith("http")).length).toBeGreaterThan(0);
    expect(acknowledged.filter((name) => name.startsWith("embedded")).length).toBeGreaterThan(0);
    const expected = ["root", ...acknowledged].sort();
    const throughServer = await keyNames(async (cursor) => {
      const query = cursor === undefined ? "" : `&cursor=${cursor}`;
      const { body } = await post(`${url}/v1/keys?limit=100${query}`, {
        method: "GET",
        headers: { "x-api-key": key },
        body: "",
      });
      return body.toString();
    });
    expect(throughServer.sort()).toEqual(expected);
    server.kill("SIGTERM");
    const { code, stderr } = await server.finished;
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/locked|busy/i);
    // And on disk, for whoever opens the file next.
    const afterwards = await keyNames(async (cursor) => {
      const more = cursor === undefined ? [] : ["--cursor", cursor];
      return (await run(["keys", "list", "--limit", "100", "--json", ...more], { place })).stdout;
    });
    expect(afterwards.sort()).toEqual(expected);
    if (seconds > 3) {
      const count = (who: string): number => acknowledged.filter((name) => name.startsWith(who)).length;
      console.log(
        `${seconds} s: ${count("http")} keys over HTTP, ${count("embedded")} by embedded commands, none lost, none refused`,
      );
    }
  },
);
