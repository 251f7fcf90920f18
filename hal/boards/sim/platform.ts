import { randomFillSync } from "node:crypto";
import type { PlatformModule } from "../../ecma419/modules.js";
import { appVersion, DESCRIPTOR_LENGTH, DESCRIPTOR_OFFSET, slotSecureVersion, verifyAppImage } from "./app-image.js";
import type { BootChoice } from "./boot-loader.js";
import type { SecureVersionEfuse } from "./efuse.js";
import { Names } from "./names.js";
import { verifyP256 } from "./p256.js";
import type { NorFlash } from "./nor-flash.js";
import type { Partition } from "./partition-table.js";
import type { Power } from "./power.js";

export interface PlatformOptions {
  flash: NorFlash;
  power: Power;
  boot: BootChoice;
  chipId: number;
  /** Anti-rollback is on if it is present. */
  efuse?: SecureVersionEfuse | undefined;
  /** Clock and sensors that a test or the user supplies instead of the board's own. */
  surroundings?: Surroundings | undefined;
  restart(): void;
}

/** What a board can measure around itself. It does not know what is absent. */
export interface Surroundings {
  batteryPercent?(): number | undefined;
  signalDbm?(): number | undefined;
  /** Seconds since 1970. If absent, the host's clock is used. */
  unixTime?(): number | undefined;
}

/** The platform module of the simulated board: `esp_ota_ops` over its flash file. */
export function createPlatform(options: PlatformOptions): PlatformModule {
  const { flash, power, chipId, efuse, surroundings = {} } = options;
  const { slots, otaData, running } = options.boot;
  const target = (running + 1) % slots.length;

  const names = new Names();
  const secureVersionOf = (slot: number): number | undefined => slotSecureVersion(flash, slots[slot] as Partition);

  const slotIndex = (label: string): number => {
    power.check();
    const index = slots.findIndex((slot) => slot.label === label);
    if (index < 0) throw new Error("ESP_ERR_NOT_FOUND");
    return index;
  };
  const isOnTrial = (): boolean => {
    const entry = otaData.entryOf(running);
    return entry >= 0 && otaData.read(entry)?.state === "pending-verify";
  };
  const setRunningState = (state: "valid" | "invalid"): void => {
    const index = otaData.entryOf(running);
    const entry = index < 0 ? undefined : otaData.read(index);
    if (entry === undefined) throw new Error("ESP_FAIL");
    if (entry.state !== state) otaData.write(index, { ...entry, state });
  };

  return {
    boot: {
      runningSlot: () => (slots[running] as Partition).label,
      targetSlot: () => (slots[target] as Partition).label,
      imageState(label) {
        const entry = otaData.entryOf(slotIndex(label));
        return entry < 0 ? undefined : otaData.read(entry)?.state;
      },
      imageVersion: (label) => slotVersion(flash, slots[slotIndex(label)] as Partition),
      secureVersion: (label) => secureVersionOf(slotIndex(label)),
      chipId: () => chipId,
      forgetTarget() {
        power.check();
        const entry = otaData.entryOf(target);
        if (entry >= 0) otaData.erase(entry);
      },
      setPending() {
        power.check();
        if (isOnTrial()) throw new Error("ESP_ERR_OTA_ROLLBACK_INVALID_STATE");
        const fault = verifyAppImage(flash, slots[target] as Partition, chipId);
        if (fault !== undefined) throw new Error("ESP_ERR_OTA_VALIDATE_FAILED");
        if (efuse?.admits(secureVersionOf(target)) === false) {
          // ESP-IDF erases an image that may never boot.
          const { offset, size } = slots[target] as Partition;
          flash.erase(offset, size);
          throw new Error("ESP_ERR_OTA_SMALL_SEC_VER");
        }
        otaData.select(target);
      },
      confirm() {
        power.check();
        setRunningState("valid");
        efuse?.update(secureVersionOf(running) ?? 0);
      },
      revert() {
        power.check();
        const other = otaData.entryOf(target);
        const state = other < 0 ? undefined : otaData.read(other)?.state;
        const isJudgedFit = state === "valid" || state === "undefined";
        const bootable = isJudgedFit && efuse?.admits(secureVersionOf(target)) !== false;
        if (!bootable || verifyAppImage(flash, slots[target] as Partition, chipId) !== undefined) {
          throw new Error("ESP_ERR_OTA_ROLLBACK_FAILED");
        }
        setRunningState("invalid");
      },
      restart() {
        power.check();
        options.restart();
      },
    },
    resolve(host, callback) {
      power.check();
      names.resolve(host, (address) => power.run(() => callback(host, address)));
    },
    randomFill(into) {
      power.check();
      randomFillSync(into);
    },
    verifyP256,
    unixTime: () => (surroundings.unixTime === undefined ? Math.floor(Date.now() / 1000) : surroundings.unixTime()),
    batteryPercent: () => surroundings.batteryPercent?.(),
    signalDbm: () => surroundings.signalDbm?.(),
  };
}

/** @returns the version of the application descriptor in a slot, or `undefined` if it holds none */
export function slotVersion(flash: NorFlash, slot: Partition): string | undefined {
  return appVersion(flash.slice(slot.offset, DESCRIPTOR_OFFSET + DESCRIPTOR_LENGTH));
}
