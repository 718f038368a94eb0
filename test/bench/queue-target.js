// A target of known service time: it serves one request at a time, first come, first served, each for exactly so many
// milliseconds: `node queue-target.js <ms>`. GET /truth tells how long requests took from their arrival to their answer.
import { createServer } from "node:http";

const service = Number(process.argv[2]);
/** Milliseconds before a moment that a timer is trusted with; the rest is waited for awake. */
const awake = 2;
/** @type {number[]} */
let took = [];
let free = 0;

/** @param {number} time @param {() => void} done */
function at(time, done) {
  const left = time - performance.now();
  if (left <= 0) done();
  else if (left > awake) setTimeout(() => at(time, done), left - awake);
  else setImmediate(() => at(time, done));
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const arrived = performance.now();
  request.resume();
  if (request.method === "GET") {
    const sorted = took.sort((a, b) => a - b);
    took = [];
    free = 0;
    response.end(JSON.stringify(sorted));
    return;
  }
  free = Math.max(arrived, free) + service;
  at(free, () => {
    response.writeHead(200, { "content-length": 0 }).end();
    took.push(performance.now() - arrived);
  });
}).listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === "object" ? address?.port : 0 })}\n`);
});
