import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Fills an inbox as listeners would have, in a fraction of the time.
 * @param {string} home @param {number} amount of deliveries of 1 KB
 */
async function fill(home, amount) {
  const { default: Libsql } = await import("libsql");
  const database = new Libsql(join(home, "inbox.db"));
  database.exec("pragma synchronous = off; pragma cache_size = -200000");
  const fixture = readFileSync(
    new URL("../../fixtures/fareplay/order.created.json", import.meta.url),
    "utf8",
  );
  const body = fixture.padEnd(1024, " ");
  const headers = JSON.stringify([
    ...["Host", "127.0.0.1:4400", "Content-Type", "application/json", "User-Agent", "Fareplay-Webhooks/1.0"],
    ...[
      "X-Fareplay-Signature",
      "a".repeat(64),
      "X-Fareplay-Event",
      "order.created",
      "Content-Length",
      "1024",
    ],
  ]);
  const stored = body.length + headers.length;
  const numbers = `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${amount})`;
  const now = Date.now();
  const provider = "case when i % 10 = 0 then 'stripe' else 'fareplay' end";
  const failed = "i % 1000 = 0";
  database.exec("begin immediate");
  database.exec(
    `insert into deliveries (number, id, received_at, provider, event, delivery_id, verified, code, cause, accepted,
       duplicate, failed, method, target, bytes, status, duration_ms, replays, stored)
     ${numbers} select i, 'dlv_' || printf('%020d', i), ${now} - ${amount} + i, ${provider}, 'order.created', 'evt_' || i,
       1, null, null, 1, 0, ${failed}, 'POST', '/fareplay', ${body.length}, 200, 1.5, 0, ${stored} from n`,
  );
  // Each body is its own, as a search has to read them all.
  database
    .prepare(
      `insert into contents (number, headers, body, findings)
       ${numbers} select i, ?, cast(replace(?, 'ord_8x7kLm2nP', 'ord_' || i) as blob), null from n`,
    )
    .run([headers, body]);
  database.exec(`update state set last = ${amount}, count = ${amount}, bytes = ${amount * stored}`);
  database.exec("commit; pragma wal_checkpoint(truncate)");
  database.close();
}

/**
 * How long the commands take on an inbox of so many deliveries, the start of the process included.
 * @param {{ bin: string, env: NodeJS.ProcessEnv, home: string, amount: number, rounds: number }} options
 */
export async function inboxTimes({ bin, env, home, amount, rounds }) {
  mkdirSync(home);
  const own = { ...env, HOOKLINE_HOME: home };
  /** @param {string[]} args */
  const time = (...args) => {
    const started = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [bin, "inbox", ...args, "--json"], { env: own });
    if (status !== 0) throw new Error(`inbox ${args.join(" ")} ended with ${status}: ${stderr.toString()}`);
    return performance.now() - started;
  };
  /** @param {string[]} args */
  const times = (...args) => Array.from({ length: rounds }, () => time(...args));
  time("limits", "--count", String(2 * amount));
  await fill(home, amount);
  const size = statSync(join(home, "inbox.db")).size;
  return {
    size,
    list: times("list"),
    provider: times("list", "--provider", "stripe"),
    failed: times("list", "--failed"),
    recent: times("list", "--since", "1s"),
    textNew: times("list", "--text", `ord_${amount / 10 - 1}`, "--limit", "1"),
    textNone: times("list", "--text", "nowhere"),
    show: times("show", String(amount / 2)),
    pruneTenth: time("limits", "--count", String(amount * 0.9)),
    pruneRest: time("limits", "--count", "10000"),
    after: statSync(join(home, "inbox.db")).size,
  };
}
