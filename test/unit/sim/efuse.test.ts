import assert from "node:assert/strict";
import { test } from "node:test";
import { CHIP_ESP32 } from "../../../hal/boards/sim/app-image.js";
import { bootLoader } from "../../../hal/boards/sim/boot-loader.js";
import { SecureVersionEfuse } from "../../../hal/boards/sim/efuse.js";
import type { NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import { createPlatform } from "../../../hal/boards/sim/platform.js";
import { Power } from "../../../hal/boards/sim/power.js";
import type { PlatformModule } from "../../../hal/ecma419/modules.js";
import { putImage, SMALL_SLOTS, smallFlash } from "../../support/small-flash.js";

function chip(running: number, other: number): NorFlash {
  const flash = smallFlash();
  putImage(flash, 0, "1", 4096, running);
  putImage(flash, 1, "2", 4096, other);
  return flash;
}

function start(flash: NorFlash, efuse?: SecureVersionEfuse): PlatformModule["boot"] {
  const boot = bootLoader(flash, CHIP_ESP32, efuse);
  return createPlatform({ flash, power: new Power(), boot, chipId: CHIP_ESP32, efuse, restart: () => {} }).boot;
}

test("a confirmed image burns its secure version; one on trial does not", () => {
  const [flash, efuse] = [chip(3, 5), new SecureVersionEfuse()];
  const boot = start(flash, efuse);
  assert.equal(efuse.secureVersion, 3, "the first boot, with otadata blank, confirms the image");
  boot.setPending();
  const trial = start(flash, efuse);
  assert.equal(trial.runningSlot(), "ota_1");
  assert.equal(efuse.secureVersion, 3);
  trial.confirm();
  assert.equal(efuse.secureVersion, 5);
});

test("a power cut between the confirmation and the burning is made good by the next boot", () => {
  const flash = chip(3, 5);
  start(flash).setPending();
  start(flash).confirm();
  const efuse = new SecureVersionEfuse(3);
  assert.equal(start(flash, efuse).runningSlot(), "ota_1");
  assert.equal(efuse.secureVersion, 5);
});

test("an image with a lower secure version is erased and not made pending", () => {
  const [flash, efuse] = [chip(3, 2), new SecureVersionEfuse()];
  const boot = start(flash, efuse);
  assert.throws(() => boot.setPending(), { message: "ESP_ERR_OTA_SMALL_SEC_VER" });
  assert.equal(boot.imageState("ota_1"), undefined);
  const slot = SMALL_SLOTS[1] as (typeof SMALL_SLOTS)[number];
  assert.ok(flash.slice(slot.offset, slot.size).every((byte) => byte === 0xff));
});

test("after a confirmed update, no way leads back to the image with a lower secure version", () => {
  const [flash, efuse] = [chip(3, 5), new SecureVersionEfuse()];
  start(flash, efuse).setPending();
  start(flash, efuse).confirm();
  const boot = start(flash, efuse);
  assert.equal(boot.runningSlot(), "ota_1");
  assert.throws(() => boot.revert(), { message: "ESP_ERR_OTA_ROLLBACK_FAILED" });
  // The running image rots: the boot loader would take the other one if it might.
  flash.program(new Uint8Array(64), (SMALL_SLOTS[1] as (typeof SMALL_SLOTS)[number]).offset + 1024);
  assert.throws(() => start(flash, efuse), /no slot holds a bootable image/);
  assert.equal(start(flash).runningSlot(), "ota_0", "without anti-rollback it boots");
});

test("a trial that fails goes back: its secure version was not burnt", () => {
  const [flash, efuse] = [chip(3, 5), new SecureVersionEfuse()];
  start(flash, efuse).setPending();
  start(flash, efuse).revert();
  assert.equal(start(flash, efuse).runningSlot(), "ota_0");
  assert.equal(efuse.secureVersion, 3);
});

test("the field holds up to 32; a greater number is an error of the confirmation and burns nothing", () => {
  const [flash, efuse] = [chip(0, 33), new SecureVersionEfuse()];
  start(flash, efuse).setPending();
  assert.throws(() => start(flash, efuse).confirm(), { message: "ESP_ERR_INVALID_ARG" });
  assert.equal(efuse.secureVersion, 0);
  assert.throws(() => new SecureVersionEfuse(4).update(3), { message: "ESP_FAIL" });
});
