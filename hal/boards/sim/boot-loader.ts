import { OtaData } from "../ota-data.js";
import { verifyAppImage } from "./app-image.js";
import type { NorFlash } from "./nor-flash.js";
import { dataPartition, otaSlots, type Partition, readPartitionTable, SUBTYPE_DATA_OTA } from "./partition-table.js";

/** What the boot loader decided. */
export interface BootChoice {
  readonly partitions: readonly Partition[];
  readonly slots: readonly Partition[];
  readonly otaData: OtaData;
  /** Index into `slots` of the image that runs. */
  readonly running: number;
}

/**
 * ESP-IDF's second-stage boot loader with rollback and image validation on: an image still on trial is aborted, a new
 * one goes on trial, and an image that does not verify is passed over.
 *
 * @throws Error if no slot holds a bootable image
 */
export function bootLoader(flash: NorFlash, chipId: number): BootChoice {
  const partitions = readPartitionTable(flash);
  const slots = otaSlots(partitions);
  if (slots.length === 0) throw new Error("no slot in the partition table");
  const otaData = new OtaData({
    flash,
    partition: dataPartition(partitions, SUBTYPE_DATA_OTA, "otadata"),
    slotCount: slots.length,
  });
  otaData.endTrials();
  const active = otaData.active();
  const entry = active < 0 ? undefined : otaData.read(active);
  if (entry?.state === "new") otaData.write(active, { ...entry, state: "pending-verify" });
  const selected = entry === undefined ? 0 : otaData.slotOf(entry);

  const running = firstBootable(flash, slots, selected, chipId);
  if (running < 0) throw new Error("no slot holds a bootable image");
  const initial = [0, 1].every((index) => otaData.asksForNone(index) && otaData.read(index) === undefined);
  if (initial) otaData.write(0, { sequence: running + 1, state: "valid" });
  return { partitions, slots, otaData, running };
}

/** From the selected slot down to the first, then upwards from it. */
function firstBootable(flash: NorFlash, slots: readonly Partition[], selected: number, chipId: number): number {
  const order: number[] = [];
  for (let index = selected; index >= 0; index--) order.push(index);
  for (let index = selected + 1; index < slots.length; index++) order.push(index);
  return order.find((index) => verifyAppImage(flash, slots[index] as Partition, chipId) === undefined) ?? -1;
}
