import { OtaData } from "../../hal/boards/ota-data.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { type FlashMedium, NO_MEDIUM, NorFlash } from "../../hal/boards/sim/nor-flash.js";
import {
  encodePartitionTable,
  otaSlots,
  type Partition,
  parsePartitionsCsv,
  TABLE_ADDRESS,
} from "../../hal/boards/sim/partition-table.js";

/** The project's layout with slots of 64 KiB: quick to verify. */
export const SMALL_PARTITIONS: readonly Partition[] = parsePartitionsCsv(`
nvs,      data, nvs,   0x9000,  0x6000
otadata,  data, ota,   0xf000,  0x2000
ota_0,    app,  ota_0, 0x20000, 64K
ota_1,    app,  ota_1, 0x30000, 64K
`);
export const SMALL_SLOTS = otaSlots(SMALL_PARTITIONS);
const SMALL_LENGTH = 0x40000;

export function partition(label: string): Partition {
  return SMALL_PARTITIONS.find((candidate) => candidate.label === label) as Partition;
}

/** A chip with these versions in its slots; otadata is blank. */
export function smallFlash(ota_0?: string, ota_1?: string, medium: FlashMedium = NO_MEDIUM): NorFlash {
  const blank = NorFlash.blank(SMALL_LENGTH);
  blank.program(encodePartitionTable(SMALL_PARTITIONS), TABLE_ADDRESS);
  if (ota_0 !== undefined) putImage(blank, 0, ota_0);
  if (ota_1 !== undefined) putImage(blank, 1, ota_1);
  return new NorFlash(blank.slice(0, SMALL_LENGTH), medium);
}

/** Erases the slot and puts an image there. */
export function putImage(flash: NorFlash, slot: number, version: string, byteLength = 4096, secureVersion = 0): void {
  const { offset, size } = SMALL_SLOTS[slot] as Partition;
  flash.erase(offset, size);
  flash.program(buildAppImage({ version, byteLength, seed: slot, secureVersion }), offset);
}

/** Spoils the image in a slot: bits of its content go to 0. */
export function spoilImage(flash: NorFlash, slot: number): void {
  flash.program(new Uint8Array(64), (SMALL_SLOTS[slot] as Partition).offset + 1024);
}

export function otaDataOf(flash: NorFlash): OtaData {
  return new OtaData({ flash, partition: partition("otadata"), slotCount: SMALL_SLOTS.length });
}
