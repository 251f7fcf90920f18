import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FleetStore, type StoreHealth } from "../../../../cloud/store/fleet-store.js";
import { openLibsql } from "../../../../cloud/store/libsql-engine.js";
import { tellingsOf } from "../../../../cloud/rollout/telling.js";
import { MIGRATIONS, migrate } from "../../../../cloud/store/migrations/migrate.js";
import { StorageError } from "../../../../cloud/store/storage-error.js";
import { withFolder } from "../../../support/folder.js";
import { NOW } from "./open-store.js";

test("what was written is there when the folder is opened again", () =>
  withFolder(async (folder) => {
    const first = await FleetStore.open({ folder });
    await first.write((tables) => tables.settings.set("a", "1"));
    await first.close();
    const second = await FleetStore.open({ folder });
    assert.equal(await second.tables.settings.get("a"), "1");
    await second.close();
  }));

test("closing waits for what was begun, and refuses what comes later", () =>
  withFolder(async (folder) => {
    const store = await FleetStore.open({ folder });
    const begun = store.enqueue((tables) => tables.settings.set("a", "1"));
    await store.close();
    await begun;
    await assert.rejects(
      store.enqueue((tables) => tables.settings.set("b", "1")),
      /the store is closed/,
    );
    await store.close();
  }));

test("a full disk: all of the group fail, health says why, and it goes on by itself once there is room", () =>
  withFolder(async (folder) => {
    const changes: StoreHealth[] = [];
    const store = await FleetStore.open({
      folder,
      groupDelayMs: 1,
      database: { mostPages: 400 },
      onHealth: (health) => changes.push(health),
    });
    const big = "x".repeat(200_000);
    await store.write((tables) => tables.settings.set("kept", "1"));
    const outcomes = await Promise.allSettled([
      store.enqueue((tables) => tables.settings.set("small", "1")),
      store.enqueue((tables) => tables.settings.set("big", big)),
    ]);
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "rejected" && outcome.reason instanceof StorageError);
      assert.equal(outcome.reason.code, "full");
    }
    assert.equal(await store.tables.settings.get("small"), undefined);
    assert.ok(!store.health.ok && store.health.code === "full" && store.health.sinceMs > 0);
    await store.write((tables) => tables.settings.set("small", "2"));
    assert.deepEqual(store.health, { ok: true });
    assert.equal(await store.tables.settings.get("small"), "2");
    assert.deepEqual(
      changes.map(({ ok }) => ok),
      [false, true],
    );
    await store.close();
  }));

test("a file that is no database is refused with a clear line, and stays as it is", () =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, "cloud.db"), "this is not a database, and never was one".repeat(100));
    await assert.rejects(
      FleetStore.open({ folder }),
      (error) => error instanceof StorageError && error.code === "damaged",
    );
    await assert.rejects(FleetStore.open({ folder }), StorageError);
  }));

test("a database that is a folder is refused with a clear line", () =>
  withFolder(async (folder) => {
    mkdirSync(join(folder, "cloud.db"));
    await assert.rejects(
      FleetStore.open({ folder }),
      (error) => error instanceof StorageError && error.code === "read-only",
    );
  }));

test("a database of a later version of the program is refused", () =>
  withFolder(async (folder) => {
    await (await FleetStore.open({ folder })).close();
    const engine = openLibsql({ path: join(folder, "cloud.db") });
    await migrate(engine, [...MIGRATIONS, { version: MIGRATIONS.length + 1, up: async () => {} }]);
    await engine.close();
    await assert.rejects(
      FleetStore.open({ folder }),
      /the database has schema \d+, and this program knows up to \d+: run the version that wrote it/,
    );
  }));

