import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { HooklineError } from "../errors.ts";
import { deliveryIdOf, eventOf, lazyJson } from "../providers/event.ts";
import type { Provider } from "../providers/contract.ts";
import type { Registry } from "../providers/index.ts";
import { isCopy } from "../signing/diagnose/headers.ts";
import type { Finding, RawHeaders, VerdictCode } from "../signing/types.ts";
import { verify as verifySignature } from "../signing/verify.ts";
import { identify, splitTarget } from "../providers/identify.ts";
import { parseRawRequest } from "../payloads/raw-request.ts";
import { withOverrides, type HeaderOverride } from "../transport/request.ts";
import { createCostClock } from "./cpu-time.ts";
import type { FailedRequest } from "./diagnosing.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

/** A finding as views get it. */
export type { Finding as FindingData } from "../signing/types.ts";

export interface VerifyOptions {
  provider?: string;
  headers: readonly HeaderOverride[];
  /** File with the body, or `-`. */
  body?: string;
  /** File with a whole raw request, or `-`. */
  request?: string;
  /** Unix milliseconds to hold the timestamp against, in place of now. */
  at?: number;
  /** Seconds. */
  tolerance?: number | "off";
  /** Look for the cause of a failure however long that takes. */
  thorough?: boolean;
}

export interface Verified {
  ok: boolean;
  provider: string;
  title: string;
  event: string | undefined;
  deliveryId: string | undefined;
  bytes: number;
  code: VerdictCode | null;
  findings: readonly Finding[];
  /** Which of the secrets matched: 0 is the current one. */
  secretIndex: number | undefined;
  /** Unix seconds. */
  timestamp: number | undefined;
  origin: SecretOrigin;
  secretEnv: string;
}

/** @throws HooklineError `verify-needs-body`, `file-unreadable`, `request-malformed`, `provider-unclear` */
export async function verify(workspace: Workspace, options: VerifyOptions): Promise<Verified> {
  const { host, registry } = workspace;
  const { headers, target, body: own, rest } = await readInput(workspace, options);
  const { path } = splitTarget(target);
  const provider =
    options.provider === undefined
      ? (identify(path, headers, { registry, only: [] }).provider ?? ofRenamed(headers, registry))
      : registry.require(options.provider);
  if (provider === undefined) throw unclear(headers);

  const { secrets, origin } = workspace.signingSecrets(provider);
  const request = { headers, now: options.at ?? host.now(), tolerance: options.tolerance };
  const judge = (body: Buffer) => ({
    body,
    verdict: verifySignature(provider.signatures, secrets, { ...request, body }),
  });
  const first = judge(own);
  const { body, verdict } = first.verdict.ok || rest === undefined ? first : judge(rest);
  const findings = verdict.ok
    ? verdict.warnings
    : await causesOf(workspace, { ...request, provider, body, secrets, origin }, options);
  const parts = { headers, path, json: lazyJson(body) };
  return {
    ok: verdict.ok,
    provider: provider.id,
    title: provider.title,
    event: eventOf(provider, parts),
    deliveryId: deliveryIdOf(provider, parts),
    bytes: body.length,
    code: verdict.ok ? null : verdict.code,
    findings,
    secretIndex: verdict.ok ? verdict.secretIndex : undefined,
    timestamp: verdict.ok ? verdict.timestamp : undefined,
    origin,
    secretEnv: provider.secretEnv,
  };
}

/** The provider whose signature stands under a name that something on the way has made of its own. */
function ofRenamed(headers: RawHeaders, { all }: Registry): Provider | undefined {
  const names = headers.filter((_, index) => index % 2 === 0);
  return all.find(
    ({ base, identify: own }) =>
      base === undefined && own.some((name) => names.some((one) => isCopy(one, name))),
  );
}

/** Bytes of most deliveries, at most. */
const usualBytes = 16 * 1024;
/** Milliseconds for them: the clock is not to decide what is found on a machine that is busy. */
const usualMs = 200;

/** Why it does not verify; what that takes is loaded only here. */
async function causesOf(
  workspace: Workspace,
  request: FailedRequest,
  { thorough = false }: VerifyOptions,
): Promise<readonly Finding[]> {
  const { findCauses, knownSecrets, thoroughLimits, usualLimits } = await import("./diagnosing.ts");
  const known = await knownSecrets(workspace);
  const isUsual = request.body.length <= usualBytes;
  const limits = thorough
    ? thoroughLimits
    : { ...usualLimits, ...(isUsual ? { milliseconds: usualMs } : {}) };
  const steps = findCauses(workspace, request, known, limits, createCostClock());
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

interface Input {
  headers: RawHeaders;
  body: Buffer;
  /** Set where more stands behind the head than Content-Length says. */
  rest?: Buffer;
  /** Path and query. */
  target: string;
}

async function readInput({ host }: Workspace, options: VerifyOptions): Promise<Input> {
  const read = async (file: string, what: string): Promise<Buffer> => {
    if (file === "-") return host.stdin.read(what);
    try {
      return readFileSync(resolve(host.cwd, file));
    } catch (cause) {
      throw new HooklineError(
        "file-unreadable",
        `cannot read ${what} from ${file}: ${(cause as Error).message}`,
        {
          cause,
          nextSteps: ["check the path"],
        },
      );
    }
  };
  if ((options.body === undefined) === (options.request === undefined)) {
    throw new HooklineError(
      "verify-needs-body",
      "verify takes either --body (with -H for the headers) or --request",
      {
        nextSteps: [
          "hookline verify -H 'X-Signature: …' --body body.json",
          "hookline verify --request request.http   (a raw HTTP/1.1 request)",
        ],
      },
    );
  }
  if (options.request !== undefined) {
    const raw = parseRawRequest(await read(options.request, "the request"));
    // A body that was changed after it was captured may be longer than the Content-Length beside it.
    const isLonger =
      raw.rest.length > raw.body.length && raw.rest.subarray(0, raw.body.length).equals(raw.body);
    return {
      headers: withOverrides(raw.headers, options.headers),
      body: raw.body,
      ...(isLonger ? { rest: raw.rest } : {}),
      target: raw.target,
    };
  }
  return {
    headers: withOverrides([], options.headers),
    body: await read(options.body ?? "-", "the body"),
    target: "/",
  };
}

function unclear(headers: RawHeaders): HooklineError {
  const names = headers.filter((_, index) => index % 2 === 0).join(", ");
  return new HooklineError(
    "provider-unclear",
    names === ""
      ? "no header says whose request this is"
      : `none of the headers says whose request this is: ${names}`,
    { nextSteps: ["name the provider with --provider", "list the providers with `hookline providers list`"] },
  );
}
