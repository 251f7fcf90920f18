import type { Order, Page } from "../../operator/types.js";

/** @returns the page that a query asks for */
export function pageOf({
  after,
  limit,
  order,
}: {
  readonly after?: number;
  readonly limit?: number;
  readonly order?: Order;
}): Page {
  return {
    ...(after === undefined ? {} : { after }),
    ...(limit === undefined ? {} : { limit }),
    ...(order === undefined ? {} : { order }),
  };
}
