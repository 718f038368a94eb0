import type { Row } from "./contract.ts";

/** What reaches a driver: integers as bigint, so that both bind them as integers. */
export type Bound = string | number | bigint | null | Uint8Array;

/** A driver's connection with its quirks evened out; its errors are its own. */
export interface Connection {
  exec(sql: string): void;
  all(sql: string, parameters: readonly Bound[]): Row[];
  run(sql: string, parameters: readonly Bound[]): { changes: number };
  close(): void;
}
