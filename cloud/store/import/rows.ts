import { createHash } from "node:crypto";
import { type Kysely, type RawBuilder, type SqlBool, sql, type Transaction } from "kysely";
import type { Schema } from "../schema.js";
import type { CopiedTable, KeyColumn } from "./tables.js";

export type Row = Readonly<Record<string, string | number | null>>;

/** Rows that are read at a time. */
const PAGE_ROWS = 500;

/** How many rows a table has, and a hash of all of them in the order of their key. */
export interface TableSum {
  readonly rows: number;
  readonly sha256: string;
}

/** Any tables: what is copied is known only while it is copied. */
type AnyTables = Record<string, Record<string, string | number | null>>;

/** Reads all rows of a table, in the order of the bytes of its key. */
export async function* pagesOf(
  database: Kysely<Schema> | Transaction<Schema>,
  { name, key }: CopiedTable,
  isServer: boolean,
): AsyncGenerator<readonly Row[]> {
  const anyTable = database as unknown as Kysely<AnyTables>;
  let last: Row | undefined;
  for (;;) {
    let query = anyTable.selectFrom(name).selectAll().limit(PAGE_ROWS);
    for (const column of key) query = query.orderBy(inBytes(column, isServer));
    if (last !== undefined) query = query.where(after(key, last, isServer));
    const rows = (await query.execute()) as Row[];
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE_ROWS) return;
    last = rows.at(-1);
  }
}

/** Counts and hashes rows as they pass. */
export class Summing {
  readonly #hash = createHash("sha256");
  #rows = 0;

  add(rows: readonly Row[]): void {
    for (const row of rows) {
      const columns = Object.keys(row).sort();
      this.#hash.update(`${JSON.stringify(columns.map((column) => [column, row[column]]))}\n`);
    }
    this.#rows += rows.length;
  }

  end(): TableSum {
    return { rows: this.#rows, sha256: this.#hash.digest("hex") };
  }
}

export async function sumOf(
  database: Kysely<Schema> | Transaction<Schema>,
  table: CopiedTable,
  isServer: boolean,
): Promise<TableSum> {
  const sum = new Summing();
  for await (const rows of pagesOf(database, table, isServer)) sum.add(rows);
  return sum.end();
}

/** A server may order texts as a language does, and SQLite orders their bytes. */
function inBytes({ column, isText }: KeyColumn, isServer: boolean): RawBuilder<unknown> {
  return isServer && isText ? sql`${sql.ref(column)} collate "C"` : sql`${sql.ref(column)}`;
}

/** @returns the condition of the rows behind one: (a, b) > (x, y) */
function after(key: readonly KeyColumn[], last: Row, isServer: boolean): RawBuilder<SqlBool> {
  const columns = sql.join(key.map((column) => inBytes(column, isServer)));
  const values = sql.join(key.map(({ column }) => sql`${last[column]}`));
  return sql<SqlBool>`(${columns}) > (${values})`;
}
