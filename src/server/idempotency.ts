import { createHash } from "node:crypto";
import { contract, type Route, type RouteName } from "../remote/contract.ts";
import type { AnswerRow, Tables } from "../store/contract.ts";
import type { ApiAnswer } from "./app.ts";
import type { Principal } from "./auth.ts";
import { ApiProblem } from "./problems.ts";
import type { Vault } from "./vault.ts";

/** Milliseconds that an answer is kept for the repetition of its request. */
export const answersLive = 24 * 3_600_000;

/** @throws ApiProblem `idempotency-key-invalid` */
export function checkIdempotencyKey(key: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new ApiProblem("idempotency-key-invalid", "Idempotency-Key takes 1 to 255 visible ASCII characters");
}

/** A request with an idempotency key is done once: repeated, it gets the answer it got. */
export function createOnce(
  tables: Tables,
  vault: Vault,
  name: RouteName,
  { account, key }: Principal,
  idempotencyKey: string,
  input: unknown,
  now: number,
): { before(): Promise<ApiAnswer | undefined>; keep(status: number, body: unknown): Promise<void> } {
  const route: Route = contract[name];
  const caller = key?.id ?? "";
  const request = createHash("sha256")
    .update(`${name}\n${JSON.stringify(input)}`)
    .digest();
  const place = `answer/${account.id}/${caller}/${idempotencyKey}`;
  const read = (row: AnswerRow): unknown =>
    JSON.parse(route.secret ? vault.open(row.body, place) : Buffer.from(row.body).toString("utf8"));
  return {
    async before() {
      await tables.answers.deleteBefore(account.id, now - answersLive);
      const row = await tables.answers.get(account.id, caller, idempotencyKey);
      if (row === undefined) return undefined;
      if (!request.equals(row.request)) {
        throw new ApiProblem(
          "idempotency-key-reused",
          "this Idempotency-Key came with another request before: a new request needs a new one",
        );
      }
      return { status: row.status, headers: { "idempotency-replayed": "true" }, body: read(row) };
    },
    keep(status, body) {
      const text = JSON.stringify(body);
      return tables.answers.insert({
        accountId: account.id,
        caller,
        idempotencyKey,
        request,
        status,
        body: route.secret ? vault.seal(text, place) : Buffer.from(text),
        createdAt: now,
      });
    },
  };
}
