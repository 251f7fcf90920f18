import { CompiledQuery, type Kysely, type Transaction } from "kysely";
import type { Schema } from "./schema.js";
import { StorageError } from "./storage-error.js";
import { Tables } from "./tables/tables.js";

/** Most works in one transaction, so that the first of them is not acknowledged too late. */
const MOST_WORKS = 1000;

const SAVEPOINT = CompiledQuery.raw("savepoint one_work");
const RELEASE = CompiledQuery.raw("release savepoint one_work");
const ROLL_BACK = CompiledQuery.raw("rollback to savepoint one_work");

export type Work<Result> = (tables: Tables) => Promise<Result>;

interface Job {
  readonly work: Work<unknown>;
  /** It gets a transaction of its own, at once. */
  readonly alone: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions {
  readonly writer: Kysely<Schema>;
  /** Called at the beginning of each transaction. */
  readonly enter?: ((transaction: Transaction<Schema>) => Promise<void>) | undefined;
  /** Wait for further works before a group begins, in milliseconds. */
  readonly delayMs: number;
  /** Called after each transaction, with the error if the storage refused it. */
  readonly onCommit: (error?: StorageError) => void;
  /** Whether the next transaction must write something of its own: its success proves that the disk takes it. */
  readonly mustProve: () => boolean;
}

/**
 * Runs works in the order in which they came, many of them in one transaction. A commit waits for the disk, so that one
 * for each message would let through only as many messages as the disk can sync.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #queue: Job[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** The group whose transaction was begun last. */
  #current: Promise<void> = Promise.resolve();

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  add<Result>(work: Work<Result>, alone: boolean): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ work, alone, resolve: resolve as (value: unknown) => void, reject });
      if (this.#running !== undefined) return;
      if (alone) this.#start();
      else this.#timer ??= setTimeout(() => this.#start(), this.#options.delayMs);
    });
  }

  /** Rejects what has not begun. */
  refuseWaiting(error: StorageError): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  /** Resolves when all that was added has ended. */
  async drained(): Promise<void> {
    while (this.#queue.length > 0 || this.#running !== undefined) {
      if (this.#running === undefined) this.#start();
      await this.#running;
    }
  }

  /** Resolves when the transaction that was begun last has ended, whatever has come meanwhile. */
  begun(): Promise<void> {
    return this.#current;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#runAll();
  }

  async #runAll(): Promise<void> {
    for (;;) {
      const group = this.#take();
      if (group.length === 0) {
        // In the same turn as the look at the queue, so that what is added next starts a new run.
        this.#running = undefined;
        return;
      }
      this.#current = this.#run(group);
      await this.#current;
    }
  }

  #take(): Job[] {
    if (this.#queue[0]?.alone === true) return this.#queue.splice(0, 1);
    const next = this.#queue.findIndex(({ alone }) => alone);
    return this.#queue.splice(0, Math.min(next < 0 ? this.#queue.length : next, MOST_WORKS));
  }

  async #run(group: readonly Job[]): Promise<void> {
    const ends: (() => void)[] = [];
    try {
      await this.#options.writer.transaction().execute(async (transaction) => {
        await this.#options.enter?.(transaction);
        const tables = new Tables(transaction);
        if (this.#options.mustProve()) await tables.settings.set("storage-proof", String(Date.now()));
        for (const job of group) ends.push(await runJob(transaction, tables, job));
      });
    } catch (error) {
      const refused = error instanceof StorageError ? error : new StorageError("io", error);
      for (const { reject } of group) reject(refused);
      this.#options.onCommit(refused);
      return;
    }
    this.#options.onCommit();
    for (const end of ends) end();
  }
}

/**
 * Runs one work behind a savepoint, so that only its own statements are taken back if it throws.
 *
 * @returns what is to be done after the commit
 * @throws StorageError if the storage refused a statement: the whole transaction is lost then
 */
async function runJob(
  transaction: Transaction<Schema>,
  tables: Tables,
  { work, resolve, reject }: Job,
): Promise<() => void> {
  await transaction.executeQuery(SAVEPOINT);
  try {
    const value = await work(tables);
    await transaction.executeQuery(RELEASE);
    return () => resolve(value);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    await transaction.executeQuery(ROLL_BACK);
    await transaction.executeQuery(RELEASE);
    return () => reject(error);
  }
}
