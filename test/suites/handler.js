// A handler as users write them: verifies Fareplay's signature, forgets no delivery, and calls the kitchen.
// PORT, FAREPLAY_WEBHOOK_SECRET and HOOKLINE_STUB_URL say the rest; DEFECT breaks it on purpose.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, request } from "node:http";

const { PORT = "0", FAREPLAY_WEBHOOK_SECRET = "", HOOKLINE_STUB_URL, DEFECT } = process.env;
/** Tickets by delivery. @type {Map<string, string>} */
const seen = new Map();

const server = createServer(async (message, response) => {
  if (message.method !== "POST") return void response.end("up\n");
  const chunks = [];
  for await (const chunk of message) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  /** @param {number} status @param {object} answer */
  const say = (status, answer) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));

  const digest = createHmac("sha256", FAREPLAY_WEBHOOK_SECRET).update(body).digest("hex");
  const given = Buffer.from(String(message.headers["x-fareplay-signature"] ?? ""));
  const right = Buffer.from(`sha256=${digest}`);
  const isRight = given.length === right.length && timingSafeEqual(given, right);
  if (!isRight && DEFECT !== "no-verification") {
    console.log("refused");
    return void say(401, { error: "wrong signature" });
  }
  const id = String(message.headers["x-fareplay-delivery"]);
  let ticket = seen.get(id);
  if (ticket === undefined || DEFECT === "no-deduplication") {
    ticket = HOOKLINE_STUB_URL === undefined ? "tick_0" : await cook(JSON.parse(body.toString()).data);
    seen.set(id, ticket);
  }
  say(200, { received: true, ticket });
});
server.listen(Number(PORT), "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on ${typeof address === "object" ? address?.port : address}`);
  // Some apps do print their settings.
  console.log(`secret: ${FAREPLAY_WEBHOOK_SECRET}`);
});

/** @param {{ order_id: string, items: { name: string }[] }} order @returns {Promise<string>} */
function cook({ order_id, items }) {
  return new Promise((resolve, reject) => {
    const call = request(`${HOOKLINE_STUB_URL}/kitchen/tickets`, { method: "POST" }, async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      resolve(JSON.parse(Buffer.concat(chunks).toString()).ticket);
    });
    call.on("error", reject);
    call.end(JSON.stringify({ order: order_id, station: "clubhouse", lines: items }));
  });
}
