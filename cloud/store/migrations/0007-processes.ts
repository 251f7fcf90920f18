import { type Kysely, sql } from "kysely";
import type { EngineWords } from "../engine.js";
import type { Migration } from "./migration.js";

/** What several processes on one database need of each other. With a folder, these tables stay as they are. */
export const processes: Migration = {
  version: 7,
  async up(database, words) {
    await turn(database);
    await lease(database);
    await signals(database, words);
  },
};

/** One row, which each transaction that writes locks first. */
async function turn(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable("turn")
    .addColumn("id", "bigint", (column) => column.primaryKey())
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .addColumn("changes", "bigint", (column) => column.notNull())
    .execute();
  await sql`insert into turn (id, epoch, changes) values (1, 0, 0)`.execute(database);
}

/** One row, which the leader renews. Nobody locks it for long, so that a renewal never waits for other work. */
async function lease(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable("lease")
    .addColumn("id", "bigint", (column) => column.primaryKey())
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .addColumn("holder", "text", (column) => column.notNull())
    .addColumn("backend", "bigint", (column) => column.notNull())
    .addColumn("renewedAt", "bigint", (column) => column.notNull())
    .addColumn("facts", "text", (column) => column.notNull())
    .execute();
  await sql`insert into lease (id, epoch, holder, backend, renewed_at, facts) values (1, 0, '', 0, 0, '{}')`.execute(
    database,
  );
}

async function signals(database: Kysely<unknown>, words: EngineWords): Promise<void> {
  await database.schema
    .createTable("signal")
    .addColumn("id", words.id, (column) =>
      words.autoIncrement ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("detail", "text", (column) => column.notNull())
    .execute();
}
