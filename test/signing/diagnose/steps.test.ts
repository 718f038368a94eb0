import { expect, test } from "vitest";
import { diagnose, diagnoseInSteps } from "../../../src/signing/diagnose/index.ts";
import { signedByHand } from "../requests.ts";
import { github } from "../schemes.ts";

const secret = "a-secret-of-the-tests";

test("in steps the findings are the same, and there is a step for nearly every signature that is tried", () => {
  const body = Buffer.from(JSON.stringify({ id: "evt_1", total: 8.5, names: ["é", "a/b"] }));
  const input = {
    body,
    headers: signedByHand(github, "another secret", { body }),
    schemes: [github],
    secrets: [secret],
    now: 0,
    clock: () => 0,
  };
  const steps = diagnoseInSteps(input);
  let count = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) count++;
  expect(step.value).toEqual(diagnose(input));
  expect(step.value).toMatchObject([{ cause: "wrong-secret" }]);
  expect(count).toBeGreaterThan(40);
});

test("a body that was right before, and what became of it", () => {
  const before = Buffer.from('{"b":1,"a":[2,{"c":"é"}]}');
  const headers = signedByHand(github, secret, { body: before });
  const found = (body: Uint8Array | string, by: "signature" | "delivery", kept: Uint8Array | undefined) =>
    diagnose({
      body: Buffer.from(body),
      headers,
      schemes: [github],
      secrets: [secret],
      now: 0,
      clock: () => 0,
      intact: { by, body: kept },
    }).map(({ cause, confidence }) => `${cause} ${confidence}`);
  expect(found("", "signature", before)).toEqual(["body-empty proved"]);
  expect(found("{}", "signature", before)).toEqual(["body-empty proved"]);
  expect(found(before.subarray(0, 12), "signature", before)).toEqual(["body-truncated proved"]);
  expect(found('{"a":[2,{"c":"é"}],"b":1}', "signature", before)).toEqual(["body-reserialised proved"]);
  expect(found('{"b":1,"a":[2,{"c":"e"}]}', "signature", before)).toEqual(["tampered proved"]);
  expect(found("[".repeat(100_000), "signature", before)).toEqual(["tampered proved"]);
  // What can be undone is told as that, whatever was seen before.
  expect(found(`${before.toString()}\n`, "signature", before)).toEqual(["body-newline proved"]);
  // Without the body that was right, tampering is one reading among others.
  expect(found('{"b":1,"a":[2,{"c":"e"}]}', "signature", undefined)).toEqual(["tampered likely"]);
  expect(found(before.subarray(0, 12), "signature", undefined)).toEqual([
    "body-truncated likely",
    "tampered likely",
  ]);
  const changed = '{"b":2,"a":[2,{"c":"é"}]}';
  expect(found(changed, "delivery", before)).toEqual(["tampered likely", "wrong-secret likely"]);
  // The same content is no tampering: the secret is another.
  expect(found('{"a":[2,{"c":"é"}],"b":1}', "delivery", before)).not.toContain("tampered likely");
});
