import assert from "node:assert/strict";
import { test } from "node:test";
import { CHIP_ESP32 } from "../../../hal/boards/sim/app-image.js";
import { bootLoader } from "../../../hal/boards/sim/boot-loader.js";
import type { NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import { createPlatform, slotVersion } from "../../../hal/boards/sim/platform.js";
import { Power, PowerLost } from "../../../hal/boards/sim/power.js";
import type { PlatformModule } from "../../../hal/ecma419/modules.js";
import { bytesOf } from "../../support/power-cuts.js";
import { assertSameBytes } from "../../support/same-bytes.js";
import { putImage, SMALL_SLOTS, smallFlash, spoilImage } from "../../support/small-flash.js";

test("names the slots by their labels, the running one and the other", () => {
  for (const running of [0, 1]) {
    const { boot } = start(running === 0 ? smallFlash("1", "2") : smallFlash(undefined, "2")).platform;
    assert.equal(boot.runningSlot(), `ota_${running}`);
    assert.equal(boot.targetSlot(), `ota_${1 - running}`);
  }
});

test("reports state and version of both slots, `undefined` if there is no record and no image", () => {
  const {
    platform: { boot },
    flash,
  } = start(smallFlash("1.2.3"));
  assert.equal(boot.imageState("ota_0"), "valid");
  assert.equal(boot.imageState("ota_1"), undefined);
  assert.equal(boot.imageVersion("ota_0"), "1.2.3");
  assert.equal(boot.imageVersion("ota_1"), undefined);
  assert.equal(boot.chipId(), CHIP_ESP32);
  for (const slot of ["", "ota_2", "nvs", "OTA_0"]) {
    assert.throws(() => boot.imageState(slot), { message: "ESP_ERR_NOT_FOUND" });
    assert.throws(() => boot.imageVersion(slot), { message: "ESP_ERR_NOT_FOUND" });
  }
  putImage(flash, 1, "2");
  assert.equal(boot.imageVersion("ota_1"), "2", "read anew");
  assert.equal(slotVersion(flash, SMALL_SLOTS[1] as never), "2");
});

test("an update becomes pending, boots on trial, is confirmed and stays", () => {
  const { flash, platform } = start(smallFlash("1", "2"));
  platform.boot.setPending();
  assert.equal(platform.boot.imageState("ota_1"), "new");
  assert.equal(platform.boot.runningSlot(), "ota_0", "until the restart");
  const { boot } = start(flash).platform;
  assert.equal(boot.runningSlot(), "ota_1");
  assert.equal(boot.imageState("ota_1"), "pending-verify");
  assert.equal(boot.imageState("ota_0"), "valid");
  boot.confirm();
  assert.equal(boot.imageState("ota_1"), "valid");
  assert.equal(start(flash).platform.boot.runningSlot(), "ota_1");
});

test("an image that does not verify is not made pending, and nothing changes", () => {
  for (const spoil of [(flash: NorFlash) => spoilImage(flash, 1), (flash: NorFlash) => flash.erase(0x30000, 0x10000)]) {
    const { flash, platform } = start(smallFlash("1", "2"));
    spoil(flash);
    const before = bytesOf(flash);
    assert.throws(() => platform.boot.setPending(), { message: "ESP_ERR_OTA_VALIDATE_FAILED" });
    assertSameBytes(bytesOf(flash), before);
  }
});

test("on trial, no update is made pending", () => {
  const { flash, platform } = start(onTrial());
  const before = bytesOf(flash);
  assert.throws(() => platform.boot.setPending(), { message: "ESP_ERR_OTA_ROLLBACK_INVALID_STATE" });
  assertSameBytes(bytesOf(flash), before);
  platform.boot.confirm();
  platform.boot.setPending();
  assert.equal(start(flash).platform.boot.runningSlot(), "ota_0");
});

test("an image that is made pending twice has one trial", () => {
  const { flash, platform } = start(smallFlash("1", "2"));
  platform.boot.setPending();
  platform.boot.setPending();
  assert.deepEqual(start(flash).platform.boot.runningSlot(), "ota_1");
  assert.deepEqual(start(flash).platform.boot.runningSlot(), "ota_0");
});

test("forgetting drops the record of the target and no other, once", () => {
  const {
    flash,
    platform: { boot },
  } = start(afterAbort());
  assert.equal(boot.imageState("ota_1"), "aborted");
  boot.forgetTarget();
  assert.equal(boot.imageState("ota_1"), undefined);
  assert.equal(boot.imageState("ota_0"), "valid");
  const before = bytesOf(flash);
  boot.forgetTarget();
  assertSameBytes(bytesOf(flash), before);
  assert.equal(start(flash).platform.boot.runningSlot(), "ota_0");
});

test("forgetting a target that was made pending takes that back", () => {
  const { flash, platform } = start(smallFlash("1", "2"));
  platform.boot.setPending();
  platform.boot.forgetTarget();
  assert.equal(start(flash).platform.boot.runningSlot(), "ota_0");
});

test("a forgotten record does not keep the next update from being counted above the last one", () => {
  const { flash, platform } = start(afterAbort());
  platform.boot.forgetTarget();
  putImage(flash, 1, "3");
  platform.boot.setPending();
  const { boot } = start(flash).platform;
  assert.equal(boot.runningSlot(), "ota_1");
  assert.equal(boot.imageVersion("ota_1"), "3");
});

test("confirming an image that is valid changes nothing", () => {
  for (const flash of [smallFlash("1"), smallFlash("1", "2"), fallenBack()]) {
    const { platform } = start(flash);
    const before = bytesOf(flash);
    platform.boot.confirm();
    assertSameBytes(bytesOf(flash), before);
  }
});

test("an image that reverts never boots again, the old one does", () => {
  const { flash, platform } = start(onTrial());
  platform.boot.revert();
  assert.equal(platform.boot.imageState("ota_1"), "invalid");
  for (let count = 0; count < 2; count++) {
    const { boot } = start(flash).platform;
    assert.equal(boot.runningSlot(), "ota_0");
    assert.equal(boot.imageState("ota_1"), "invalid");
  }
});

test("a confirmed image can still revert while the old one is sound", () => {
  const { flash, platform } = start(onTrial());
  platform.boot.confirm();
  platform.boot.revert();
  assert.equal(start(flash).platform.boot.runningSlot(), "ota_0");
});

test("without another image that can boot, revert is refused and nothing changes", () => {
  const spoilt = onTrial();
  const alone = start(smallFlash("1")).flash;
  for (const [flash, slot] of [
    [spoilt, 0],
    [alone, undefined],
    [afterAbort(), undefined],
  ] as const) {
    const { platform } = start(flash);
    if (slot !== undefined) spoilImage(flash, slot);
    const before = bytesOf(flash);
    assert.throws(() => platform.boot.revert(), { message: "ESP_ERR_OTA_ROLLBACK_FAILED" });
    assertSameBytes(bytesOf(flash), before);
  }
});

test("restart goes to the board, and nothing works without power", () => {
  const { flash, platform, power, restarts } = start(smallFlash("1", "2"));
  platform.boot.restart();
  assert.equal(restarts(), 1);
  const before = bytesOf(flash);
  power.cut();
  const { boot } = platform;
  const calls = [
    () => boot.restart(),
    () => boot.setPending(),
    () => boot.confirm(),
    () => boot.revert(),
    () => boot.forgetTarget(),
    () => boot.imageState("ota_0"),
    () => boot.imageVersion("ota_0"),
    () => platform.randomFill(new Uint8Array(4)),
    () => platform.resolve("127.0.0.1", () => {}),
  ];
  for (const call of calls) assert.throws(call, PowerLost);
  assert.equal(restarts(), 1);
  assertSameBytes(bytesOf(flash), before);
});

test("resolves addresses and localhost, never from inside the call; an unknown name is undefined", async () => {
  const { platform } = start(smallFlash("1"));
  const known = [
    ["127.0.0.1", "127.0.0.1"],
    ["localhost", "127.0.0.1"],
    ["::1", "::1"],
  ] as const;
  for (const [host, expected] of [...known, ["no such host", undefined] as const]) {
    let inside = true;
    const answer = await new Promise<unknown[]>((resolve) => {
      platform.resolve(host, (...parts) => {
        assert.equal(inside, false);
        resolve(parts);
      });
      inside = false;
    });
    assert.deepEqual(answer, [host, expected]);
  }
});

test("an answer that comes after the power went is dropped", async () => {
  const { platform, power } = start(smallFlash("1"));
  platform.resolve("127.0.0.1", () => assert.fail("told without power"));
  power.cut();
  const other = start(smallFlash("1")).platform;
  await new Promise<void>((resolve) => other.resolve("127.0.0.1", () => setImmediate(resolve)));
  assert.equal(power.on, false);
});

test("random bytes are random, the time is the host's", () => {
  const { platform } = start(smallFlash("1"));
  const [one, two] = [new Uint8Array(32), new Uint8Array(32)];
  platform.randomFill(one);
  platform.randomFill(two);
  assert.notDeepEqual(one, two);
  assert.ok(Math.abs((platform.unixTime() ?? 0) - Date.now() / 1000) < 5);
});

interface Started {
  readonly flash: NorFlash;
  readonly platform: PlatformModule;
  readonly power: Power;
  restarts(): number;
}

function start(flash: NorFlash): Started {
  const power = new Power();
  let restarts = 0;
  const boot = bootLoader(flash, CHIP_ESP32);
  const platform = createPlatform({ flash, power, boot, chipId: CHIP_ESP32, restart: () => restarts++ });
  return { flash, platform, power, restarts: () => restarts };
}

/** The next boot puts ota_1 on trial. */
function onTrial(): NorFlash {
  const { flash, platform } = start(smallFlash("1", "2"));
  platform.boot.setPending();
  return flash;
}

/** ota_0 runs, ota_1 was restarted on trial. */
function afterAbort(): NorFlash {
  const flash = onTrial();
  start(flash);
  start(flash);
  return flash;
}

/** ota_1 was new, but was damaged before its trial: ota_0 runs, and the other slot's record is pending-verify. */
function fallenBack(): NorFlash {
  const flash = onTrial();
  spoilImage(flash, 1);
  return flash;
}
