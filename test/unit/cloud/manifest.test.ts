import assert from "node:assert/strict";
import { test } from "node:test";
import { checkManifest } from "../../../cloud/manifest.js";
import { CloudError, type FirmwareManifest } from "../../../cloud/types.js";
import { PlatformTestBed } from "../../support/platform-test-bed.js";

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

test("firmware that is added again without a manifest has none", async () => {
  await PlatformTestBed.run(async (bed) => {
    assert.deepEqual((await bed.addFirmware("0.2.0", "x", WHOLE)).manifest, WHOLE);
    await assert.rejects(bed.addFirmware("0.2.0", "y", { space: -1 }), /space/);
    assert.deepEqual((await bed.platform.status()).firmwares[0]?.manifest, WHOLE);
    assert.ok(!("manifest" in (await bed.addFirmware("0.2.0", "x"))));
  });
});

test("a delta is offered to a device that reports its source version, and waits while it reports another", async () => {
  await PlatformTestBed.run(async (bed) => {
    await bed.addFirmware("0.2.0", "delta", { sourceVersion: "0.1.0" });
    await bed.upgradeListed("0.2.0");
    bed.reportVersion("0.0.9");
    bed.tick(20);
    assert.deepEqual(bed.offers(), []);
    assert.equal(await bed.taskState(), "to-push");
    bed.reportVersion("0.1.0");
    bed.tick(20);
    assert.equal(bed.offers().length, 1);
    assert.equal(await bed.taskState(), "pushed");
    await bed.upgradeListed("0.2.0");
    assert.equal(bed.offers().length, 2);
  });
});
