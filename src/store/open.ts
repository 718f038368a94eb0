import { HooklineError } from "../errors.ts";
import type { Store } from "./contract.ts";

/**
 * Opens the store in a file, or makes it. The database behind it is loaded here and nowhere else.
 * @throws HooklineError `sqlite-missing`, `database-damaged`, `database-unwritable`, `database-busy`, `database-newer`,
 *   `database-foreign`
 */
export async function openStore(file: string): Promise<Store> {
  const { createSqliteStore } = await import("./sqlite/index.ts");
  return createSqliteStore(file);
}

/**
 * Opens a store that is there, of this hookline's own version and free, for a look that makes nothing, changes nothing
 * and waits for nobody; undefined where it is not.
 * @throws HooklineError `sqlite-missing`, `database-damaged`, `database-unwritable`, `database-busy`
 */
export async function openExistingStore(file: string): Promise<Store | undefined> {
  const { createSqliteStore, isCurrent } = await import("./sqlite/index.ts");
  return isCurrent(file) ? createSqliteStore(file, { sleep: impatient }) : undefined;
}

const impatient = (): Promise<void> =>
  Promise.reject(new HooklineError("database-busy", "another process has the database locked"));
