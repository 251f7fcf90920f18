import { sql } from "kysely";
import type { Migration } from "./migration.js";

/**
 * A delta or compressed image that is removed stays until no offer names it, beside one that is made anew. Which files
 * are to be removed is stored before they are, so that a process that ends meanwhile leaves none behind.
 */
export const variantRemovals: Migration = {
  version: 9,
  async up(database) {
    await database.schema
      .alterTable("packageVariant")
      .addColumn("interruptions", "bigint", (column) => column.notNull().defaultTo(0))
      .execute();
    await sql`drop index variant_by_package`.execute(database);
    await sql`create unique index variant_by_package on package_variant (package_id, source_version)
      where state <> 'removing'`.execute(database);
    await sql`create index variant_to_remove on package_variant (id) where state = 'removing'`.execute(database);
    await database.schema
      .createTable("fileRemoval")
      .addColumn("md5", "text", (column) => column.primaryKey())
      .execute();
  },
};
