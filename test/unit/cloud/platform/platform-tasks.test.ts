import assert from "node:assert/strict";
import { test } from "node:test";
import { DEVICE, PlatformTestBed, PRODUCT } from "../../../support/platform-test-bed.js";

test("a task goes from to-push over pushed, downloading and burning to success", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.upgradeListed("0.2.0");
    assert.equal(await bed.taskState(), "pushed");
    await bed.reportProgress("0.2.0", { state: "downloading", percent: "10", result_code: "0", result_msg: "" });
    assert.deepEqual(await bed.task(), bed.taskOf("0.2.0", { state: "downloading", percent: 10 }));
    await bed.reportProgress("0.2.0", { state: "burning", result_code: "0", result_msg: "" });
    assert.deepEqual(await bed.task(), bed.taskOf("0.2.0", { state: "burning" }));
    await bed.reportProgress("0.2.0", { state: "done", result_code: "0", result_msg: "" });
    assert.equal(await bed.taskState(), "burning", "it is on trial until it reports its version");
    await bed.reportVersion("0.2.0");
    await bed.settle();
    assert.equal(await bed.taskState(), "success");
    assert.equal((await bed.device()).version, "0.2.0");
  });
});

test("the new version alone proves success, also after a reported failure", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    for (const fails of [false, true]) {
      await bed.upgradeListed("0.2.0");
      if (fails) await bed.reportProgress("0.2.0", { state: "fail", result_code: "-1", result_msg: "time_out" });
      await bed.reportVersion("0.2.0");
      assert.deepEqual(await bed.task(), bed.taskOf("0.2.0", { state: "success" }));
      await bed.reportVersion("0.1.0");
    }
  });
});

test("after a failure the task is closed, until the operator upgrades again", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.upgradeListed("0.2.0");
    await bed.reportProgress("0.2.0", { state: "fail", result_code: "-4", result_msg: "md5 not match" });
    const failed = bed.taskOf("0.2.0", { state: "failed", resultCode: "-4", resultMessage: "md5 not match" });
    assert.deepEqual(await bed.task(), failed);
    bed.published.length = 0;
    await bed.reportVersion("0.1.0");
    await bed.settle();
    await bed.reportProgress("0.2.0", { state: "downloading", percent: "50", result_code: "0", result_msg: "" });
    await bed.reportProgress("0.2.0", { state: "burning", result_code: "0", result_msg: "" });
    assert.deepEqual(bed.offers(), []);
    assert.deepEqual(await bed.task(), failed);
    await bed.upgradeListed("0.2.0");
    assert.equal(bed.offers().length, 1);
    assert.deepEqual(await bed.task(), bed.taskOf("0.2.0", { state: "pushed" }));
  });
});

test("an offer that was about to follow an answer is not sent once the task is closed", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.upgradeListed("0.2.0");
    // Both are in one transaction.
    const reported = bed.reportVersion("0.1.0");
    await bed.reportProgress("0.2.0", { state: "fail", result_code: "-1", result_msg: "time_out" });
    await reported;
    await bed.settle();
    assert.equal(bed.offers().length, 1);
  });
});

test("progress of another version, of no task and in no known state changes nothing", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.reportProgress("0.2.0", { state: "done" });
    assert.equal(await bed.task(), undefined);
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.upgradeListed("0.2.0");
    await bed.reportProgress("0.3.0", { state: "done" });
    await bed.reportProgress("0.2.0", { state: "resting" });
    assert.equal(await bed.taskState(), "pushed");
  });
});

test("by versions: every device that runs one of them, and those that report one of them later", async () => {
  await PlatformTestBed.run(async (bed) => {
    for (const name of ["light_02", "light_03"]) {
      await bed.desk.addDevice({ productId: PRODUCT, deviceName: name });
    }
    for (const version of ["0.1.0", "0.1.1", "0.2.0"]) await bed.addFirmware(version);
    await bed.reportVersion("0.1.0");
    await bed.reportVersion("0.0.9", "light_02");
    const selection = { kind: "versions", fromVersions: ["0.1.0", "0.1.1"] } as const;
    assert.deepEqual(await bed.upgrade({ productId: PRODUCT, version: "0.2.0", selection }), { devices: 1, online: 1 });
    assert.deepEqual(bed.offered(), [DEVICE]);
    await bed.reportVersion("0.1.1", "light_03");
    await bed.reportVersion("0.0.9", "light_02");
    await bed.settle();
    assert.deepEqual(bed.offered(), [DEVICE, "light_03"]);
    await bed.reportVersion("0.1.0", "light_02");
    await bed.settle();
    assert.deepEqual(bed.offered(), [DEVICE, "light_03", "light_02"]);
  });
});

test("a failure closes the task of a device that an upgrade by versions covers, too", async () => {
  await PlatformTestBed.run(async (bed) => {
    for (const version of ["0.1.0", "0.2.0"]) await bed.addFirmware(version);
    await bed.reportVersion("0.1.0");
    const selection = { kind: "versions", fromVersions: ["0.1.0"] } as const;
    await bed.upgrade({ productId: PRODUCT, version: "0.2.0", selection });
    await bed.reportProgress("0.2.0", { state: "fail", result_code: "-1", result_msg: "time_out" });
    await bed.reportVersion("0.1.0");
    await bed.settle();
    assert.equal(bed.offers().length, 1);
    assert.equal(await bed.taskState(), "failed");
  });
});

