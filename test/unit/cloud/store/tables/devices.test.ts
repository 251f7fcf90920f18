import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "../../../../../cloud/store/schema.js";
import { addFleet, NOW, taskOf, withStore } from "../open-store.js";

const names = (devices: readonly Device[]): string[] => devices.map(({ deviceName }) => deviceName);

test("a device is found by its product and name, in the database's and in the wire's words", () =>
  withStore(async (store) => {
    const { product, devices } = await store.write((tables) => addFleet(tables, 2));
    assert.deepEqual(await store.tables.devices.find(product.id, "d1"), devices[1]);
    assert.deepEqual(await store.tables.devices.findOnWire("ABCDE12345", "d1"), devices[1]);
    assert.equal(await store.tables.devices.findOnWire("FGHIJ67890", "d1"), undefined);
    assert.equal(await store.tables.devices.find(product.id, "D1"), undefined);
    assert.deepEqual(names(await store.tables.devices.findMany(product.id, ["d1", "none", "d1"])), ["d1"]);
  }));

test("of many devices those whose name is taken are left out, and are not returned", () =>
  withStore(async (store) => {
    const { product } = await store.write((tables) => addFleet(tables, 2));
    const rows = Array.from({ length: 1203 }, (_, index) => ({
      productId: product.id,
      deviceName: `d${index}`,
      createdAt: NOW,
    }));
    const added = await store.write((tables) => tables.devices.insertMany(rows));
    assert.equal(added.length, 1201);
    assert.ok(!added.some(({ deviceName }) => deviceName === "d0" || deviceName === "d1"));
    assert.equal(await store.tables.devices.count(), 1203);
    const ids = added.map(({ id }) => id);
    assert.equal((await store.tables.devices.byIds(ids)).length, 1201);
  }));

test("pages show each device once, whatever is added or removed meanwhile", () =>
  withStore(async (store) => {
    const { product, devices } = await store.write((tables) => addFleet(tables, 5));
    const first = await store.tables.devices.list({ productId: product.id }, { limit: 2 });
    assert.deepEqual(names(first), ["d0", "d1"]);
    await store.write(async (tables) => {
      await tables.devices.remove(devices[0]!.id);
      await tables.devices.insert({ productId: product.id, deviceName: "a-new-one", createdAt: NOW });
    });
    const second = await store.tables.devices.list({}, { after: first[1]!.id, limit: 10 });
    assert.deepEqual(names(second), ["d2", "d3", "d4", "a-new-one"]);
  }));

test("devices are filtered by text, version, gateway, state of their task, and together", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 4));
    const [d0, d1, d2, d3] = fleet.devices as [Device, Device, Device, Device];
    await store.write(async (tables) => {
      await tables.devices.update(d1.id, { gatewayId: d0.id, note: "in the 100% Attic_" });
      await tables.devices.update(d2.id, { gatewayId: d0.id, note: "Ärger" });
      await tables.components.set(d1.id, "firmware", "1.0.0", NOW);
      await tables.components.set(d2.id, "firmware", "2.0.0", NOW);
      await tables.components.set(d3.id, "motor", "1.0.0", NOW);
      await tables.tasks.insertMany([
        taskOf(fleet, d2, { state: "burning" }),
        taskOf(fleet, d3, { state: "burning", open: 0 }),
      ]);
    });
    const { devices } = store.tables;
    assert.deepEqual(names(await devices.list({ text: "D3" })), ["d3"]);
    assert.deepEqual(names(await devices.list({ text: "100% attic_" })), ["d1"]);
    assert.deepEqual(names(await devices.list({ text: "%" })), ["d1"]);
    assert.deepEqual(names(await devices.list({ text: "ÄRGER" })), ["d2"]);
    assert.deepEqual(names(await devices.list({ text: "\\" })), []);
    assert.deepEqual(names(await devices.list({ component: "firmware" })), ["d1", "d2"]);
    assert.deepEqual(names(await devices.list({ component: "firmware", version: "2.0.0" })), ["d2"]);
    assert.deepEqual(names(await devices.list({ version: "1.0.0" })), ["d1", "d3"]);
    assert.deepEqual(names(await devices.list({ gatewayId: d0.id, version: "1.0.0" })), ["d1"]);
    assert.deepEqual(names(await devices.list({ taskState: "burning" })), ["d2"]);
    assert.equal(await devices.count({ gatewayId: d0.id }), 2);
    assert.equal(await devices.countSubDevices(d0.id), 2);
    assert.deepEqual(names(await devices.subDevicesOf(d0.id)), ["d1", "d2"]);
    assert.equal(await devices.count({ productId: fleet.product.id + 1 }), 0);
  }));

