import { EXIT, HooklineError } from "../errors.ts";

/** A list as the API answers it. */
export interface Listed<Item> {
  data: Item[];
  next_cursor: string | null;
}

/** Which part of a list is asked for. */
export interface PageOptions {
  /** How many at most; as many as the API thinks fit where it is left out. */
  limit?: number;
  /** `next_cursor` of the part before. */
  cursor?: string;
  /** To the end of the list, however many. */
  all: boolean;
}

/** Items of a page at most. */
const largestPage = 100;

/**
 * Reads a list to its end.
 * @param read asks for one page
 * @param cursor where to begin; at the beginning where it is left out
 */
export async function readAll<Item>(
  read: (page: { limit: number; cursor?: string }) => Promise<Listed<Item>>,
  cursor?: string,
): Promise<Listed<Item>> {
  const data: Item[] = [];
  const seen = new Set<string>();
  for (let next = cursor; ;) {
    const page = await read({ limit: largestPage, ...(next === undefined ? {} : { cursor: next }) });
    for (const item of page.data) data.push(item);
    if (page.next_cursor === null) return { data, next_cursor: null };
    if (seen.has(page.next_cursor)) {
      throw new HooklineError("api-answer-unexpected", "the API leads from one page of the list back to it", {
        exitCode: EXIT.remote,
        nextSteps: ["check that the URL is a hookline server's: hookline whoami"],
      });
    }
    next = page.next_cursor;
    seen.add(next);
  }
}

/** Asks for one part of a list, or for all of it from the cursor on. */
export function readPages<Item>(
  ask: (page: { limit?: number; cursor?: string }) => Promise<Listed<Item>>,
  { all, ...page }: PageOptions,
): Promise<Listed<Item>> {
  return all ? readAll(ask, page.cursor) : ask(page);
}
