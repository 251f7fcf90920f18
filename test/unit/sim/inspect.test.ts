import assert from "node:assert/strict";
import { test } from "node:test";
import { CHIP_ESP32 } from "../../../hal/boards/sim/app-image.js";
import { bootLoader } from "../../../hal/boards/sim/boot-loader.js";
import { inspectSlots, readPartition, readRecord } from "../../../hal/boards/sim/inspect.js";
import { NO_MEDIUM, NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import { Nvs } from "../../../hal/boards/sim/nvs/nvs.js";
import { createPlatform } from "../../../hal/boards/sim/platform.js";
import { Power } from "../../../hal/boards/sim/power.js";
import type { PlatformModule } from "../../../hal/ecma419/modules.js";
import { bytesOf, cutsOf, RecordingMedium } from "../../support/power-cuts.js";
import { assertSameBytes } from "../../support/same-bytes.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";
import { partition, putImage, smallFlash, spoilImage } from "../../support/small-flash.js";

test("reports the running slot and all slots, and writes nothing", () => {
  const flash = smallFlash("1.0", "2.0");
  const before = bytesOf(flash);
  assert.deepEqual(inspectSlots(flash, CHIP_ESP32), {
    running: { slot: "ota_0", version: "1.0", state: "undefined" },
    slots: {
      ota_0: { offset: 0x20000, size: 0x10000, version: "1.0", secureVersion: 0 },
      ota_1: { offset: 0x30000, size: 0x10000, version: "2.0", secureVersion: 0 },
    },
  });
  assertSameBytes(bytesOf(flash), before);
});

test("a slot without an image has no version", () => {
  const { slots } = inspectSlots(smallFlash("1.0"), CHIP_ESP32);
  assert.equal(slots["ota_1"]?.version, null);
});

test("a board that holds no bootable image is still reported", () => {
  const { running } = inspectSlots(smallFlash(), CHIP_ESP32);
  assert.deepEqual(running, { slot: "ota_0", version: null, state: "undefined" });
});

test("reports what the platform module reports, at any time of any series of updates", () => {
  const random = new SeededRandom();
  for (let life = 0; life < 30; life++) {
    const flash = smallFlash("1.0", "1.1");
    let boot = start(flash);
    const history: string[] = [];
    for (let step = 0; step < 20; step++) {
      const action = ["restart", "update", "confirm", "revert", "forget"][random.integer(0, 5)] as string;
      history.push(action);
      boot = act(action, boot, flash, step);
      const { running } = inspectSlots(flash, CHIP_ESP32);
      const slot = boot.runningSlot();
      const expected = { slot, version: boot.imageVersion(slot), state: boot.imageState(slot) ?? "undefined" };
      // Once the image has declared itself unfit, the other one counts, although it runs until the restart.
      if (expected.state !== "invalid") assert.deepEqual(running, expected, `${history.join(" ")}; ${REPEAT}`);
    }
  }
});

test("a damaged image does not count as running if another can boot", () => {
  const flash = smallFlash("1.0", "2.0");
  start(flash);
  spoilImage(flash, 0);
  assert.equal(inspectSlots(flash, CHIP_ESP32).running.slot, "ota_1");
  start(flash);
  assert.equal(inspectSlots(flash, CHIP_ESP32).running.slot, "ota_1");
});

test("a pending image that is damaged before its trial never ran", () => {
  const flash = smallFlash("1.0", "2.0");
  start(flash).setPending();
  spoilImage(flash, 1);
  assert.deepEqual(inspectSlots(flash, CHIP_ESP32).running, { slot: "ota_0", version: "1.0", state: "valid" });
});

test("reads a record by namespace and key, or undefined", () => {
  const flash = smallFlash("1.0");
  assert.equal(readRecord(flash, "ota", "job"), undefined);
  new Nvs(flash, partition("nvs")).set("ota", "job", Uint8Array.of(1, 2, 3));
  assert.deepEqual(Uint8Array.from(readRecord(flash, "ota", "job") ?? []), Uint8Array.of(1, 2, 3));
  assert.equal(readRecord(flash, "ota", "other"), undefined);
  assert.equal(readRecord(flash, "other", "job"), undefined);
});

test("reads a record of a snapshot that was taken in the middle of a write", () => {
  const random = new SeededRandom();
  const medium = new RecordingMedium();
  const flash = smallFlash("1.0", undefined, medium);
  const nvs = new Nvs(flash, partition("nvs"));
  nvs.set("ota", "job", Uint8Array.of(1));
  medium.operations.length = 0;
  const before = bytesOf(flash);
  nvs.set("ota", "job", Uint8Array.of(2));
  for (const { bytes } of cutsOf(before, medium.operations, random)) {
    const found = readRecord(new NorFlash(bytes, NO_MEDIUM), "ota", "job")?.[0];
    assert.ok(found === 1 || found === 2, `${found}; ${REPEAT}`);
  }
});

test("reads the bytes at the start of a partition, none past its end and none of an unknown one", () => {
  const flash = smallFlash("1.0");
  assert.equal(readPartition(flash, "ota_0", 1)?.[0], 0xe9);
  assert.equal(readPartition(flash, "ota_0", 0x10000)?.byteLength, 0x10000);
  assert.equal(readPartition(flash, "ota_0", 0x10001), undefined);
  assert.equal(readPartition(flash, "ota_1", 4)?.[0], 0xff);
  assert.equal(readPartition(flash, "ota_2", 1), undefined);
});

test("a flash without a table is refused", () => {
  assert.throws(() => inspectSlots(NorFlash.blank(0x40000), CHIP_ESP32), /no partition table/);
  assert.throws(() => readPartition(NorFlash.blank(0x40000), "nvs", 1), /no partition table/);
});

type Boot = PlatformModule["boot"];

function act(action: string, boot: Boot, flash: NorFlash, step: number): Boot {
  const onTrial = boot.imageState(boot.runningSlot()) === "pending-verify";
  switch (action) {
    case "restart":
      return start(flash);
    case "update":
      if (onTrial) return boot;
      putImage(flash, boot.targetSlot() === "ota_1" ? 1 : 0, `${step}`);
      boot.setPending();
      return start(flash);
    case "confirm":
      boot.confirm();
      return boot;
    case "revert":
      if (!onTrial) return boot;
      boot.revert();
      return start(flash);
    default:
      if (!onTrial) boot.forgetTarget();
      return boot;
  }
}

function start(flash: NorFlash): Boot {
  const boot = bootLoader(flash, CHIP_ESP32);
  return createPlatform({ flash, power: new Power(), boot, chipId: CHIP_ESP32, restart: () => {} }).boot;
}
