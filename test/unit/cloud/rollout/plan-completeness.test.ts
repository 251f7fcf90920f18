import assert from "node:assert/strict";
import { test } from "node:test";
import { DEVICE, PlatformTestBed, PRODUCT } from "../../../support/platform-test-bed.js";

const stateOf = async (bed: PlatformTestBed): Promise<string | undefined> => {
  await bed.settle();
  return (await bed.tables.plans.list())[0]?.state;
};

test("an upgrade of a list finishes once each of its devices has ended", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.desk.addDevice({ productId: PRODUCT, deviceName: "light_02" });
    for (const name of [DEVICE, "light_02"]) await bed.reportVersion("0.1.0", name);
    await bed.upgradeListed("0.2.0", [DEVICE, "light_02"]);
    await bed.reportVersion("0.2.0");
    assert.equal(await stateOf(bed), "active");
    await bed.reportVersion("0.2.0", "light_02");
    assert.equal(await stateOf(bed), "finished");
  });
});

test("a failure ends a device's part too, and the operator can try it again", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.upgradeListed("0.2.0");
    await bed.reportProgress("0.2.0", { state: "fail", result_code: "-4", result_msg: "md5 not match" });
    assert.equal(await stateOf(bed), "finished");
    await bed.upgradeListed("0.2.0");
    assert.equal(await bed.taskState(), "pushed");
  });
});

test("a listed device that had nothing to do is still waited for", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0");
    await bed.desk.addDevice({ productId: PRODUCT, deviceName: "light_02" });
    await bed.reportVersion("0.1.0");
    await bed.reportVersion("0.2.0", "light_02");
    await bed.upgradeListed("0.2.0", [DEVICE, "light_02"]);
    await bed.reportVersion("0.2.0");
    assert.equal(await stateOf(bed), "active");
    await bed.reportVersion("0.1.0", "light_02");
    assert.equal(await stateOf(bed), "active");
    await bed.reportVersion("0.2.0", "light_02");
    assert.equal(await stateOf(bed), "finished");
  });
});

test("an upgrade of all devices with a version goes on: more of them may come", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.1.0");
    await bed.addFirmware("0.2.0");
    await bed.reportVersion("0.1.0");
    await bed.upgrade({
      productId: PRODUCT,
      version: "0.2.0",
      selection: { kind: "versions", fromVersions: ["0.1.0"] },
    });
    await bed.reportVersion("0.2.0");
    assert.equal(await stateOf(bed), "active");
  });
});
