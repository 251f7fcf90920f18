import assert from "node:assert/strict";
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FleetStore } from "../../../../cloud/store/fleet-store.js";
import { importFolder } from "../../../../cloud/store/import/import-folder.js";
import type { TableSum } from "../../../../cloud/store/import/rows.js";
import { COPIED } from "../../../../cloud/store/import/tables.js";
import { migrateServer } from "../../../../cloud/store/postgres/migrate-server.js";
import { withFolder } from "../../../support/folder.js";
import { sharedServer } from "../../../support/engine-choice.js";
import { skipPostgres } from "../../../support/postgres.js";
import { addFleet, NOW, type SmallFleet, taskOf } from "./open-store.js";

/** Fills a folder; of its events the oldest are removed again. */
async function fill(folder: string, devices: number): Promise<SmallFleet> {
  const store = await FleetStore.open({ folder });
  const fleet = await store.write(async (tables) => {
    const made = await addFleet(tables, devices);
    await tables.tasks.insertMany(made.devices.map((device) => taskOf(made, device)));
    for (const { id } of made.devices) await tables.components.set(id, "firmware", "1.0.0", NOW);
    await tables.events.append(
      Array.from({ length: 1200 }, (_, index) => ({ at: NOW + index, kind: "é 设备 \\", deviceId: 1, detail: "{}" })),
    );
    await tables.events.append([{ at: NOW + 5000, kind: "last", deviceId: null, detail: "{}" }]);
    await tables.devices.update(2, { note: "A ≠ a", lastSeenAt: NOW });
    return made;
  });
  await store.write((tables) => tables.events.purge(NOW + 6000, 5000));
  await store.close();
  return fleet;
}

test("a folder's state comes into an empty database as it was, and its numbers go on", { skip: skipPostgres }, () =>
  withFolder(async (folder) => {
    const { plan } = await fill(folder, 1100);
    const url = await (await sharedServer()).database();
    const sums = new Map<string, TableSum>();
    await importFolder({ folder, url, onTable: (name, sum) => sums.set(name, sum) });
    assert.equal(sums.size, COPIED.length);
    assert.deepEqual([sums.get("device")?.rows, sums.get("task")?.rows, sums.get("event")?.rows], [1100, 1100, 1]);
    const store = await FleetStore.openServer({ url });
    try {
      const { tables } = store;
      assert.equal((await tables.devices.byId(2))?.note, "A ≠ a");
      assert.equal((await tables.devices.byId(2))?.lastSeenAt, NOW);
      assert.deepEqual(await tables.tasks.countsByState(plan.id), { waiting: 1100 });
      assert.equal((await tables.plans.byId(plan.id))?.name, "all");
      const [next] = await store.write(({ events }) =>
        events.append([{ at: NOW, kind: "next", deviceId: null, detail: "{}" }]),
      );
      assert.equal(next, 1202, "no id is given twice");
    } finally {
      await store.close();
    }
    assert.ok(!existsSync(join(folder, "cloud.db")));
    await assert.rejects(FleetStore.open({ folder }), /was taken over by a database: name that by --database/);
  }),
);

test("a database that is not empty is refused, and the folder stays as it was", { skip: skipPostgres }, () =>
  withFolder(async (folder) => {
    await fill(folder, 2);
    const url = await (await sharedServer()).database();
    const store = await FleetStore.openServer({ url });
    await store.write((tables) => tables.settings.set("a", "1"));
    await store.close();
    await assert.rejects(importFolder({ folder, url }), /the database postgres:\/\/ota@.* is not empty: name one/);
    await (await FleetStore.open({ folder })).close();
  }),
);

test("a database that orders texts as a language does gets the same rows", { skip: skipPostgres }, () =>
  withFolder(async (folder) => {
    await fill(folder, 3);
    const source = await FleetStore.open({ folder });
    await source.write(async ({ settings }) => {
      for (const key of ["b", "A", "a", "B", "_", "é"]) await settings.set(key, key);
    });
    await source.close();
    const server = await sharedServer();
    await server.query(
      "create database english template template0 encoding 'UTF8' locale_provider icu icu_locale 'en-US' locale 'C'",
    );
    await importFolder({ folder, url: server.url("english") });
    assert.deepEqual(await server.query("select string_agg(key, '' order by key) as keys from setting", "english"), [
      { keys: "_aAbBé" },
    ]);
  }),
);

test(
  "an import whose end was not seen is ended by a further one, if nothing has changed since",
  { skip: skipPostgres },
  () =>
    withFolder(async (folder) => {
      await fill(folder, 3);
      const url = await (await sharedServer()).database();
      await importFolder({ folder, url });
      const again = (): void => renameSync(join(folder, "cloud.db.imported"), join(folder, "cloud.db"));
      // As if the answer to the commit had been lost.
      again();
      const sums = new Map<string, TableSum>();
      await importFolder({ folder, url, onTable: (name, sum) => sums.set(name, sum) });
      assert.equal(sums.get("device")?.rows, 3);
      assert.ok(!existsSync(join(folder, "cloud.db")));
      again();
      const store = await FleetStore.openServer({ url });
      await store.write((tables) => tables.devices.update(2, { note: "since" }));
      await store.close();
      await assert.rejects(importFolder({ folder, url }), /is not empty: name one that is/);
    }),
);

test("a folder that a cloud runs on is refused", { skip: skipPostgres }, () =>
  withFolder(async (folder) => {
    const store = await FleetStore.open({ folder });
    const url = await (await sharedServer()).database();
    await assert.rejects(importFolder({ folder, url }), /is in use by process/);
    await store.close();
  }),
);

test("a row that arrives otherwise than it was: nothing is taken over", { skip: skipPostgres }, () =>
  withFolder(async (folder) => {
    await fill(folder, 3);
    const server = await sharedServer();
    const url = await server.database();
    await migrateServer(url);
    const name = new URL(url).pathname.slice(1);
    await server.query(
      `create function shout() returns trigger language plpgsql as
        $$ begin new.device_name := upper(new.device_name); return new; end $$`,
      name,
    );
    await server.query("create trigger shout before insert on device for each row execute function shout()", name);
    await assert.rejects(importFolder({ folder, url }), /device did not arrive as it was: nothing was taken over/);
    assert.deepEqual(await server.query("select count(*)::int as rows from product", name), [{ rows: 0 }]);
    await (await FleetStore.open({ folder })).close();
  }),
);
