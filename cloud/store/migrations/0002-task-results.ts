import { type Kysely, sql } from "kysely";
import type { Migration } from "./migration.js";

/**
 * Tasks by result. A task comes into the index of those that have ended once, so that reports on the way cost nothing
 * more. The index of those that wait holds why, so that they are counted without their rows.
 */
export const taskResults: Migration = {
  version: 2,
  async up(database) {
    await index(database, "taskByResult", ["planId", "state", "reason", "id"], "open = 0");
    await sql`drop index ${sql.ref("taskWaiting")}`.execute(database);
    await index(database, "taskWaiting", ["planId", "nextTryAt", "id", "reason"], "state = 'waiting'");
  },
};

async function index(
  database: Kysely<unknown>,
  name: string,
  columns: readonly string[],
  condition: string,
): Promise<void> {
  const list = sql.join(columns.map((column) => sql.ref(column)));
  const where = sql.raw(condition);
  await sql`create index ${sql.ref(name)} on ${sql.table("task")} (${list}) where ${where}`.execute(database);
}
