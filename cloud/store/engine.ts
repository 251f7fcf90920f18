import type { Kysely, Transaction } from "kysely";
import type { Schema } from "./schema.js";

/** A database, opened. What differs from engine to engine is behind this type. */
export interface Engine {
  /** For reads outside of a transaction. They see what is committed, and wait for no transaction. */
  readonly reader: Kysely<Schema>;
  /** For transactions. */
  readonly writer: Kysely<Schema>;
  readonly words: EngineWords;
  /** Keeps other processes from changing the schema until the transaction ends. Absent: there are none. */
  lockSchema?(transaction: Transaction<unknown>): Promise<void>;
  /** Called at the beginning of each transaction that writes, if other processes write too. */
  enter?(transaction: Transaction<Schema>): Promise<void>;
  close(): Promise<void>;
}

/** What a migration spells differently on each engine. */
export interface EngineWords {
  /** Type of a primary key whose values the database gives, and never gives twice. */
  readonly id: "integer" | "bigserial";
  /** Said after the columns of a primary key that is not given anew for each row. */
  readonly autoIncrement: boolean;
  /** Said at the end of a table that is stored in the order of its primary key. */
  readonly clustered: string;
}
