/** Who makes a request, for the audit. */
export interface Actor {
  /** Name of the token, or of the command. */
  readonly name: string;
  /** Address that the request came from; `local` for a command that opened the state itself. */
  readonly origin: string;
}

/** Orders of a list, by the ids of its entries, which count up. */
export const ORDERS = ["newest", "oldest"] as const;
export type Order = (typeof ORDERS)[number];

/** Part of a list, in the order of its ids. */
export interface Page {
  /** The last id of the page before. */
  readonly after?: number;
  /** Most entries. At most 1,000; default 100. */
  readonly limit?: number;
  /** Default: the oldest first; of plans and of the audit the newest. */
  readonly order?: Order;
}

export interface Paged<T> {
  readonly items: readonly T[];
  /** `after` of the next page; absent on the last page. */
  readonly next?: number;
}
