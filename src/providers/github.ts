import type * as zod from "zod";
import type { Provider } from "./contract.ts";

type Zod = typeof zod;

const account = (z: Zod) => z.looseObject({ login: z.string().min(1), id: z.int() });

const repository = (z: Zod) =>
  z.looseObject({ id: z.int(), full_name: z.string().min(1), owner: account(z) });

/** What the body of every repository event has. */
const event = (z: Zod) => z.looseObject({ repository: repository(z), sender: account(z) });

const commit = (z: Zod) =>
  z.looseObject({
    id: z.string().min(40),
    message: z.string(),
    timestamp: z.iso.datetime({ offset: true }),
    author: z.looseObject({ name: z.string() }),
  });

/**
 * GitHub.
 *
 * Stated by GitHub's documentation (`docs`): headers, signature, event names and bodies, 10 s for an answer, no
 * automatic redelivery, the same X-GitHub-Delivery on a redelivery.
 * Assumed: what `assumptions` lists.
 */
export const github: Provider = {
  id: "github",
  title: "GitHub",
  docs: "https://docs.github.com/en/webhooks",
  assumptions: [
    "The webhook sends application/json; the form-encoded content type is signed alike, but its body is not read.",
    "A request with X-Hub-Signature-256, and no header of a provider listed before, is taken for GitHub's; other senders use that header too.",
    "The User-Agent is GitHub-Hookshot/ with an invented build: GitHub states only the start.",
    "The secret is looked for in GITHUB_WEBHOOK_SECRET: GitHub prescribes no variable.",
  ],
  pitfalls: [
    "With the content type application/x-www-form-urlencoded the whole form is signed as it is sent (payload=…), not the JSON in it.",
    "X-Hub-Signature, which comes too, is the older SHA-1: check X-Hub-Signature-256.",
  ],
  signatures: [
    {
      kind: "hmac",
      header: "x-hub-signature-256",
      algorithm: "sha256",
      encoding: "hex",
      prefix: "sha256=",
      content: "{body}",
      secret: { encoding: "raw" },
    },
  ],
  headers: { event: "x-github-event", delivery: "x-github-delivery", userAgent: "GitHub-Hookshot/0000000" },
  identify: ["x-github-event", "x-github-delivery", "x-hub-signature-256"],
  eventFrom: [{ from: "header", header: "x-github-event" }],
  envelope: {},
  dedupe: { header: "x-github-delivery" },
  ack: { timeoutMs: 10_000, success: "2xx" },
  retry: { delaysMs: [] },
  events: {
    ping: {
      description: "A webhook was created; the body says which.",
      schema: (z) =>
        z.looseObject({ zen: z.string(), hook_id: z.int(), hook: z.looseObject({ id: z.int() }) }),
    },
    push: {
      description: "Commits or tags were pushed, or a branch was deleted.",
      schema: (z) =>
        event(z).extend({
          ref: z.string().startsWith("refs/"),
          before: z.string().min(40),
          after: z.string().min(40),
          deleted: z.boolean(),
          commits: z.array(commit(z)),
          head_commit: commit(z).nullable(),
        }),
    },
    pull_request: {
      description: "A pull request was opened, changed, closed or merged; action says which.",
      schema: (z) =>
        event(z).extend({
          action: z.string().min(1),
          number: z.int(),
          pull_request: z.looseObject({
            id: z.int(),
            number: z.int(),
            state: z.enum(["open", "closed"]),
            title: z.string(),
            merged: z.boolean(),
            user: account(z),
            head: z.looseObject({ ref: z.string(), sha: z.string() }),
            base: z.looseObject({ ref: z.string(), sha: z.string() }),
          }),
        }),
    },
    issues: {
      description: "An issue was opened, changed or closed; action says which.",
      schema: (z) =>
        event(z).extend({
          action: z.string().min(1),
          issue: z.looseObject({
            id: z.int(),
            number: z.int(),
            state: z.enum(["open", "closed"]),
            title: z.string(),
            user: account(z),
          }),
        }),
    },
  },
  otherEvents: true,
  secretEnv: "GITHUB_WEBHOOK_SECRET",
};
