import { type Kysely, sql } from "kysely";
import type { EngineWords } from "../engine.js";
import type { Migration } from "./migration.js";

/** How many devices run each version, kept with each report; and what that and the plans were like in the past. */
export const samples: Migration = {
  version: 3,
  async up(database, words) {
    await versionCounts(database, words);
    await sampleTable(database, words);
  },
};

async function versionCounts(database: Kysely<unknown>, words: EngineWords): Promise<void> {
  await database.schema
    .createTable("versionCount")
    .addColumn("productId", "bigint", (column) => column.notNull().references("product.id"))
    .addColumn("component", "text", (column) => column.notNull())
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("devices", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("versionCountKey", ["productId", "component", "version"])
    .modifyEnd(sql.raw(words.clustered))
    .execute();
  await sql`insert into version_count (product_id, component, version, devices)
    select device.product_id, device_component.component, device_component.version, count(*)
    from device_component inner join device on device.id = device_component.device_id
    group by device.product_id, device_component.component, device_component.version`.execute(database);
}

async function sampleTable(database: Kysely<unknown>, words: EngineWords): Promise<void> {
  await database.schema
    .createTable("sample")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("ownerId", "bigint", (column) => column.notNull())
    .addColumn("component", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("data", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("sampleKey", ["kind", "ownerId", "component", "at"])
    .modifyEnd(sql.raw(words.clustered))
    .execute();
  await sql`create index sample_by_time on sample (at)`.execute(database);
}
