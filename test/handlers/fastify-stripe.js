// Fastify with Stripe's own library, as its documentation has it: the raw body, and an error of the check answered by 400.
import { createRequire } from "node:module";
import Stripe from "stripe";

const fastify = createRequire(import.meta.url)("fastify");
const stripe = new Stripe("sk_test_unused");
const secret = process.env["STRIPE_WEBHOOK_SECRET"] ?? "";

const app = fastify({ bodyLimit: 5 * 1024 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser(
  "*",
  { parseAs: "buffer" },
  (/** @type {unknown} */ _request, /** @type {Buffer} */ body, /** @type {any} */ done) => done(null, body),
);
app.post("/webhooks", async (/** @type {any} */ request, /** @type {any} */ reply) => {
  try {
    const event = stripe.webhooks.constructEvent(
      request.body,
      request.headers["stripe-signature"] ?? "",
      secret,
    );
    return { received: event.id };
  } catch (error) {
    return reply.code(400).send({ error: /** @type {Error} */ (error).message });
  }
});
await app.listen({ port: Number(process.env["PORT"] ?? 0), host: "127.0.0.1" });
process.stdout.write(`${app.server.address().port}\n`);
