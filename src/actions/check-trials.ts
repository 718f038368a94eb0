import type { Check, CheckKind } from "../suites/check/checks.ts";
import {
  latencyOf,
  outcomeOf,
  overdue,
  type CheckResult,
  type Exchange,
  type Note,
  type RequestForm,
} from "../suites/check/results.ts";
import { createHeaderMaker } from "../transport/request.ts";
import { createTamperer, tamperingsOf, type Tampering } from "../transport/tamper.ts";
import { rightly, type Battery, type Outgoing } from "./check-battery.ts";
import {
  asUnknownEvent,
  draft,
  isObject,
  withUnicode,
  type CheckPayload,
  type Draft,
  type DraftOptions,
} from "./check-payloads.ts";
import { otherEnding, respelt } from "./check-probes.ts";

/** Bytes of the large body. */
const largeBytes = 1024 * 1024;
/** Deliveries that are sent at once. */
export const crowd = 20;
/** Most deliveries that are sent in the wrong order. */
export const mostOutOfOrder = 8;
/** Requests of a check of every form, and of one of unset secrets. */
export const forms = 5;
export const unset = 2;
const minute = 60_000;

/** Does a check: sends what it needs and judges what comes. */
export async function runCheck(battery: Battery, check: Check): Promise<CheckResult> {
  const started = performance.now();
  const { exchanges, notes = [], outcome } = await tryOut(battery, check);
  return {
    check,
    outcome: outcome ?? outcomeOf(check, exchanges),
    exchanges,
    notes: [...notes, ...unsteadiness(exchanges)],
    durationMs: performance.now() - started,
  };
}

/** Each way in which a request was answered by a 5xx at first alone. */
function unsteadiness(exchanges: readonly Exchange[]): Note[] {
  const found = exchanges.flatMap(({ unsteady }) => unsteady ?? []);
  const [one] = found;
  return one === undefined ? [] : [{ code: "unsteady", ...one }];
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
    case "refuses-empty-secret":
      return emptySecrets(battery);
    case "refuses-every-event":
      return everyEvent(battery);
    case "refuses-every-form":
      return everyForm(battery);
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

/** A delivery that is right but for its signature. */
function wronglySigned(
  { workspace, provider, secrets, headers }: Battery,
  made: Draft,
): Pick<Outgoing, "expected" | "draft" | "headers" | "body"> {
  const tampering = tamperingsOf(provider).includes("signature") ? "signature" : "secret";
  const overrides = [...headers, ...made.overrides];
  const tamper = createTamperer(provider, secrets, overrides, tampering, workspace.host.random);
  const { event, deliveryId, body } = made;
  const request = tamper({ event, deliveryId, body, now: workspace.host.now() });
  return { expected: "refused", draft: made, ...request };
}

/** Sends them one after the other, until nothing more is to be sent. */
async function oneByOne(battery: Battery, requests: readonly (() => Promise<Exchange>)[]): Promise<Tried> {
  const exchanges: Exchange[] = [];
  for (const request of requests) {
    exchanges.push(await request());
    if (battery.signal.aborted || battery.stopped() !== undefined) break;
  }
  return { exchanges };
}

/** Keys that a handler has whose variable is not set. */
const unsetKeys = [Buffer.alloc(1), Buffer.from("undefined")];

function emptySecrets(battery: Battery): Promise<Tried> {
  const { workspace, provider, headers } = battery;
  const [scheme = { kind: "none" }, ...others] = provider.signatures;
  const send = (key: Buffer) => (): Promise<Exchange> => {
    const made = draft(workspace, battery.main);
    const unset = { ...scheme, secret: { encoding: "base64" } } as typeof scheme;
    const make = createHeaderMaker(
      { ...provider, signatures: [unset, ...others] },
      [key.toString("base64")],
      headers,
    );
    const { event, deliveryId, body } = made;
    const request = { body, headers: make({ event, deliveryId, body, now: workspace.host.now() }) };
    return battery.exchange({ expected: "refused", draft: made, ...request });
  };
  return oneByOne(battery, unsetKeys.map(send));
}

/** The main one is among the other checks. */
function everyEvent(battery: Battery): Promise<Tried> {
  const others = battery.payloads.filter((payload) => payload !== battery.main);
  return oneByOne(
    battery,
    others.map(
      (payload) => () => battery.exchange(wronglySigned(battery, draft(battery.workspace, payload))),
    ),
  );
}

function everyForm(battery: Battery): Promise<Tried> {
  const { workspace, main, proxied } = battery;
  const made = (form: RequestForm, options?: DraftOptions): Outgoing => ({
    ...wronglySigned(battery, draft(workspace, main, options)),
    form,
  });
  const typed = (form: RequestForm, value: string | null) => (): Promise<Exchange> =>
    battery.exchange(made(form, { overrides: [{ name: "content-type", value }] }));
  const isJson = isObject(main.payload.body);
  return oneByOne(battery, [
    typed("charset", "application/json; charset=utf-8"),
    typed("text", "text/plain"),
    typed("no-type", null),
    ...(proxied ? [] : [() => battery.exchangeSlowly(made("chunked"), 0)]),
    ...(isJson ? [() => battery.exchange(made("large", { size: largeBytes }))] : []),
  ]);
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
function outOfOrder(battery: Battery): Promise<Tried> {
  const { workspace, payloads } = battery;
  const now = workspace.host.now();
  const backwards = payloads.slice(0, mostOutOfOrder).reverse();
  return oneByOne(
    battery,
    backwards.map((payload, index) => () => {
      const made = draft(workspace, payload, { createdAt: now - index * minute });
      return battery.exchange(rightly(battery, made));
    }),
  );
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
  const together = requests.map((request) => battery.exchange({ ...request, amongOthers: true }));
  return { exchanges: await Promise.all(together) };
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
