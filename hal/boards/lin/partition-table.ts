import type { NorFile } from "./nor-file.js";

/*
 * Espressif's partition table (esp_partition_info_t), little-endian, 32 bytes an entry:
 *
 *   0  u16  magic 0x50AA             4  u32  offset            12 char label[16]
 *   2  u8   type: 0 app, 1 data      8  u32  size              28 u32  flags
 *   3  u8   subtype
 *
 * Anything but the magic ends the table.
 */
const TABLE_ADDRESS = 0x8000;
const TABLE_LENGTH = 0xc00;
const ENTRY_LENGTH = 32;
const ENTRY_MAGIC = 0x50aa;

export const TYPE_APP = 0x00;
export const TYPE_DATA = 0x01;
export const SUBTYPE_APP_OTA_0 = 0x10;
export const SUBTYPE_DATA_OTA = 0x00;

export interface Partition {
  readonly label: string;
  readonly type: number;
  readonly subtype: number;
  readonly offset: number;
  readonly size: number;
}

/** @throws Error where the flash holds no table */
export function readPartitionTable(flash: NorFile): Partition[] {
  const partitions: Partition[] = [];
  const entry = new Uint8Array(ENTRY_LENGTH);
  const fields = new DataView(entry.buffer);
  for (let at = 0; at < TABLE_LENGTH; at += ENTRY_LENGTH) {
    flash.read(entry, TABLE_ADDRESS + at);
    if (fields.getUint16(0, true) !== ENTRY_MAGIC) break;
    const [offset, size] = [fields.getUint32(4, true), fields.getUint32(8, true)];
    if (offset + size > flash.byteLength) throw new Error("a partition ends outside the flash");
    partitions.push({ type: fields.getUint8(2), subtype: fields.getUint8(3), offset, size, label: latin1(entry, 12, 28) });
  }
  if (partitions.length === 0) throw new Error("no partition table at 0x8000");
  return partitions;
}

/** The OTA slots in order: index n is `ota_n`. */
export function otaSlots(partitions: readonly Partition[]): Partition[] {
  return partitions
    .filter(({ type, subtype }) => type === TYPE_APP && subtype >= SUBTYPE_APP_OTA_0 && subtype < SUBTYPE_APP_OTA_0 + 16)
    .sort((left, right) => left.subtype - right.subtype);
}

/** The characters up to the first 0. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end && bytes[at] !== 0; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
