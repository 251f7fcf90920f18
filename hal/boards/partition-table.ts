import type { DigestConstructor } from "../ecma419/modules.js";

/*
 * Espressif's partition table (esp_partition_info_t), little-endian, 32 bytes an entry:
 *
 *   0  u16  magic 0x50AA             4  u32  offset            12 char label[16]
 *   2  u8   type: 0 app, 1 data      8  u32  size              28 u32  flags
 *   3  u8   subtype
 *
 * An entry with magic 0xEBEB carries, at 16, the MD5 of all entries before it; CONFIG_PARTITION_TABLE_MD5=n leaves it
 * out, as the SDK's builds do. An entry of 0xFF bytes ends the table.
 */
export const TABLE_ADDRESS = 0x8000;
export const TABLE_LENGTH = 0xc00;
export const ENTRY_LENGTH = 32;
export const ENTRY_MAGIC = 0x50aa;
export const MD5_MAGIC = 0xebeb;
export const MD5_OFFSET = 16;
const BLANK_MAGIC = 0xffff;
const BLANK_BYTE = 0xff;

export const TYPE_APP = 0x00;
export const TYPE_DATA = 0x01;
export const SUBTYPE_APP_FACTORY = 0x00;
export const SUBTYPE_APP_OTA_0 = 0x10;
export const SUBTYPE_DATA_OTA = 0x00;
export const SUBTYPE_DATA_NVS = 0x02;

export interface Partition {
  readonly label: string;
  readonly type: number;
  readonly subtype: number;
  readonly offset: number;
  readonly size: number;
}

export interface PartitionTable {
  readonly partitions: readonly Partition[];
  readonly hasMd5: boolean;
}

export interface ReadTableOptions {
  /** Addressed in bytes. */
  readonly flash: { readonly byteLength: number; read(into: Uint8Array, address: number): void };
  readonly Digest: DigestConstructor;
}

/**
 * Reads the partition table as ESP-IDF's boot loader does (`esp_partition_table_verify`): each 32 bytes must be an
 * entry, the right MD5 or the blank end, and the end must be there. Entries behind the MD5 are refused as well, because
 * the MD5 does not cover them.
 *
 * @throws Error if the flash holds no sound table, or a partition ends outside of it
 */
export function readTable({ flash, Digest }: ReadTableOptions): PartitionTable {
  if (flash.byteLength < TABLE_ADDRESS + TABLE_LENGTH) throw new Error("flash too small for a partition table");
  const partitions: Partition[] = [];
  const md5 = new Digest("MD5");
  let hasMd5 = false;
  for (let at = 0; at < TABLE_LENGTH; at += ENTRY_LENGTH) {
    const entry = new Uint8Array(ENTRY_LENGTH);
    flash.read(entry, TABLE_ADDRESS + at);
    const magic = new DataView(entry.buffer).getUint16(0, true);
    if (magic === ENTRY_MAGIC && !hasMd5) {
      partitions.push(partitionIn(entry, flash.byteLength));
      md5.write(entry);
    } else if (magic === MD5_MAGIC && !hasMd5) {
      const digest = new Uint8Array(md5.close());
      if (!digest.every((byte, index) => byte === entry[MD5_OFFSET + index])) {
        throw new Error("partition table has a wrong MD5");
      }
      hasMd5 = true;
    } else if (magic === BLANK_MAGIC && entry[2] === BLANK_BYTE && entry[3] === BLANK_BYTE && partitions.length > 0) {
      return { partitions, hasMd5 };
    } else if (partitions.length === 0) {
      throw new Error("no partition table at 0x8000");
    } else {
      throw new Error(`partition table has a damaged entry ${at / ENTRY_LENGTH}`);
    }
  }
  throw new Error("partition table has no end");
}

function partitionIn(entry: Uint8Array, flashLength: number): Partition {
  const fields = new DataView(entry.buffer);
  const [offset, size, label] = [fields.getUint32(4, true), fields.getUint32(8, true), latin1(entry, 12, 28)];
  if (offset + size > flashLength) throw new Error(`partition ${label} ends outside the flash`);
  return { type: fields.getUint8(2), subtype: fields.getUint8(3), offset, size, label };
}

/** The OTA slots in order: index n is `ota_n`. */
export function otaSlots(partitions: readonly Partition[]): Partition[] {
  return partitions
    .filter(
      ({ type, subtype }) => type === TYPE_APP && subtype >= SUBTYPE_APP_OTA_0 && subtype < SUBTYPE_APP_OTA_0 + 16,
    )
    .sort((left, right) => left.subtype - right.subtype);
}

/** The characters up to the first 0. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end && bytes[at] !== 0; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
