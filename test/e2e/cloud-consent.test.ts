import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTOR, FleetBed, PRODUCT } from "../support/fleet-bed.js";

test("a plan that asks says so in its offer, with the text in the device's language; a no is declined", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const [one, other] = await bed.devices(["d1", "d2"]);
    assert.ok(one && other);
    await bed.cloud.operator.changeDevice({ productId: PRODUCT, deviceName: "d2" }, { language: "zh-CN" }, ACTOR);
    const texts = { zh: { title: "新版本", body: "修复问题" }, en: { title: "New version", body: "It mends" } };
    const { id } = await bed.plan({ all: true, mode: "confirm", texts });
    await bed.offered([one, other]);
    assert.deepEqual([one.newest().consent, one.newest().text], [true, texts.en], "its language is not known");
    assert.deepEqual(other.newest().text, texts.zh, "its language without the region");
    await bed.until("asked", async () => (await bed.states(id)).join() === "d1:asked,d2:asked");
    await one.fail("-5", "declined: not now");
    await other.update();
    await bed.until("ends", async () => (await bed.states(id)).join() === "d1:declined,d2:succeeded");
  });
});

test("an update that a person puts off waits for that time, and then goes out again", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const [device] = await bed.devices(["d1"]);
    assert.ok(device);
    const text = { title: "New", body: "It mends" };
    const { id } = await bed.plan({ all: true, mode: "confirm", texts: { zh: text, en: text } });
    await bed.until("asked", async () => (await bed.states(id)).join() === "d1:asked");
    await device.progress("2.0.0", "downloading", { percent: "0", result_msg: "deferred 2 s" });
    const waits = async () => (await bed.cloud.operator.tasks({ planId: id }, {})).items[0];
    await bed.until("waits", async () => (await waits())?.state === "waiting");
    const task = await waits();
    assert.equal(task?.reason, "deferred");
    assert.ok((task?.nextTryAt ?? 0) > Date.now() - 10_000);
    await bed.until("the next offer", () => device.offers.length === 2);
    await device.update();
    await bed.until("end", async () => (await bed.states(id)).join() === "d1:succeeded");
  });
});

test("no more people are asked at a time than may all accept at once", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const devices = await bed.devices(["d1", "d2", "d3", "d4", "d5", "d6"]);
    const text = { title: "New", body: "It mends" };
    const { id } = await bed.plan({
      all: true,
      mode: "confirm",
      texts: { zh: text, en: text },
      pace: { maxInFlight: 2, maxAsked: 4, perMinute: 1000, stages: [100] },
    });
    const offered = () => devices.filter(({ offers }) => offers.length > 0);
    const tasksIn = async (state: string) => (await bed.states(id)).filter((task) => task.endsWith(`:${state}`)).length;
    await bed.until("four who are asked", async () => (await tasksIn("asked")) === 4);
    await bed.quiet();
    assert.equal(offered().length, 4);
    // All accept at once: nobody else is asked until all but one of them are through.
    const [one, two, three] = offered();
    for (const device of offered()) await device.progress("2.0.0", "downloading", { percent: "1" });
    await one?.update();
    await two?.update();
    await bed.quiet();
    assert.equal(offered().length, 4);
    await three?.update();
    await bed.until("the next offer", () => offered().length === 5);
  });
});

test("a device whose person has accepted takes a place in flight at once", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const text = { title: "New", body: "It mends" };
    const [one, two] = await bed.devices(["d1", "d2"]);
    assert.ok(one && two);
    const { id } = await bed.plan({
      all: true,
      dynamic: true,
      mode: "confirm",
      texts: { zh: text, en: text },
      pace: { maxInFlight: 2, perMinute: 1000, stages: [100] },
    });
    await bed.until("two who are asked", async () => (await bed.states(id)).join() === "d1:asked,d2:asked");
    // The plan was counted since.
    await bed.quiet();
    for (const device of [one, two]) await device.progress("2.0.0", "downloading", { percent: "1" });
    const [three] = await bed.devices(["d3"]);
    await bed.quiet();
    assert.equal(three?.offers.length, 0);
    await one.update();
    await bed.until("the next offer", () => three?.offers.length === 1);
  });
});
