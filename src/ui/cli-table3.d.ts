// The part of cli-table3 that measures text, imported alone by its path; it has no types of its own.
declare module "cli-table3/src/utils.js" {
  /** Cells of the longest line on a terminal; styles take none. */
  export function strlen(text: string): number;
  /** Lines of whole words; a word that is longer than a line stays whole. */
  export function wordWrap(width: number, text: string): string[];
}
