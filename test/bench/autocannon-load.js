// autocannon for so long, signing every request it sends; prints how many were answered a second:
// `node autocannon-load.js <port> <connections> <seconds>`.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import autocannon from "autocannon";

const [port, connections = 1, duration = 1] = process.argv.slice(2).map(Number);
const body = readFileSync(new URL("../../fixtures/fareplay/order.created.json", import.meta.url));
const secret = process.env["FAREPLAY_WEBHOOK_SECRET"] ?? "";
const result = await autocannon({
  url: `http://127.0.0.1:${port}`,
  connections,
  duration,
  requests: [
    {
      method: "POST",
      path: "/",
      setupRequest: (request) => ({
        ...request,
        headers: {
          "content-type": "application/json",
          "user-agent": "Fareplay-Webhooks/1.0",
          "x-fareplay-event": "order.created",
          "x-fareplay-delivery": "evt_9xKmL3nPqR",
          "x-fareplay-signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
        },
        body,
      }),
    },
  ],
});
if (result.non2xx > 0 || result.errors > 0) process.exitCode = 1;
process.stdout.write(`${result["2xx"] / result.duration}\n`);
