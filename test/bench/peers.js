// The programs hookline is measured against, each started as a process of its own: `node peers.js <name> [options]`.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const [name, ...options] = process.argv.slice(2);
const secret = process.env["FAREPLAY_WEBHOOK_SECRET"] ?? "";

/** @param {import("node:http").IncomingMessage} request @param {(body: Buffer) => void} done */
const withBody = (request, done) => {
  /** @type {Buffer[]} */
  const chunks = [];
  request.on("data", (/** @type {Buffer} */ chunk) => chunks.push(chunk));
  request.on("end", () => done(Buffer.concat(chunks)));
};

/** @param {Buffer} body @param {string | string[] | undefined} header */
const isSigned = (body, header) => {
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const given = Buffer.from(String(header));
  return given.length === expected.length && timingSafeEqual(given, expected);
};

/** @type {Record<string, () => Promise<import("node:http").RequestListener>>} */
const servers = {
  /** Answers 200 to everything. */
  sink: async () => (request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(200, { "content-length": 0 }).end());
  },
  deliver: () => deliver(Number(options[0])),
  /** Verifies, and does nothing else. */
  verify: async () => (request, response) =>
    withBody(request, (body) => {
      const status = isSigned(body, request.headers["x-fareplay-signature"]) ? 200 : 401;
      response.writeHead(status, { "content-length": 0 }).end();
    }),
  /** Verifies, and sends the request on through undici's pool. */
  forward: async () => {
    const { Pool } = await import("undici");
    const pool = new Pool(`http://127.0.0.1:${options[0]}`);
    return (request, response) =>
      withBody(request, (body) => {
        if (!isSigned(body, request.headers["x-fareplay-signature"])) {
          response.writeHead(401, { "content-length": 0 }).end();
          return;
        }
        const headers = { ...request.headers };
        delete headers.connection;
        delete headers["content-length"];
        pool.request({ method: "POST", path: "/", headers, body }).then(
          async (answer) => {
            const content = Buffer.from(await answer.body.arrayBuffer());
            response.writeHead(answer.statusCode, { "content-length": content.length }).end(content);
          },
          () => response.writeHead(502, { "content-length": 0 }).end(),
        );
      });
  },
};

/**
 * As little as a control plane can do durably: every request is inserted, sent on, and updated when it was answered;
 * what comes in one turn of the event loop is one commit.
 * @param {number} port
 */
async function deliver(port) {
  const [{ Pool }, { default: Libsql }] = await Promise.all([import("undici"), import("libsql")]);
  const pool = new Pool(`http://127.0.0.1:${port}`);
  const database = new Libsql(`${process.env["HOOKLINE_HOME"]}/floor-${process.pid}.db`);
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    create table deliveries (id integer primary key, payload blob not null, status text not null) strict;
  `);
  const insert = database.prepare("insert into deliveries (id, payload, status) values (?, ?, 'pending')");
  const update = database.prepare("update deliveries set status = 'succeeded' where id = ?");
  /** @type {{ id: number, body: Buffer, response: import("node:http").ServerResponse }[]} */
  let taken = [];
  /** @type {number[]} */
  let delivered = [];
  let isScheduled = false;
  let last = 0;
  const schedule = () => {
    if (!isScheduled) setImmediate(commit);
    isScheduled = true;
  };
  const commit = () => {
    isScheduled = false;
    const [inserts, updates] = [taken, delivered];
    [taken, delivered] = [[], []];
    database.exec("begin immediate");
    for (const { id, body } of inserts) insert.run([id, body]);
    for (const id of updates) update.run([id]);
    database.exec("commit");
    for (const { id, body, response } of inserts) {
      response.writeHead(202, { "content-length": 0 }).end();
      pool.dispatch(
        { method: "POST", path: "/", headers: ["content-type", "application/json"], body },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd() {
            delivered.push(id);
            schedule();
          },
          onResponseError(_controller, error) {
            throw error;
          },
        },
      );
    }
  };
  return (
    /** @type {import("node:http").IncomingMessage} */ request,
    /** @type {import("node:http").ServerResponse} */ response,
  ) =>
    withBody(request, (body) => {
      taken.push({ id: ++last, body, response });
      schedule();
    });
}

const listener = await servers[name ?? ""]?.();
if (listener === undefined) throw new Error(`no peer called ${name}`);
const server = createServer(listener).listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === "object" ? address?.port : 0 })}\n`);
});
