import type { Migration } from "./migration.js";

/** What the seal of a package's file says. Files that were added before have none here, sealed or not. */
export const packageSeals: Migration = {
  version: 6,
  async up(database) {
    await database.schema.alterTable("package").addColumn("seal", "text").execute();
  },
};
