import assert from "node:assert/strict";
import { test } from "node:test";
import { StorageError } from "../../../../cloud/store/storage-error.js";
import { CloudError } from "../../../../cloud/types.js";
import { addFleet, NOW, withStore } from "./open-store.js";

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

test("what waits to be written can be refused together, and the store goes on and closes", () =>
  withStore(async (store) => {
    const waiting = store.enqueue((tables) => tables.settings.set("a", "1"));
    store.refuseWaiting(new StorageError("busy"));
    await assert.rejects(waiting, (error) => error instanceof StorageError && error.code === "busy");
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.enqueue((tables) => tables.settings.set("b", "1"));
    assert.deepEqual([await store.tables.settings.get("a"), await store.tables.settings.get("b")], [undefined, "1"]);
  }));

test("who waits for what was begun does not wait for what comes without an end", () =>
  withStore(async (store) => {
    let isOn = true;
    let works = 0;
    const work = async (): Promise<void> => {
      works++;
      if (isOn) void store.write(work);
    };
    const first = store.write(work);
    const late = new Promise<string>((resolve) => setTimeout(resolve, 5000, "waits").unref());
    const written = store.written().then(() => "written");
    await first;
    assert.equal(await Promise.race([written, late]), "written", `after ${works} works`);
    isOn = false;
  }));
