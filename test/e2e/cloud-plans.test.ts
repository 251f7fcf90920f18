import assert from "node:assert/strict";
import { test } from "node:test";
import { Readable } from "node:stream";
import { Refusal } from "../../cloud/operator/types.js";
import { download } from "../support/download.js";
import { needsFolder } from "../support/engine-choice.js";
import { ACTOR, FleetBed, PRODUCT } from "../support/fleet-bed.js";
import { imageOf } from "../support/test-bed.js";

test("a plan updates every device that matches, and finishes", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const devices = await bed.devices(["d1", "d2", "d3"]);
    const { id } = await bed.plan({ all: true });
    await bed.offered(devices);
    for (const device of devices) await device.update();
    await bed.until("end of the plan", async () => (await bed.cloud.operator.plan(id)).state === "finished");
    assert.deepEqual(await bed.states(id), ["d1:succeeded", "d2:succeeded", "d3:succeeded"]);
    assert.deepEqual((await bed.cloud.operator.device({ productId: PRODUCT, deviceName: "d1" })).versions, {
      firmware: "2.0.0",
    });
  });
});

test("no more devices are in flight than the pace allows, and an end makes room for the next", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const devices = await bed.devices(["d1", "d2", "d3", "d4"]);
    const { id } = await bed.plan({ all: true, pace: { maxInFlight: 2, perMinute: 1000, stages: [100] } });
    const offered = () => devices.filter(({ offers }) => offers.length > 0);
    await bed.until("two offers", () => offered().length === 2);
    await bed.quiet();
    assert.equal(offered().length, 2);
    await offered()[0]?.update();
    await bed.until("a third offer", () => offered().length === 3);
    const tasks = await bed.tasks(id);
    assert.deepEqual(
      Object.values(tasks)
        .map(({ state, reason }) => `${state} ${reason}`)
        .filter((text) => text.startsWith("waiting")),
      ["waiting pace"],
    );
  });
});

test("a first stage of few devices holds the others back until it has ended well", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const devices = await bed.devices(["d1", "d2", "d3", "d4"]);
    await bed.plan({ all: true, pace: { maxInFlight: 100, perMinute: 1000, stages: [25, 100] } });
    const offered = () => devices.filter(({ offers }) => offers.length > 0);
    await bed.until("one offer", () => offered().length === 1);
    await bed.quiet();
    assert.equal(offered().length, 1);
    await offered()[0]?.update();
    await bed.until("offers for all", () => offered().length === 4);
  });
});

test("a plan halts by itself when too many fail, and goes on when the operator says so", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const devices = await bed.devices(["d1", "d2", "d3", "d4"]);
    const { id } = await bed.plan({
      all: true,
      retry: [],
      halt: { percent: 50, atLeast: 2 },
      pace: { maxInFlight: 2, perMinute: 1000, stages: [100] },
    });
    const offered = () => devices.filter(({ offers }) => offers.length > 0);
    await bed.until("two offers", () => offered().length === 2);
    for (const device of offered()) await device.fail("-4", "md5 mismatch");
    await bed.until("halt", async () => (await bed.cloud.operator.plan(id)).state === "halted");
    assert.match((await bed.cloud.operator.plan(id)).reason, /threshold: 2 of 2 failed/);
    await bed.quiet();
    assert.equal(offered().length, 2);
    await bed.cloud.operator.resumePlan(id, ACTOR);
    await bed.until("offers for the rest", () => offered().length === 4);
  });
});

test("a failure is tried again after the time of its rule, as often as the rule says", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const [device] = await bed.devices(["d1"]);
    assert.ok(device);
    const { id } = await bed.plan({ all: true, retry: [{ code: "-1", times: 1, afterSeconds: 1 }] });
    await bed.offered([device]);
    await device.fail("-1", "timeout");
    await bed.until("waiting for the retry", async () => (await bed.tasks(id))["d1"]?.reason === "retry-at");
    await bed.offered([device], 2);
    await device.fail("-1", "timeout");
    await bed.until("failure", async () => (await bed.tasks(id))["d1"]?.state === "failed");
    const task = (await bed.tasks(id))["d1"];
    assert.deepEqual([task?.attempt, task?.resultCode, task?.resultMessage], [2, "-1", "timeout"]);
    await bed.quiet();
    assert.equal(device.offers.length, 2);
  });
});

test("a task that waits for a further try gives its slot to the next device", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const devices = await bed.devices(["d1", "d2"]);
    const pace = { maxInFlight: 1, perMinute: 1000, stages: [100] };
    await bed.plan({ all: true, pace, retry: [{ code: "-1", times: 1, afterSeconds: 600 }] });
    const offered = () => devices.filter(({ offers }) => offers.length > 0);
    await bed.until("one offer", () => offered().length === 1);
    await offered()[0]?.fail("-1", "timeout");
    await bed.until("an offer for the other", () => offered().length === 2);
  });
});

const skipPresence = { skip: needsFolder("who is connected") };

