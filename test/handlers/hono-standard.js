// Hono on Node with the library of Standard Webhooks.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const webhook = new Webhook(process.env["STANDARD_WEBHOOKS_WEBHOOK_SECRET"] ?? "");

const app = new Hono();
app.post("/webhooks", async (context) => {
  const body = await context.req.text();
  try {
    webhook.verify(body, context.req.header());
  } catch (error) {
    if (error instanceof WebhookVerificationError) return context.json({ error: error.message }, 401);
    throw error;
  }
  return context.body(null, 204);
});
serve({ fetch: app.fetch, port: Number(process.env["PORT"] ?? 0), hostname: "127.0.0.1" }, ({ port }) => {
  process.stdout.write(`${port}\n`);
});
