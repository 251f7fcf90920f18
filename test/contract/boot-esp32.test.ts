import assert from "node:assert/strict";
import { after } from "node:test";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { NO_MEDIUM, NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { PlatformBoot } from "../../hal/ecma419/boot.js";
import { until } from "../support/loopback.js";
import { NativeBoot } from "../support/native-boot.js";
import { bytesOf, cutsOf, RecordingMedium } from "../support/power-cuts.js";
import type { SeededRandom } from "../support/seed.js";
import { SimDevice } from "../support/sim-device.js";
import { otaDataOf, smallFlash, SMALL_SLOTS, spoilImage } from "../support/small-flash.js";
import { bootContract } from "./boot-contract.js";

const native = new NativeBoot();
const { status, errors } = native.compile();
assert.equal(status, 0, errors);
after(() => native.remove());

/** The boot loader is the simulated one; what the firmware calls is boot.c. */
bootContract("boot.c of the ESP32, on the host", () => {
  const medium = new RecordingMedium();
  const chip = smallFlash("1", undefined, medium);
  const device = new SimDevice(chip);
  let modules = device.modules;
  let control = controlOf(device, chip);
  const boot = (): PlatformBoot => {
    if (modules !== device.modules) control = controlOf(device, chip);
    modules = device.modules;
    return control;
  };
  return {
    boot,
    reboot: () => {
      device.reboot();
      return boot();
    },
    restarted: async () => {
      const { length } = device.boots;
      await until("boot", () => device.boots.length > length);
      return boot();
    },
    image: (version) => buildAppImage({ version, byteLength: 4096, seed: 1 }),
    rot: (slot) =>
      spoilImage(
        chip,
        SMALL_SLOTS.findIndex(({ label }) => label === slot),
      ),
    forgetJudgement: () => otaDataOf(chip).write(0, { sequence: 1, state: "undefined" }),
    durable: () => bytesOf(chip),
    *cuts(action: () => void, random: SeededRandom) {
      const before = bytesOf(chip);
      medium.operations.length = 0;
      action();
      for (const { bytes } of cutsOf(before, medium.operations, random)) {
        const cut = new NorFlash(bytes, NO_MEDIUM);
        const survivor = new SimDevice(cut);
        yield controlOf(survivor, cut).status();
        survivor.reboot();
        yield controlOf(survivor, cut).status();
        survivor.stop();
      }
    },
    stop: () => device.stop(),
  };
});

function controlOf({ modules }: SimDevice, chip: NorFlash): PlatformBoot {
  const { platform, flash } = modules;
  const running = platform.boot.runningSlot();
  const boot = native.over(chip, running, {
    before: () => void platform.boot.imageVersion(running),
    restart: () => platform.boot.restart(),
  });
  return new PlatformBoot({ platform: { ...platform, boot }, flash });
}
