import assert from "node:assert/strict";
import { test } from "node:test";
import { planSeries, versionSeries } from "../../../../cloud/history/series.js";
import { setKeepEventsDays } from "../../../../cloud/history/retention.js";
import { addFleet, NOW, taskOf } from "../store/open-store.js";
import { HistoryBed } from "./history-bed.js";

const PRODUCT = "ABCDE12345";

test("versions: a sample at the start and at a change, none if nothing changed, and at most one a minute", () =>
  HistoryBed.run(async (bed) => {
    let [first = 0, second = 0, productId = 0] = [];
    await bed.write(async (tables) => {
      const { devices, product } = await addFleet(tables, 2);
      [first = 0, second = 0] = devices.map(({ id }) => id);
      productId = product.id;
      await tables.components.set(first, "firmware", "1.0.0", NOW);
      await tables.components.set(second, "firmware", "1.0.0", NOW);
    });
    const firmware = versionSeries(productId, "firmware");
    await bed.start();
    await bed.seconds(200);
    assert.deepEqual(await bed.samples(firmware), ["0: {online:0,devices:{1.0.0:2}}"]);
    // Within 5 s of the first change after a quiet time; the further ones wait for the minute.
    bed.online.set(PRODUCT, 1);
    await bed.seconds(5);
    await bed.write((tables) => tables.components.set(first, "firmware", "2.0.0", bed.nowMs));
    await bed.seconds(20);
    await bed.write((tables) => tables.components.set(second, "firmware", "2.0.0", bed.nowMs));
    await bed.seconds(34);
    assert.deepEqual((await bed.samples(firmware)).slice(1), ["205: {online:1,devices:{1.0.0:2}}"]);
    await bed.seconds(200);
    assert.deepEqual((await bed.samples(firmware)).slice(2), ["265: {online:1,devices:{2.0.0:2}}"]);
    assert.deepEqual(bed.problems, []);
  }));

test("versions: each component of each product has its own series, also one that no device has any more", () =>
  HistoryBed.run(async (bed) => {
    let [lamp = 0, gone = 0, other = 0, otherProduct = 0] = [];
    await bed.write(async (tables) => {
      const { devices, product } = await addFleet(tables, 2);
      lamp = product.id;
      gone = devices[1]?.id ?? 0;
      await tables.components.set(devices[0]?.id ?? 0, "firmware", "1.0.0", NOW);
      await tables.components.set(gone, "motor", "7", NOW);
      const second = { productId: "OTHER12345", name: "Other", registration: "off", createdAt: NOW } as const;
      otherProduct = (await tables.products.insert(second)).id;
      other = (await tables.devices.insert({ productId: otherProduct, deviceName: "d0", createdAt: NOW })).id;
      await tables.components.set(other, "firmware", "1.0.0", NOW);
    });
    bed.online.set("OTHER12345", 1);
    await bed.start();
    await bed.write((tables) => tables.devices.remove(gone));
    await bed.seconds(120);
    assert.deepEqual(await bed.samples(versionSeries(lamp, "firmware")), ["0: {online:0,devices:{1.0.0:1}}"]);
    assert.deepEqual(await bed.samples(versionSeries(lamp, "motor")), [
      "0: {online:0,devices:{7:1}}",
      "60: {online:0,devices:{}}",
    ]);
    assert.deepEqual(await bed.samples(versionSeries(otherProduct, "firmware")), ["0: {online:1,devices:{1.0.0:1}}"]);
    assert.deepEqual(
      (await bed.store.tables.components.counts.all()).map(({ component }) => component),
      ["firmware", "firmware"],
    );
  }));

test("versions: what devices make up stays bounded: the most frequent 50 versions have a name, 20 components a series", () =>
  HistoryBed.run(async (bed) => {
    let productId = 0;
    await bed.write(async (tables) => {
      const { devices, product } = await addFleet(tables, 60);
      productId = product.id;
      for (const [index, { id }] of devices.entries()) {
        await tables.components.set(id, "firmware", index < 3 ? "0" : `v${index}`, NOW);
        if (index < 30) await tables.components.set(id, `made-up-${String(index).padStart(2, "0")}`, "1", NOW);
      }
    });
    await bed.start();
    const [sample = ""] = await bed.samples(versionSeries(productId, "firmware"));
    const names = sample.replace(/^.*devices:\{|\}\}$/g, "").split(",");
    assert.deepEqual([names.length, names[0], names.at(-1)], [51, "0:3", ":8"]);
    const series = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        bed.samples(versionSeries(productId, `made-up-${String(index).padStart(2, "0")}`)),
      ),
    );
    assert.equal(series.filter(({ length }) => length > 0).length, 19);
  }));

