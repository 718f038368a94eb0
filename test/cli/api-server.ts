import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startServer, values, type Received } from "./run-servers.ts";
import { createPlace, start, type Place } from "./spawn.ts";

/** `hookline serve` on a free port, with a database of its own. Ended with the test. */
export interface ApiServer {
  url: string;
  host: string;
  /** Root key of its account `acme`. */
  key: string;
  /** Root key of its account `local`. */
  localKey: string;
  /** Waits until a request for this path is in the log. @returns the paths of all that are */
  requestsUntil: (path: string) => Promise<string[]>;
}

export async function startApi(place: Place = createPlace()): Promise<ApiServer> {
  const file = join(place.cwd, "acme.key");
  const args = ["--port", "0", "--json", "--create-account", "acme", "--root-key-file", file];
  const server = start(["serve", ...args], { place });
  const url = await server.ready();
  const kept = readFileSync(join(homeOf(place), "profiles.json"), "utf8");
  const { profiles } = JSON.parse(kept) as { profiles: { local: { key: string } } };
  return {
    url,
    host: new URL(url).host,
    key: readFileSync(file, "utf8").trim(),
    localKey: profiles.local.key,
    async requestsUntil(path) {
      const paths = (stderr: string): string[] =>
        [...stderr.matchAll(/"event":"request".*?"path":"([^"]*)"/g)].map(([, found = ""]) => found);
      await server.until(`a request for ${path}`, (_, stderr) => paths(stderr).includes(path));
      return paths(server.stderr());
    },
  };
}

/** Where hookline keeps what it keeps. */
export function homeOf({ home }: Place): string {
  return join(home, ".local/share/hookline");
}

export interface StubApi {
  url: string;
  host: string;
  received: Received[];
}

export const stubKey = "hk_0123456789abcdefghijABCDEFGHIJ0a1b2c";

const caller = {
  account: { id: "acct_01jd", name: "stub" },
  key: null,
  scopes: ["endpoints:read", "endpoints:write"],
};

/** An API that knows `stubKey` and answers as the test says. @param answer status and document of a request */
export async function startStub(
  answer: (request: Received) => { status: number; body: unknown } | undefined = () => undefined,
): Promise<StubApi> {
  const server = await startServer((request, response) => {
    const isKnown = values(request.headers, "x-api-key")[0] === stubKey;
    const refused = {
      status: 401,
      body: { code: "key-invalid", detail: "the API key is not one of this server's" },
    };
    const { status, body } = !isKnown
      ? refused
      : (answer(request) ??
        (request.url === "/v1/keys/current" ? { status: 200, body: caller } : { status: 404, body: {} }));
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  return { url: server.url, host: new URL(server.url).host, received: server.received };
}
