import assert from "node:assert/strict";
import { test } from "node:test";
import { checkManifest } from "../../../cloud/manifest.js";
import { CloudError, type FirmwareManifest } from "../../../cloud/types.js";
import { PlatformBench } from "../../support/platform-bench.js";

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
  await PlatformBench.run(async (bench) => {
    assert.deepEqual((await bench.addFirmware("0.2.0", "x", WHOLE)).manifest, WHOLE);
    await assert.rejects(bench.addFirmware("0.2.0", "y", { space: -1 }), /space/);
    assert.deepEqual((await bench.platform.status()).firmwares[0]?.manifest, WHOLE);
    assert.ok(!("manifest" in (await bench.addFirmware("0.2.0", "x"))));
  });
});

test("a delta is offered to a device that reports its source version, and waits while it reports another", async () => {
  await PlatformBench.run(async (bench) => {
    await bench.addFirmware("0.2.0", "delta", { sourceVersion: "0.1.0" });
    await bench.upgradeListed("0.2.0");
    bench.reportVersion("0.0.9");
    bench.tick(20);
    assert.deepEqual(bench.offers(), []);
    assert.equal(await bench.taskState(), "to-push");
    bench.reportVersion("0.1.0");
    bench.tick(20);
    assert.equal(bench.offers().length, 1);
    assert.equal(await bench.taskState(), "pushed");
    await bench.upgradeListed("0.2.0");
    assert.equal(bench.offers().length, 2);
  });
});
