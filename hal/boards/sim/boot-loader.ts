import { chooseBootSlot } from "../boot-choice.js";
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

/** Runs the boot loader over the simulated flash. @throws Error if no slot holds a bootable image */
export function bootLoader(flash: NorFlash, chipId: number): BootChoice {
  const partitions = readPartitionTable(flash);
  const slots = otaSlots(partitions);
  if (slots.length === 0) throw new Error("no slot in the partition table");
  const otaData = new OtaData({
    flash,
    partition: dataPartition(partitions, SUBTYPE_DATA_OTA, "otadata"),
    slotCount: slots.length,
  });
  const running = chooseBootSlot({
    otaData,
    slotCount: slots.length,
    isBootable: (slot) => verifyAppImage(flash, slots[slot] as Partition, chipId) === undefined,
  });
  return { partitions, slots, otaData, running };
}
