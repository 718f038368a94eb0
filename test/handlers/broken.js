// Small handlers of Fareplay's webhooks on node:http, right but for one defect each, which the path names:
// `/reserialised`. Those of Stripe's, for what needs a time that is signed, begin with `stripe-`.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = process.env["FAREPLAY_WEBHOOK_SECRET"] ?? "";
const stripeSecret = process.env["STRIPE_WEBHOOK_SECRET"] ?? "";

/**
 * @typedef {{ headers: import("node:http").IncomingHttpHeaders, body: Buffer }} Request
 * @typedef {{ status: number, text?: string, afterMs?: number, never?: boolean }} Answer
 */

/** @param {string | Buffer} content @param {{ key?: string | Buffer, algorithm?: string, encoding?: "hex" | "base64" }} [options] */
const signed = (content, { key = secret, algorithm = "sha256", encoding = "hex" } = {}) =>
  createHmac(algorithm, key).update(content).digest(encoding);

/** @param {string} a @param {string} b */
const isSame = (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** @param {Request} request */
const headerOf = ({ headers }) => String(headers["x-fareplay-signature"] ?? "");

/** @param {boolean} isRight @returns {Answer} */
const verdict = (isRight) => ({ status: isRight ? 200 : 401 });

/** A check with another expectation of the header. @param {(request: Request) => string} expected */
const expecting = (expected) => (/** @type {Request} */ request) =>
  verdict(isSame(headerOf(request), expected(request)));

/** Right, and then something else. @param {(request: Request, event: any) => Answer} act */
const verifiedThen = (act) => (/** @type {Request} */ request) => {
  const isRight = isSame(headerOf(request), `sha256=${signed(request.body)}`);
  return isRight ? act(request, JSON.parse(request.body.toString("utf8"))) : { status: 401 };
};

/** @param {Request} request @param {boolean} isTimeSigned */
function stripeParts({ headers, body }, isTimeSigned = true) {
  const items = String(headers["stripe-signature"] ?? "").split(",");
  const time = items.find((item) => item.startsWith("t="))?.slice(2) ?? "";
  const expected = signed(Buffer.concat([Buffer.from(isTimeSigned ? `${time}.` : ""), body]), {
    key: stripeSecret,
  });
  return { time: Number(time), isRight: items.some((item) => isSame(item, `v1=${expected}`)) };
}

const verified = (/** @type {Request} */ request) =>
  verdict(isSame(headerOf(request), `sha256=${signed(request.body)}`));
let count = 0;
let asked = 0;
let warm = false;

/** Ids of deliveries that came before. */
const ids = new Set();
let latest = 0;
let underWay = 0;
const known = /^(order|cart|payment)\./;
const isRecent = (/** @type {number} */ time) => Math.abs(Date.now() / 1000 - time) <= 300;

/** @type {Record<string, (request: Request) => Answer | Promise<Answer>>} */
const handlers = {
  "no-verification": () => ({ status: 200 }),
  "signature-present": (request) => verdict(headerOf(request) !== ""),
  "signature-optional": (request) =>
    verdict(headerOf(request) === "" || isSame(headerOf(request), `sha256=${signed(request.body)}`)),
  "starts-with": (request) => verdict(`sha256=${signed(request.body)}`.startsWith(headerOf(request))),
  "first-characters": (request) =>
    verdict(headerOf(request).slice(0, 23) === `sha256=${signed(request.body)}`.slice(0, 23)),
  "signature-form": (request) => verdict(/^sha256=[0-9a-f]{64}$/.test(headerOf(request))),
  // Verifies what is usual, and takes the rest as it comes.
  "main-event-alone": (request) =>
    JSON.parse(request.body.toString("utf8")).type === "order.created" ? verified(request) : { status: 200 },
  "usual-type-alone": (request) =>
    request.headers["content-type"] === "application/json" ? verified(request) : { status: 200 },
  "whole-bodies-alone": (request) =>
    request.headers["transfer-encoding"] === undefined ? verified(request) : { status: 200 },
  "small-bodies-alone": (request) => (request.body.length < 100_000 ? verified(request) : { status: 200 }),
  "empty-key-too": (request) =>
    verdict([secret, ""].some((key) => isSame(headerOf(request), `sha256=${signed(request.body, { key })}`))),
  "body-type-throws": (request) => {
    if (request.headers["content-type"] === undefined) throw new Error("no body");
    return verified(request);
  },
  /** Every fifth request, whatever it is. */
  unsteady: (request) => (++count % 5 === 0 ? { status: 503 } : verified(request)),
  "cold-start": (request) => (warm ? verified(request) : ((warm = true), { status: 500 })),
  "rate-limit": (request) => (++asked > 12 ? { status: 429 } : verified(request)),
  tells: (request) => ({ status: 500, text: `cannot verify with ${secret}: ${headerOf(request)}` }),
  "missing-throws": ({ headers, body }) => {
    const given = Buffer.from(/** @type {string} */ (headers["x-fareplay-signature"]));
    const expected = Buffer.from(`sha256=${signed(body)}`);
    return verdict(given.length === expected.length && timingSafeEqual(given, expected));
  },
  "length-throws": (request) =>
    verdict(timingSafeEqual(Buffer.from(headerOf(request)), Buffer.from(`sha256=${signed(request.body)}`))),
  "refusal-throws": (request) => {
    if (!isSame(headerOf(request), `sha256=${signed(request.body)}`)) throw new Error("invalid signature");
    return { status: 200 };
  },
  "refuses-with-200": (request) => ({
    status: 200,
    text: isSame(headerOf(request), `sha256=${signed(request.body)}`) ? "ok" : "invalid signature",
  }),
  reserialised: expecting(({ body }) => `sha256=${signed(JSON.stringify(JSON.parse(body.toString())))}`),
  "reserialised-sorted": expecting(
    ({ body }) => `sha256=${signed(JSON.stringify(sorted(JSON.parse(body.toString()))))}`,
  ),
  "body-empty": expecting(() => `sha256=${signed("")}`),
  "body-object": expecting(() => `sha256=${signed("[object Object]")}`),
  "prefix-kept": expecting(({ body }) => signed(body)),
  base64: expecting(({ body }) => `sha256=${signed(body, { encoding: "base64" })}`),
  "upper-case": expecting(({ body }) => `sha256=${signed(body).toUpperCase()}`),
  sha1: expecting(({ body }) => `sha256=${signed(body, { algorithm: "sha1" })}`),
  "secret-decoded": expecting(({ body }) => `sha256=${signed(body, { key: Buffer.from(secret, "base64") })}`),
  "secret-newline": expecting(({ body }) => `sha256=${signed(body, { key: `${secret}\n` })}`),
  "secret-quoted": expecting(({ body }) => `sha256=${signed(body, { key: `"${secret}"` })}`),
  "secret-previous": expecting(({ body }) => `sha256=${signed(body, { key: "the-secret-before-this-one" })}`),
  "secret-unset": expecting(({ body }) => `sha256=${signed(body, { key: "" })}`),
  "secret-other": expecting(({ body }) => `sha256=${signed(body, { key: "a-secret-that-nobody-knows" })}`),
  "prefix-and-secret": expecting(({ body }) => signed(body, { key: `${secret}\n` })),
  "text-latin1": expecting(({ body }) => `sha256=${signed(body.toString("latin1"))}`),
  "unicode-dies": verifiedThen((_, event) => {
    if (/[^\x00-\x7f]/.test(JSON.stringify(event))) throw new Error("cannot encode");
    return { status: 200 };
  }),
  "body-limit": ({ headers, body }) => {
    if (body.length > 100_000) return { status: 413, text: "request entity too large" };
    return verdict(isSame(headerOf({ headers, body }), `sha256=${signed(body)}`));
  },
  "chunked-unread": ({ headers, body }) => {
    const read = body.subarray(0, Number(headers["content-length"] ?? 0));
    return verdict(isSame(headerOf({ headers, body }), `sha256=${signed(read)}`));
  },
  "content-type-strict": ({ headers, body }) =>
    headers["content-type"] === "application/json"
      ? verdict(isSame(headerOf({ headers, body }), `sha256=${signed(body)}`))
      : { status: 415 },
  "unknown-event": verifiedThen((_, { type }) => ({ status: known.test(type) ? 200 : 422 })),
  "one-event": verifiedThen((_, { type }) => ({ status: type === "cart.status_changed" ? 400 : 200 })),
  duplicates: verifiedThen((_, { id }) => {
    if (ids.has(id)) return { status: 409, text: "already there" };
    ids.add(id);
    return { status: 200 };
  }),
  order: verifiedThen((_, { created_at }) => {
    const time = Date.parse(created_at);
    const isOlder = time < latest - 1500;
    latest = Math.max(latest, time);
    // What is older than what came before is taken for impossible.
    return { status: isOlder ? 500 : 200 };
  }),
  crowd: async (request) => {
    underWay++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    const isTooMany = underWay > 5;
    underWay--;
    if (isTooMany) return { status: 503 };
    return verdict(isSame(headerOf(request), `sha256=${signed(request.body)}`));
  },
  slow: (request) => ({
    ...verdict(isSame(headerOf(request), `sha256=${signed(request.body)}`)),
    afterMs: 400,
  }),
  hangs: () => ({ status: 200, never: true }),
  dies: verifiedThen((_, { type }) => {
    if (!known.test(type)) process.exit(1);
    return { status: 200 };
  }),
  redirects: () => ({ status: 308 }),
  elsewhere: () => ({ status: 404 }),
  breaks: () => {
    throw new Error("no database");
  },
  accepted: verifiedThen(() => ({ status: 202 })),
  "stripe-age": (request) => verdict(stripeParts(request).isRight),
  "stripe-time-unsigned": (request) => {
    const { time, isRight } = stripeParts(request, false);
    return verdict(isRight && isRecent(time));
  },
  "stripe-milliseconds": (request) => {
    const { time, isRight } = stripeParts(request);
    return verdict(isRight && Math.abs(Date.now() - time) <= 300_000);
  },
};

/** @param {any} value @returns {any} */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

const server = createServer((message, response) => {
  /** @type {Buffer[]} */
  const chunks = [];
  message.on("data", (/** @type {Buffer} */ chunk) => chunks.push(chunk));
  message.on("end", async () => {
    /** @type {Answer} */
    let answer;
    try {
      const handle = handlers[message.url?.slice(1) ?? ""];
      if (handle === undefined) throw new Error(`no such defect: ${message.url}`);
      answer = await handle({ headers: message.headers, body: Buffer.concat(chunks) });
    } catch (error) {
      answer = { status: 500, text: /** @type {Error} */ (error).message };
    }
    if (answer.never === true) return;
    const { status, text = "", afterMs = 0 } = answer;
    setTimeout(() => response.writeHead(status).end(text), afterMs);
  });
});
server.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : ""}\n`);
});
