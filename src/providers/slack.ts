import type * as zod from "zod";
import type { Provider } from "./contract.ts";

type Zod = typeof zod;

const minute = 60_000;

/** The wrapper of every event but url_verification. */
const callback = (z: Zod, type: string) =>
  z.looseObject({
    type: z.literal("event_callback"),
    team_id: z.string().min(1),
    api_app_id: z.string().min(1),
    event_id: z.string().startsWith("Ev"),
    event_time: z.int(),
    event: z.looseObject({
      type: z.literal(type),
      channel: z.string().min(1),
      ts: z.string().regex(/^\d+\.\d+$/),
      event_ts: z.string(),
      // A message by an app or one that was edited has other fields instead.
      user: z.string().optional(),
      text: z.string().optional(),
    }),
  });

/**
 * Slack's Events API.
 *
 * Stated by Slack's documentation (`docs` and
 * https://docs.slack.dev/authentication/verifying-requests-from-slack): the signature, 300 s of tolerance, the
 * wrapper, a 2xx within 3 s, three retries (nearly immediately, after 1 min, after 5 min).
 * Assumed: what `assumptions` lists.
 */
export const slack: Provider = {
  id: "slack",
  title: "Slack",
  docs: "https://docs.slack.dev/apis/events-api",
  assumptions: [
    'The first retry, which Slack makes "nearly immediately", comes after 1 s.',
    "A timestamp more than 300 s ahead is refused like one as far behind.",
    "A delivery that comes again carries the same event_id; url_verification carries none.",
    "The User-Agent sent is the one Slack's requests are seen with; it is not documented.",
    "The secret (Slack's signing secret) is looked for in SLACK_WEBHOOK_SECRET.",
  ],
  pitfalls: [
    "The raw body is signed, and those of slash commands and interactions are forms: a parser before the check loses them.",
    "url_verification is signed like any event, and has to be answered with its challenge.",
  ],
  signatures: [
    {
      kind: "hmac",
      header: "x-slack-signature",
      algorithm: "sha256",
      encoding: "hex",
      prefix: "v0=",
      content: "v0:{timestamp}:{body}",
      timestamp: { header: "x-slack-request-timestamp", unit: "s", toleranceSeconds: 300 },
      secret: { encoding: "raw" },
    },
  ],
  headers: { userAgent: "Slackbot 1.0 (+https://api.slack.com/robots)" },
  identify: ["x-slack-signature", "x-slack-request-timestamp"],
  eventFrom: [
    { from: "pointer", pointer: "/event/type" },
    { from: "pointer", pointer: "/type" },
  ],
  // No `type`: it stands at /event/type in most bodies, but at /type in url_verification.
  envelope: { id: "/event_id", createdAt: "/event_time", idPrefix: "Ev", time: "unix" },
  dedupe: { pointer: "/event_id" },
  ack: { timeoutMs: 3_000, success: "2xx" },
  retry: { delaysMs: [1_000, minute, 5 * minute] },
  events: {
    url_verification: {
      description: "Slack checks a new request URL: the answer must carry the challenge back.",
      schema: (z) =>
        z.looseObject({
          type: z.literal("url_verification"),
          challenge: z.string().min(1),
          token: z.string(),
        }),
    },
    app_mention: {
      description: "Somebody mentioned the app in a channel it is in.",
      schema: (z) => callback(z, "app_mention"),
    },
    message: {
      description: "A message was posted, edited or deleted where the app may read (subtype says what).",
      schema: (z) => callback(z, "message"),
    },
  },
  otherEvents: true,
  secretEnv: "SLACK_WEBHOOK_SECRET",
};
