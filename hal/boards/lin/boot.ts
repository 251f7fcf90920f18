import type { DigestConstructor, PlatformModule } from "../../ecma419/modules.js";
import { appSecureVersion, appVersion, verifyAppImage } from "./app-image.js";
import { ESP32 } from "../family/chips.js";
import type { BootChoice } from "./boot-loader.js";
import type { NorFile } from "./nor-file.js";
import type { Partition } from "../partition-table.js";

export interface BootOptions {
  readonly flash: NorFile;
  readonly choice: BootChoice;
  readonly Digest: DigestConstructor;
  /** Does not return. */
  restart(): void;
}

/** `esp_ota_ops` over the flash file: the boot part of the platform module. */
export function createBoot(options: BootOptions): PlatformModule["boot"] {
  const { flash, Digest } = options;
  const { slots, otaData, running, target } = options.choice;

  const slotIndex = (label: string): number => {
    const index = slots.findIndex((slot) => slot.label === label);
    if (index < 0) throw new Error("ESP_ERR_NOT_FOUND");
    return index;
  };
  const stateOf = (slot: number) => {
    const index = otaData.entryOf(slot);
    return index < 0 ? undefined : otaData.read(index)?.state;
  };
  const verifies = (): boolean =>
    verifyAppImage({ flash, slot: slots[target] as Partition, chip: ESP32, Digest }) === undefined;
  const judgeRunning = (state: "valid" | "invalid"): void => {
    const index = otaData.entryOf(running);
    const entry = index < 0 ? undefined : otaData.read(index);
    if (entry === undefined) throw new Error("ESP_FAIL");
    if (entry.state !== state) otaData.write(index, { sequence: entry.sequence, state });
  };

  return {
    runningSlot: () => (slots[running] as Partition).label,
    targetSlot: () => (slots[target] as Partition).label,
    imageState: (label) => stateOf(slotIndex(label)),
    imageVersion: (label) => appVersion(flash, slots[slotIndex(label)] as Partition),
    secureVersion: (label) => appSecureVersion(flash, slots[slotIndex(label)] as Partition),
    chipId: () => ESP32.id,
    forgetTarget() {
      const index = otaData.entryOf(target);
      if (index >= 0) otaData.erase(index);
    },
    setPending() {
      if (stateOf(running) === "pending-verify") throw new Error("ESP_ERR_OTA_ROLLBACK_INVALID_STATE");
      if (!verifies()) throw new Error("ESP_ERR_OTA_VALIDATE_FAILED");
      otaData.select(target);
    },
    confirm: () => judgeRunning("valid"),
    revert() {
      const state = stateOf(target);
      if ((state !== "valid" && state !== "undefined") || !verifies()) throw new Error("ESP_ERR_OTA_ROLLBACK_FAILED");
      judgeRunning("invalid");
    },
    restart: () => options.restart(),
  };
}
