import type { Page } from "../../operator/types.js";

/** @returns the page that a query asks for */
export function pageOf({ after, limit }: { readonly after?: number; readonly limit?: number }): Page {
  return { ...(after === undefined ? {} : { after }), ...(limit === undefined ? {} : { limit }) };
}
