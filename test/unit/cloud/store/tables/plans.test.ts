import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewPackage, NewPlan } from "../../../../../cloud/store/schema.js";
import { addFleet, NOW, taskOf, withStore } from "../open-store.js";

test("a plan comes back whole: texts, lists and components in their order", () =>
  withStore(async (store) => {
    const { product, target } = await store.write((tables) => addFleet(tables, 0));
    const parts = {
      texts: [
        { language: "en", title: "New", body: "Now?" },
        { language: "zh", title: "新", body: "现在?" },
      ],
      devices: Array.from({ length: 1203 }, (_, index) => ({
        list: "allow" as const,
        deviceName: `d${String(index).padStart(4, "0")}`,
      })),
      components: [
        { position: 0, component: "motor", version: "1", packageId: null },
        { position: 1, component: "firmware", version: "2.0.0", packageId: target.id },
      ],
    };
    const plan = await store.write((tables) => tables.plans.insert(draft(product.id), parts));
    assert.deepEqual(await store.tables.plans.whole(plan.id), { plan, ...parts });
    const other = { texts: [], devices: [{ list: "deny" as const, deviceName: "d1" }], components: [] };
    await store.write((tables) => tables.plans.replaceParts(plan.id, other));
    assert.deepEqual(await store.tables.plans.whole(plan.id), { plan, ...other });
    assert.equal(await store.tables.plans.whole(plan.id + 1), undefined);
  }));

test("only a draft is removed, with its parts", () =>
  withStore(async (store) => {
    const { product, plan } = await store.write((tables) => addFleet(tables, 0));
    const added = await store.write((tables) =>
      tables.plans.insert(draft(product.id), { texts: [{ language: "en", title: "a", body: "b" }] }),
    );
    assert.equal(await store.write((tables) => tables.plans.remove(added.id)), true);
    assert.equal(await store.write((tables) => tables.plans.remove(plan.id)), false);
    assert.deepEqual(
      (await store.tables.plans.list()).map(({ id }) => id),
      [plan.id],
    );
    const next = await store.write((tables) => tables.plans.insert(draft(product.id)));
    assert.ok(next.id > added.id, "the number of a removed plan is never given again");
  }));

test("plans are listed the newest first, by state, purpose and product; the active ones as they are", () =>
  withStore(async (store) => {
    const { product, plan } = await store.write((tables) => addFleet(tables, 0));
    const verification = await store.write((tables) =>
      tables.plans.insert({ ...draft(product.id), purpose: "verification" }),
    );
    const { plans } = store.tables;
    const listed = async (...filter: Parameters<typeof plans.list>): Promise<number[]> =>
      (await plans.list(...filter)).map(({ id }) => id);
    assert.deepEqual(await listed(), [verification.id, plan.id]);
    assert.deepEqual(await listed({}, { after: verification.id }), [plan.id]);
    assert.deepEqual(await listed({}, { limit: 1 }), [verification.id]);
    assert.deepEqual(await listed({ states: ["active", "paused"] }), [plan.id]);
    assert.deepEqual(await listed({ purpose: "verification" }), [verification.id]);
    assert.deepEqual(await listed({ productId: product.id + 1 }), []);
    const active = async (): Promise<number[]> => (await plans.listActive()).map(({ id }) => id);
    assert.deepEqual(await active(), [plan.id]);
    await store.write(async (tables) => {
      await tables.plans.update(plan.id, { activatedAt: NOW + 1 });
      await tables.plans.update(verification.id, { state: "active", activatedAt: NOW });
    });
    assert.deepEqual(await active(), [verification.id, plan.id], "the one that was activated first at the beginning");
    await store.write((tables) => tables.plans.update(plan.id, { state: "halted", reason: "too many failed" }));
    assert.deepEqual(await active(), [verification.id]);
    assert.equal((await plans.byId(plan.id))?.reason, "too many failed");
  }));

test("a plan is unfinished while it may go on, or while its tasks are told of a command", () =>
  withStore(async (store) => {
    const { plan } = await store.write((tables) => addFleet(tables, 1));
    const unfinishedIn = async (state: string): Promise<boolean> => {
      await store.write((tables) => tables.plans.update(plan.id, { state }));
      return (await store.tables.plans.listUnfinished()).length > 0;
    };
    for (const state of ["active", "paused", "halted"]) assert.equal(await unfinishedIn(state), true, state);
    for (const state of ["draft", "finished", "cancelled"]) assert.equal(await unfinishedIn(state), false, state);
    await store.write((tables) => tables.plans.update(plan.id, { telling: "plan-cancelled" }));
    assert.equal(await unfinishedIn("cancelled"), true);
  }));

