import { NO_MEDIUM, NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { bytesOf, cutsOf, RecordingMedium } from "../support/power-cuts.js";
import type { SeededRandom } from "../support/seed.js";
import { FlashFile, SimDevice } from "../support/sim-device.js";
import { otaDataOf, smallFlash, SMALL_SLOTS, spoilImage } from "../support/small-flash.js";
import { until } from "../support/loopback.js";
import { bootContract, type BootFixture } from "./boot-contract.js";

bootContract("the simulated board in memory", () => {
  const medium = new RecordingMedium();
  const chip = smallFlash("1", undefined, medium);
  return {
    ...fixtureOf(chip, () => bytesOf(chip)),
    *cuts(action: () => void, random: SeededRandom) {
      const before = bytesOf(chip);
      medium.operations.length = 0;
      action();
      for (const { bytes } of cutsOf(before, medium.operations, random)) {
        const device = new SimDevice(new NorFlash(bytes, NO_MEDIUM));
        yield device.ports.boot.status();
        yield device.reboot().boot.status();
        device.stop();
      }
    },
  };
});

bootContract("the simulated board in a file", () => {
  const file = new FlashFile(smallFlash("1"));
  const fixture = fixtureOf(file.flash, () => file.bytes());
  return {
    ...fixture,
    stop: () => {
      fixture.stop();
      file.remove();
    },
  };
});

function fixtureOf(chip: NorFlash, durable: () => Uint8Array): BootFixture {
  const device = new SimDevice(chip);
  return {
    boot: () => device.ports.boot,
    reboot: () => device.reboot().boot,
    restarted: async () => {
      const { length } = device.boots;
      await until("boot", () => device.boots.length > length);
      return device.ports.boot;
    },
    image: (version) => buildAppImage({ version, byteLength: 4096, seed: 1 }),
    rot: (slot) =>
      spoilImage(
        chip,
        SMALL_SLOTS.findIndex(({ label }) => label === slot),
      ),
    forgetJudgement: () => otaDataOf(chip).write(0, { sequence: 1, state: "undefined" }),
    durable,
    stop: () => device.stop(),
  };
}