test("by versions and devices: those devices only, and only if they run one of the versions", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.desk.addDevice({ productId: PRODUCT, deviceName: "light_02" });
    for (const version of ["0.1.0", "0.2.0"]) await bed.addFirmware(version);
    await bed.reportVersion("0.1.0");
    const upgrade = (deviceNames: string[]) =>
      bed.upgrade({
        productId: PRODUCT,
        version: "0.2.0",
        selection: { kind: "versions-and-devices", fromVersions: ["0.1.0"], deviceNames },
      });
    assert.deepEqual(await upgrade([DEVICE]), { devices: 1, online: 1 });
    await assert.rejects(upgrade([DEVICE, "light_02"]), /light_02 runs no known version/);
    await bed.reportVersion("0.0.9", "light_02");
    await assert.rejects(upgrade(["light_02"]), /light_02 runs 0\.0\.9/);
    assert.equal((await bed.device("light_02")).task, undefined, "a refused upgrade leaves nothing behind");
    await bed.reportVersion("0.1.0", "light_02");
    await bed.settle();
    assert.deepEqual(bed.offered(), [DEVICE], "no rule for later");
  });
});

test("by versions and devices, of a component: its versions are named with the component before them", async () => {
  await PlatformTestBed.run(async (bed) => {
    for (const version of ["mcu_1.0.0", "mcu_2.0.0"]) await bed.addFirmware(version, version, { component: "mcu" });
    await bed.reportVersion("0.1.0");
    await bed.reportVersion("mcu_1.0.0");
    const selection = { kind: "versions-and-devices", fromVersions: ["mcu_1.0.0"], deviceNames: [DEVICE] } as const;
    const upgrade = { productId: PRODUCT, version: "mcu_2.0.0", selection };
    assert.deepEqual(await bed.upgrade(upgrade), { devices: 1, online: 1 });
    assert.equal(bed.offers()[0]?.version, "mcu_2.0.0");
    await bed.reportVersion("mcu_2.0.0");
    assert.deepEqual(await bed.task(), bed.taskOf("mcu_2.0.0", { state: "success" }));
    await assert.rejects(bed.upgrade(upgrade), /light_01 runs 2\.0\.0/);
  });
});

test("by list: those devices whatever they run, once each", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.desk.addDevice({ productId: PRODUCT, deviceName: "light_02" });
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("9.9.9");
    assert.deepEqual(await bed.upgradeListed("0.2.0", [DEVICE, "light_02"]), { devices: 2, online: 2 });
    assert.deepEqual(bed.offered(), [DEVICE, "light_02"]);
    bed.published.length = 0;
    assert.deepEqual(await bed.upgradeListed("0.2.0", [DEVICE, DEVICE]), { devices: 1, online: 1 });
    assert.deepEqual(bed.offered(), [DEVICE]);
  });
});

test("an upgrade to or from a version that was not added, or of an unknown device, is refused and changes nothing", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await assert.rejects(bed.upgradeListed("0.3.0"), /no firmware 0\.3\.0: add it first/);
    await assert.rejects(bed.upgradeListed("0.2.0", [DEVICE, "light_09"]), /no device light_09/);
    const selection = { kind: "versions", fromVersions: ["0.1.0"] } as const;
    await assert.rejects(bed.desk.upgrade({ productId: PRODUCT, version: "0.2.0", selection }), /no firmware 0\.1\.0/);
    await assert.rejects(bed.desk.upgrade({ productId: "ZZZZZZZZZZ", version: "0.2.0", selection }), /no firmware/);
    assert.deepEqual(await bed.tables.plans.list(), []);
    assert.deepEqual(await bed.tables.taskLists.list({}), []);
  });
});

test("a rule for a version does not take a device from a task that the operator gave it since", async () => {
  await PlatformTestBed.run(async (bed) => {
    for (const version of ["0.1.0", "0.2.0", "0.3.0"]) await bed.addFirmware(version);
    await bed.upgrade({
      productId: PRODUCT,
      version: "0.2.0",
      selection: { kind: "versions", fromVersions: ["0.1.0"] },
    });
    await bed.upgradeListed("0.3.0");
    await bed.reportVersion("0.1.0");
    await bed.settle();
    assert.equal((await bed.task())?.version, "0.3.0");
    assert.ok(bed.offers().every(({ version }) => version === "0.3.0") && bed.offers().length > 0);
  });
});

test("a difference is offered only to a device that runs its source version; for a component the device checks that itself", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0", "difference", { sourceVersion: "0.1.0", component: "firmware" });
    await bed.addFirmware("mcu_2.0.0", "difference", { sourceVersion: "1.0.0", component: "mcu" });
    await bed.reportVersion("0.0.9");
    await bed.upgradeListed("0.2.0");
    assert.deepEqual(bed.offered(), []);
    await bed.upgradeListed("mcu_2.0.0");
    assert.deepEqual(bed.offered(), [DEVICE]);
  });
});
