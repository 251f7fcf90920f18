import assert from "node:assert/strict";
import { test } from "node:test";
import { FleetStore } from "../../../../cloud/store/fleet-store.js";
import { StorageError } from "../../../../cloud/store/storage-error.js";
import { chooseEngine, sharedServer } from "../../../support/engine-choice.js";
import { skipPostgres } from "../../../support/postgres.js";

/*
 * The contract of the store on PostgreSQL: the same tests as on SQLite, registered once more.
 */

if (skipPostgres) {
  test("the contract of the store on PostgreSQL", { skip: skipPostgres }, () => {});
} else {
  chooseEngine("postgres");
  await import("./works.test.js");
  await import("./tables/compiled-once.test.js");
  await import("./tables/devices.test.js");
  await import("./tables/plans.test.js");
  await import("./tables/records.test.js");
  await import("./tables/samples.test.js");
  await import("./tables/tasks.test.js");
  await import("./tables/variants.test.js");
}

test("a connection that the library itself refuses is an error of the storage", { skip: skipPostgres }, async () => {
  const url = await (await sharedServer()).database();
  const isLost = (error: unknown): boolean => error instanceof StorageError && error.code === "lost";
  await assert.rejects(FleetStore.openServer({ url: `${url}?sslmode=require` }), isLost);
});
