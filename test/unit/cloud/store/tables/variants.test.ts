import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetStore } from "../../../../../cloud/store/fleet-store.js";
import { sharedServer } from "../../../../support/engine-choice.js";
import { plansOf, withEngine } from "../../../../support/query-plan.js";
import { addFleet, NOW, taskOf, withStore } from "../open-store.js";

test("tasks forget a variant piece by piece, and those with a file of their own are listed", () =>
  withStore(async (store) => {
    const { variants } = store.tables;
    const id = await store.write(async (tables) => {
      const fleet = await addFleet(tables, 3);
      const wanted = {
        packageId: fleet.target.id,
        basePackageId: null,
        form: "compressed",
        sourceVersion: "",
      } as const;
      await tables.variants.queue({ ...wanted, createdAt: NOW });
      const [variant] = await tables.variants.toMake();
      const rows = fleet.devices.map((device) => taskOf(fleet, device, { state: "succeeded", open: 0 }));
      for (const task of await tables.tasks.insertMany(rows)) {
        await tables.tasks.update(task.id, { variantId: variant?.id ?? null });
      }
      return variant?.id ?? 0;
    });
    assert.deepEqual(await variants.withFiles({ limit: 10 }), []);
    await store.write((tables) => tables.variants.update(id, { state: "ready", path: "/lamp.c" }));
    const listed = async (after: number): Promise<number[]> =>
      (await variants.withFiles({ after, limit: 10 })).map((variant) => variant.id);
    assert.deepEqual([await listed(0), await listed(id)], [[id], []]);
    assert.equal(await variants.isOffered(id), false);
    const wasOfferedToMoreThan = [2, 3].map((moreThan) => variants.wasOfferedTo(id, { moreThan }));
    assert.deepEqual(await Promise.all(wasOfferedToMoreThan), [true, false]);
    const forgotten: number[] = [];
    for (let time = 0; time < 3; time++) forgotten.push(await store.write((tables) => tables.variants.forget(id, 2)));
    assert.deepEqual(forgotten, [2, 1, 0]);
  }));

const ENDED_TASKS = 20_000;

/** Adds a variant, and tasks that have ended which were offered it. @returns its id */
function addEnded(store: FleetStore): Promise<number> {
  return store.write(async (tables) => {
    const fleet = await addFleet(tables, 1);
    const wanted = { packageId: fleet.target.id, basePackageId: null, form: "compressed", sourceVersion: "" } as const;
    await tables.variants.queue({ ...wanted, createdAt: NOW });
    const [variant] = await tables.variants.toMake();
    const [device] = fleet.devices;
    assert.ok(variant !== undefined && device !== undefined);
    const ended = { state: "succeeded", open: 0, variantId: variant.id } as const;
    const components = Array.from({ length: ENDED_TASKS }, (_, index) => `part-${index}`);
    await tables.tasks.insertMany(components.map((component) => taskOf(fleet, device, { ...ended, component })));
    return variant.id;
  });
}

test(`whether a variant is still offered is found without reading ${ENDED_TASKS} tasks that have ended`, () =>
  withStore((store, folder, url) =>
    withEngine({ folder, url }, async (engine) => {
      const id = await addEnded(store);
      // With what the server knows of the rows, as after a while.
      if (url !== undefined) await (await sharedServer()).query("analyze", new URL(url).pathname.slice(1));
      const [plan = ""] = await plansOf(engine, (tables) => tables.variants.isOffered(id));
      assert.match(plan, /\btask_by_variant_open\b/, plan);
      // Both columns limit what is read of the index.
      assert.match(plan, /\(variant_id=\? AND open=\?\)|Index Cond: \(\(variant_id = .*\) AND \(open = .*\)\)/, plan);
      assert.doesNotMatch(plan, /Filter|SCAN/, plan);
    }),
  ));
