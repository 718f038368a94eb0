// autocannon signing every request it sends: `node autocannon.js <port> <connections> <amount>`.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import autocannon from "autocannon";

const [port, connections, amount] = process.argv.slice(2).map(Number);
const body = readFileSync(new URL("../../fixtures/fareplay/order.created.json", import.meta.url));
const secret = process.env["FAREPLAY_WEBHOOK_SECRET"] ?? "";
const result = await autocannon({
  url: `http://127.0.0.1:${port}`,
  connections: connections ?? 1,
  amount: amount ?? 1,
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
if (result["2xx"] !== amount) process.exitCode = 1;
