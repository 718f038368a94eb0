// A handler with the logic of Fareplay's own sample verifier, mistakes and all: it compares the header, prefix included,
// with bare hex; it reads the header without a look whether it is there; it signs the body written anew.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createRequire } from "node:module";

const express = createRequire(import.meta.url)("express");
const secret = process.env["FAREPLAY_WEBHOOK_SECRET"] ?? "";

/** @param {string} header @param {unknown} payload */
function isFromFareplay(header, payload) {
  const expected = createHmac("sha256", secret).update(JSON.stringify(payload)).digest("hex");
  return timingSafeEqual(Buffer.from(header), Buffer.from(expected));
}

const app = express();
app.use(express.json());
app.post("/webhooks", (/** @type {any} */ request, /** @type {any} */ response) => {
  const header = request.headers["x-fareplay-signature"];
  if (!isFromFareplay(header, request.body)) {
    response.status(401).json({ error: "invalid signature" });
    return;
  }
  response.status(200).json({ received: true });
});
// Express prints what is thrown, with its stack, and answers 500.
app.set("env", "test");
const server = app.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
  process.stdout.write(`${server.address().port}\n`);
});
