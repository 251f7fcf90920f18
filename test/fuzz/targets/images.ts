import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { appVersion, CHIP_ESP32, imageFault } from "../../../hal/boards/sim/app-image.js";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import {
  dataPartition,
  encodePartitionTable,
  otaSlots,
  parsePartitionsCsv,
  readPartitionTable,
  SUBTYPE_DATA_OTA,
  TABLE_ADDRESS,
} from "../../../hal/boards/sim/partition-table.js";
import { OtaError } from "../../../src/errors.js";
import { checkImageHeader } from "../../../src/image/header.js";
import { ROOT } from "../../support/root.js";
import { type Target, text } from "../target.js";

const TABLE_LENGTH = 0x1000;
const FLASH_LENGTH = 16 * 1024 * 1024;
const MAX_PARTITIONS = 94;

const csv = readFileSync(join(ROOT, "hal/boards/esp32/partitions.csv"), "utf8");

/** What is accepted can be put into flash, and read from there it is the same. */
export const partitionsCsv: Target = {
  name: "partitions-csv",
  weight: 25,
  corpus: text(
    csv,
    "nvs,data,nvs,,16K\notadata,data,ota,,8K,\nota_0,app,ota_0,,1M\nota_1,app,ota_1,,1M",
    "a,0x01,0x81,0x9000,0x1000",
  ),
  words: [",", "\n", "\r\n", "#", "app", "data", "0x", "4096M", "K", "__proto__", "ota_0", "é"],
  run(input) {
    let partitions;
    try {
      partitions = parsePartitionsCsv(Buffer.from(input).toString("utf8"));
    } catch (error) {
      assert.match(String(error), /^Error: partitions\.csv line [0-9]+: [ -~]+$/);
      return;
    }
    let end = 0;
    for (const { offset, size, type, subtype, label } of partitions) {
      assert.ok(offset >= end && size > 0 && offset % 0x1000 === 0 && size % 0x1000 === 0, label);
      assert.ok(type >= 0 && type <= 0xff && subtype >= 0 && subtype <= 0xff);
      end = offset + size;
    }
    if (partitions.length > MAX_PARTITIONS || end > FLASH_LENGTH) {
      // The chip addresses 4 GiB; a flash that large is not made here.
      if (partitions.length <= MAX_PARTITIONS) encodePartitionTable(partitions);
      return;
    }
    const table = encodePartitionTable(partitions);
    if (partitions.length > 0) assert.deepEqual(readPartitionTable(flashWith(table, FLASH_LENGTH)), partitions);
  },
};

export const partitionTable: Target = {
  name: "partition-table",
  weight: 25,
  corpus: [encodePartitionTable(parsePartitionsCsv(csv)).slice(0, 512), encodePartitionTable([])],
  words: ["\xaa\x50", "\xeb\xeb", "\0", "\xff\xff\xff\xff", "ota_0"],
  repair(table) {
    for (let at = 0; at + 32 <= table.byteLength; at += 32) {
      if (table[at] !== 0xeb || table[at + 1] !== 0xeb) continue;
      table.set(createHash("md5").update(table.subarray(0, at)).digest(), at + 16);
      break;
    }
    return table;
  },
  run(input) {
    try {
      const partitions = readPartitionTable(flashWith(input, 4 * 1024 * 1024));
      for (const { offset, size } of partitions) assert.ok(offset + size <= 4 * 1024 * 1024);
      otaSlots(partitions);
      dataPartition(partitions, SUBTYPE_DATA_OTA, "otadata");
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.match(String(error), /^Error: (partition|no )/);
    }
  },
};

/** A flash of any size that is made once and holds nothing but a table. */
const flashes = new Map<number, { flash: NorFlash; bytes: Uint8Array }>();

function flashWith(table: Uint8Array, byteLength: number): NorFlash {
  let found = flashes.get(byteLength);
  if (found === undefined) {
    const bytes = new Uint8Array(byteLength);
    found = { bytes, flash: new NorFlash(bytes, { write: () => {}, close: () => {} }) };
    flashes.set(byteLength, found);
  }
  found.bytes.fill(0xff, TABLE_ADDRESS, TABLE_ADDRESS + TABLE_LENGTH);
  found.bytes.set(table.subarray(0, TABLE_LENGTH), TABLE_ADDRESS);
  return found.flash;
}

const SLOT_LENGTH = 8192;
const BLOCK_LENGTH = 4096;

/** The check of the first block accepts what the boot loader accepts, and both read the same version. */
export const appImage: Target = {
  name: "app-image",
  weight: 8,
  corpus: [
    buildAppImage({ version: "1.0", byteLength: 336, seed: 1 }),
    buildAppImage({ version: "0123456789abcdef0123456789abcdef", byteLength: 1024, seed: 2 }),
    buildAppImage({ version: "2.0", byteLength: 4160, seed: 3 }),
  ],
  words: ["\xe9\x01", "\xe9\x02", "\x10", "\0\0\0\0", "\xff\xff\xff\xff", "\x32\x54\xcd\xab"],
  repair: repairImage,
  run(input) {
    const image = input.slice(0, SLOT_LENGTH);
    const slot = new Uint8Array(SLOT_LENGTH).fill(0xff);
    slot.set(image);
    const fault = imageFault(slot, CHIP_ESP32);
    assert.ok(fault === undefined || /^[ -~]{1,80}$/.test(fault));
    const version = appVersion(slot);
    let said: string | undefined;
    try {
      said = checkImageHeader(image.subarray(0, BLOCK_LENGTH), image.byteLength, CHIP_ESP32);
    } catch (error) {
      const codes = ["image-invalid", "unexpected-answer"];
      assert.ok(error instanceof OtaError && codes.includes(error.code), String(error));
    }
    if (said !== undefined) assert.equal(said, version);
    // A file cut inside its last lines may be filled up by blank flash, and then boots.
    if (fault === undefined && version !== undefined && image.byteLength >= endOf(slot)) assert.equal(said, version);
  },
};

/** @returns the end of the checksum's line; segments are known to be inside the slot */
function endOf(slot: Uint8Array): number {
  const view = new DataView(slot.buffer);
  let at = 24;
  for (let count = view.getUint8(1); count > 0 && at + 8 <= slot.byteLength; count--) {
    at += 8 + view.getUint32(at + 4, true);
  }
  return Math.ceil((at + 1) / 16) * 16;
}

/** Checksum and SHA-256 behind the segments, at the place that their lengths give. */
function repairImage(image: Uint8Array): Uint8Array {
  if (image.byteLength < 64) return image;
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  let at = 24;
  let checksum = 0xef;
  for (let count = Math.min(16, view.getUint8(1)); count > 0 && at + 8 <= image.byteLength; count--) {
    const end = at + 8 + view.getUint32(at + 4, true);
    if (end > image.byteLength) return image;
    for (const byte of image.subarray(at + 8, end)) checksum ^= byte;
    at = end;
  }
  const end = Math.ceil((at + 1) / 16) * 16;
  if (end + 32 > image.byteLength) return image;
  image[end - 1] = checksum;
  image.set(createHash("sha256").update(image.subarray(0, end)).digest(), end);
  return image;
}
