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
