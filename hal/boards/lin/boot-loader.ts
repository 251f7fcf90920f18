import type { DigestConstructor } from "../../ecma419/modules.js";
import { chooseBootSlot } from "../boot-choice.js";
import { ESP32 } from "../family/chips.js";
import { OtaData } from "../ota-data.js";
import { otaSlots, type Partition, readTable, SUBTYPE_DATA_OTA, TYPE_DATA } from "../partition-table.js";
import { verifyAppImage } from "./app-image.js";
import type { NorFile } from "./nor-file.js";

/** What the boot loader decided. */
export interface BootChoice {
  readonly partitions: readonly Partition[];
  readonly slots: readonly Partition[];
  readonly otaData: OtaData;
  /** Indexes into `slots` of the image that runs and of the slot for the next update. */
  readonly running: number;
  readonly target: number;
}

/** Runs the boot loader over the flash file, as an ESP32 does. @throws Error if no slot holds a bootable image */
export function bootLoader(flash: NorFile, Digest: DigestConstructor): BootChoice {
  const { partitions } = readTable({ flash, Digest });
  const slots = otaSlots(partitions);
  const partition = partitions.find(({ type, subtype }) => type === TYPE_DATA && subtype === SUBTYPE_DATA_OTA);
  if (partition === undefined || slots.length === 0) throw new Error("no otadata or no slot in the partition table");
  const otaData = new OtaData({ flash, partition, slotCount: slots.length });
  const running = chooseBootSlot({
    otaData,
    slotCount: slots.length,
    isBootable: (slot) => verifyAppImage({ flash, slot: slots[slot] as Partition, chip: ESP32, Digest }) === undefined,
  });
  return { partitions, slots, otaData, running, target: (running + 1) % slots.length };
}