test("a step of the schema that fails leaves nothing behind, also of the steps before it", () =>
  withFolder(async (folder) => {
    const engine = openLibsql({ path: join(folder, "cloud.db") });
    const broken = {
      version: 2,
      up: async (): Promise<void> => {
        throw new Error("no");
      },
    };
    await assert.rejects(migrate(engine, [...MIGRATIONS.slice(0, 1), broken]), /no/);
    assert.deepEqual(await engine.reader.introspection.getTables(), []);
    await migrate(engine);
    await migrate(engine);
    assert.ok((await engine.reader.introspection.getTables()).length > 10);
    await engine.close();
  }));

test("a database of the first schema has its versions counted", () =>
  withFolder(async (folder) => {
    const engine = openLibsql({ path: join(folder, "cloud.db") });
    await migrate(engine, MIGRATIONS.slice(0, 1));
    const { writer } = engine;
    let devices = 0;
    for (const productId of ["LAMP000001", "LAMP000002"]) {
      const product = { productId, name: "", registration: "off", createdAt: NOW } as const;
      await writer.insertInto("product").values(product).execute();
    }
    for (const productId of [1, 1, 2]) {
      const device = { productId, deviceName: `d${productId}-${devices++}`, createdAt: NOW };
      const { id } = await writer.insertInto("device").values(device).returning("id").executeTakeFirstOrThrow();
      for (const component of id === 2 ? ["firmware", "motor"] : ["firmware"]) {
        const reported = { deviceId: id, component, version: "1.0.0", reportedAt: NOW };
        await writer.insertInto("deviceComponent").values(reported).execute();
      }
    }
    await engine.close();
    const store = await FleetStore.open({ folder });
    assert.deepEqual(
      (await store.tables.components.counts.all()).map((count) => Object.values(count).join(" ")),
      ["1 firmware 1.0.0 2", "1 motor 1.0.0 1", "2 firmware 1.0.0 1"],
    );
    await store.close();
  }));

test("what an earlier version was telling the tasks of a plan is told by this one", () =>
  withFolder(async (folder) => {
    const engine = openLibsql({ path: join(folder, "cloud.db") });
    await migrate(engine, MIGRATIONS.slice(0, 3));
    const { writer } = engine;
    const product = { productId: "LAMP000001", name: "", registration: "off", createdAt: NOW } as const;
    await writer.insertInto("product").values(product).execute();
    const list = '[{"event":"plan-resumed","told":7}]';
    for (const telling of ["plan-stopped", list, null]) {
      await writer
        .insertInto("plan")
        .values({
          productId: 1,
          name: "",
          purpose: "update",
          state: "active",
          settings: "{}",
          dynamic: 0,
          data: "{}",
          createdAt: NOW,
          telling,
        })
        .execute();
    }
    await engine.close();
    const store = await FleetStore.open({ folder });
    const plans = await store.tables.plans.list({}, { order: "oldest" });
    assert.deepEqual(plans.map(tellingsOf), [
      [{ event: "plan-stopped", told: 0 }],
      [{ event: "plan-resumed", told: 7 }],
      [],
    ]);
    await store.close();
  }));

test("the steps of the schema are numbered without a gap", () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, index) => index + 1),
  );
});

test("a folder that cannot be written is refused with a clear line, and works once it can", () =>
  withFolder(async (folder) => {
    await (await FleetStore.open({ folder })).close();
    await asOrdinaryUser(folder, async () => {
      for (const refused of [folder, join(folder, "new")]) {
        await assert.rejects(
          FleetStore.open({ folder: refused }),
          /is not a folder that can be written: choose another/,
        );
      }
    });
    await (await FleetStore.open({ folder })).close();
  }));

/** Runs `body` with a folder that this process may not write: root may write every folder. */
async function asOrdinaryUser(folder: string, body: () => Promise<void>): Promise<void> {
  const user = process.geteuid?.();
  chmodSync(folder, 0o555);
  if (user === 0) process.seteuid?.(65_534);
  try {
    await body();
  } finally {
    if (user === 0) process.seteuid?.(0);
    chmodSync(folder, 0o700);
  }
}
