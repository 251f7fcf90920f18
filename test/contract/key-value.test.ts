import { type FlashMedium, NO_MEDIUM, NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { createKeyValueModule } from "../../hal/boards/sim/nvs/key-value-module.js";
import { Nvs } from "../../hal/boards/sim/nvs/nvs.js";
import { Power } from "../../hal/boards/sim/power.js";
import { Ecma419KeyValue } from "../../hal/ecma419/key-value.js";
import type { KeyValueStore } from "../../hal/ports/index.js";
import { bytesOf, cutsOf, FailingMedium, RecordingMedium } from "../support/power-cuts.js";
import type { SeededRandom } from "../support/seed.js";
import { FlashFile, SimDevice } from "../support/sim-device.js";
import { partition, smallFlash } from "../support/small-flash.js";
import { keyValueContract } from "./key-value-contract.js";

keyValueContract("NVS in memory", () => {
  const recording = new RecordingMedium();
  const failing = new FailingMedium();
  const medium: FlashMedium = {
    write: (bytes, address) => {
      failing.write();
      recording.write(bytes, address);
    },
    close: () => {},
  };
  const chip = smallFlash("1", undefined, medium);
  return {
    store: mount(chip),
    restarted: () => mount(copyOf(bytesOf(chip))),
    failNext: () => failing.failAfter(0),
    *cuts(action: () => void, random: SeededRandom) {
      const before = bytesOf(chip);
      recording.operations.length = 0;
      action();
      for (const { bytes } of cutsOf(before, recording.operations, random)) yield mount(copyOf(bytes));
    },
    stop: () => {},
  };
});

keyValueContract("NVS in a file, behind the board", () => {
  const file = new FlashFile(smallFlash("1"));
  const device = new SimDevice(file.flash);
  const restarted: SimDevice[] = [];
  return {
    store: device.ports.store,
    restarted: () => {
      const again = new SimDevice(copyOf(file.bytes()));
      restarted.push(again);
      return again.ports.store;
    },
    stop: () => {
      for (const each of [device, ...restarted]) each.stop();
      file.remove();
    },
  };
});

function mount(chip: NorFlash): KeyValueStore {
  const keyValue = createKeyValueModule(new Nvs(chip, partition("nvs")), new Power());
  return new Ecma419KeyValue({ keyValue, path: "ota" });
}

function copyOf(bytes: Uint8Array): NorFlash {
  return new NorFlash(bytes, NO_MEDIUM);
}
