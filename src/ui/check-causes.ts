import type { CauseEvidence, HandlerCause, RequestForm, RootCause } from "../actions/check.ts";
import { statusMeaning } from "./outcome.ts";
import { renderFinding } from "./findings.ts";
import { amount, text, type Cause } from "./finding-words.ts";
import { duration } from "./format.ts";

/** What is said of a cause: lower-case first letter, no full stop at the end. */
interface CauseWords {
  message: (evidence: CauseEvidence) => string;
  /** What to do about it; that of the check it explains where left out. */
  fix?: (evidence: CauseEvidence, provider: string) => string;
}

/** Causes whose sentences are those of a request that does not verify: the handler is who reads them. */
const diagnosed = [
  "body-reserialised",
  "body-empty",
  "body-charset",
  "body-newline",
  "secret-whitespace",
  "secret-quoted",
] as const satisfies readonly Cause[];
type Diagnosed = (typeof diagnosed)[number];

const compareSafely =
  "compare whole signatures: lengths first, then `crypto.timingSafeEqual`; in Python `hmac.compare_digest`";
const catchErrors = "verify inside `try … catch`, and answer 401 (or 400) to whatever the check throws";

const words: Readonly<Record<Exclude<HandlerCause, Diagnosed>, CauseWords>> = {
  "secret-encoding": {
    message: (evidence) =>
      `your handler's key is ${keyText(evidence)}; this provider's scheme ${evidence["expected"] === "base64" ? "decodes the secret from base64" : "takes the secret's text as it is"}`,
    fix: ({ expected }) =>
      expected === "base64"
        ? 'decode the secret: `Buffer.from(secret, "base64")`, its prefix taken off first'
        : "use the secret's text as the key: `createHmac(algorithm, secret)`, with nothing decoded",
  },
  "secret-prefix": {
    message: (evidence) =>
      evidence["signer"] === "part of the key"
        ? `your handler's key is the secret's text with ${prefixText(evidence)}; this provider's scheme takes that off and decodes the rest`
        : `your handler's secret has not the same prefix as yours (${prefixText(evidence)})`,
    fix: ({ signer }) =>
      signer === "part of the key"
        ? 'decode the secret: `Buffer.from(secret.slice(prefix.length), "base64")`'
        : "give your handler the secret whole, as the provider shows it",
  },
  "other-known-secret": {
    message: (evidence) => `your handler verifies with another of your secrets: ${secretText(evidence)}`,
    fix: ({ previous }) =>
      previous === true
        ? "give your handler the new secret, and have it accept both until the rotation is over"
        : "give your handler the secret that signs here, or sign with its own: --secret env:NAME",
  },
  "wrong-secret": {
    message: (evidence) =>
      `every right delivery is refused (${statusText(evidence)}), and so are ${amount(evidence, "tried") ?? 0} variations that known mistakes would accept: your handler has another secret, or verifies in a way of its own`,
    fix: (_, provider) =>
      `check that your handler has the secret that signs here (\`hookline secrets\`, or --secret env:NAME); \`hookline snippet ${provider}\` prints a verifier that is right`,
  },
  algorithm: {
    message: (evidence) =>
      `your handler computes the signature with ${text(evidence, "found", 20)}; this provider's is made with ${text(evidence, "expected", 20)}`,
    fix: (evidence) => `use \`createHmac("${text(evidence, "expected", 20)}", secret)\``,
  },
  "signed-content": {
    message: (evidence) =>
      `your handler verifies \`${text(evidence, "found", 70)}\`; this provider signs \`${text(evidence, "expected", 70)}\``,
    fix: (evidence) => `compute the signature over \`${text(evidence, "expected", 70)}\``,
  },
  "header-encoding": {
    message: (evidence) =>
      `your handler compares the ${text(evidence, "header")} header with a signature in ${text(evidence, "found", 20)}; this provider writes ${text(evidence, "expected", 20)}`,
    fix: (evidence) => `use \`.digest("${text(evidence, "expected", 20)}")\`, in lower case where it is hex`,
  },
  "timestamp-unit": {
    message: (evidence) =>
      `your handler takes the time in ${text(evidence, "header")} for ${unitText(evidence, "signed")}; it is in ${unitText(evidence, "expected")}`,
    fix: ({ expected }) =>
      expected === "s"
        ? "compare it with `Math.floor(Date.now() / 1000)`, in Python `int(time.time())`"
        : "compare it with `Date.now()`, in Python `int(time.time() * 1000)`",
  },
  "prefix-kept": {
    message: (evidence) =>
      `your handler compares the whole ${text(evidence, "header")} header, its prefix \`${text(evidence, "prefix", 40)}\` included, with the bare signature, so that the two never match`,
    fix: (evidence) =>
      `take \`${text(evidence, "prefix", 40)}\` off the header's value before you compare, or put it before the signature that you computed`,
  },
  "prefix-expected": {
    message: (evidence) =>
      `your handler expects \`${text(evidence, "prefix", 40)}\` at the start of the ${text(evidence, "header")} header, where this provider writes the bare signature`,
    fix: () => "compare the header's value as it is with the signature that you computed",
  },
  "secret-unset": {
    message: ({ value, also }) =>
      `your handler ${also === true ? "accepts also what is signed" : "verifies"} with ${value === "undefined" ? "the word `undefined`" : also === true ? "no secret" : "an empty secret"}: anybody can sign so`,
    fix: ({ also }) =>
      also === true
        ? 'leave out secrets that are not set before you verify with them (`SECRET ?? ""`), and refuse to start without one'
        : "set the variable that holds the secret where your handler runs, and have it refuse to start without it",
  },
  "no-verification": {
    message: ({ looks, told_apart: toldApart }) => {
      if (toldApart === true)
        return "your handler answers forged requests with a success: if it notices them, it does not say so by its status";
      if (looks === "presence")
        return "your handler looks whether there is a signature, and accepts any: nothing is verified";
      return looks === "form"
        ? "your handler looks at the form of the signature alone: nothing is verified"
        : "your handler accepts anything: nothing is verified";
    },
    fix: ({ told_apart: toldApart }, provider) =>
      toldApart === true
        ? "answer 401 (or 400) to what is not rightly signed"
        : `verify each request before you act on it; \`hookline snippet ${provider}\` prints a verifier that is right`,
  },
  "signature-optional": {
    message: () => "your handler verifies signatures that are there, and lets requests without one through",
    fix: () => "refuse a request whose signature is missing or empty: 401",
  },
  "partial-comparison": {
    message: ({ start }) =>
      start === true
        ? "your handler compares the start of the signature alone"
        : "your handler compares only as much of the signature as is given (`startsWith`)",
    fix: () => compareSafely,
  },
  "verified-in-part": {
    message: (evidence) =>
      `your handler verifies some requests and takes others as they come: forged ones were accepted ${partText(evidence)}`,
    fix: () => "verify every request first of all, before you look at its event, its type or its length",
  },
  "body-unsigned": {
    message: () => "your handler accepts a body that is not the one that was signed",
    fix: () => "compute the signature over the raw bytes of the whole body that came",
  },
  "length-throws": {
    message: (evidence) =>
      `your handler answers ${amount(evidence, "status") ?? 500} where a signature has another length: \`timingSafeEqual\` throws on buffers of different lengths`,
    fix: () =>
      "compare the lengths first (`a.length === b.length && timingSafeEqual(a, b)`), and answer 401 where they differ",
  },
  "missing-header-throws": {
    message: (evidence) =>
      `your handler answers ${amount(evidence, "status") ?? 500} where the signature is missing: it reads a header that is not there`,
    fix: () => "look whether the header is there before you use it, and answer 401 where it is not",
  },
  "malformed-throws": {
    message: (evidence) =>
      `your handler answers ${amount(evidence, "status") ?? 500} to what is no signature by its form: decoding it throws`,
    fix: () => catchErrors,
  },
  "refusal-throws": {
    message: (evidence) =>
      `your handler answers ${amount(evidence, "status") ?? 500} to every forged request: what the check throws is not caught, or it answers with that status`,
    fix: () => catchErrors,
  },
  "forgery-throws": {
    message: (evidence) =>
      `your handler answers ${amount(evidence, "status") ?? 500} to forged requests ${partText(evidence)}: it breaks before it has verified them`,
    fix: () => "verify the raw bytes before anything else, and answer 401 (or 400) where there are none",
  },
  "timestamp-unchecked": {
    message: () =>
      "your handler accepts right signatures of any age: the time that was signed is not looked at",
    fix: () =>
      "refuse what was signed more than five minutes ago; the providers' own libraries do so unless told otherwise",
  },
  "future-unchecked": {
    message: () => "your handler accepts right signatures that are dated far ahead",
    fix: () => "compare `Math.abs(now - time)` with the tolerance, so that both directions count",
  },
  "timestamp-unsigned": {
    message: () => "your handler looks at the time, but its signature does not cover it",
    fix: () => "compute the signature over the time and the body, as the provider's scheme says",
  },
  "refusal-status": {
    message: (evidence) => {
      const meaning = statusMeaning(amount(evidence, "status"));
      return `your handler answers ${statusText(evidence)} to a forged request${meaning === undefined ? "" : `, which says that ${meaning}`}: it is to say that the signature is wrong`;
    },
    fix: () => "answer 401 (or 400) where the signature is not right",
  },
  unreachable: {
    message: (evidence) => `nothing can be reached there: ${text(evidence, "message", 200)}`,
    fix: () => "start your app, or correct --to",
  },
  "not-found": {
    message: (evidence) =>
      `whatever is sent, the answer is ${amount(evidence, "status") ?? 404}: there is no handler for POST at this path`,
    fix: () => "correct the path in --to, or register the route for POST",
  },
  redirected: {
    message: (evidence) =>
      `whatever is sent, the answer is a redirect (${amount(evidence, "status") ?? 302}), which providers do not follow`,
    fix: () => "give the URL that it leads to, with https and the slash at the end as your app wants them",
  },
  "status-not-accepted": {
    message: (evidence) =>
      `your handler answers ${amount(evidence, "status") ?? ""} to right deliveries; this provider takes only ${text(evidence, "accepted", 40)} as success`,
    fix: (evidence) => `answer with ${text(evidence, "accepted", 40)}`,
  },
  hangs: {
    message: (evidence) =>
      `${amount(evidence, "times") ?? "several"} requests in a row got no answer, so the rest was not sent`,
    fix: () =>
      "find the path through your handler on which nothing is answered; look whether it waits for a body that was read before",
  },
  "too-slow": {
    message: (evidence) =>
      amount(evidence, "limit_ms") === undefined
        ? "your handler answers later than the provider waits"
        : `the checks took more than ${duration(amount(evidence, "limit_ms") ?? 0)}, so the rest was not run`,
    fix: () =>
      "answer as soon as the delivery is verified and kept, and do the work afterwards, from a queue",
  },
  errors: {
    message: (evidence) =>
      `your handler answers ${statusText(evidence)} to what is right${amount(evidence, "tried") === undefined ? "" : `, and to ${amount(evidence, "tried")} variations of it too`}: it breaks before it has verified anything, or knows no secret`,
    fix: () => "look into your app's log for the error; is the secret set where it runs?",
  },
  "event-refused": {
    message: (evidence) =>
      `your handler answers ${statusText(evidence)} to ${text(evidence, "events", 200) || "a delivery"}, and takes others`,
  },
  "duplicate-refused": {
    message: (evidence) =>
      `your handler answers ${statusText(evidence)} to a delivery that comes a second time`,
  },
  "order-assumed": {
    message: (evidence) =>
      `your handler answers ${statusText(evidence)} to an event that comes before the one it follows`,
  },
  "unknown-event-refused": {
    message: (evidence) => `your handler answers ${statusText(evidence)} to an event type it does not know`,
  },
  "unicode-broken": {
    message: (evidence) => `your handler answers ${statusText(evidence)} to text beyond ASCII`,
  },
  "body-limit": {
    message: (evidence) =>
      `your handler answers ${statusText(evidence)} to a body of 1 MiB: it takes smaller ones alone`,
  },
  "chunked-unread": {
    message: (evidence) =>
      `your handler answers ${statusText(evidence)} to a body that comes in chunks, without a Content-Length`,
  },
  "content-type-strict": {
    message: (evidence) =>
      `your handler answers ${statusText(evidence)} where Content-Type says \`application/json; charset=utf-8\``,
  },
  "breaks-under-load": {
    message: (evidence) => `your handler answers ${statusText(evidence)} when twenty deliveries come at once`,
  },
  unsteady: {
    message: (evidence) =>
      `your handler answers ${statusText(evidence)} now and then, also to requests that it takes when the very same come again`,
    fix: () =>
      "look into your app's log for what fails at times: a pool that is used up, or something it calls that is slow",
  },
  "rate-limited": {
    message: (evidence) =>
      `your app, or something before it, answers 429 (too many requests) from request ${amount(evidence, "after") ?? 1} on, so the rest was not sent`,
    fix: () =>
      "raise the limit for the check, or run parts of it with --only; providers send many events in a moment too, and send again what gets 429",
  },
  "never-answers": {
    message: (evidence) => `no connection gets an answer: ${text(evidence, "message", 200)}`,
    fix: () =>
      "look whether --to names your app's port and scheme (http or https), and into its log: it takes connections and ends each of them",
  },
  crashed: {
    message: (evidence) =>
      text(evidence, "message") === ""
        ? "your app answered before and does not take a right delivery any more"
        : `your app answered before, and does not since the check ${text(evidence, "since", 80)}: ${text(evidence, "message", 200)}`,
    fix: () =>
      "look into your app's log for what ended it, and catch errors of one request within that request",
  },
};

