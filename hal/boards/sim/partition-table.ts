import { createHash } from "node:crypto";
import {
  ENTRY_LENGTH,
  ENTRY_MAGIC,
  MD5_MAGIC,
  MD5_OFFSET,
  type Partition,
  type PartitionTable,
  readTable,
  SUBTYPE_APP_FACTORY,
  SUBTYPE_APP_OTA_0,
  SUBTYPE_DATA_NVS,
  SUBTYPE_DATA_OTA,
  TABLE_ADDRESS,
  TABLE_LENGTH,
  TYPE_APP,
  TYPE_DATA,
} from "../partition-table.js";
import { NodeDigest } from "./digest.js";
import type { NorFlash } from "./nor-flash.js";

const ADDRESS_SPACE = 0x100000000;
/** The table also needs room for the MD5 and for the blank entry that ends it. */
const MOST_PARTITIONS = TABLE_LENGTH / ENTRY_LENGTH - 2;

export {
  otaSlots,
  type Partition,
  SUBTYPE_APP_FACTORY,
  SUBTYPE_APP_OTA_0,
  SUBTYPE_DATA_NVS,
  SUBTYPE_DATA_OTA,
  TABLE_ADDRESS,
  TYPE_APP,
  TYPE_DATA,
} from "../partition-table.js";

const TYPES: { readonly [name: string]: number } = { app: TYPE_APP, data: TYPE_DATA };
const SUBTYPES: { readonly [type: number]: { readonly [name: string]: number } } = {
  [TYPE_APP]: { factory: SUBTYPE_APP_FACTORY, ota_0: SUBTYPE_APP_OTA_0, ota_1: SUBTYPE_APP_OTA_0 + 1, test: 0x20 },
  [TYPE_DATA]: {
    ota: SUBTYPE_DATA_OTA,
    phy: 0x01,
    nvs: SUBTYPE_DATA_NVS,
    coredump: 0x03,
    nvs_keys: 0x04,
    efuse: 0x05,
    undefined: 0x06,
    fat: 0x81,
    spiffs: 0x82,
    littlefs: 0x83,
  },
};

/**
 * Reads ESP-IDF's partitions.csv. An offset may be left out: then a partition follows the one before it, and an app
 * begins on the next 64 KiB boundary.
 *
 * @throws Error that names the line
 */
export function parsePartitionsCsv(text: string): Partition[] {
  const partitions: Partition[] = [];
  let free = TABLE_ADDRESS + 0x1000;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/#.*/, "").trim();
    if (line === "") continue;
    const partition = parseLine(line, free, `partitions.csv line ${index + 1}`);
    partitions.push(partition);
    free = partition.offset + partition.size;
  }
  return partitions;
}

function parseLine(line: string, free: number, where: string): Partition {
  const [label = "", typeName = "", subtypeName = "", offsetText = "", sizeText = ""] = line
    .split(",")
    .map((field) => field.trim());
  const type = parseByte(TYPES, typeName);
  const subtype = parseByte(SUBTYPES[type] ?? {}, subtypeName);
  const alignment = type === TYPE_APP ? 0x10000 : 0x1000;
  const offset = offsetText === "" ? Math.ceil(free / alignment) * alignment : parseNumber(offsetText);
  const size = parseNumber(sizeText);
  if (!/^[\x21-\x7e]{1,15}$/.test(label)) throw new Error(`${where}: a label has 1 to 15 visible ASCII characters`);
  if (Number.isNaN(type) || Number.isNaN(subtype)) throw new Error(`${where}: unknown type or subtype`);
  if (Number.isNaN(offset) || offset % alignment !== 0) {
    throw new Error(`${where}: offset not on a 0x${alignment.toString(16)} boundary`);
  }
  if (offset < free) throw new Error(`${where}: overlaps what comes before it`);
  if (Number.isNaN(size) || size === 0 || size % 0x1000 !== 0) throw new Error(`${where}: size is not whole sectors`);
  if (offset + size > ADDRESS_SPACE) throw new Error(`${where}: ends beyond 4 GiB`);
  return { label, type, subtype, offset, size };
}

/** Reads a known name or a number of one byte. @returns NaN for a greater number */
function parseByte(names: { readonly [name: string]: number }, text: string): number {
  const value = Object.hasOwn(names, text) ? (names[text] as number) : parseNumber(text);
  return value > 0xff ? NaN : value;
}

function parseNumber(text: string): number {
  const match = /^(0x[0-9a-fA-F]+|[0-9]+)([KM]?)$/.exec(text);
  if (match === null) return NaN;
  return Number(match[1]) * (match[2] === "K" ? 1024 : match[2] === "M" ? 1024 * 1024 : 1);
}

/** @returns the table as it stands in flash, with its MD5 entry */
export function encodePartitionTable(partitions: readonly Partition[]): Uint8Array {
  const table = Buffer.alloc(TABLE_LENGTH, 0xff);
  if (partitions.length > MOST_PARTITIONS) throw new Error("too many partitions");
  for (const [index, partition] of partitions.entries()) {
    const entry = table.subarray(index * ENTRY_LENGTH, (index + 1) * ENTRY_LENGTH);
    entry.writeUInt16LE(ENTRY_MAGIC, 0);
    entry.writeUInt8(partition.type, 2);
    entry.writeUInt8(partition.subtype, 3);
    entry.writeUInt32LE(partition.offset, 4);
    entry.writeUInt32LE(partition.size, 8);
    entry.fill(0, 12, 28).write(partition.label, 12, "latin1");
    entry.writeUInt32LE(0, 28);
  }
  const end = partitions.length * ENTRY_LENGTH;
  table.writeUInt16LE(MD5_MAGIC, end);
  createHash("md5")
    .update(table.subarray(0, end))
    .digest()
    .copy(table, end + MD5_OFFSET);
  return table;
}

/** @throws Error if the flash holds no sound table */
export function readPartitionTable(flash: NorFlash): readonly Partition[] {
  return describePartitionTable(flash).partitions;
}

/** @returns the partitions, and whether the table has an MD5 @throws Error if the flash holds no sound table */
export function describePartitionTable(flash: NorFlash): PartitionTable {
  return readTable({ flash, Digest: NodeDigest });
}

/** @throws Error if there is no such partition */
export function dataPartition(partitions: readonly Partition[], subtype: number, what: string): Partition {
  const found = partitions.find((partition) => partition.type === TYPE_DATA && partition.subtype === subtype);
  if (found === undefined) throw new Error(`no ${what} partition`);
  return found;
}