test("a removed device takes its components, tasks and events with it; its sub-devices stay without a gateway", () =>
  withStore(async (store) => {
    const fleet = await store.write((tables) => addFleet(tables, 3));
    const [gone, stays, sub] = fleet.devices as [Device, Device, Device];
    await store.write(async (tables) => {
      await tables.devices.update(sub.id, { gatewayId: gone.id });
      for (const device of [gone, stays]) {
        await tables.components.set(device.id, "firmware", "1.0.0", NOW);
        await tables.tasks.insertMany([taskOf(fleet, device)]);
        await tables.events.append([
          { at: NOW, deviceId: device.id, planId: fleet.plan.id, taskId: null, kind: "seen", detail: "{}" },
        ]);
      }
    });
    await store.write((tables) => tables.devices.remove(gone.id));
    const { devices, components, tasks, taskLists, events } = store.tables;
    assert.deepEqual(names(await devices.list()), ["d1", "d2"]);
    assert.equal((await devices.byId(sub.id))?.gatewayId, null);
    assert.deepEqual(await components.of(gone.id), []);
    assert.deepEqual(await taskLists.ofDevice(gone.id), []);
    assert.deepEqual(await tasks.countsByState(fleet.plan.id), { waiting: 1 });
    assert.deepEqual(
      (await events.list()).map(({ deviceId }) => deviceId),
      [stays.id],
    );
  }));

test("the time of the last message moves forward only, and in steps if that is asked", () =>
  withStore(async (store) => {
    const { devices } = await store.write((tables) => addFleet(tables, 1));
    const id = devices[0]!.id;
    const touch = async (at: number, stepMs?: number): Promise<number | null | undefined> => {
      await store.write((tables) => tables.devices.touch(id, at, stepMs));
      return (await store.tables.devices.byId(id))?.lastSeenAt;
    };
    assert.equal(await touch(NOW, 1000), NOW);
    assert.equal(await touch(NOW - 1), NOW);
    assert.equal(await touch(NOW + 999, 1000), NOW);
    assert.equal(await touch(NOW + 1000, 1000), NOW + 1000);
    assert.equal(await touch(NOW + 1001), NOW + 1001);
  }));

test("a component keeps the version reported last, and when; the same one again is noted after a minute", () =>
  withStore(async (store) => {
    const { product, devices } = await store.write((tables) => addFleet(tables, 2));
    const [first, second] = devices as [Device, Device];
    const report = async (version: string, at: number): Promise<unknown> => {
      await store.write((tables) => tables.components.set(first.id, "firmware", version, at));
      return (await store.tables.components.of(first.id)).map((row) => [row.version, row.reportedAt]);
    };
    assert.deepEqual(await report("1.0.0", NOW), [["1.0.0", NOW]]);
    assert.deepEqual(await report("1.0.0", NOW + 59_999), [["1.0.0", NOW]]);
    assert.deepEqual(await report("1.0.0", NOW + 60_000), [["1.0.0", NOW + 60_000]]);
    assert.deepEqual(await report("2.0.0", NOW + 60_001), [["2.0.0", NOW + 60_001]]);
    await store.write((tables) => tables.components.set(second.id, "firmware", "2.0.0", NOW));
    assert.deepEqual(await store.tables.components.counts.of(product.id, "firmware"), [
      { version: "2.0.0", devices: 2 },
    ]);
    assert.equal((await store.tables.components.ofMany([first.id, second.id])).length, 2);
  }));
