// Express done right, with the verifier and the route that `hookline snippet fareplay` prints.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createRequire } from "node:module";

const express = createRequire(import.meta.url)("express");

/**
 * @param {Uint8Array} body
 * @param {Record<string, string | string[] | undefined>} headers
 * @param {string} secret
 */
function verifyFareplay(body, headers, secret) {
  const header = headers["x-fareplay-signature"];
  if (typeof header !== "string" || secret === "") return false;
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const expected = Buffer.from(`sha256=${signature}`);
  const given = Buffer.from(header);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const app = express();
app.post(
  "/webhooks",
  express.raw({ type: "*/*", limit: "5mb" }),
  (/** @type {any} */ request, /** @type {any} */ response) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const isRight = verifyFareplay(body, request.headers, process.env["FAREPLAY_WEBHOOK_SECRET"] ?? "");
    response.sendStatus(isRight ? 200 : 401);
  },
);
const server = app.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
  process.stdout.write(`${server.address().port}\n`);
});
