import { type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, sql } from "kysely";
import type { EngineWords } from "../engine.js";
import type { Migration } from "./migration.js";

type Build = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
const given: Build = (column) => column.notNull();
const or =
  (value: string | number): Build =>
  (column) =>
    column.notNull().defaultTo(value);
const of =
  (column: string): Build =>
  (definition) =>
    definition.notNull().references(column);
const ownedBy =
  (column: string): Build =>
  (definition) =>
    definition.notNull().references(column).onDelete("cascade");

/** The tables of schema.ts. An event names devices, plans and tasks without a reference, so that appending is cheap. */
export const tables: Migration = {
  version: 1,
  async up(database, words) {
    await fleet(database, words);
    await packages(database, words);
    await plans(database, words);
    await tasks(database, words);
    await records(database, words);
  },
};

async function fleet(database: Kysely<unknown>, words: EngineWords): Promise<void> {
  await table(database, words, "product")
    .addColumn("productId", "text", (column) => column.notNull().unique())
    .addColumn("name", "text", given)
    .addColumn("secret", "text")
    .addColumn("registration", "text", given)
    .addColumn("deviceLimit", "bigint")
    .addColumn("chip", "text")
    .addColumn("timeZone", "text")
    .addColumn("createdAt", "bigint", given)
    .execute();
  await table(database, words, "device")
    .addColumn("productId", "bigint", of("product.id"))
    .addColumn("deviceName", "text", given)
    .addColumn("secret", "text")
    .addColumn("gatewayId", "bigint")
    .addColumn("timeZone", "text")
    .addColumn("language", "text")
    .addColumn("activated", "bigint", or(0))
    .addColumn("selfRegistered", "bigint", or(0))
    .addColumn("note", "text", or(""))
    .addColumn("createdAt", "bigint", given)
    .addColumn("lastSeenAt", "bigint")
    .execute();
  await index(database, "deviceByName", "device", ["productId", "deviceName"], { unique: true });
  await index(database, "deviceByProduct", "device", ["productId", "id"]);
  await index(database, "deviceByGateway", "device", ["gatewayId", "id"], { where: "gateway_id is not null" });
  await database.schema
    .createTable("deviceComponent")
    .addColumn("deviceId", "bigint", ownedBy("device.id"))
    .addColumn("component", "text", given)
    .addColumn("version", "text", given)
    .addColumn("reportedAt", "bigint", given)
    .addPrimaryKeyConstraint("deviceComponentKey", ["deviceId", "component"])
    .modifyEnd(sql.raw(words.clustered))
    .execute();
  await index(database, "deviceComponentByVersion", "deviceComponent", ["component", "version", "deviceId"]);
}

async function packages(database: Kysely<unknown>, words: EngineWords): Promise<void> {
  await table(database, words, "package")
    .addColumn("productId", "bigint", of("product.id"))
    .addColumn("component", "text", given)
    .addColumn("kind", "text", given)
    .addColumn("form", "text", given)
    .addColumn("sourceVersion", "text", or(""))
    .addColumn("version", "text", given)
    .addColumn("name", "text", or(""))
    .addColumn("remark", "text", or(""))
    .addColumn("requirements", "text")
    .addColumn("state", "text", given)
    .addColumn("stateReason", "text")
    .addColumn("data", "text", given)
    .addColumn("chip", "text")
    .addColumn("project", "text")
    .addColumn("createdAt", "bigint", given)
    .execute();
  const key = ["productId", "component", "version", "sourceVersion"];
  await index(database, "packageByVersion", "package", key, { unique: true });
  await table(database, words, "packageFile")
    .addColumn("packageId", "bigint", ownedBy("package.id"))
    .addColumn("position", "bigint", given)
    .addColumn("name", "text", given)
    .addColumn("size", "bigint", given)
    .addColumn("md5", "text", given)
    .addColumn("sha256", "text", given)
    .addColumn("path", "text", (column) => column.notNull().unique())
    .execute();
  await index(database, "packageFileByPackage", "packageFile", ["packageId", "position"], { unique: true });
  await index(database, "packageFileByMd5", "packageFile", ["md5"]);
}

async function plans(database: Kysely<unknown>, words: EngineWords): Promise<void> {
  await table(database, words, "plan")
    .addColumn("productId", "bigint", of("product.id"))
    .addColumn("name", "text", given)
    .addColumn("purpose", "text", given)
    .addColumn("state", "text", given)
    .addColumn("reason", "text")
    .addColumn("settings", "text", given)
    .addColumn("dynamic", "bigint", given)
    .addColumn("command", "text")
    .addColumn("data", "text", given)
    .addColumn("createdAt", "bigint", given)
    .addColumn("activatedAt", "bigint")
    .addColumn("matchedAt", "bigint")
    .addColumn("revokedAt", "bigint")
    .addColumn("telling", "text")
    .addColumn("endedAt", "bigint")
    .execute();
  await index(database, "planByState", "plan", ["state", "id"]);
  await index(database, "planByProduct", "plan", ["productId", "id"]);
  await database.schema
    .createTable("planText")
    .addColumn("planId", "bigint", ownedBy("plan.id"))
    .addColumn("language", "text", given)
    .addColumn("title", "text", given)
    .addColumn("body", "text", given)
    .addPrimaryKeyConstraint("planTextKey", ["planId", "language"])
    .modifyEnd(sql.raw(words.clustered))
    .execute();
  await database.schema
    .createTable("planDevice")
    .addColumn("planId", "bigint", ownedBy("plan.id"))
    .addColumn("list", "text", given)
    .addColumn("deviceName", "text", given)
    .addPrimaryKeyConstraint("planDeviceKey", ["planId", "list", "deviceName"])
    .modifyEnd(sql.raw(words.clustered))
    .execute();
  await database.schema
    .createTable("planComponent")
    .addColumn("planId", "bigint", ownedBy("plan.id"))
    .addColumn("position", "bigint", given)
    .addColumn("component", "text", given)
    .addColumn("version", "text", given)
    .addColumn("packageId", "bigint", (column) => column.references("package.id"))
    .addPrimaryKeyConstraint("planComponentKey", ["planId", "position"])
    .modifyEnd(sql.raw(words.clustered))
    .execute();
  await index(database, "planComponentByPackage", "planComponent", ["packageId"]);
}

