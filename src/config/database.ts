import { join } from "node:path";

/** Where the database of the embedded control plane is. @param home hookline's folder of this user */
export function databaseFile(home: string): string {
  return join(home, "hookline.db");
}

/** Where what listeners received is recorded. @param home hookline's folder of this user */
export function inboxFile(home: string): string {
  return join(home, "inbox.db");
}
