import assert from "node:assert/strict";
import { test } from "node:test";
import { DEVICE, PlatformBench, PRODUCT } from "../../support/platform-bench.js";

test("a task goes from to-push over pushed, downloading and burning to success", async () => {
  await PlatformBench.run(async (bench) => {
    await bench.addFirmware("0.2.0");
    bench.reportVersion("0.1.0");
    await bench.upgradeListed("0.2.0");
    assert.equal(await bench.taskState(), "pushed");
    bench.reportProgress("0.2.0", { state: "downloading", percent: "10", result_code: "0", result_msg: "" });
    assert.deepEqual((await bench.device()).task, { ...bench.task("0.2.0"), state: "downloading", percent: 10 });
    bench.reportProgress("0.2.0", { state: "burning", result_code: "0", result_msg: "" });
    assert.deepEqual((await bench.device()).task, { ...bench.task("0.2.0"), state: "burning" });
    bench.reportProgress("0.2.0", { state: "done", result_code: "0", result_msg: "" });
    assert.equal(await bench.taskState(), "success");
    bench.reportVersion("0.2.0");
    bench.tick(20);
    assert.equal(await bench.taskState(), "success");
    assert.equal((await bench.device()).version, "0.2.0");
  });
});

test("the new version alone proves success, also after a failure was told", async () => {
  await PlatformBench.run(async (bench) => {
    await bench.addFirmware("0.2.0");
    bench.reportVersion("0.1.0");
    for (const fails of [false, true]) {
      await bench.upgradeListed("0.2.0");
      if (fails) bench.reportProgress("0.2.0", { state: "fail", result_code: "-1", result_msg: "time_out" });
      bench.reportVersion("0.2.0");
      assert.deepEqual((await bench.device()).task, { ...bench.task("0.2.0"), state: "success" });
      bench.reportVersion("0.1.0");
    }
  });
});

test("after a failure the task is closed, until the operator upgrades again", async () => {
  await PlatformBench.run(async (bench) => {
    await bench.addFirmware("0.2.0");
    bench.reportVersion("0.1.0");
    await bench.upgradeListed("0.2.0");
    bench.reportProgress("0.2.0", { state: "fail", result_code: "-4", result_msg: "md5 not match" });
    const failed = { ...bench.task("0.2.0"), state: "failed", resultCode: "-4", resultMessage: "md5 not match" };
    assert.deepEqual((await bench.device()).task, failed);
    bench.published.length = 0;
    bench.reportVersion("0.1.0");
    bench.tick(1000);
    bench.reportProgress("0.2.0", { state: "downloading", percent: "50", result_code: "0", result_msg: "" });
    bench.reportProgress("0.2.0", { state: "burning", result_code: "0", result_msg: "" });
    assert.deepEqual(bench.offers(), []);
    assert.deepEqual((await bench.device()).task, failed);
    await bench.upgradeListed("0.2.0");
    assert.equal(bench.offers().length, 1);
    assert.deepEqual((await bench.device()).task, { ...bench.task("0.2.0"), state: "pushed" });
  });
});

test("an offer that was about to follow an answer is not sent once the task is closed", async () => {
  await PlatformBench.run(async (bench) => {
    await bench.addFirmware("0.2.0");
    bench.reportVersion("0.1.0");
    await bench.upgradeListed("0.2.0");
    bench.reportVersion("0.1.0");
    bench.reportProgress("0.2.0", { state: "fail", result_code: "-1", result_msg: "time_out" });
    bench.tick(20);
    assert.equal(bench.offers().length, 1);
  });
});

test("progress of another version, of no task and in no known state changes nothing", async () => {
  await PlatformBench.run(async (bench) => {
    bench.reportProgress("0.2.0", { state: "done" });
    assert.equal((await bench.device()).task, undefined);
    await bench.addFirmware("0.2.0");
    bench.reportVersion("0.1.0");
    await bench.upgradeListed("0.2.0");
    bench.reportProgress("0.3.0", { state: "done" });
    bench.reportProgress("0.2.0", { state: "resting" });
    assert.equal(await bench.taskState(), "pushed");
  });
});

test("by versions: every device that runs one of them, and those that report one of them later", async () => {
  await PlatformBench.run(async (bench) => {
    for (const name of ["light_02", "light_03"]) {
      await bench.platform.addDevice({ productId: PRODUCT, deviceName: name });
    }
    for (const version of ["0.1.0", "0.1.1", "0.2.0"]) await bench.addFirmware(version);
    bench.reportVersion("0.1.0");
    bench.reportVersion("0.0.9", "light_02");
    const selection = { kind: "versions", fromVersions: ["0.1.0", "0.1.1"] } as const;
    assert.deepEqual(await bench.platform.upgrade({ productId: PRODUCT, version: "0.2.0", selection }), { devices: 1 });
    assert.deepEqual(bench.offered(), [DEVICE]);
    bench.reportVersion("0.1.1", "light_03");
    bench.reportVersion("0.0.9", "light_02");
    bench.tick(20);
    assert.deepEqual(bench.offered(), [DEVICE, "light_03"]);
    bench.reportVersion("0.1.0", "light_02");
    bench.tick(20);
    assert.deepEqual(bench.offered(), [DEVICE, "light_03", "light_02"]);
  });
});