/** A cause with its sentences, as `--json` carries it. */
export interface RenderedCause extends RootCause {
  message: string;
  /** Undefined where the check it explains says it. */
  fix: string | undefined;
}

/** @param provider id of the provider that was checked for */
export function renderCause(cause: RootCause, provider: string): RenderedCause {
  const { code, confidence, evidence } = cause;
  if (isDiagnosed(code)) {
    const { message, fix } = renderFinding({ cause: code, confidence, evidence });
    return { ...cause, message, fix };
  }
  const { message, fix } = words[code];
  return { ...cause, message: message(evidence), fix: fix?.(evidence, provider) };
}

function isDiagnosed(code: HandlerCause): code is Diagnosed {
  return (diagnosed as readonly string[]).includes(code);
}

function statusText(evidence: CauseEvidence): string {
  const status = amount(evidence, "status");
  return status === undefined || status === 0 ? "nothing" : String(status);
}

const formTexts: Readonly<Record<RequestForm, string>> = {
  charset: "as application/json; charset=utf-8",
  text: "as text/plain",
  "no-type": "without a Content-Type",
  chunked: "in chunks",
  large: "with a body of 1 MiB",
};

/** Which requests it was, in words that follow "requests" or "accepted". */
function partText(evidence: CauseEvidence): string {
  const forms = evidence["forms"];
  if (typeof forms !== "string") return `of ${text(evidence, "events", 200) || "another event"}`;
  return forms
    .split(",")
    .map((form) => formTexts[form as RequestForm])
    .join(", ");
}

function prefixText(evidence: CauseEvidence): string {
  const prefix = text(evidence, "prefix", 40);
  return prefix === "" ? "a prefix" : `the prefix \`${prefix}\``;
}

function unitText(evidence: CauseEvidence, name: string): string {
  return evidence[name] === "ms" ? "milliseconds" : "seconds";
}

function secretText(evidence: CauseEvidence): string {
  if (evidence["source"] === "development") return "the development secret";
  const name = text(evidence, "name", 80);
  const previous = evidence["previous"] === true ? "the previous one" : "another one";
  return name === "" ? previous : `${previous}, in ${name}`;
}

const keyReadings: Readonly<Record<string, string>> = {
  text: "the secret's text as it is",
  hex: "the secret decoded from hex",
  base64: "the secret decoded from base64",
  base64url: "the secret decoded from base64url",
  "base64 twice": "the secret decoded from base64 twice",
  "its base64 form": "the secret encoded in base64",
  "its hex form": "the secret encoded in hex",
};

function keyText(evidence: CauseEvidence): string {
  const used = text(evidence, "used");
  return Object.hasOwn(keyReadings, used) ? (keyReadings[used] ?? "") : "the secret read in another way";
}
