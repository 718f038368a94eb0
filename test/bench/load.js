// A load generator that costs next to nothing itself: ready-made requests over raw sockets, one under way on each.
import { connect } from "node:net";

/**
 * @param {{ port: number, connections: number, seconds?: number, amount?: number, request: (n: number) => Buffer }} options
 * @returns {Promise<{ answered: number, ok: number, seconds: number }>}
 */
export function load({ port, connections, seconds = Infinity, amount = Infinity, request }) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    let ok = 0;
    let open = connections;
    const started = performance.now();
    for (let index = 0; index < connections; index++) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      let rest = "";
      const next = () => {
        if (sent >= amount || performance.now() - started > seconds * 1000) socket.end();
        else socket.write(request(sent++));
      };
      socket.on("connect", next);
      socket.on("data", (chunk) => {
        rest += chunk.toString("latin1");
        const head = rest.indexOf("\r\n\r\n");
        if (head < 0) return;
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(rest.slice(0, head))?.[1] ?? 0);
        if (rest.length < head + 4 + length) return;
        if (rest.startsWith("HTTP/1.1 2")) ok++;
        answered++;
        rest = "";
        next();
      });
      socket.on("error", reject);
      socket.on("close", () => {
        if (--open === 0) resolve({ answered, ok, seconds: (performance.now() - started) / 1000 });
      });
    }
  });
}

/**
 * A signed 1 KB Fareplay delivery, each with an id of its own.
 * @param {string} secret @param {string} path
 */
export async function fareplayRequests(secret, path) {
  const { createHmac } = await import("node:crypto");
  const order = {
    id: "evt_000000000000",
    type: "order.created",
    created_at: "2026-03-17T14:32:00Z",
    data: { note: "" },
  };
  order.data.note = "x".repeat(1024 - JSON.stringify(order).length);
  const body = Buffer.from(JSON.stringify(order));
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Content-Type: application/json",
    "User-Agent: Fareplay-Webhooks/1.0",
    "X-Fareplay-Event: order.created",
    `X-Fareplay-Signature: sha256=${signature}`,
    `Content-Length: ${body.length}`,
    "X-Fareplay-Delivery: evt_000000000000",
  ].join("\r\n");
  const template = Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), body]);
  const at = head.length - 12;
  return (/** @type {number} */ n) => {
    const request = Buffer.from(template);
    request.write(String(n).padStart(12, "0"), at, "latin1");
    return request;
  };
}
