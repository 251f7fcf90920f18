import { SLOT_LENGTH } from "../../hal/boards/family/creation.js";
import type { Linked } from "./link.js";

/**
 * Bytes of an image that are neither bytecode nor preloaded slots: the engine, ESP-IDF with Wi-Fi, and what the linker
 * adds. The value was measured on an ESP32-C3 by the build in docs/board.md, section Room, and is used for all chips.
 * The C code of an application is not included.
 */
const NATIVE_LENGTH = 1_080_000;

/** Least percentage of a slot that an image must leave free: images grow, but no update can enlarge a slot. */
export const LEAST_FREE_PERCENT = 5;

export interface Room {
  readonly byteLength: number;
  readonly slotLength: number;
  readonly freePercent: number;
}

/**
 * @param image.byteLength   bytes of the application image
 * @param image.slotLength   bytes of each OTA slot
 * @param image.isEstimate   whether the size is an estimate; the error then reports that
 * @throws Error if it leaves less than LEAST_FREE_PERCENT of its slot, with what to do
 */
export function checkRoom({
  byteLength,
  slotLength,
  isEstimate,
}: {
  byteLength: number;
  slotLength: number;
  isEstimate: boolean;
}): Room {
  const freePercent = Math.floor(((slotLength - byteLength) * 1000) / slotLength) / 10;
  if (freePercent >= LEAST_FREE_PERCENT) return { byteLength, slotLength, freePercent };
  const size = `the image has ${count(byteLength)} bytes${isEstimate ? " by estimate" : ""}`;
  const left =
    freePercent < 0
      ? `does not fit its slot of ${count(slotLength)}`
      : `leaves ${freePercent} % of its slot of ${count(slotLength)}`;
  throw new Error(
    `${size} and ${left}: at least ${LEAST_FREE_PERCENT} % must stay free, because an update cannot enlarge a slot. ` +
      "Use a larger table (--partitions), or leave out what docs/board.md lists under Room",
  );
}

/** @returns the estimated bytes of the image that a build would make */
export function estimateImage({ modules, romSlots }: Linked): number {
  const bytecode = [...modules.values()].reduce((sum, size) => sum + size, 0);
  return NATIVE_LENGTH + bytecode + romSlots * SLOT_LENGTH;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
