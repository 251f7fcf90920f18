import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FleetStore, type StoreHealth } from "../../../../cloud/store/fleet-store.js";
import { openLibsql } from "../../../../cloud/store/libsql-engine.js";
import { MIGRATIONS, migrate } from "../../../../cloud/store/migrations/migrate.js";
import { StorageError } from "../../../../cloud/store/storage-error.js";
import { CloudError } from "../../../../cloud/types.js";
import { withFolder } from "../../../support/folder.js";
import { addFleet, NOW, withStore } from "./open-store.js";

test("what was written is there when the folder is opened again", () =>
  withFolder(async (folder) => {
    const first = await FleetStore.open({ folder });
    await first.write((tables) => tables.settings.set("a", "1"));
    await first.close();
    const second = await FleetStore.open({ folder });
    assert.equal(await second.tables.settings.get("a"), "1");
    await second.close();
  }));

test("works run in the order in which they came, also if some of them have a transaction of their own", () =>
  withStore(async (store) => {
    const order: number[] = [];
    const add = (number: number) => async (): Promise<void> => void order.push(number);
    await Promise.all([store.enqueue(add(1)), store.write(add(2)), store.enqueue(add(3)), store.enqueue(add(4))]);
    assert.deepEqual(order, [1, 2, 3, 4]);
  }));

test("works of one group see what those before have written; readers see it after the commit", () =>
  withStore(async (store) => {
    const set = store.enqueue((tables) => tables.settings.set("a", "1"));
    const seen = await store.enqueue(async (tables) => [
      await tables.settings.get("a"),
      await store.tables.settings.get("a"),
    ]);
    await set;
    assert.deepEqual(seen, ["1", undefined]);
    assert.equal(await store.tables.settings.get("a"), "1");
  }));

test("a work that throws takes back only its own statements, and fails alone", () =>
  withStore(async (store) => {
    const outcomes = await Promise.allSettled([
      store.enqueue((tables) => tables.settings.set("before", "1")),
      store.enqueue(async (tables) => {
        await tables.settings.set("bad", "1");
        throw new CloudError("no");
      }),
      store.enqueue((tables) => tables.settings.set("after", "1")),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.ok(outcomes[1]?.status === "rejected" && outcomes[1].reason instanceof CloudError);
    const values = await Promise.all(["before", "bad", "after"].map((key) => store.tables.settings.get(key)));
    assert.deepEqual(values, ["1", undefined, "1"]);
    assert.deepEqual(store.health, { ok: true });
  }));

test("a statement that breaks a rule of a table fails its work alone, and the next one as it is kept works", () =>
  withStore(async (store) => {
    const { product } = await store.write((tables) => addFleet(tables, 1));
    const insert = (deviceName: string): Promise<unknown> =>
      store.enqueue((tables) => tables.devices.insert({ productId: product.id, deviceName, createdAt: NOW }));
    const outcomes = await Promise.allSettled([insert("a"), insert("a"), insert("b"), insert("d0"), insert("c")]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"],
    );
    assert.equal(await store.tables.devices.count(), 4);
  }));

test("outside of a transaction nothing is written", () =>
  withStore(async (store) => {
    await assert.rejects(store.tables.settings.set("a", "1"), /outside of a transaction the store only reads/);
    assert.equal(await store.tables.settings.get("a"), undefined);
  }));

test("a value that the engine would end the process at is refused", () =>
  withStore(async (store) => {
    for (const value of [true, "a\0b", {}, Number.NaN, new Date()]) {
      await assert.rejects(
        store.write((tables) => tables.settings.set("a", value as string)),
        /the store takes texts without NUL/,
      );
    }
  }));

test("a long work lets the event loop run", () =>
  withStore(async (store) => {
    let turns = 0;
    const count = setInterval(() => (turns += 1), 1);
    await store.write(async (tables) => {
      for (let index = 0; index < 2000; index += 1) await tables.settings.set(`key ${index}`, "1");
    });
    clearInterval(count);
    assert.ok(turns > 1, `${turns} turns`);
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
