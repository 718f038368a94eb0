import type { Provider } from "./contract.ts";
import { standardEvents, standardSchemes } from "./standard-webhooks.ts";

const minute = 60_000;
const hour = 60 * minute;

/**
 * Svix: Standard Webhooks under svix-* header names.
 *
 * Stated by Svix's documentation (`docs` and https://docs.svix.com/retries): the header names, 2xx within 15 s, the
 * retry schedule. Read in its public libraries: the webhook-* names are accepted too.
 * Assumed: what `assumptions` lists.
 */
export const svix: Provider = {
  id: "svix",
  title: "Svix",
  docs: "https://docs.svix.com/receiving/verifying-payloads/how-manual",
  assumptions: [
    "The two events are examples: every customer of Svix names its own, and any event name is accepted.",
    "Bodies are {type, timestamp, data}, as Standard Webhooks recommends: Svix sends whatever its customer gives it.",
    "The retry schedule has a jitter of 20 %.",
    "The secret is looked for in SVIX_WEBHOOK_SECRET: Svix names no variable.",
  ],
  pitfalls: [
    "The key is what the base64 after whsec_ stands for, not the secret's text.",
    "svix-id.svix-timestamp.body is signed, with the raw body: not the body alone.",
    "svix-signature may list several signatures with a space between them: one that matches is enough.",
  ],
  signatures: [
    ...standardSchemes({ id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" }),
    ...standardSchemes({ id: "webhook-id", timestamp: "webhook-timestamp", signature: "webhook-signature" }),
  ],
  headers: { delivery: "svix-id" },
  identify: ["svix-signature", "svix-id", "svix-timestamp"],
  eventFrom: [{ from: "pointer", pointer: "/type" }],
  envelope: { type: "/type", createdAt: "/timestamp", idPrefix: "msg_", time: "iso" },
  dedupe: { header: "svix-id" },
  ack: { timeoutMs: 15_000, success: "2xx" },
  retry: {
    delaysMs: [5_000, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour],
    jitter: 0.2,
  },
  events: standardEvents,
  otherEvents: true,
  secretEnv: "SVIX_WEBHOOK_SECRET",
};
