import assert from "node:assert/strict";
import { test } from "node:test";
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
