import type { Page, Paged } from "./types.js";

/** Most entries of one page. */
const PAGE_LIMIT = 1000;
const PAGE_ENTRIES = 100;

/** @returns the page that the store is asked for; a larger one than there may be is cut */
export function rowsOf({ after, limit = PAGE_ENTRIES, order }: Page): Page & { readonly limit: number } {
  return {
    limit: Math.min(limit, PAGE_LIMIT),
    ...(after === undefined ? {} : { after }),
    ...(order === undefined ? {} : { order }),
  };
}

/** @returns the part of a page that names the next one, if there may be one */
export function nextOf(
  rows: readonly { readonly id: number }[],
  { limit }: { readonly limit: number },
): Pick<Paged<never>, "next"> {
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return last === undefined ? {} : { next: last.id };
}