test("a failure closes the task of a device that an upgrade by versions covers, too", async () => {
  await PlatformBench.run(async (bench) => {
    for (const version of ["0.1.0", "0.2.0"]) await bench.addFirmware(version);
    bench.reportVersion("0.1.0");
    const selection = { kind: "versions", fromVersions: ["0.1.0"] } as const;
    await bench.platform.upgrade({ productId: PRODUCT, version: "0.2.0", selection });
    bench.reportProgress("0.2.0", { state: "fail", result_code: "-1", result_msg: "time_out" });
    bench.reportVersion("0.1.0");
    bench.tick(20);
    assert.equal(bench.offers().length, 1);
    assert.equal(await bench.taskState(), "failed");
  });
});

test("by versions and devices: those devices only, and only where they run one of the versions", async () => {
  await PlatformBench.run(async (bench) => {
    await bench.platform.addDevice({ productId: PRODUCT, deviceName: "light_02" });
    for (const version of ["0.1.0", "0.2.0"]) await bench.addFirmware(version);
    bench.reportVersion("0.1.0");
    const upgrade = (deviceNames: string[]) =>
      bench.platform.upgrade({
        productId: PRODUCT,
        version: "0.2.0",
        selection: { kind: "versions-and-devices", fromVersions: ["0.1.0"], deviceNames },
      });
    assert.deepEqual(await upgrade([DEVICE]), { devices: 1 });
    await assert.rejects(upgrade([DEVICE, "light_02"]), /light_02 runs no known version/);
    bench.reportVersion("0.0.9", "light_02");
    await assert.rejects(upgrade(["light_02"]), /light_02 runs 0\.0\.9/);
    assert.equal((await bench.device("light_02")).task, undefined, "a refused upgrade leaves nothing behind");
    bench.reportVersion("0.1.0", "light_02");
    bench.tick(20);
    assert.deepEqual(bench.offered(), [DEVICE], "no rule for later");
  });
});

test("by list: those devices whatever they run, once each", async () => {
  await PlatformBench.run(async (bench) => {
    await bench.platform.addDevice({ productId: PRODUCT, deviceName: "light_02" });
    await bench.addFirmware("0.2.0");
    bench.reportVersion("9.9.9");
    assert.deepEqual(await bench.upgradeListed("0.2.0", [DEVICE, "light_02"]), { devices: 2 });
    assert.deepEqual(bench.offered(), [DEVICE, "light_02"]);
    bench.published.length = 0;
    assert.deepEqual(await bench.upgradeListed("0.2.0", [DEVICE, DEVICE]), { devices: 1 });
    assert.deepEqual(bench.offered(), [DEVICE]);
  });
});

test("an upgrade to or from a version that was not added, or of an unknown device, is refused and changes nothing", async () => {
  await PlatformBench.run(async (bench) => {
    await bench.addFirmware("0.2.0");
    await assert.rejects(bench.upgradeListed("0.3.0"), /no firmware 0\.3\.0: add it first/);
    await assert.rejects(bench.upgradeListed("0.2.0", [DEVICE, "light_09"]), /no device light_09/);
    const selection = { kind: "versions", fromVersions: ["0.1.0"] } as const;
    await assert.rejects(
      bench.platform.upgrade({ productId: PRODUCT, version: "0.2.0", selection }),
      /no firmware 0\.1\.0/,
    );
    await assert.rejects(
      bench.platform.upgrade({ productId: "ZZZZZZZZZZ", version: "0.2.0", selection }),
      /no firmware/,
    );
    const { tasks, rules } = bench.store.state;
    assert.deepEqual({ tasks, rules }, { tasks: [], rules: [] });
  });
});

test("a rule for a version does not take a device from a task that the operator gave it since", async () => {
  await PlatformBench.run(async (bench) => {
    for (const version of ["0.1.0", "0.2.0", "0.3.0"]) await bench.addFirmware(version);
    await bench.platform.upgrade({
      productId: PRODUCT,
      version: "0.2.0",
      selection: { kind: "versions", fromVersions: ["0.1.0"] },
    });
    await bench.upgradeListed("0.3.0");
    bench.reportVersion("0.1.0");
    bench.tick(1000);
    assert.equal((await bench.device()).task?.version, "0.3.0");
    assert.ok(bench.offers().every(({ version }) => version === "0.3.0") && bench.offers().length > 0);
  });
});

test("a difference goes only to who runs its source version; of a component the device itself looks", async () => {
  await PlatformBench.run(async (bench) => {
    await bench.addFirmware("0.2.0", "difference", { sourceVersion: "0.1.0", component: "firmware" });
    await bench.addFirmware("mcu_2.0.0", "difference", { sourceVersion: "1.0.0", component: "mcu" });
    bench.reportVersion("0.0.9");
    await bench.upgradeListed("0.2.0");
    assert.deepEqual(bench.offered(), []);
    await bench.upgradeListed("mcu_2.0.0");
    assert.deepEqual(bench.offered(), [DEVICE]);
  });
});
