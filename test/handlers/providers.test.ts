import { createServer, type Server } from "node:http";
import { afterAll, describe, expect, test } from "vitest";
import { builtInProviders } from "../../src/providers/index.ts";
import { defineProvider } from "../../src/providers/custom.ts";
import type { Provider } from "../../src/providers/contract.ts";
import { createVerifier } from "../../src/signing/verify.ts";
import { createFolder } from "../cli/spawn.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checked, row, testWorkspace } from "./handlers.ts";

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close().closeAllConnections();
});

/** A handler that verifies with hookline's own verifier. @returns its URL */
async function rightHandler(provider: Provider, secret: string, success = 200): Promise<string> {
  const verify = createVerifier(provider.signatures, [secret]);
  const isSigned = provider.signatures[0]?.kind !== "none";
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const verdict = verify({ body: Buffer.concat(chunks), headers: request.rawHeaders, now: Date.now() });
      response.writeHead(verdict.ok || !isSigned ? success : 401).end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`;
}

/** The development secret of a workspace that knows no other. */
async function handled(provider: Provider, project: object = {}, success?: number) {
  const cwd = createFolder();
  writeFileSync(join(cwd, "hookline.json"), JSON.stringify(project));
  const workspace = await testWorkspace({}, cwd);
  const { secrets } = workspace.signingSecrets(provider);
  const url = await rightHandler(provider, secrets[0] ?? "", success);
  return checked(url, { provider: provider.id }, workspace);
}

describe("a right handler gets full marks, and nothing is noted", () => {
  test.concurrent.each(builtInProviders.map((provider) => [provider.id, provider] as const))(
    "%s",
    async (id, provider) => {
      const found = await handled(provider);
      const { total } = found.summary.score;
      expect(row(id, found)).toBe(`${id.padEnd(26)}  ${total}/${total}  -`);
      expect(found.checks.filter(({ check }) => check.kind === "accepts-event")).toHaveLength(
        Object.keys(provider.events).length,
      );
    },
  );
});

describe("a provider of the project file", () => {
  const kinds = {
    bearer: [{ kind: "bearer" }],
    basic: [{ kind: "basic" }],
    none: [{ kind: "none" }],
    ed25519: [
      {
        kind: "ed25519",
        header: "x-acme-signature",
        encoding: "base64",
        content: "{timestamp}.{body}",
        timestamp: { header: "x-acme-time", unit: "ms", toleranceSeconds: 60 },
        secret: { privatePrefix: "whsk_", publicPrefix: "whpk_" },
      },
    ],
    base64: [
      {
        kind: "hmac",
        header: "x-acme-signature",
        algorithm: "sha512",
        encoding: "base64",
        content: "{body}",
        secret: { encoding: "raw" },
      },
    ],
  };
  const expected: Record<keyof typeof kinds, string> = {
    bearer: "22/22  -",
    basic: "19/19  -",
    none: "13/13  -",
    ed25519: "26/26  -",
    base64: "24/24  -",
  };

  test.each(Object.entries(kinds))("signed by %s", async (kind, signatures) => {
    const description = {
      signatures,
      envelope: { id: "/id", type: "/type" },
      events: { "thing.made": {}, "thing.gone": {} },
      secretEnv: "ACME_WEBHOOK_SECRET",
    };
    const found = await handled(defineProvider("acme", description), { providers: { acme: description } });
    expect(row(kind, found)).toBe(`${kind.padEnd(26)}  ${expected[kind as keyof typeof kinds]}`);
  });

  test("that lists no event and names none is checked by one made-up delivery", async () => {
    const description = { signatures: kinds.base64 };
    const found = await handled(defineProvider("acme", description), { providers: { acme: description } });
    expect(found.start.checks.map(({ id }) => id)).toContain("accepts-a-delivery");
    expect(found.start.leftOut).toEqual(
      expect.arrayContaining([
        { kind: "out-of-order", reason: "one-event" },
        { kind: "unknown-event", reason: "no-event-name" },
      ]),
    );
    expect(found.summary.score.percent).toBe(100);
  });
});

test("Fikäfi takes 200 alone: 204 is named as what is wrong", async () => {
  const fikafi = builtInProviders.find(({ id }) => id === "fikafi") as Provider;
  const { summary } = await handled(fikafi, {}, 204);
  expect(summary.causes).toMatchObject([
    { code: "status-not-accepted", evidence: { status: 204, accepted: "200" } },
  ]);
});
