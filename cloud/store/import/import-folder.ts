import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Kysely, sql, type Transaction } from "kysely";
import { CloudError } from "../../types.js";
import type { Engine } from "../engine.js";
import { DATABASE_FILE, IMPORTED_FILE } from "../fleet-store.js";
import { lockFolder } from "../folder-lock.js";
import { openLibsql } from "../libsql-engine.js";
import { migrate } from "../migrations/migrate.js";
import { withoutPassword } from "../postgres/database-url.js";
import { makeOrCheck } from "../postgres/make-or-check.js";
import { openPostgres } from "../postgres/postgres-engine.js";
import type { Schema } from "../schema.js";
import { pagesOf, type Row, Summing, sumOf, type TableSum } from "./rows.js";
import { COPIED, type CopiedTable, inDatabase } from "./tables.js";

/** Most parameters of one statement; the protocol counts them in 16 bits. */
const PARAMETERS = 30_000;

export interface FolderImport {
  /** A state folder that no cloud runs on. */
  readonly folder: string;
  /** `postgres://…` of an empty database. */
  readonly url: string;
  /** Called after each table. */
  onTable?(name: string, sum: TableSum): void;
}

/**
 * Copies the state of a folder into a database on a server: all of it in one transaction, which is ended only if both
 * sides have the same count and the same hash of each table's rows. Then the folder's database is renamed, so that no
 * cloud goes on with it; the packages' files stay where they are. If that was cut off at its end, a further try finds
 * the same rows in the database, and renames what it has not renamed yet.
 *
 * @throws CloudError if a cloud runs on the folder, it has no state, or the database is not empty
 * @throws StorageError if one of them cannot be read or written
 */
export async function importFolder({ folder, url, onTable }: FolderImport): Promise<void> {
  const path = join(folder, DATABASE_FILE);
  if (!existsSync(path)) throw new CloudError(`${folder} holds no ${DATABASE_FILE}: name the state folder of a cloud`);
  const release = lockFolder(folder);
  try {
    await withEngine(openLibsql({ path }), async (source) => {
      await migrate(source);
      await withEngine(openPostgres({ url }), async (target) => {
        await makeOrCheck(target);
        await copyAll(source, target, url, onTable);
      });
    });
    renameSync(path, join(folder, IMPORTED_FILE));
  } finally {
    release();
  }
}

async function copyAll(source: Engine, target: Engine, url: string, onTable: FolderImport["onTable"]): Promise<void> {
  await target.writer.transaction().execute(async (transaction) => {
    await target.lockSchema?.(transaction as unknown as Transaction<unknown>);
    await target.enter?.(transaction);
    // If the answer to the commit was lost, all of it is there already.
    const isFilled = await hasRows(transaction);
    for (const table of COPIED) {
      const read = isFilled ? await sumOf(source.reader, table, false) : await copyTable(source, transaction, table);
      const written = await sumOf(transaction, table, true);
      if (read.rows !== written.rows || read.sha256 !== written.sha256) {
        if (isFilled) throw new CloudError(`the database ${withoutPassword(url)} is not empty: name one that is`);
        throw new CloudError(`${table.name} did not arrive as it was: nothing was taken over; report this`);
      }
      onTable?.(table.name, written);
    }
  });
}

async function hasRows(transaction: Transaction<Schema>): Promise<boolean> {
  for (const { name } of COPIED) {
    const [row] = await transaction.selectFrom(name).select(sql<number>`1`.as("one")).limit(1).execute();
    if (row !== undefined) return true;
  }
  return false;
}

async function copyTable(source: Engine, transaction: Transaction<Schema>, table: CopiedTable): Promise<TableSum> {
  const sum = new Summing();
  const anyTable = transaction as unknown as Kysely<Record<string, Record<string, unknown>>>;
  for await (const rows of pagesOf(source.reader, table, false)) {
    sum.add(rows);
    for (const some of pieces(rows)) {
      await anyTable
        .insertInto(table.name)
        .values([...some])
        .execute();
    }
  }
  if (table.isNumbered) await continueNumbers(source, transaction, table.name);
  return sum.end();
}

/** An id is never given twice, also if its row was removed: the numbers go on behind the last one that was given. */
async function continueNumbers(source: Engine, transaction: Transaction<Schema>, name: string): Promise<void> {
  const table = inDatabase(name);
  const { rows } = await sql<{ seq: number }>`select seq from sqlite_sequence where name = ${table}`.execute(
    source.reader,
  );
  await sql`select setval(pg_get_serial_sequence(${table}, 'id'), ${(rows[0]?.seq ?? 0) + 1}, false)`.execute(
    transaction,
  );
}

function* pieces(rows: readonly Row[]): Generator<readonly Row[]> {
  const columns = Object.keys(rows[0] ?? {}).length;
  const most = Math.max(1, Math.floor(PARAMETERS / columns));
  for (let start = 0; start < rows.length; start += most) yield rows.slice(start, start + most);
}

async function withEngine(engine: Engine, body: (engine: Engine) => Promise<void>): Promise<void> {
  try {
    await body(engine);
  } finally {
    await engine.close();
  }
}
