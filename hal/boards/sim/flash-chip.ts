import { OtaData } from "../ota-data.js";
import { CHIPS, ESP32 } from "../family/chips.js";
import { HEADER_LENGTH, imageChipId } from "./app-image.js";
import type { NorFlash } from "./nor-flash.js";
import {
  otaSlots,
  type Partition,
  readPartitionTable,
  SUBTYPE_APP_FACTORY,
  SUBTYPE_DATA_OTA,
  TYPE_APP,
  TYPE_DATA,
} from "./partition-table.js";

/** The partitions that the boot loader chooses from. */
export interface BootCandidates {
  /** The factory application, if there is one, then the OTA slots: a blank otadata selects the first. */
  readonly applications: readonly Partition[];
  readonly slots: readonly Partition[];
  /** Absent if the partition table has no such partition, or no slot. */
  readonly otaData: OtaData | undefined;
}

/** @throws Error if the flash holds no sound partition table */
export function bootCandidates(flash: NorFlash): BootCandidates {
  const partitions = readPartitionTable(flash);
  const slots = otaSlots(partitions);
  const factory = partitions.filter(({ type, subtype }) => type === TYPE_APP && subtype === SUBTYPE_APP_FACTORY);
  const partition = partitions.find(({ type, subtype }) => type === TYPE_DATA && subtype === SUBTYPE_DATA_OTA);
  const chooses = partition !== undefined && slots.length > 0;
  return {
    applications: [...factory, ...slots],
    slots,
    otaData: chooses ? new OtaData({ flash, partition, slotCount: slots.length }) : undefined,
  };
}

/**
 * Finds out which chip the flash belongs to. That is the chip of the boot loader. If the flash holds no boot loader, as
 * one that `ota-device` made, it is the chip of the image that otadata selects, or else that of any other image.
 *
 * @returns the chip's id, also of a chip that is not in the table; `undefined` for a flash without any image
 * @throws Error if the flash holds no sound partition table
 */
export function findChipId(flash: NorFlash): number | undefined {
  const booted = CHIPS.find(({ id, bootLoaderOffset }) => chipIdAt(flash, bootLoaderOffset) === id);
  if (booted !== undefined) return booted.id;
  const { applications, slots, otaData } = bootCandidates(flash);
  const active = otaData?.active() ?? -1;
  const entry = active < 0 ? undefined : otaData?.read(active);
  const selected = entry === undefined ? undefined : slots[otaData?.slotOf(entry) ?? 0];
  const inOrder = selected === undefined ? applications : [selected, ...applications];
  return inOrder.map(({ offset }) => chipIdAt(flash, offset)).find((id) => id !== undefined);
}

/** The same, and the ESP32's for a flash without any image. */
export function chipIdOf(flash: NorFlash): number {
  return findChipId(flash) ?? ESP32.id;
}

function chipIdAt(flash: NorFlash, offset: number): number | undefined {
  return offset + HEADER_LENGTH > flash.byteLength ? undefined : imageChipId(flash.slice(offset, HEADER_LENGTH));
}
