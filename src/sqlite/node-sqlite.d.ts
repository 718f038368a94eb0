// The part of node:sqlite that is used; the types of the oldest Node do not have it.
declare module "node:sqlite" {
  type Bound = string | number | bigint | null | Uint8Array;

  export class DatabaseSync {
    constructor(path: string);
    exec(sql: string): void;
    prepare(sql: string): StatementSync;
    close(): void;
  }

  interface StatementSync {
    all(...parameters: readonly Bound[]): Record<string, string | number | null | Uint8Array>[];
    run(...parameters: readonly Bound[]): { changes: number };
  }
}
