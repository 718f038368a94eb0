import type { Check, CheckKind } from "../suites/check/checks.ts";
import {
  latencyOf,
  outcomeOf,
  overdue,
  type CheckResult,
  type Exchange,
  type Note,
} from "../suites/check/results.ts";
import { createTamperer, type Tampering } from "../transport/tamper.ts";
import { rightly, type Battery } from "./check-battery.ts";
import {
  asUnknownEvent,
  draft,
  withUnicode,
  type CheckPayload,
  type DraftOptions,
} from "./check-payloads.ts";
import { otherEnding, respelt } from "./check-probes.ts";

/** Bytes of the large body. */
const largeBytes = 1024 * 1024;
/** Deliveries that are sent at once. */
export const crowd = 20;
/** Most deliveries that are sent in the wrong order. */
export const mostOutOfOrder = 8;
const minute = 60_000;

/** Does a check: sends what it needs and judges what comes. */
export async function runCheck(battery: Battery, check: Check): Promise<CheckResult> {
  const started = performance.now();
  const { exchanges, notes = [], outcome } = await tryOut(battery, check);
  return {
    check,
    outcome: outcome ?? outcomeOf(check, exchanges),
    exchanges,
    notes,
    durationMs: performance.now() - started,
  };
}

interface Tried {
  exchanges: Exchange[];
  notes?: Note[];
  /** Where the exchanges alone do not say it. */
  outcome?: CheckResult["outcome"];
}

function tryOut(battery: Battery, check: Check): Promise<Tried> | Tried {
  if (check.tampering !== undefined) return forged(battery, check.tampering);
  switch (check.kind) {
    case "accepts-event":
      return right(battery, payloadOf(battery, check));
    case "refuses-wrong-ending":
      return wrongEnding(battery);
    case "duplicates":
      return twice(battery);
    case "out-of-order":
      return outOfOrder(battery);
    case "slow-body":
      return slowly(battery);
    case "twenty-at-once":
      return atOnce(battery);
    case "in-time":
      return inTime(battery);
    case "alive":
      return alive(battery);
    default: {
      const [payload, options] = variantOf(battery, check.kind) ?? [battery.main];
      return right(battery, payload, options);
    }
  }
}

/** The payload of a check of an event. */
export function payloadOf({ payloads, main }: Battery, { event }: Check): CheckPayload {
  return payloads.find(({ payload }) => payload.event === event) ?? main;
}

/** What is sent in a check of one right delivery that is unusual in one way; undefined where the check is another. */
export function variantOf(
  { main, worded }: Pick<Battery, "main" | "worded">,
  kind: CheckKind,
): [payload: CheckPayload, options: DraftOptions] | undefined {
  const contentType = (value: string | null): [CheckPayload, DraftOptions] => [
    main,
    { overrides: [{ name: "content-type", value }] },
  ];
  switch (kind) {
    case "unknown-event":
      return [main, asUnknownEvent(main) ?? {}];
    case "unicode":
      return [worded, withUnicode(worded, false)];
    case "unicode-escaped":
      return [worded, withUnicode(worded, true)];
    case "large-body":
      return [main, { size: largeBytes }];
    case "content-type-charset":
      return contentType("application/json; charset=utf-8");
    case "content-type-case":
      return contentType("application/JSON");
    case "content-type-none":
      return contentType(null);
    case "content-type-text":
      return contentType("text/plain");
    default:
      return undefined;
  }
}

async function right(battery: Battery, payload: CheckPayload, options?: DraftOptions): Promise<Tried> {
  const made = draft(battery.workspace, payload, options);
  return { exchanges: [await battery.exchange(rightly(battery, made))] };
}

async function forged(battery: Battery, tampering: Tampering): Promise<Tried> {
  const { workspace, provider, secrets, headers, main } = battery;
  const made = draft(workspace, main);
  const tamper = createTamperer(provider, secrets, headers, tampering, workspace.host.random);
  const request = tamper({
    event: made.event,
    deliveryId: made.deliveryId,
    body: made.body,
    now: workspace.host.now(),
  });
  return { exchanges: [await battery.exchange({ expected: "refused", draft: made, ...request })] };
}

async function wrongEnding(battery: Battery): Promise<Tried> {
  const request = rightly(battery, draft(battery.workspace, battery.main));
  const scheme = battery.provider.signatures[0] ?? { kind: "none" };
  const headers = respelt(scheme, request.headers, otherEnding);
  return { exchanges: [await battery.exchange({ ...request, expected: "refused", headers })] };
}

async function twice(battery: Battery): Promise<Tried> {
  const request = rightly(battery, draft(battery.workspace, battery.main));
  const first = await battery.exchange(request);
  const second = await battery.exchange(request);
  const statuses = { first: first.status ?? 0, second: second.status ?? 0 };
  const isEqual =
    first.status === second.status && (first.answer?.body ?? none).equals(second.answer?.body ?? none);
  const answered = first.status !== undefined && second.status !== undefined;
  return {
    exchanges: [first, second],
    notes: answered ? [{ code: isEqual ? "answers-equal" : "answers-differ", ...statuses }] : [],
  };
}

const none = Buffer.alloc(0);

/** What happened last is delivered first; each says when it happened. */
async function outOfOrder(battery: Battery): Promise<Tried> {
  const { workspace, payloads } = battery;
  const now = workspace.host.now();
  const exchanges: Exchange[] = [];
  const backwards = payloads.slice(0, mostOutOfOrder).reverse();
  for (const [index, payload] of backwards.entries()) {
    const made = draft(workspace, payload, { createdAt: now - index * minute });
    exchanges.push(await battery.exchange(rightly(battery, made)));
    if (battery.signal.aborted || battery.stopped() !== undefined) break;
  }
  return { exchanges };
}

async function slowly(battery: Battery): Promise<Tried> {
  const request = rightly(battery, draft(battery.workspace, battery.main));
  return { exchanges: [await battery.exchangeSlowly(request)] };
}

async function atOnce(battery: Battery): Promise<Tried> {
  const { workspace, payloads } = battery;
  const requests = Array.from({ length: crowd }, (_, index) =>
    rightly(battery, draft(workspace, payloads[index % payloads.length] ?? battery.main)),
  );
  return { exchanges: await Promise.all(requests.map((request) => battery.exchange(request))) };
}

/** Judges the answers that came to all deliveries before. */
function inTime({ log, provider }: Battery): Tried {
  const late = overdue(log);
  const latency = latencyOf(log);
  const notes: Note[] = [];
  if (latency !== undefined) {
    const allowedMs = provider.ack.timeoutMs;
    notes.push({ code: "latency", ...latency });
    if (latency.p95Ms > allowedMs / 2)
      notes.push({ code: "close-to-allowance", p95Ms: latency.p95Ms, allowedMs });
  }
  if (latency === undefined && late.length === 0 && log.some(({ status }) => status !== undefined))
    notes.push({ code: "nothing-accepted" });
  return {
    exchanges: late.slice(0, 1),
    notes,
    outcome: late.length > 0 ? "failed" : latency === undefined ? "not-run" : "passed",
  };
}

/** A handler that refused all that was right before is alive where it answers as it did. */
async function alive(battery: Battery): Promise<Tried> {
  const before = battery.log.find(({ expected }) => expected === "accepted");
  const { exchanges } = await right(battery, battery.main);
  const [last] = exchanges;
  const isAsBefore =
    last?.status !== undefined && before?.outcome.ok === false && before.status === last.status;
  if (!isAsBefore) return { exchanges };
  return {
    exchanges: [],
    notes: [{ code: "refused-as-before", status: last.status ?? 0 }],
    outcome: "passed",
  };
}
