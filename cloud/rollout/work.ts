import type { Tables } from "../store/tables/tables.js";

/** One transaction: what it reads and writes, and what is to be done once that is stored. */
export interface Work {
  readonly tables: Tables;
  /** Milliseconds since 1970; the same through the whole transaction. */
  readonly nowMs: number;
  /** Calls an effect after the commit. If the transaction fails, it is not called. */
  after(effect: () => void): void;
}

/** The part of the store that transactions need. */
export interface TransactionStore {
  readonly tables: Tables;
  write<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
  enqueue<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
}

/** Runs transactions one after the other, and their effects after the commit. */
export class Transactions {
  readonly #store: TransactionStore;
  readonly #nowMs: () => number;

  constructor(options: { readonly store: TransactionStore; nowMs?(): number }) {
    this.#store = options.store;
    this.#nowMs = options.nowMs === undefined ? Date.now : () => options.nowMs?.() ?? 0;
  }

  /** For reading outside of a transaction. */
  get tables(): Tables {
    return this.#store.tables;
  }

  nowMs(): number {
    return this.#nowMs();
  }

  /** A transaction of its own: for what an operator requests. @throws StorageError if it cannot be stored */
  run<T>(work: (work: Work) => Promise<T>): Promise<T> {
    return this.#carryOut((body) => this.#store.write(body), work);
  }

  /**
   * Together with what else arrives within 20 ms, in one transaction: for the messages of devices.
   *
   * @throws StorageError if it cannot be stored
   */
  join<T>(work: (work: Work) => Promise<T>): Promise<T> {
    return this.#carryOut((body) => this.#store.enqueue(body), work);
  }

  async #carryOut<T>(
    store: (body: (tables: Tables) => Promise<T>) => Promise<T>,
    work: (work: Work) => Promise<T>,
  ): Promise<T> {
    let effects: (() => void)[] = [];
    const result = await store((tables) => {
      // Only what the last call wants counts.
      effects = [];
      return work({ tables, nowMs: this.#nowMs(), after: (effect) => effects.push(effect) });
    });
    for (const effect of effects) effect();
    return result;
  }
}
