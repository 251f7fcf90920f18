import type { DeviceName } from "../../types.js";
import type { ExchangeRequest, HttpExchange } from "../http-exchange.js";

export function get(exchange: HttpExchange, path: string, query: ExchangeRequest["query"] = {}): Promise<unknown> {
  return exchange.ask("GET", path, { query });
}

export function post(exchange: HttpExchange, path: string, body: unknown = undefined): Promise<unknown> {
  return exchange.ask("POST", path, body === undefined ? {} : { body });
}

/** @returns the items of a list that has no pages */
export function items<Item>(answer: unknown): readonly Item[] {
  return (answer as { readonly items: readonly Item[] }).items;
}

/** A device as a query names it. */
export function spell({ productId, deviceName }: DeviceName): string {
  return `${productId}/${deviceName}`;
}
