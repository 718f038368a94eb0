import { HooklineError } from "../errors.ts";

export type Constraint = "unique" | "foreign-key" | "not-null" | "check";

const constraints: ReadonlyMap<number | undefined, Constraint> = new Map([
  [2067, "unique"],
  // Of a primary key, and of a rowid.
  [1555, "unique"],
  [2579, "unique"],
  [787, "foreign-key"],
  [1299, "not-null"],
  [275, "check"],
]);

/** The primary result codes of SQLite that tell something of the file. */
const code = {
  busy: 5,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  notADatabase: 26,
};

/** SQLite's extended result code, which each driver has in a field of its own. */
function resultCode(error: unknown): number | undefined {
  const { errcode, rawCode } = (error ?? {}) as { errcode?: unknown; rawCode?: unknown };
  const found = errcode ?? rawCode;
  return typeof found === "number" ? found : undefined;
}

const primaryCode = (error: unknown): number => (resultCode(error) ?? 0) & 0xff;

/** Which constraint of the schema a statement broke; undefined for any other error. */
export function constraintOf(error: unknown): Constraint | undefined {
  return constraints.get(resultCode(error));
}

/** Whether another connection was in the way and the same may work later. */
export function isBusy(error: unknown): boolean {
  return [code.busy, code.protocol].includes(primaryCode(error));
}

/** The error for people where the file itself is at fault, else the same error. */
export function explained(error: unknown, file: string): unknown {
  const message = error instanceof Error ? error.message : "";
  switch (primaryCode(error)) {
    case code.corrupt:
    case code.notADatabase:
      return new HooklineError("database-damaged", `${file} is no database, or a damaged one: ${message}`, {
        cause: error,
        nextSteps: ["put a copy in its place, or move it away to begin with an empty one"],
      });
    case code.full:
      return unusable(file, "the disk is full", error);
    case code.readOnly:
      return unusable(file, `it cannot be written to (${message})`, error);
    case code.cannotOpen:
    case code.io:
      return unusable(file, message, error);
    default:
      return error;
  }
}

/** @param why completes "cannot use the database FILE: …" */
export function unusable(file: string, why: string, cause?: unknown): HooklineError {
  return new HooklineError("database-unwritable", `cannot use the database ${file}: ${why}`, {
    cause,
    nextSteps: [
      "see that the file and its folder can be written to and that the disk has room",
      "or choose another place: HOOKLINE_HOME names the folder of hookline's own files",
    ],
  });
}