test("plans: a sample at most each two seconds while something changes, and a last one when the plan has ended", () =>
  HistoryBed.run(async (bed) => {
    let [planId = 0, draftId = 0] = [];
    let tasks: readonly { readonly id: number }[] = [];
    await bed.write(async (tables) => {
      const fleet = await addFleet(tables, 3);
      planId = fleet.plan.id;
      draftId = (await tables.plans.insert({ ...draftOf(fleet.product.id), name: "draft" })).id;
      tasks = await tables.tasks.insertMany(fleet.devices.map((device) => taskOf(fleet, device)));
    });
    await bed.start();
    for (const [index, { id }] of tasks.entries()) {
      await bed.write((tables) => tables.tasks.update(id, { state: "offered", open: 1, inFlight: 1 }));
      bed.recorder.noteChange();
      await bed.seconds(index === 0 ? 10 : 1);
    }
    await bed.seconds(10);
    assert.deepEqual(await bed.samples(planSeries(planId)), [
      "0: {waiting:3}",
      "2: {offered:1,waiting:2}",
      "11: {offered:2,waiting:1}",
      "13: {offered:3}",
    ]);
    await bed.write(async (tables) => {
      for (const { id } of tasks) await tables.tasks.update(id, { state: "succeeded", open: 0, inFlight: 0 });
      await tables.plans.update(planId, { state: "finished", endedAt: bed.nowMs });
    });
    bed.recorder.noteChange();
    await bed.seconds(200);
    assert.deepEqual((await bed.samples(planSeries(planId))).slice(4), ["23: {succeeded:3}"]);
    assert.deepEqual(await bed.samples(planSeries(draftId)), []);
  }));

test("plans: a change that nobody has reported is found within a minute", () =>
  HistoryBed.run(async (bed) => {
    let planId = 0;
    await bed.start();
    await bed.seconds(5);
    await bed.write(async (tables) => {
      const fleet = await addFleet(tables, 1);
      planId = fleet.plan.id;
      await tables.tasks.insertMany(fleet.devices.map((device) => taskOf(fleet, device)));
    });
    await bed.seconds(54);
    assert.deepEqual(await bed.samples(planSeries(planId)), []);
    await bed.seconds(1);
    assert.deepEqual(await bed.samples(planSeries(planId)), ["60: {waiting:1}"]);
  }));

test("after a restart each series goes on as it is stored: the same again is not written, a change is", () =>
  HistoryBed.run(async (bed) => {
    let [productId = 0, deviceId = 0, planId = 0] = [];
    await bed.write(async (tables) => {
      const fleet = await addFleet(tables, 1);
      productId = fleet.product.id;
      planId = fleet.plan.id;
      deviceId = fleet.devices[0]?.id ?? 0;
      await tables.components.set(deviceId, "firmware", "1.0.0", NOW);
      await tables.tasks.insertMany(fleet.devices.map((device) => taskOf(fleet, device)));
    });
    await bed.start();
    await bed.restart();
    await bed.seconds(100);
    const [firmware, plan] = [versionSeries(productId, "firmware"), planSeries(planId)];
    assert.deepEqual(await bed.samples(firmware), ["0: {online:0,devices:{1.0.0:1}}"]);
    assert.deepEqual(await bed.samples(plan), ["0: {waiting:1}"]);
    // A change of which an earlier process has not taken a sample.
    await bed.write((tables) => tables.components.set(deviceId, "firmware", "2.0.0", bed.nowMs));
    await bed.restart();
    assert.deepEqual((await bed.samples(firmware)).slice(1), ["100: {online:0,devices:{2.0.0:1}}"]);
  }));

