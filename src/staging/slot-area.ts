import type { BootControl, KeyValueStore } from "../../hal/ports/index.js";
import { clearRecord, OWN_KEY } from "../update/checkpoint.js";
import type { StagingArea } from "./target.js";

/**
 * The OTA slot that does not run, as staging area.
 *
 * @param options.onTaken the slot is about to be erased: the own firmware's update, idle, must not go on from what it
 * kept
 * @throws HalError if the slot cannot be opened
 */
export function slotArea(options: { boot: BootControl; store: KeyValueStore; onTaken: () => void }): StagingArea {
  const { boot, store, onTaken } = options;
  return {
    label: boot.status().targetSlot,
    partition: boot.openTarget(),
    prepare() {
      boot.forgetTarget();
      clearRecord(store, OWN_KEY);
      onTaken();
    },
  };
}
