import { CHIP_ESP32, appSecureVersion, appVersion, imageFault } from "../../hal/boards/sim/app-image.js";
import type { PlatformModule } from "../../hal/ecma419/modules.js";
import type { Operation } from "./tears.js";
import { type OtaEntry, type Slot, SLOT_LABELS, type World } from "./world.js";

/** Takes the changes that the boot code makes. */
export type Change = (operation: Operation) => void;

/**
 * ESP-IDF's boot loader over the two entries of otadata: ends trials, puts a new image on trial, skips what does not
 * verify.
 *
 * @returns the slot that runs, or -1
 */
export function bootLoader(world: World, change: Change): number {
  const { entries } = world;
  for (const [index, entry] of entries.entries()) {
    if (entry?.state === "pending-verify") change({ kind: "entry", index, entry: { ...entry, state: "aborted" } });
  }
  const active = activeOf(entries);
  const entry = entries[active];
  if (entry?.state === "new") change({ kind: "entry", index: active, entry: { ...entry, state: "pending-verify" } });
  const selected = entry === undefined ? 0 : slotOf(entry);
  return [selected, 1 - selected].find((slot) => isSound(world, slot)) ?? -1;
}

/** `esp_ota_ops` over the same two entries. */
export function createBoot(world: World, running: number, change: Change, restart: () => void): PlatformModule["boot"] {
  const target = 1 - running;
  const { entries } = world;
  const indexOf = (slot: number): number => entries.findIndex((entry) => entry !== undefined && slotOf(entry) === slot);
  const judge = (state: "valid" | "invalid"): void => {
    const index = indexOf(running);
    const entry = entries[index];
    if (entry === undefined) throw new Error("ESP_FAIL");
    change({ kind: "entry", index, entry: { ...entry, state } });
  };
  return {
    runningSlot: () => SLOT_LABELS[running] as string,
    targetSlot: () => SLOT_LABELS[target] as string,
    imageState: (label) => entries[indexOf(SLOT_LABELS.indexOf(label))]?.state,
    imageVersion: (label) => appVersion((world.slots[SLOT_LABELS.indexOf(label)] as Slot).bytes),
    secureVersion: (label) => appSecureVersion((world.slots[SLOT_LABELS.indexOf(label)] as Slot).bytes),
    chipId: () => CHIP_ESP32,
    forgetTarget() {
      const index = indexOf(target);
      if (index >= 0) change({ kind: "entry", index, entry: undefined });
    },
    setPending() {
      if (entries[indexOf(running)]?.state === "pending-verify") throw new Error("ESP_ERR_OTA_ROLLBACK_INVALID_STATE");
      if (!isSound(world, target)) throw new Error("ESP_ERR_OTA_VALIDATE_FAILED");
      const active = activeOf(entries);
      const entry = entries[active];
      if (entry === undefined) {
        change({ kind: "entry", index: 0, entry: { sequence: target + 1, state: "new" } });
        return;
      }
      const same = slotOf(entry) === target;
      let { sequence } = entry;
      if (!same) {
        do sequence++;
        while (slotOf({ sequence, state: "new" }) !== target);
      }
      change({ kind: "entry", index: same ? active : 1 - active, entry: { sequence, state: "new" } });
    },
    confirm: () => judge("valid"),
    revert() {
      const other = entries[indexOf(target)];
      if (other?.state !== "valid" || !isSound(world, target)) throw new Error("ESP_ERR_OTA_ROLLBACK_FAILED");
      judge("invalid");
    },
    restart,
  };
}

function activeOf(entries: World["entries"]): number {
  let best = -1;
  for (const [index, entry] of entries.entries()) {
    if (entry === undefined || entry.state === "invalid" || entry.state === "aborted") continue;
    if (best < 0 || entry.sequence > (entries[best] as OtaEntry).sequence) best = index;
  }
  return best;
}

function slotOf({ sequence }: OtaEntry): number {
  return (sequence - 1) % SLOT_LABELS.length;
}

/** Of slots that are changed no more. */
const verified = new WeakMap<Slot, boolean>();

export function isSound(world: World, index: number): boolean {
  const slot = world.slots[index] as Slot;
  const known = verified.get(slot);
  if (known !== undefined) return known;
  const sound = imageFault(slot.bytes, CHIP_ESP32) === undefined;
  verified.set(slot, sound);
  return sound;
}
