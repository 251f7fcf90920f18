import { CamelCasePlugin, Kysely, PostgresDialect, sql, type Transaction } from "kysely";
import type { Engine, EngineWords } from "../engine.js";
import type { Schema } from "../schema.js";
import { checkDatabaseUrl } from "./database-url.js";
import { CheckedPool } from "./postgres-pool.js";
import { WriteTurn } from "./write-turn.js";

/** Any number that no other program takes for its locks in this database. */
const SCHEMA_LOCK = 7_126_310_021;

/** Transactions of one process go one after another. */
const WRITER_CONNECTIONS = 1;
const READER_CONNECTIONS = 8;

const WORDS: EngineWords = { id: "bigserial", autoIncrement: false, clustered: "" };

export interface PostgresOptions {
  /** `postgres://user:password@host:port/name` */
  readonly url: string;
  /** Most connections for reading. Default: 8. */
  readonly readerConnections?: number;
  /** What the server shows beside the connections. Default: `ota-cloud`. */
  readonly name?: string;
  /** After which a connection for writing that does not answer is given up; 0: never. Default: 20 s. */
  readonly answerTimeoutMs?: number | undefined;
  /** As whom this process writes. Default: beside a leader. */
  readonly turn?: WriteTurn;
}

/**
 * Opens a PostgreSQL database. Connections are made when they are needed. A commit is on the disk when it returns, as
 * the server's `synchronous_commit` has it by default.
 *
 * @throws CloudError if it is no URL of such a database
 */
export function openPostgres(options: PostgresOptions): Engine {
  const { url, readerConnections, name = "ota-cloud", answerTimeoutMs, turn = new WriteTurn() } = options;
  checkDatabaseUrl(url);
  const writer = kyselyOn(
    new CheckedPool({ url, name, answerTimeoutMs, mostConnections: WRITER_CONNECTIONS, readOnly: false }),
  );
  const mostConnections = readerConnections ?? READER_CONNECTIONS;
  const reader = kyselyOn(new CheckedPool({ url, name, mostConnections, readOnly: true }));
  return {
    reader,
    writer,
    words: WORDS,
    lockSchema,
    enter: (transaction) => turn.enter(transaction),
    close: async () => {
      await Promise.all([reader.destroy(), writer.destroy()]);
    },
  };
}

/** Steps of the schema may take long, and nothing of the cloud waits for them but those who want the same. */
async function lockSchema(transaction: Transaction<unknown>): Promise<void> {
  await sql`select set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true)`.execute(transaction);
  await sql`select pg_advisory_xact_lock(${SCHEMA_LOCK})`.execute(transaction);
}

function kyselyOn(pool: CheckedPool): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
}
