import assert from "node:assert/strict";
import { test } from "node:test";
import { checkManifest } from "../../../../cloud/files/manifest.js";
import { CloudError, type FirmwareManifest } from "../../../../cloud/types.js";
import { DEVICE, PlatformTestBed, PRODUCT } from "../../../support/platform-test-bed.js";

const WHOLE: FirmwareManifest = {
  sourceVersion: "0.1.0",
  minBatteryPercent: 30,
  minSignalDbm: -113,
  space: 698000,
  kind: "mcu",
  component: "app",
};

test("a manifest has its known fields, and without any there is none", () => {
  assert.deepEqual(checkManifest(WHOLE), WHOLE);
  assert.deepEqual(checkManifest({ ...WHOLE, more: 1 } as FirmwareManifest), WHOLE);
  const zeros = { minBatteryPercent: 0, space: 0, minSignalDbm: 0 };
  assert.deepEqual(checkManifest(zeros), zeros);
  assert.equal(checkManifest({}), undefined);
  assert.equal(checkManifest(undefined), undefined);
});

test("a wrong field is refused with a line that names it", () => {
  const wrong: [fields: object, message: RegExp][] = [
    [{ sourceVersion: "" }, /source version/],
    [{ sourceVersion: "a b" }, /source version/],
    [{ minBatteryPercent: 101 }, /battery/],
    [{ minBatteryPercent: -1 }, /battery/],
    [{ minBatteryPercent: 1.5 }, /battery/],
    [{ minSignalDbm: 1 }, /signal/],
    [{ minSignalDbm: -201 }, /signal/],
    [{ space: -1 }, /space/],
    [{ kind: "app" }, /kind/],
    [{ component: "" }, /component/],
    [{ component: "c".repeat(33) }, /component/],
  ];
  for (const [fields, message] of wrong) {
    const refuses = (error: unknown): boolean => error instanceof CloudError && message.test(error.message);
    assert.throws(() => checkManifest(fields as FirmwareManifest), refuses, JSON.stringify(fields));
  }
});

test("firmware keeps its manifest until it is replaced", async () => {
  await PlatformTestBed.run(async (bed) => {
    const { sourceVersion: _source, ...manifest } = WHOLE;
    assert.deepEqual((await bed.addFirmware("0.2.0", "x", manifest)).manifest, manifest);
    await assert.rejects(bed.addFirmware("0.2.0", "y", { space: -1 }), /space/);
    assert.deepEqual((await bed.desk.status()).firmwares[0]?.manifest, manifest);
    const { component, kind } = manifest;
    const replaced = await bed.addFirmware("0.2.0", "y", { component, kind } as FirmwareManifest, true);
    assert.deepEqual(replaced.manifest, { component, kind });
  });
});

test("a delta is offered to a device that reports its source version, and to no other", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.desk.addDevice({ productId: PRODUCT, deviceName: "light_02" });
    await bed.addFirmware("0.2.0", "delta", { sourceVersion: "0.1.0" });
    await bed.reportVersion("0.0.9");
    await bed.reportVersion("0.1.0", "light_02");
    const deviceNames = [DEVICE, "light_02"];
    assert.deepEqual(await bed.upgradeListed("0.2.0", deviceNames), { devices: 1, online: 1 });
    assert.deepEqual(bed.offered(), ["light_02"]);
    assert.equal(await bed.taskState(), undefined);
    // An upgrade in these words takes devices in that match later.
    await bed.reportVersion("0.1.0");
    await bed.settle();
    assert.deepEqual(bed.offered(), ["light_02", DEVICE]);
    assert.equal(await bed.taskState(), "pushed");
  });
});
