import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type Database from "libsql";
import { storageErrorOf } from "./libsql-errors.js";

/** Most prepared statements that are kept. */
const KEPT_STATEMENTS = 256;
/** A statement with more parameters is one of a bulk, and is not kept. */
const KEPT_PARAMETERS = 64;

export interface LibsqlDialectOptions {
  readonly database: Database.Database;
  /** The connection was opened for reading alone. */
  readonly readOnly: boolean;
}

/** Statements that take longer together let the event loop run: libsql works on the one thread of the program. */
const TURN_MS = 15;

/**
 * Kysely on one connection of libsql. It differs from Kysely's own dialect for SQLite in this: statements are prepared
 * once, a transaction takes the right to write when it begins, and parameters are checked, because libsql ends the
 * whole process at a boolean.
 */
export class LibsqlDialect implements Dialect {
  readonly #options: LibsqlDialectOptions;

  constructor(options: LibsqlDialectOptions) {
    this.#options = options;
  }

  createDriver(): Driver {
    return new LibsqlDriver(this.#options);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new SqliteAdapter();
  }

  createIntrospector(database: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(database);
  }
}

class LibsqlDriver implements Driver {
  readonly #connection: LibsqlConnection;
  /** The last in the queue for the one connection. */
  #turn: Promise<void> = Promise.resolve();
  #endTurn: (() => void) | undefined;

  constructor(options: LibsqlDialectOptions) {
    this.#connection = new LibsqlConnection(options);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn;
    let end = (): void => {};
    this.#turn = new Promise((resolve) => (end = resolve));
    await before;
    this.#endTurn = end;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#endTurn?.();
  }

  async beginTransaction(): Promise<void> {
    this.#connection.run("begin immediate");
  }

  async commitTransaction(): Promise<void> {
    this.#connection.run("commit");
  }

  /** SQLite has already rolled back by itself after some errors, for example if the disk is full. */
  async rollbackTransaction(): Promise<void> {
    if (this.#connection.inTransaction) this.#connection.run("rollback");
  }

  async destroy(): Promise<void> {
    this.#connection.close();
  }
}

class LibsqlConnection implements DatabaseConnection {
  readonly #database: Database.Database;
  readonly #readOnly: boolean;
  #turnEndsAt = 0;
  readonly #statements = new Map<string, { readonly statement: Database.Statement; readonly reads: boolean }>();

  constructor({ database, readOnly }: LibsqlDialectOptions) {
    this.#database = database;
    this.#readOnly = readOnly;
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  run(text: string): void {
    try {
      this.#prepare(text, true).statement.run();
    } catch (error) {
      throw this.#meaningOf(error);
    }
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const values = parameters.map(boundValue);
    if (performance.now() > this.#turnEndsAt) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#turnEndsAt = performance.now() + TURN_MS;
    }
    try {
      const { statement, reads } = this.#prepare(sql, parameters.length <= KEPT_PARAMETERS);
      if (reads) return { rows: statement.all(values) as Row[] };
      const { changes, lastInsertRowid } = statement.run(values);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    } catch (error) {
      throw this.#meaningOf(error);
    }
  }

  // biome-ignore lint/correctness/useYield: a bulk is read by pages, so that nothing streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error("rows are read by pages, not streamed");
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #meaningOf(error: unknown): unknown {
    const storage = storageErrorOf(error);
    if (this.#readOnly && storage?.code === "read-only") {
      return new Error("outside of a transaction the store only reads: use write or enqueue", { cause: error });
    }
    return storage ?? error;
  }

  #prepare(sql: string, keep: boolean): { statement: Database.Statement; reads: boolean } {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    const prepared = { statement, reads: statement.reader };
    if (keep) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined && this.#statements.size >= KEPT_STATEMENTS) this.#statements.delete(oldest);
      this.#statements.set(sql, prepared);
    }
    return prepared;
  }
}

/** libsql would bind a whole number as a float, cut a text at a NUL, and end the process at a boolean. */
function boundValue(value: unknown): unknown {
  if (value === null || typeof value === "bigint") return value;
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return BigInt(value);
    if (Number.isFinite(value)) return value;
  }
  if (typeof value === "string" && !value.includes("\0")) return value;
  throw new TypeError(`the store takes texts without NUL, numbers and null, not ${typeof value}`);
}
