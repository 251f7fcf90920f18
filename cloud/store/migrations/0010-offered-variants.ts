import { sql } from "kysely";
import type { Migration } from "./migration.js";

/**
 * Whether a task that has not ended was offered a variant is asked for each one that is removed, again and again until
 * none was: the tasks that have ended, of which there may be very many, are not to be read for it.
 */
export const offeredVariants: Migration = {
  version: 10,
  async up(database) {
    await sql`create index task_by_variant_open on task (variant_id, open) where variant_id is not null`.execute(
      database,
    );
    await sql`drop index task_by_variant`.execute(database);
  },
};