test(
  "a device that falls silent after its offer becomes silent, and its late success is seen",
  skipPresence,
  async () => {
    await FleetBed.run(async (bed) => {
      await bed.package("2.0.0");
      const [device] = await bed.devices(["d1"]);
      assert.ok(device);
      const { id } = await bed.plan({
        all: true,
        retry: [],
        silentAfterSeconds: 1,
        halt: { percent: 100, atLeast: 5 },
      });
      await bed.offered([device]);
      await bed.until("silence", async () => (await bed.tasks(id))["d1"]?.state === "silent");
      await device.version("2.0.0");
      assert.equal((await bed.tasks(id))["d1"]?.state, "succeeded");
    });
  },
);

test("a stop takes open tasks back, ends running downloads, and the plan's URLs answer 403 from then on", async () => {
  await FleetBed.run(
    async (bed) => {
      await bed.package("2.0.0");
      const [one, other] = await bed.devices(["d1", "d2"]);
      assert.ok(one && other);
      const { id } = await bed.plan({ all: true, pace: { maxInFlight: 1, perMinute: 1000, stages: [100] } });
      await bed.until("an offer", () => one.offers.length + other.offers.length === 1);
      const { url } = one.offers[0] ?? other.newest();
      const running = download(url);
      await running.begun;
      await bed.cloud.operator.stopPlan(id, ACTOR);
      assert.equal(await running.ended, "cut");
      const after = download(url);
      await after.begun;
      assert.equal(await after.ended, "403");
      assert.deepEqual(await bed.states(id), ["d1:cancelled", "d2:cancelled"]);
      const { state, reason } = await bed.cloud.operator.plan(id);
      assert.deepEqual([state, reason], ["halted", "stopped: test"]);
      await bed.cloud.operator.resumePlan(id, ACTOR);
      await bed.until("a new offer", () => one.offers.length + other.offers.length >= 2);
    },
    { faults: [{ fault: "slow", bytesPerSecond: 10_000 } as never] },
  );
});

test("a package that is not verified goes to one device only; verified on one, it goes to all", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const [device, other] = await bed.devices(["d1", "d2"]);
    assert.ok(device && other);
    const { operator } = bed.cloud;
    const input = { name: "careful", product: PRODUCT, version: "2.0.0", all: true, pace: { stages: [100] } };
    const { id } = await operator.createPlan(input, ACTOR);
    await assert.rejects(operator.activatePlan(id, ACTOR), (error) => {
      assert.ok(error instanceof Refusal);
      assert.equal(error.code, "not-verified");
      return true;
    });
    const verification = await operator.verify({ productId: PRODUCT, version: "2.0.0", deviceName: "d1" }, ACTOR);
    await bed.offered([device]);
    await device.update();
    await bed.until("verdict", async () => (await operator.packages(PRODUCT, {})).items[0]?.state === "verified");
    assert.equal((await operator.plan(verification.id)).purpose, "verification");
    assert.equal((await operator.activatePlan(id, ACTOR)).state, "active");
    await bed.offered([other]);
    assert.deepEqual(await bed.states(id), ["d2:offered"], "the device that runs it gets no task");
  });
});

test("a verification that fails rejects the package with the device's reason", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const [device] = await bed.devices(["d1"]);
    assert.ok(device);
    const { operator } = bed.cloud;
    await operator.verify({ productId: PRODUCT, version: "2.0.0", deviceName: "d1" }, ACTOR);
    await bed.offered([device]);
    await device.fail("-5", "self test failed");
    await bed.until("verdict", async () => (await operator.packages(PRODUCT, {})).items[0]?.state === "rejected");
    assert.equal((await operator.packages(PRODUCT, {})).items[0]?.stateReason, "-5 self test failed");
  });
});

test("a device that would not get a package cannot verify it, and the package waits for no verdict", async () => {
  await FleetBed.run(async (bed) => {
    const { operator } = bed.cloud;
    await bed.devices(["d1", "d2"]);
    await bed.package("1.0.0");
    const verification = { productId: PRODUCT, version: "1.0.0", deviceName: "d1" };
    await assert.rejects(operator.verify(verification, ACTOR), /d1 would not get the package \(runs-target\)/);
    await bed.package("2.0.0");
    // The device is removed before its task is made.
    const asked = operator.verify({ ...verification, version: "2.0.0" }, ACTOR);
    await Promise.all([asked, operator.removeDevice({ productId: PRODUCT, deviceName: "d1" }, ACTOR)]);
    const states = async () => {
      const { items } = await operator.packages(PRODUCT, {});
      return items
        .map(({ version, state }) => `${version} ${state}`)
        .sort()
        .join();
    };
    await bed.until("a verdict", async () => (await states()) === "1.0.0 uploaded,2.0.0 rejected");
  });
});

