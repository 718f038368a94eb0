import { generateSecret } from "../../signing/secrets.ts";
import type { EndpointChanges, EndpointRow } from "../../store/contract.ts";
import type { Handler, Handling } from "../app.ts";
import { ApiProblem } from "../problems.ts";
import { hintOf, isRotating, placeOf } from "../secrets.ts";
import { findEndpoint, showEndpoint, subjectOf } from "./endpoints.ts";
import { maybeTime, timeText } from "./pages.ts";

export const rotateSecret: Handler<"endpoints.rotateSecret"> = async (handling, { params, body }) => {
  const { tables, options, now, log } = handling;
  const row = await findEndpoint(handling, params.id);
  const scheme = options.registry.get(row.provider)?.signatures[0];
  if (row.secret === null || scheme === undefined) {
    throw new ApiProblem(
      "endpoint-unsigned",
      `${row.provider} signs nothing, so ${row.id} has no secret to rotate`,
    );
  }
  // Without a grace all former secrets end at once, also one that is in use still.
  if (isRotating(row, now) && body.grace_seconds !== 0) throw rotationUnderWay(row);
  const place = placeOf(row.id);
  const secret = generateSecret(scheme, options.random);
  const previous = options.vault.open(row.secret, place);
  const previousUntil = body.grace_seconds === null ? null : now + body.grace_seconds * 1000;
  const changes = {
    secret: options.vault.seal(secret, place),
    secretHint: hintOf(secret),
    ...(body.grace_seconds === 0 ? noPrevious : { previousSecret: row.secret, previousUntil }),
  };
  await tables.endpoints.update(row.accountId, row.id, changes);
  await log("endpoint.secret_rotated", subjectOf(row), { previous_until: maybeTime(previousUntil) });
  return { ...showEndpoint(handling, { ...row, ...changes }), secret, previous_secret: previous };
};

export const retireSecret: Handler<"endpoints.retireSecret"> = async (handling, { params, body }) => {
  const { tables, now, log } = handling;
  const { row } = await findRotating(handling, params.id, body.secret_hint);
  const end = Math.min(row.previousUntil ?? Infinity, now + body.grace_seconds * 1000);
  const changes: EndpointChanges = end <= now ? noPrevious : { previousUntil: end };
  await tables.endpoints.update(row.accountId, row.id, changes);
  await log("endpoint.secret_retired", subjectOf(row), { previous_until: timeText(end) });
  return showEndpoint(handling, { ...row, ...changes });
};

export const restoreSecret: Handler<"endpoints.restoreSecret"> = async (handling, { params, body }) => {
  const { tables, options, log } = handling;
  const { row, previous } = await findRotating(handling, params.id, body.secret_hint);
  const changes = {
    secret: previous,
    secretHint: hintOf(options.vault.open(previous, placeOf(row.id))),
    ...noPrevious,
  };
  await tables.endpoints.update(row.accountId, row.id, changes);
  await log("endpoint.secret_restored", subjectOf(row));
  return showEndpoint(handling, { ...row, ...changes });
};

const noPrevious = { previousSecret: null, previousUntil: null };

/** @param hint of the new secret, where just its rotation is meant */
async function findRotating(
  handling: Handling,
  id: string,
  hint: string | undefined,
): Promise<{ row: EndpointRow; previous: Uint8Array }> {
  const row = await findEndpoint(handling, id);
  const { previousSecret: previous, secretHint } = row;
  const none = (why: string): ApiProblem =>
    new ApiProblem("rotation-missing", why, {
      nextSteps: [`see which secret is in force: hookline endpoints show ${row.id}`],
    });
  if (previous === null || !isRotating(row, handling.now))
    throw none(`no rotation of the secret of ${row.id} is under way: one secret alone is in use`);
  if (hint !== undefined && hint !== secretHint)
    throw none(`the secret of ${row.id} has been rotated by another since: it is ${secretHint} now`);
  return { row, previous };
}

function rotationUnderWay({ id, previousUntil }: EndpointRow): ApiProblem {
  const atOnce = `or end both at once: hookline endpoints rotate-secret ${id} --grace 0`;
  const undo = `undo it: hookline endpoints rotate-secret ${id} --undo`;
  if (previousUntil === null) {
    return new ApiProblem(
      "rotation-under-way",
      `the secret of ${id} is being rotated, and the one before it is in use until that is finished or undone`,
      {
        nextSteps: [
          "where a command goes on with it, wait for that",
          `finish it, where your app has the new one: hookline endpoints rotate-secret ${id} --finish`,
          `or ${undo}`,
          atOnce,
        ],
      },
    );
  }
  return new ApiProblem(
    "rotation-under-way",
    `the secret of ${id} was rotated before, and the one before it is in use until ${timeText(previousUntil)}`,
    { nextSteps: ["wait until then, and rotate again", `or ${undo}`, atOnce] },
  );
}