async function tasks(database: Kysely<unknown>, words: EngineWords): Promise<void> {
  await table(database, words, "task")
    .addColumn("planId", "bigint", of("plan.id"))
    .addColumn("position", "bigint", given)
    .addColumn("deviceId", "bigint", ownedBy("device.id"))
    .addColumn("packageId", "bigint", of("package.id"))
    .addColumn("component", "text", given)
    .addColumn("state", "text", given)
    .addColumn("reason", "text")
    .addColumn("attempt", "bigint", or(0))
    .addColumn("percent", "bigint")
    .addColumn("deadlineAt", "bigint")
    .addColumn("deadlineSlot", "bigint")
    .addColumn("nextTryAt", "bigint")
    .addColumn("offeredAt", "bigint")
    .addColumn("detail", "text")
    .addColumn("open", "bigint", given)
    .addColumn("inFlight", "bigint", given)
    .addColumn("createdAt", "bigint", given)
    .addColumn("updatedAt", "bigint", given)
    .execute();
  await index(database, "taskInFlight", "task", ["deviceId", "component"], { unique: true, where: "in_flight = 1" });
  await index(database, "taskOnce", "task", ["planId", "deviceId", "component"], { unique: true });
  await index(database, "taskByPlan", "task", ["planId", "id"]);
  await index(database, "taskByDevice", "task", ["deviceId", "id"]);
  await index(database, "taskByPackage", "task", ["packageId"]);
  await index(database, "taskByDeadline", "task", ["deadlineSlot"], {
    where: "open = 1 and deadline_slot is not null",
  });
  await index(database, "taskWaiting", "task", ["planId", "nextTryAt", "id"], { where: "state = 'waiting'" });
  await index(database, "taskTried", "task", ["planId"], { where: "state = 'waiting' and attempt > 0" });
  await index(database, "taskByOffer", "task", ["planId", "offeredAt"], { where: "offered_at is not null" });
  await database.schema
    .createTable("taskCount")
    .addColumn("planId", "bigint", ownedBy("plan.id"))
    .addColumn("state", "text", given)
    .addColumn("tasks", "bigint", given)
    .addPrimaryKeyConstraint("taskCountKey", ["planId", "state"])
    .modifyEnd(sql.raw(words.clustered))
    .execute();
}

async function records(database: Kysely<unknown>, words: EngineWords): Promise<void> {
  await table(database, words, "event")
    .addColumn("at", "bigint", given)
    .addColumn("deviceId", "bigint")
    .addColumn("planId", "bigint")
    .addColumn("taskId", "bigint")
    .addColumn("kind", "text", given)
    .addColumn("detail", "text", given)
    .execute();
  await index(database, "eventByDevice", "event", ["deviceId", "id"], { where: "device_id is not null" });
  await index(database, "eventByPlan", "event", ["planId", "id"], { where: "plan_id is not null" });
  await table(database, words, "audit")
    .addColumn("at", "bigint", given)
    .addColumn("actor", "text", given)
    .addColumn("origin", "text", given)
    .addColumn("action", "text", given)
    .addColumn("subject", "text", given)
    .addColumn("detail", "text", given)
    .execute();
  await table(database, words, "token")
    .addColumn("name", "text", given)
    .addColumn("role", "text", given)
    .addColumn("sha256", "text", (column) => column.notNull().unique())
    .addColumn("createdAt", "bigint", given)
    .addColumn("expiresAt", "bigint")
    .addColumn("lastUsedAt", "bigint")
    .addColumn("revokedAt", "bigint")
    .execute();
  await database.schema
    .createTable("setting")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("value", "text", given)
    .modifyEnd(sql.raw(words.clustered))
    .execute();
}

/** Begins a table whose key `id` the database gives. */
function table(database: Kysely<unknown>, words: EngineWords, name: string): CreateTableBuilder<string, "id"> {
  return database.schema
    .createTable(name)
    .addColumn("id", words.id, (column) =>
      words.autoIncrement ? column.primaryKey().autoIncrement() : column.primaryKey(),
    );
}

async function index(
  database: Kysely<unknown>,
  name: string,
  on: string,
  columns: readonly string[],
  options: { readonly unique?: boolean; readonly where?: string } = {},
): Promise<void> {
  const list = sql.join(columns.map((column) => sql.ref(column)));
  const unique = sql.raw(options.unique === true ? "unique " : "");
  const where = sql.raw(options.where === undefined ? "" : ` where ${options.where}`);
  await sql`create ${unique}index ${sql.ref(name)} on ${sql.table(on)} (${list})${where}`.execute(database);
}
