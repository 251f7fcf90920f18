import { type BootChoiceOptions, chooseBootSlot } from "../boot-choice.js";
import { OtaData } from "../ota-data.js";
import { slotSecureVersion, verifyAppImage } from "./app-image.js";
import type { SecureVersionEfuse } from "./efuse.js";
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
 * Runs the boot loader over the simulated flash.
 *
 * @param efuse anti-rollback is on if it is present
 * @throws Error if no slot holds a bootable image, with what is wrong with each
 */
export function bootLoader(flash: NorFlash, chipId: number, efuse?: SecureVersionEfuse): BootChoice {
  const partitions = readPartitionTable(flash);
  const slots = otaSlots(partitions);
  if (slots.length === 0) throw new Error("no slot in the partition table");
  const otaData = new OtaData({
    flash,
    partition: dataPartition(partitions, SUBTYPE_DATA_OTA, "otadata"),
    slotCount: slots.length,
  });
  const faults: string[] = [];
  const isBootable = (index: number): boolean => {
    const slot = slots[index] as Partition;
    const fault = verifyAppImage(flash, slot, chipId);
    if (fault !== undefined) faults.push(`${slot.label}: ${fault}`);
    return fault === undefined;
  };
  const secureVersionOf = (slot: number): number | undefined => slotSecureVersion(flash, slots[slot] as Partition);
  const isNewEnough = (slot: number): boolean => efuse?.admits(secureVersionOf(slot)) !== false;
  const running = choose({ otaData, slotCount: slots.length, isBootable, isNewEnough }, faults);
  const entry = otaData.entryOf(running);
  // A confirmed image burns its number again at each boot: a power cut may have come between the two.
  const secureVersion = secureVersionOf(running) ?? 0;
  if (entry >= 0 && otaData.read(entry)?.state === "valid" && efuse?.holds(secureVersion)) efuse.update(secureVersion);
  return { partitions, slots, otaData, running };
}

function choose(options: BootChoiceOptions, faults: readonly string[]): number {
  try {
    return chooseBootSlot(options);
  } catch (error) {
    if (faults.length < options.slotCount) throw error;
    throw new Error(`${(error as Error).message}: ${faults.join("; ")}`);
  }
}
