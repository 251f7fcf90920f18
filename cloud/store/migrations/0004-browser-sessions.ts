import { sql } from "kysely";
import type { Migration } from "./migration.js";

/** The sessions of browsers, so that a restart of the cloud signs nobody out. */
export const browserSessions: Migration = {
  version: 4,
  async up(database, words) {
    await database.schema
      .createTable("browserSession")
      .addColumn("sha256", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("role", "text", (column) => column.notNull())
      .addColumn("tokenId", "bigint", (column) => column.references("token.id"))
      .addColumn("createdAt", "bigint", (column) => column.notNull())
      .addColumn("expiresAt", "bigint", (column) => column.notNull())
      .modifyEnd(sql.raw(words.clustered))
      .execute();
  },
};
