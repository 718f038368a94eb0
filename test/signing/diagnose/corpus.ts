import type { DiagnoseInput } from "../../../src/signing/diagnose/index.ts";
import type { Cause } from "../../../src/signing/types.ts";
import { verify } from "../../../src/signing/verify.ts";
import * as bodies from "./mutations-body.ts";
import * as headers from "./mutations-header.ts";
import * as secrets from "./mutations-secret.ts";
import type { PayloadWish } from "./payloads.ts";
import { createDraw } from "./random.ts";
import { createScene, inputOf, targets, type Mutation, type Scene, type Target } from "./scenes.ts";

type Variants = Readonly<Record<string, Mutation>>;

/** What can go wrong by itself, and the ways in which it does. */
export const singles = {
  "wrong-secret": secrets.wrongSecret,
  "other-known-secret": secrets.otherKnownSecret,
  "secret-whitespace": secrets.secretWhitespace,
  "secret-quoted": secrets.secretQuoted,
  "secret-encoding": secrets.secretEncoding,
  "secret-prefix": secrets.secretPrefix,
  "body-reserialised": bodies.bodyReserialised,
  "body-newline": bodies.bodyNewline,
  "body-charset": bodies.bodyCharset,
  "body-bom": bodies.bodyBom,
  "body-encoded": bodies.bodyEncoded,
  "body-empty": bodies.bodyEmpty,
  "body-truncated": bodies.bodyTruncated,
  "header-missing": headers.headerMissing,
  "header-renamed": headers.headerRenamed,
  "header-malformed": headers.headerMalformed,
  "header-encoding": headers.headerEncoding,
  "timestamp-expired": headers.timestampExpired,
  "timestamp-future": headers.timestampFuture,
  "timestamp-unit": headers.timestampUnit,
  algorithm: headers.algorithm,
  "signed-content": headers.signedContent,
  "other-provider": headers.otherProvider,
  tampered: secrets.tampered,
} as const satisfies Partial<Record<Cause, Variants>>;

export type Single = keyof typeof singles;

/** What goes wrong together; the second happens to what the first has left. */
export const pairs: readonly (readonly [Single, Single])[] = [
  ["body-reserialised", "other-known-secret"],
  ["body-reserialised", "secret-whitespace"],
  ["body-reserialised", "secret-quoted"],
  ["body-reserialised", "timestamp-expired"],
  ["body-reserialised", "header-renamed"],
  ["body-newline", "secret-whitespace"],
  ["body-newline", "other-known-secret"],
  ["body-newline", "timestamp-expired"],
  ["body-encoded", "other-known-secret"],
  ["body-bom", "body-newline"],
  ["secret-quoted", "secret-whitespace"],
  ["secret-prefix", "secret-whitespace"],
  ["header-encoding", "body-newline"],
  ["header-encoding", "other-known-secret"],
  ["header-malformed", "secret-quoted"],
  ["header-malformed", "body-newline"],
  ["header-renamed", "other-known-secret"],
  ["header-renamed", "timestamp-expired"],
  ["other-known-secret", "timestamp-expired"],
  ["secret-whitespace", "timestamp-expired"],
];

export interface Case {
  /** One, or two that happened together. */
  causes: readonly Single[];
  variant: string;
  target: string;
  /** Whether what happened can be undone, so that it is proved. */
  recoverable: boolean;
  input: DiagnoseInput;
}

/** Every single cause with every scheme to which it applies. */
export function* singleCases(causes: readonly Single[], count: number): Generator<Case> {
  for (const cause of causes) {
    const variants = Object.entries(singles[cause]);
    for (const target of targets) yield* casesOf([cause], variants, target, count);
  }
}

/** Every sensible pair with every scheme to which it applies; what cannot be undone is left out. */
export function* pairCases(chosen: typeof pairs, count: number): Generator<Case> {
  for (const [first, second] of chosen) {
    const firsts = Object.entries(singles[first]);
    const seconds = Object.entries(singles[second]);
    const variants = firsts
      .flatMap(([firstName, one]) =>
        seconds.map(([secondName, two]): [string, Mutation] => [
          `${firstName} + ${secondName}`,
          (scene) => {
            const between = one(scene);
            const after = between?.recoverable === true ? two(between) : undefined;
            // Each must be a mistake by itself.
            if (after?.recoverable !== true || !fails(between) || !fails(two(scene))) return undefined;
            return after;
          },
        ]),
      )
      // The signer's copy is spoilt in one way at most.
      .filter(([name]) => name.split("signer's").length < 3);
    for (const target of targets) {
      // Without a time nothing can expire, whatever is tried.
      const isTimed = target.scheme.timestamp !== undefined;
      if (isTimed || second !== "timestamp-expired") yield* casesOf([first, second], variants, target, count);
    }
  }
}

function fails(scene: Scene | undefined): boolean {
  if (scene === undefined) return false;
  const input = inputOf(scene);
  return !verify(input.schemes, input.secrets, input).ok;
}

/** Kinds of payload that some causes want, tried in turn until the cause applies. */
const wishes: readonly PayloadWish[] = [
  {},
  {},
  { plain: true },
  { text: "latin1" },
  { lines: true },
  { text: "beyond latin1" },
];

function* casesOf(
  causes: readonly Single[],
  variants: readonly (readonly [string, Mutation])[],
  target: Target,
  count: number,
): Generator<Case> {
  const seed = `${causes.join("+")} ${target.name}`;
  const order = createDraw(seed);
  const start = order.int(variants.length);
  // A step that is prime to every count of variants walks through all of them.
  const step = variants.length > 40 ? 37 : 1;
  // Variants that no payload of the vendor brings about.
  const barren = new Set<string>();
  let made = 0;
  for (let turn = 0; made < count && turn < Math.max(count * 4, variants.length); turn++) {
    const [variant, mutate] = variants[(start + turn * step) % variants.length] ?? ["", () => undefined];
    for (let attempt = 0; attempt < 12 && !barren.has(variant); attempt++) {
      if (attempt === 11) barren.add(variant);
      const draw = createDraw(`${seed} ${variant} ${String(turn)} ${String(attempt)}`);
      const scene = mutate(createScene(target, draw, wishes[attempt % wishes.length]));
      const input = scene && inputOf(scene);
      // Some schemes take what others refuse.
      if (input === undefined || verify(input.schemes, input.secrets, input).ok) continue;
      made++;
      yield { causes, variant, target: target.name, recoverable: scene?.recoverable === true, input };
      break;
    }
  }
}