test("a package is one of its product, component, version and source version", () =>
  withStore(async (store) => {
    const { product, target } = await store.write((tables) => addFleet(tables, 0));
    const insert = (more: Partial<NewPackage>, path: string): Promise<unknown> =>
      store.write((tables) =>
        tables.packages.insert({ ...full(product.id), ...more }, [
          { name: "a.bin", size: 1, md5: "a".repeat(32), sha256: "b".repeat(64), path },
        ]),
      );
    await assert.rejects(insert({}, "/other"), /unique/i);
    await insert({ form: "delta", sourceVersion: "1.0.0" }, "/delta");
    await assert.rejects(insert({ version: "3.0.0" }, "/delta"), /unique/i);
    const { packages } = store.tables;
    assert.equal((await packages.find(product.id, "firmware", "2.0.0"))?.id, target.id);
    assert.equal((await packages.find(product.id, "firmware", "2.0.0", "1.0.0"))?.form, "delta");
    assert.equal(await packages.find(product.id, "firmware", "3.0.0"), undefined);
    assert.equal((await packages.byVersion(product.id, "2.0.0")).length, 2);
    assert.equal((await packages.list(product.id, {}, { after: target.id })).length, 1);
    assert.equal((await packages.list(product.id, { state: "withdrawn" })).length, 0);
    const found = await packages.byPath("/delta");
    assert.deepEqual([found?.package.sourceVersion, found?.file.position], ["1.0.0", 0]);
    assert.equal(await packages.byPath("/none"), undefined);
    assert.equal(await packages.idOf("a".repeat(32)), found?.package.id);
    assert.equal(await packages.idOf("c".repeat(32)), undefined);
    await store.write((tables) => tables.packages.update(target.id, { state: "withdrawn", stateReason: "broken" }));
    assert.deepEqual((await packages.list(product.id, { state: "withdrawn" }))[0]?.stateReason, "broken");
    await insert({ component: "motor" }, "/motor");
    assert.deepEqual((await packages.componentsOf(product.id)).sort(), ["firmware", "motor"]);
    assert.deepEqual(await packages.componentsOf(product.id + 1), []);
    assert.equal((await packages.list(undefined)).length, 3);
  }));

test("a file is added behind those that a package has", () =>
  withStore(async (store) => {
    const { target } = await store.write((tables) => addFleet(tables, 0));
    const file = { name: "more.bin", size: 1, md5: "a".repeat(32), sha256: "b".repeat(64), path: "/more" };
    await store.write((tables) => tables.packages.addFile(target.id, file));
    assert.deepEqual(
      (await store.tables.packages.filesOf([target.id])).map(({ name, position }) => [name, position]),
      [
        ["lamp.bin", 0],
        ["more.bin", 1],
      ],
    );
  }));

test("a package that a plan or a task names is not removed", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 1));
    const { product, target } = fleet;
    const remove = (): Promise<boolean> => store.write((tables) => tables.packages.remove(target.id));
    const plan = await store.write((tables) =>
      tables.plans.insert(draft(product.id), {
        components: [{ position: 0, component: "firmware", version: "2.0.0", packageId: target.id }],
      }),
    );
    assert.equal(await remove(), false);
    assert.deepEqual(
      (await store.tables.packages.usedBy(target.id)).map(({ id }) => id),
      [plan.id],
    );
    await store.write((tables) => tables.plans.remove(plan.id));
    await store.write((tables) => tables.tasks.insertMany([taskOf(fleet, fleet.devices[0]!)]));
    assert.equal(await remove(), false);
    await store.write((tables) => tables.devices.remove(fleet.devices[0]!.id));
    assert.equal(await remove(), true);
    assert.deepEqual(await store.tables.packages.filesOf([target.id]), []);
  }));

test("a product that is in use is not removed, and one that is known is not added twice", () =>
  withStore(async (store) => {
    const { product } = await store.write((tables) => addFleet(tables, 0));
    const again = { productId: product.productId, name: "other", registration: "any" as const, createdAt: NOW };
    assert.deepEqual(await store.write((tables) => tables.products.ensure(again)), product);
    assert.equal(await store.write((tables) => tables.products.remove(product.id)), false);
    const other = await store.write((tables) => tables.products.ensure({ ...again, productId: "FGHIJ67890" }));
    await store.write((tables) => tables.products.update(other.id, { name: "Pump" }));
    assert.equal((await store.tables.products.byId(other.id))?.name, "Pump");
    assert.equal(await store.write((tables) => tables.products.remove(other.id)), true);
    assert.equal((await store.tables.products.list()).length, 1);
  }));

function draft(productId: number): NewPlan {
  return {
    productId,
    name: "draft",
    purpose: "update",
    state: "draft",
    data: '{"name":"draft"}',
    settings: "{}",
    dynamic: 0,
    createdAt: NOW,
  };
}

function full(productId: number): NewPackage {
  return {
    productId,
    component: "firmware",
    kind: "module",
    form: "full",
    version: "2.0.0",
    state: "uploaded",
    data: '{"name":"uploaded"}',
    createdAt: NOW,
  };
}
