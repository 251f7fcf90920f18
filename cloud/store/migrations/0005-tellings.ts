import { sql } from "kysely";
import type { Migration } from "./migration.js";

/**
 * What the tasks of a plan are still to be told became a list. Before, it was one event, which all tasks were told
 * anew after a restart.
 */
export const tellings: Migration = {
  version: 5,
  async up(database) {
    await sql`update plan set telling = '[{"event":"' || telling || '","told":0}]' where telling is not null
      and telling not like '[%'`.execute(database);
  },
};
