import assert from "node:assert/strict";
import { test } from "node:test";
import type { Series } from "../../../../../cloud/store/schema.js";
import { addFleet, NOW, withStore } from "../open-store.js";

const LAMP: Series = { kind: "versions", ownerId: 1, component: "firmware" };
const MOTOR: Series = { ...LAMP, component: "motor" };
const PLAN: Series = { kind: "plan", ownerId: 1, component: "" };

function at(samples: readonly { readonly at: number }[]): number[] {
  return samples.map((sample) => sample.at);
}

test("a stretch of a series begins with the sample that holds at its start", () =>
  withStore(async (store) => {
    const { samples } = store.tables;
    await store.write(async (tables) => {
      for (const time of [10, 30, 20]) await tables.samples.add(LAMP, { at: time, data: `{"a":${time}}` });
      await tables.samples.add(MOTOR, { at: 15, data: "{}" });
      await tables.samples.add(PLAN, { at: 16, data: "{}" });
      // At the same time again: the later one counts.
      await tables.samples.add(LAMP, { at: 30, data: '{"a":31}' });
    });
    assert.deepEqual(at(await samples.within(LAMP, 15, 30)), [10, 20, 30]);
    assert.deepEqual(at(await samples.within(LAMP, 5, 29)), [10, 20]);
    assert.deepEqual(at(await samples.within(LAMP, 35, 40)), [30]);
    assert.deepEqual(await samples.last(LAMP), { at: 30, data: '{"a":31}' });
    assert.equal(await samples.last({ ...LAMP, ownerId: 2 }), undefined);
    assert.deepEqual([await samples.count(LAMP), await samples.times(LAMP)], [3, [10, 20, 30]]);
    await store.write((tables) => tables.samples.remove(LAMP, [10, 20]));
    assert.deepEqual([await samples.times(LAMP), await samples.times(MOTOR)], [[30], [15]]);
  }));

test("a purge leaves of each series what holds at that time, as many at a time as it is told", () =>
  withStore(async (store) => {
    const { samples } = store.tables;
    await store.write(async (tables) => {
      for (let time = 1; time <= 10; time++) {
        for (const series of [LAMP, MOTOR]) await tables.samples.add(series, { at: time, data: "{}" });
      }
      await tables.samples.add(PLAN, { at: 3, data: "{}" });
    });
    assert.equal(await store.write((tables) => tables.samples.purge(8, 10)), 10);
    assert.equal(await store.write((tables) => tables.samples.purge(8, 10)), 4);
    assert.equal(await store.write((tables) => tables.samples.purge(8, 10)), 0);
    for (const series of [LAMP, MOTOR]) assert.deepEqual(await samples.times(series), [8, 9, 10]);
    assert.deepEqual(await samples.times(PLAN), [3]);
  }));

test("a plan's samples go by command, but the last; a plan that is removed takes them along", () =>
  withStore(async (store) => {
    const { samples } = store.tables;
    const { plan } = await store.write((tables) => addFleet(tables, 0));
    const other: Series = { kind: "plan", ownerId: plan.id + 1, component: "" };
    const own: Series = { ...other, ownerId: plan.id };
    await store.write(async (tables) => {
      for (const series of [own, other, { ...LAMP, ownerId: plan.id }]) {
        for (const time of [1, 2, 3]) await tables.samples.add(series, { at: time, data: "{}" });
      }
    });
    assert.equal(await store.write((tables) => tables.samples.purgePlan(plan.id, 1)), 1);
    assert.equal(await store.write((tables) => tables.samples.purgePlan(plan.id, 5)), 1);
    assert.deepEqual(await samples.times(own), [3]);
    assert.equal(await store.write((tables) => tables.plans.remove(plan.id)), false);
    assert.deepEqual(await samples.times(own), [3]);
    await store.write((tables) => tables.plans.update(plan.id, { state: "draft" }));
    assert.equal(await store.write((tables) => tables.plans.remove(plan.id)), true);
    assert.deepEqual(await samples.times(own), []);
    assert.deepEqual(await samples.times(other), [1, 2, 3]);
    assert.deepEqual(await samples.times({ ...LAMP, ownerId: plan.id }), [1, 2, 3]);
  }));

test("how many devices run a version follows each report and each removal, and is taken back with a work that fails", () =>
  withStore(async (store) => {
    const { product, devices } = await store.write((tables) => addFleet(tables, 3));
    const { counts } = store.tables.components;
    const ids = devices.map(({ id }) => id);
    const now = async (): Promise<string> =>
      (await counts.all(product.id)).map((row) => `${row.component} ${row.version}: ${row.devices}`).join(", ");
    const set = (index: number, component: string, version: string): Promise<void> =>
      store.write((tables) => tables.components.set(ids[index] ?? 0, component, version, NOW, 0));
    for (const index of [0, 1, 2]) await set(index, "firmware", "1.0.0");
    await set(0, "firmware", "1.0.0");
    await set(0, "motor", "7");
    assert.equal(await now(), "firmware 1.0.0: 3, motor 7: 1");
    await set(1, "firmware", "2.0.0");
    const failing = store.write(async (tables) => {
      await tables.components.set(ids[2] ?? 0, "firmware", "2.0.0", NOW);
      throw new Error("no");
    });
    await assert.rejects(failing, /no/);
    assert.equal(await now(), "firmware 1.0.0: 2, firmware 2.0.0: 1, motor 7: 1");
    await store.write((tables) => tables.devices.remove(ids[0] ?? 0));
    assert.equal(await now(), "firmware 1.0.0: 1, firmware 2.0.0: 1, motor 7: 0");
    assert.deepEqual(await counts.of(product.id, "motor"), []);
    await store.write((tables) => tables.components.counts.forget());
    assert.equal(await now(), "firmware 1.0.0: 1, firmware 2.0.0: 1");
    assert.deepEqual(await counts.all(product.id + 1), []);
  }));
