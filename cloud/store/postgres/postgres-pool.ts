import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import pg from "pg";
import { StorageError } from "../storage-error.js";
import { storageErrorOf } from "./postgres-errors.js";

const CONNECT_TIMEOUT_MS = 5000;
/** No statement of the cloud takes so long, but for the steps of the schema. */
const STATEMENT_TIMEOUT_MS = 15_000;
/** How long a transaction waits for that of another process. */
const LOCK_TIMEOUT_MS = 8000;
/** A process that hangs in the middle of a transaction must not hold up the others. */
const IDLE_IN_TRANSACTION_MS = 5000;
const ANSWER_TIMEOUT_MS = 20_000;

/** Bulk statements have a text for each count of rows: they are not kept prepared. */
const KEPT_PARAMETERS = 64;
const KEPT_STATEMENTS = 256;

const INT8 = 20;

export interface ConnectionOptions {
  readonly url: string;
  /** Shown by the server beside the connection. */
  readonly name: string;
  /** After which a connection that does not answer is given up; 0: never. Default: 20 s. */
  readonly answerTimeoutMs?: number | undefined;
}

export interface PoolOptions extends ConnectionOptions {
  readonly mostConnections: number;
  /** The connections only read. */
  readonly readOnly: boolean;
}

/** @returns the settings of a connection of the cloud; whole numbers of 64 bits are numbers */
export function connectionConfig({
  url,
  name,
  answerTimeoutMs = ANSWER_TIMEOUT_MS,
}: ConnectionOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
    types: {
      getTypeParser: (oid: number, format?: "text" | "binary") =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format as "text"),
    } as pg.CustomTypesConfig,
  };
}

/** A pool of connections for Kysely. What the server or the network refuses is a `StorageError`. */
export class CheckedPool implements PostgresPool {
  readonly #pool: pg.Pool;
  readonly #readOnly: boolean;
  readonly #clients = new WeakMap<pg.PoolClient, CheckedClient>();

  constructor({ mostConnections, readOnly, ...connection }: PoolOptions) {
    this.#readOnly = readOnly;
    this.#pool = new pg.Pool({
      ...connectionConfig(connection),
      max: mostConnections,
      ...(readOnly ? { options: "-c default_transaction_read_only=on" } : {}),
    });
    // A connection that is lost while nobody uses it: the next one who needs one gets another.
    this.#pool.on("error", () => {});
  }

  async connect(): Promise<PostgresPoolClient> {
    try {
      const client = await this.#pool.connect();
      const known = this.#clients.get(client) ?? new CheckedClient(client, this.#readOnly);
      this.#clients.set(client, known);
      return known;
    } catch (error) {
      // Such as a certificate that is over, or a password that is missing: no statement has been run.
      throw storageErrorOf(error) ?? new StorageError("lost", error, "server");
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

class CheckedClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  readonly #readOnly: boolean;
  /** Names of the statements that this connection has prepared, by their text. */
  readonly #names = new Map<string, string>();
  /** The connection is of no use any more. */
  #isBroken = false;

  constructor(client: pg.PoolClient, readOnly: boolean) {
    this.#client = client;
    this.#readOnly = readOnly;
    client.on("error", () => (this.#isBroken = true));
  }

  release(): void {
    this.#client.release(this.#isBroken);
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(sql: unknown, parameters: readonly unknown[] = []): unknown {
    if (typeof sql !== "string") throw new Error("rows are read by pages, not streamed");
    return this.#query<Row>(sql, parameters);
  }

  async #query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    for (const value of parameters) checkValue(value);
    try {
      const name = this.#nameOf(sql, parameters.length);
      const values = [...parameters];
      const result = await this.#client.query(name === undefined ? { text: sql, values } : { text: sql, values, name });
      return result as unknown as PostgresQueryResult<Row>;
    } catch (error) {
      throw this.#meaningOf(error);
    }
  }

  #nameOf(sql: string, parameters: number): string | undefined {
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    if (parameters === 0 || parameters > KEPT_PARAMETERS || this.#names.size >= KEPT_STATEMENTS) return undefined;
    const name = `s${this.#names.size}`;
    this.#names.set(sql, name);
    return name;
  }

  #meaningOf(error: unknown): unknown {
    const storage = storageErrorOf(error);
    if (this.#readOnly && storage?.code === "read-only") {
      return new Error("outside of a transaction the store only reads: use write or enqueue", { cause: error });
    }
    // After a step of the schema, what a connection has prepared may be of no use any more (0A000).
    if (storage?.code === "lost" || (error as { readonly code?: unknown }).code === "0A000") this.#isBroken = true;
    return storage ?? error;
  }
}

/** The store takes the same on each engine. */
function checkValue(value: unknown): void {
  if (value === null || typeof value === "bigint") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (typeof value === "string" && !value.includes("\0")) return;
  throw new TypeError(`the store takes texts without NUL, numbers and null, not ${typeof value}`);
}
