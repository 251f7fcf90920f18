import { closeSync, openSync } from "node:fs";
import { CamelCasePlugin, Kysely } from "kysely";
import Database from "libsql";
import type { Engine, EngineWords } from "./engine.js";
import { LibsqlDialect } from "./libsql-dialect.js";
import { storageErrorOf } from "./libsql-errors.js";
import type { Schema } from "./schema.js";
import { StorageError } from "./storage-error.js";

/** docs/store.md has the measurements that these come from. */
export const PAGE_SIZE_BYTES = 512;
export const CHECKPOINT_PAGES = 32_768;
const BUSY_TIMEOUT_MS = 1000;
const CACHE_KIB = 16_384;

const WORDS: EngineWords = { id: "integer", autoIncrement: true, clustered: "without rowid" };

export interface LibsqlOptions {
  /** Path of the database's file. It is made if there is none. */
  readonly path: string;
  /** Default: what docs/store.md has measured as best. Only a new file takes it. */
  readonly pageSizeBytes?: number;
  /** Pages in the write-ahead log after which they go into the database's file. */
  readonly checkpointPages?: number;
  /** Most pages of the file: a write past them fails as on a full disk. Default: no limit. */
  readonly mostPages?: number;
}

/**
 * Opens an SQLite database with a write-ahead log. Each commit is on the disk when it returns.
 *
 * @throws StorageError if the file cannot be opened or is no database
 */
export function openLibsql(options: LibsqlOptions): Engine {
  const { path, pageSizeBytes = PAGE_SIZE_BYTES, checkpointPages = CHECKPOINT_PAGES, mostPages } = options;
  const open: Database.Database[] = [];
  try {
    makePrivately(path);
    const writer = connect(path, open, [
      `page_size = ${pageSizeBytes}`,
      "journal_mode = wal",
      "synchronous = full",
      "foreign_keys = on",
      `wal_autocheckpoint = ${checkpointPages}`,
      ...(mostPages === undefined ? [] : [`max_page_count = ${mostPages}`]),
    ]);
    const reader = connect(path, open, ["query_only = on"]);
    return {
      reader: kyselyOn(reader, true),
      writer: kyselyOn(writer, false),
      words: WORDS,
      close: async () => {
        // libsql may keep a closed connection until its statements are collected: the log is emptied now.
        if (writer.open) writer.pragma("wal_checkpoint(truncate)");
        reader.close();
        writer.close();
      },
    };
  } catch (error) {
    for (const database of open) database.close();
    throw storageErrorOf(error) ?? error;
  }
}

/** The database holds secrets. What SQLite keeps beside it gets the same mode. */
function makePrivately(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch {
    // There is one, or it cannot be made: opening it shows why.
  }
}

function connect(path: string, open: Database.Database[], pragmas: readonly string[]): Database.Database {
  const database = opened(path);
  open.push(database);
  const always = [`busy_timeout = ${BUSY_TIMEOUT_MS}`, `cache_size = -${CACHE_KIB}`, "temp_store = memory"];
  for (const pragma of [...always, ...pragmas]) database.pragma(pragma);
  return database;
}

/** libsql gives no code for why it cannot open a file: that it may not is what remains. */
function opened(path: string): Database.Database {
  try {
    return new Database(path);
  } catch (error) {
    throw storageErrorOf(error) ?? new StorageError("read-only", error);
  }
}

function kyselyOn(database: Database.Database, readOnly: boolean): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new LibsqlDialect({ database, readOnly }), plugins: [new CamelCasePlugin()] });
}