test("the components of a plan come in its order, and a failure of one holds the next back", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.package("3.0", "mcu");
    const [one, other] = await bed.devices(["d1", "d2"]);
    assert.ok(one && other);
    for (const device of [one, other]) await device.version("mcu_1.0");
    const { id } = await bed.plan({
      all: true,
      retry: [],
      halt: { percent: 100, atLeast: 100 },
      packages: [
        { component: "mcu", version: "3.0" },
        { component: "firmware", version: "2.0.0" },
      ],
    });
    await bed.offered([one, other]);
    assert.deepEqual([one.newest().version, other.newest().version], ["mcu_3.0", "mcu_3.0"]);
    await one.update();
    await other.fail("-5", "the bus is stuck");
    await bed.offered([one], 2);
    assert.equal(one.newest().version, "2.0.0");
    await one.update();
    await bed.quiet();
    assert.equal(other.offers.length, 1);
    const { items } = await bed.cloud.operator.tasks({ planId: id }, {});
    assert.deepEqual(
      items.map(({ deviceName, component, state, reason }) => `${deviceName} ${component} ${state} ${reason}`).sort(),
      [
        "d1 firmware succeeded version-reported",
        "d1 mcu succeeded version-reported",
        "d2 firmware cancelled earlier-component",
        "d2 mcu failed -5 the bus is stuck",
      ],
    );
  });
});

test("two plans that name each other's versions do not send a device to and fro", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("1.0.0");
    await bed.package("2.0.0");
    const [device] = await bed.devices(["d1"]);
    assert.ok(device);
    await bed.plan({ from: ["1.0.0"], dynamic: true });
    await bed.plan({ name: "back", version: "1.0.0", from: ["2.0.0"], dynamic: true });
    await bed.offered([device]);
    await device.update();
    await bed.offered([device], 2);
    await device.update();
    await device.version("1.0.0");
    await bed.quiet();
    assert.deepEqual(
      device.offers.map(({ version }) => version),
      ["2.0.0", "1.0.0"],
    );
  });
});

test("a preview says who would be updated and why the others would not, before anything is done", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.devices(["d1", "d2"]);
    await bed.devices(["d3"], "2.0.0");
    const preview = await bed.cloud.operator.preview({
      name: "look",
      product: PRODUCT,
      version: "2.0.0",
      devices: ["d1", "d2", "d3", "nobody"],
      deny: ["d2"],
    });
    assert.deepEqual(preview.matches, [{ productId: PRODUCT, deviceName: "d1" }]);
    assert.deepEqual(preview.left.map(({ deviceName, reason }) => `${deviceName} ${reason}`).sort(), [
      "d2 denied",
      "d3 runs-target",
      "nobody no-such-device",
    ]);
  });
});

test("a device's report reaches its open task, however many tasks it has got since", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const [device] = await bed.devices(["d1"]);
    assert.ok(device);
    const { id } = await bed.plan({ all: true });
    await bed.offered([device]);
    for (let count = 0; count < 21; count++) await bed.plan({ all: true });
    await device.progress("2.0.0", "burning");
    await device.version("2.0.0");
    assert.deepEqual(await bed.states(id), ["d1:succeeded"]);
  });
});

test("the connection of a device that was removed is not that of a later namesake", skipPresence, async () => {
  await FleetBed.run(async (bed) => {
    const { operator } = bed.cloud;
    const name = { productId: PRODUCT, deviceName: "d1" };
    const [device] = await bed.devices(["d1"]);
    assert.ok(device);
    await operator.removeDevice(name, ACTOR);
    await operator.addDevices([name], ACTOR);
    assert.equal((await operator.device(name)).online, false);
    // It is never acknowledged.
    void device.version("9.9.9").catch(() => {});
    await bed.quiet();
    assert.deepEqual((await operator.device(name)).versions, {});
  });
});

test("outside of the push window a task waits, and says so", async () => {
  await FleetBed.run(async (bed) => {
    await bed.package("2.0.0");
    const [device] = await bed.devices(["d1"]);
    assert.ok(device);
    const { id } = await bed.plan({ all: true, window: { from: hourFromNow(3), to: hourFromNow(4) }, zone: "plan" });
    await bed.quiet();
    assert.equal(device.offers.length, 0);
    assert.equal((await bed.tasks(id))["d1"]?.reason, "window");
  });
});

function hourFromNow(hours: number): number {
  return (new Date().getUTCHours() + hours) % 24;
}

test("an image for another chip than the product's is refused, and so is a chip that there is not", async () => {
  await FleetBed.run(async (bed) => {
    const { operator } = bed.cloud;
    await assert.rejects(operator.setProduct({ productId: PRODUCT, chip: "ESP32" }, ACTOR), /ESP32 is no chip/);
    await operator.setProduct({ productId: PRODUCT, chip: "esp32s3" }, ACTOR);
    const upload = (version: string) =>
      operator.addPackage(
        { productId: PRODUCT, version, fileName: "image.bin" },
        Readable.from([imageOf(version, 65_536)]),
        ACTOR,
      );
    await assert.rejects(upload("3.0.0"), /an image for esp32, and ABCDE12345 has esp32s3/);
    await operator.setProduct({ productId: PRODUCT, chip: "esp32" }, ACTOR);
    assert.equal((await upload("3.0.0")).chip, "esp32");
  });
});