test("a clock that is set back does not stop the samples", () =>
  HistoryBed.run(async (bed) => {
    let [productId = 0, deviceId = 0] = [];
    await bed.write(async (tables) => {
      const { devices, product } = await addFleet(tables, 1);
      productId = product.id;
      deviceId = devices[0]?.id ?? 0;
      await tables.components.set(deviceId, "firmware", "1.0.0", NOW);
    });
    await bed.start();
    bed.nowMs -= 3_600_000;
    await bed.write((tables) => tables.components.set(deviceId, "firmware", "2.0.0", bed.nowMs));
    await bed.seconds(1);
    assert.deepEqual(await bed.samples(versionSeries(productId, "firmware")), ["-3599: {online:0,devices:{2.0.0:1}}"]);
  }));

test("a plan that changes all the time keeps at most 2,000 samples, with its first and its newest", () =>
  HistoryBed.run(async (bed) => {
    let planId = 0;
    let taskId = 0;
    await bed.write(async (tables) => {
      const fleet = await addFleet(tables, 1);
      planId = fleet.plan.id;
      const [task] = await tables.tasks.insertMany([taskOf(fleet, fleet.devices[0]!)]);
      taskId = task?.id ?? 0;
      // As an earlier process has left it.
      for (let second = 0; second < 4000; second += 2) {
        const data = `{"waiting":${1 + ((second / 2) % 2)}}`;
        await tables.samples.add(planSeries(planId), { at: NOW + second * 1000, data });
      }
    });
    bed.nowMs = NOW + 4_000_000;
    await bed.write((tables) => tables.tasks.update(taskId, { state: "offered", open: 1, inFlight: 1 }));
    await bed.start();
    const samples = await bed.samples(planSeries(planId));
    assert.ok(samples.length <= 1500 && samples.length > 500, String(samples.length));
    assert.deepEqual([samples[0], samples.at(-1)], ["0: {waiting:1}", "4000: {offered:1}"]);
    assert.deepEqual(samples.slice(-3, -1), ["3996: {waiting:1}", "3998: {waiting:2}"]);
  }));

test("what is older than it is to be kept goes, but not what holds then, nor the newest event", () =>
  HistoryBed.run(async (bed) => {
    let planId = 0;
    await bed.write(async (tables) => {
      planId = (await addFleet(tables, 0)).plan.id;
      await setKeepEventsDays(tables, 1);
      for (const hours of [0, 1, 2, 30]) {
        const at = NOW + hours * 3_600_000;
        await tables.samples.add(planSeries(planId), { at, data: `{"waiting":${hours}}` });
        await tables.events.appendOne({ at, kind: `after ${hours} h`, detail: "{}" });
      }
    });
    bed.nowMs = NOW + 30 * 3_600_000;
    await bed.start();
    assert.equal((await bed.store.tables.events.list()).length, 4);
    await bed.seconds(600);
    assert.deepEqual(await bed.samples(planSeries(planId)), ["7200: {waiting:2}", "108000: {waiting:30}"]);
    assert.deepEqual(
      (await bed.store.tables.events.list()).map(({ kind }) => kind),
      ["after 30 h"],
    );
  }));

test("a recorder whose store fails goes on once it works again, and nothing of it runs after its end", () =>
  HistoryBed.run(async (bed) => {
    let productId = 0;
    await bed.write(async (tables) => {
      const { devices, product } = await addFleet(tables, 1);
      productId = product.id;
      await tables.components.set(devices[0]?.id ?? 0, "firmware", "1.0.0", NOW);
    });
    const { join } = bed.transactions;
    bed.transactions.join = () => Promise.reject(new Error("no room"));
    await bed.start();
    assert.deepEqual(bed.problems, ["no room"]);
    bed.transactions.join = join;
    await bed.seconds(5);
    assert.deepEqual(await bed.samples(versionSeries(productId, "firmware")), ["5: {online:0,devices:{1.0.0:1}}"]);
    await bed.recorder.close();
    bed.online.set(PRODUCT, 1);
    await bed.seconds(200);
    assert.equal((await bed.samples(versionSeries(productId, "firmware"))).length, 1);
  }));

function draftOf(productId: number) {
  return {
    productId,
    name: "all",
    purpose: "update" as const,
    state: "draft",
    data: '{"name":"draft"}',
    settings: "{}",
    dynamic: 0 as const,
    createdAt: NOW,
  };
}
