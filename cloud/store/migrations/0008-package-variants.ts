import { sql } from "kysely";
import type { Migration } from "./migration.js";

/** Deltas and compressed images that the cloud makes of a package's file, and which of them a task is offered. */
export const packageVariants: Migration = {
  version: 8,
  async up(database, words) {
    await database.schema
      .createTable("packageVariant")
      .addColumn("id", words.id, (column) =>
        words.autoIncrement ? column.primaryKey().autoIncrement() : column.primaryKey(),
      )
      .addColumn("packageId", "bigint", (column) => column.notNull().references("package.id").onDelete("cascade"))
      .addColumn("basePackageId", "bigint", (column) => column.references("package.id").onDelete("cascade"))
      .addColumn("form", "text", (column) => column.notNull())
      .addColumn("sourceVersion", "text", (column) => column.notNull())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("reason", "text")
      .addColumn("percent", "bigint", (column) => column.notNull())
      .addColumn("size", "bigint")
      .addColumn("md5", "text")
      .addColumn("sha256", "text")
      .addColumn("path", "text")
      .addColumn("createdAt", "bigint", (column) => column.notNull())
      .execute();
    await sql`create unique index variant_by_package on package_variant (package_id, source_version)`.execute(database);
    await sql`create index variant_by_base on package_variant (base_package_id)`.execute(database);
    await sql`create unique index variant_by_path on package_variant (path)`.execute(database);
    await sql`create index variant_to_make on package_variant (id) where state in ('queued', 'making')`.execute(
      database,
    );
    await database.schema
      .alterTable("task")
      .addColumn("variantId", "bigint", (column) => column.references("packageVariant.id").onDelete("set null"))
      .execute();
    await database.schema.alterTable("task").addColumn("variantRefusal", "text").execute();
    await sql`create index task_by_variant on task (variant_id) where variant_id is not null`.execute(database);
    await sql`create index task_refusing on task (plan_id) where variant_refusal is not null`.execute(database);
  },
};
