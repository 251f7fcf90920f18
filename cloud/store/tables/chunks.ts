import type { Kysely, Transaction } from "kysely";
import type { Schema } from "../schema.js";

/** A table's class works on either: outside of a transaction it can only read. */
export type Connection = Kysely<Schema> | Transaction<Schema>;

/** Rows of one statement: it takes about 10 ms, and the event loop runs between two statements. */
export const CHUNK_ROWS = 500;

/** One page of a list. A page begins after the last row of the one before, so that no row is skipped or shown twice. */
export interface Page {
  /** The `id` of the last row of the page before. Absent: the first page. */
  readonly after?: number;
  /** Most rows. Default: 100. */
  readonly limit?: number;
  /** By `id`, which counts up. Each list has a default of its own. */
  readonly order?: Order;
}

export type Order = "newest" | "oldest";

/** @returns how the rows of a page are ordered by `id`, and how theirs compare with that of the row before them */
export function directionOf(order: Order): { readonly direction: "asc" | "desc"; readonly beyond: ">" | "<" } {
  return order === "oldest" ? { direction: "asc", beyond: ">" } : { direction: "desc", beyond: "<" };
}

export const PAGE_ROWS = 100;

/** Calls `work` for one chunk after the other. @returns all its results */
export async function inChunks<Item, Result>(
  items: readonly Item[],
  work: (chunk: readonly Item[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += CHUNK_ROWS) {
    for (const result of await work(items.slice(start, start + CHUNK_ROWS))) results.push(result);
  }
  return results;
}

/** @returns the pattern of `like … escape '\'` for a text that occurs anywhere */
export function patternOf(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}
