import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { migrate, MIGRATIONS } from "../../../../cloud/store/migrations/migrate.js";
import { migrateServer } from "../../../../cloud/store/postgres/migrate-server.js";
import { openPostgres } from "../../../../cloud/store/postgres/postgres-engine.js";
import type { Task } from "../../../../cloud/store/schema.js";
import { Tables } from "../../../../cloud/store/tables/tables.js";
import { sharedServer } from "../../../support/engine-choice.js";
import { skipPostgres as skip } from "../../../support/postgres.js";
import { until } from "../../../support/running-broker.js";
import { addFleet, taskOf } from "./open-store.js";

/** The schema of a version whose processes may run on beside the next step. */
const BEFORE = 9;

/** Runs a body in a transaction of an earlier version, which has the turn of the writers; it has a task. */
async function withWriter(
  body: (writer: { readonly url: string; readonly tables: Tables; readonly task: Task }) => Promise<void>,
): Promise<void> {
  const url = await (await sharedServer()).database();
  const engine = openPostgres({ url });
  try {
    await migrate(engine, MIGRATIONS.slice(0, BEFORE));
    const [task] = await engine.writer.transaction().execute(async (transaction) => {
      const tables = new Tables(transaction);
      const fleet = await addFleet(tables, 1);
      return tables.tasks.insertMany(fleet.devices.map((device) => taskOf(fleet, device)));
    });
    assert.ok(task !== undefined);
    await engine.writer.transaction().execute(async (transaction) => {
      await engine.enter?.(transaction);
      await body({ url, tables: new Tables(transaction), task });
    });
  } finally {
    await engine.close();
  }
}

/** Begins to bring a database to the schema of this version. @returns once that waits for somebody's lock, its end */
async function begunToMigrate(url: string): Promise<{ readonly end: ReturnType<typeof migrateServer> }> {
  const end = migrateServer(url);
  end.catch(() => {});
  const name = new URL(url).pathname.slice(1);
  const text = `select 1 from pg_stat_activity where datname = '${name}' and wait_event_type = 'Lock'`;
  const server = await sharedServer();
  await until(async () => (await server.query(text)).length > 0);
  return { end };
}

test("a step of the schema and a transaction of a process that runs on do not wait for each other", {
  skip,
}, async () => {
  let migrated: { readonly end: ReturnType<typeof migrateServer> } | undefined;
  await withWriter(async ({ url, tables, task }) => {
    assert.equal((await tables.tasks.byId(task.id))?.state, "waiting");
    migrated = await begunToMigrate(url);
    await tables.tasks.update(task.id, { state: "offered" }, task);
  });
  assert.deepEqual(await migrated?.end, { from: BEFORE, to: MIGRATIONS.length });
});

test("a step of the schema may take longer than any other statement", { skip }, async () => {
  let migrated: { readonly end: ReturnType<typeof migrateServer> } | undefined;
  await withWriter(async ({ url, tables, task }) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      migrated = await begunToMigrate(url);
      mock.timers.tick(600_000);
    } finally {
      mock.timers.reset();
    }
    await tables.tasks.update(task.id, { state: "offered" }, task);
  });
  assert.deepEqual(await migrated?.end, { from: BEFORE, to: MIGRATIONS.length });
});
