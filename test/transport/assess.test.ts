import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { defineProvider } from "../../src/providers/custom.ts";
import { createRegistry } from "../../src/providers/index.ts";
import { createAssessor, type AssessorOptions } from "../../src/transport/assess.ts";
import { splitTarget } from "../../src/providers/identify.ts";

const registry = createRegistry([defineProvider("open-shop", { signatures: [{ kind: "none" }] })]);
const body = Buffer.from('{"id":"evt_1","type":"order.created"}');
const sign = (secret: string): string => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

interface Given extends Partial<Pick<AssessorOptions<string>, "requireVerified" | "secretGiven">> {
  only?: string[];
  configured?: Record<string, string[]>;
}

function assessor({ only = [], configured = {}, requireVerified = false, secretGiven = false }: Given = {}) {
  const asked: string[] = [];
  const assess = createAssessor<string>({
    registry,
    only: only.map((id) => registry.require(id)),
    requireVerified,
    secretGiven,
    secretsOf: ({ id }) => ({
      configured:
        configured[id] === undefined ? undefined : { secrets: configured[id], origin: "configured" },
      development: () => {
        asked.push(id);
        return { secrets: ["development"], origin: "development" };
      },
    }),
  });
  return {
    asked,
    assess: (target: string, headers: string[] = [], content: Uint8Array = body) =>
      assess({ target, headers, body: content, receivedAt: 0 }),
  };
}
const signed = (secret: string): string[] => [
  "X-FarePlay-Signature",
  sign(secret),
  "x-fareplay-delivery",
  "dlv",
];

describe("whose", () => {
  test.each([
    ["/fareplay", [], "fareplay", ""],
    ["/fareplay/a/b?x=1", [], "fareplay", "a/b"],
    ["//fareplay//a", [], "fareplay", "/a"],
    ["http://any.example/fareplay/x", [], "fareplay", "x"],
    ["/fareplayx/a", [], undefined, "fareplayx/a"],
    ["/", [], undefined, ""],
    ["/toString", [], undefined, "toString"],
    ["/hooks/fareplay", [], undefined, "hooks/fareplay"],
    ["/hooks", ["X-GitHub-Event", "push"], "github", "hooks"],
  ])("%s %j: %s", (target, headers, provider, rest) => {
    const assessment = assessor().assess(target, headers);
    expect([assessment.provider?.id, assessment.rest]).toEqual([provider, rest]);
  });

  test("the expected one, whatever the headers say; of several, the one they name or its receiver", () => {
    const github = ["x-github-event", "push"];
    const stripe = ["stripe-signature", "t=1,v1=0"];
    expect(assessor({ only: ["fynn"] }).assess("/x", github).provider?.id).toBe("fynn");
    const several = assessor({ only: ["fynn", "fjellride", "github"] });
    expect(several.assess("/x", github).provider?.id).toBe("github");
    expect(several.assess("/x", stripe).provider?.id).toBe("fjellride");
    expect(several.assess("/x").provider).toBeUndefined();
    expect(several.assess("/stripe", github).provider?.id).toBe("stripe");
  });
});

describe("verified", () => {
  test("with a configured secret: true, or false and why; the development secret is not asked for", () => {
    const { assess, asked } = assessor({ configured: { fareplay: ["new", "old"] } });
    expect(assess("/fareplay", signed("old"))).toMatchObject({
      verified: true,
      code: null,
      origin: "configured",
    });
    expect(assess("/fareplay", signed("development"))).toMatchObject({
      verified: false,
      code: "signature-mismatch",
    });
    expect(assess("/fareplay")).toMatchObject({
      verified: false,
      code: "header-missing",
      findings: [{ cause: "header-missing" }],
    });
    expect(asked).toEqual([]);
  });

  test("without one: the development secret's true, or null without findings", () => {
    const { assess, asked } = assessor();
    expect(assess("/fareplay", signed("development"))).toMatchObject({
      verified: true,
      origin: "development",
    });
    expect(assess("/fareplay", signed("x"))).toMatchObject({
      verified: null,
      code: "secret-unconfigured",
      findings: [],
    });
    // Asked for once, however many come.
    expect(asked).toEqual(["fareplay"]);
  });

  test("where verification is required the development secret counts as configured", () => {
    const { assess } = assessor({ requireVerified: true });
    expect(assess("/fareplay", signed("development"))).toMatchObject({ verified: true });
    expect(assess("/fareplay", signed("x"))).toMatchObject({ verified: false, code: "signature-mismatch" });
    expect(assess("/nobody")).toMatchObject({ verified: false, code: "provider-unknown" });
  });

  test("nobody's is unverified, unless a secret was given for whoever sends", () => {
    expect(assessor().assess("/nobody")).toMatchObject({ verified: null, code: "provider-unknown" });
    expect(assessor({ secretGiven: true }).assess("/nobody")).toMatchObject({ verified: false });
  });

  test("a provider that signs nothing is never verified, and never wrong", () => {
    const given = { configured: { "open-shop": ["s"] } };
    expect(assessor(given).assess("/open-shop")).toMatchObject({ verified: null, code: "unsigned" });
    expect(assessor().assess("/open-shop")).toMatchObject({ verified: null, code: "unsigned" });
  });
});

describe("what it is about", () => {
  test("event and id from headers, body or path", () => {
    const { assess } = assessor();
    expect(assess("/fareplay", ["X-Fareplay-Event", "order.paid", "X-Fareplay-Delivery", "1"])).toMatchObject(
      {
        event: "order.paid",
        deliveryId: "1",
      },
    );
    expect(assess("/fareplay")).toMatchObject({ event: "order.created", deliveryId: "evt_1" });
    expect(assess("/fareplay/order.accepted", [], Buffer.from("?"))).toMatchObject({
      event: "order.accepted",
    });
    expect(assess("/fareplay/no.such.event", [], Buffer.from("?")).event).toBeUndefined();
  });

  test("repeats share a key, others do not", () => {
    const { assess } = assessor();
    const key = (target: string, headers: string[] = [], content: Uint8Array = body) =>
      assess(target, headers, content).dedupeKey();
    expect(key("/fareplay", ["x-fareplay-delivery", "1"])).toBe(
      key("/fareplay", ["X-Fareplay-Delivery", "1"]),
    );
    expect(key("/fareplay", ["x-fareplay-delivery", "1"])).not.toBe(
      key("/fareplay", ["x-fareplay-delivery", "2"]),
    );
    expect(key("/stripe")).toBe(key("/stripe", [], Buffer.from('{ "id": "evt_1" }')));
    expect(key("/stripe")).not.toBe(key("/fitaiid"));
    expect(key("/fikafi")).not.toBe(key("/fikafi", [], Buffer.from("{}")));
    expect(key("/nobody")).toBeUndefined();
  });
});

test.each([
  ["/a?b?c", "/a", "b?c"],
  ["/a", "/a", ""],
  ["/a?", "/a", ""],
  ["HTTP://x.example:1/a/?b", "/a/", "b"],
  ["http://x.example?b", "", "b"],
])("splitTarget %s", (target, path, query) => {
  expect(splitTarget(target)).toEqual({ path, query });
});
