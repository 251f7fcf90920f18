import type { Transactions } from "../rollout/work.js";
import { ObjectStoreError } from "../files/object-store/object-store-error.js";
import { StorageError } from "../store/storage-error.js";
import { Refusal } from "./types.js";

/** What requests of an operator need of the transactions. */
export type RequestTransactions = Pick<Transactions, "tables" | "nowMs" | "run" | "join">;

/** The transactions of an operator's requests: what the storage refuses is a refusal with its reason. */
export function requestTransactions(transactions: Transactions): RequestTransactions {
  return {
    get tables() {
      return transactions.tables;
    },
    nowMs: () => transactions.nowMs(),
    run: (work) => transactions.run(work).catch(rethrow),
    join: (work) => transactions.join(work).catch(rethrow),
  };
}

/** @throws Refusal with the reason if the storage has refused something, otherwise the error itself */
export function rethrow(error: unknown): never {
  throw error instanceof StorageError || error instanceof ObjectStoreError
    ? new Refusal("storage", error.message)
    : error;
}
