import type { ActivityEntry } from "../../remote/contract.ts";
import type { ActivityRow } from "../../store/contract.ts";
import type { Handler } from "../app.ts";
import { listOf, pageOf, timeText } from "./pages.ts";

export const listActivity: Handler<"activity.list"> = async ({ tables, principal, logged }, { query }) => {
  await logged();
  const found = await tables.activity.list(principal.account.id, pageOf("act", query), {
    action: query.action,
    keyId: query.key_id,
    since: query.since === undefined ? undefined : Date.parse(query.since),
    until: query.until === undefined ? undefined : Date.parse(query.until),
  });
  return listOf(found, show);
};

function show(row: ActivityRow): ActivityEntry {
  return {
    id: row.id,
    at: timeText(row.at),
    last_at: timeText(row.lastAt),
    count: row.count,
    action: row.action,
    actor: { kind: row.actorKind, key_id: row.actorKeyId, name: row.actorName },
    address: row.address,
    subject: row.subjectId === null ? null : { id: row.subjectId, name: row.subjectName },
    detail: { ...row.detail },
  };
}
