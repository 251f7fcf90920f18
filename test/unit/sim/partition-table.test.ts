import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NO_MEDIUM, NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import {
  dataPartition,
  describePartitionTable,
  encodePartitionTable,
  otaSlots,
  parsePartitionsCsv,
  readPartitionTable,
  SUBTYPE_DATA_NVS,
  SUBTYPE_DATA_OTA,
  TABLE_ADDRESS,
} from "../../../hal/boards/sim/partition-table.js";
import { ROOT } from "../../support/root.js";

const CSV = readFileSync(join(ROOT, "hal/boards/esp32/partitions.csv"), "utf8");
const ESP_IDF = join(ROOT, "test/fixtures/esp-idf");
const FLASH_LENGTH = 4 * 1024 * 1024;

test("the project's own layout fits the chip without gaps that a slot would miss", () => {
  const partitions = parsePartitionsCsv(CSV);
  assert.deepEqual(
    partitions.map(({ label }) => label),
    ["nvs", "otadata", "ota_0", "ota_1", "staging"],
  );
  const [first, second] = otaSlots(partitions);
  assert.equal(first?.size, second?.size);
  assert.equal((second?.offset ?? 0) + (second?.size ?? 0) <= FLASH_LENGTH, true);
  assert.ok(otaSlots(partitions).every(({ offset, size }) => offset % 0x10000 === 0 && size % 0x10000 === 0));
  assert.equal(dataPartition(partitions, SUBTYPE_DATA_OTA, "otadata").size, 0x2000);
  assert.equal(dataPartition(partitions, SUBTYPE_DATA_NVS, "nvs").offset, 0x9000);
  const { label, offset, size } = dataPartition(partitions, 0x40, "staging");
  assert.deepEqual([label, offset % 0x10000, offset + size <= FLASH_LENGTH], ["staging", 0, true]);
  assert.ok(size >= 512 * 1024, `${size} bytes of staging`);
});

test("reads what ESP-IDF allows: comments, blanks, CRLF, sizes in K and M, numbers for names, offsets left out", () => {
  const partitions = parsePartitionsCsv(
    "# Name, Type\r\n\r\n nvs , data , nvs , , 24K # the store\r\nraw,data,0x99,,4096\n" +
      "app,0,0x10,,1M,\nodd,0x40,1,,0x1000,encrypted\n",
  );
  assert.deepEqual(partitions, [
    { label: "nvs", type: 1, subtype: 2, offset: 0x9000, size: 0x6000 },
    { label: "raw", type: 1, subtype: 0x99, offset: 0xf000, size: 0x1000 },
    { label: "app", type: 0, subtype: 0x10, offset: 0x10000, size: 0x100000 },
    { label: "odd", type: 0x40, subtype: 1, offset: 0x110000, size: 0x1000 },
  ]);
});

test("an app without an offset begins on the next 64 KiB", () => {
  const partitions = parsePartitionsCsv(
    "nvs,data,nvs,0x9000,0x1000\napp,app,ota_0,,64K\nmore,data,fat,,4K\nnext,app,ota_1,,64K",
  );
  assert.deepEqual(
    partitions.map(({ offset }) => offset),
    [0x9000, 0x10000, 0x20000, 0x30000],
  );
});

test("an empty table has no partitions", () => assert.deepEqual(parsePartitionsCsv("\n# nothing\n"), []));

for (const [what, line, message] of [
  ["no label", ",data,nvs,,4K", /label/],
  ["a label of 16 characters", "abcdefghijklmnop,data,nvs,,4K", /label/],
  ["an unknown type", "a,date,nvs,,4K", /unknown type/],
  ["an unknown subtype", "a,data,mvs,,4K", /unknown type or subtype/],
  ["a type that only JavaScript knows", "a,constructor,0,,4K", /unknown type/],
  ["a subtype that only JavaScript knows", "a,data,toString,,4K", /unknown type/],
  ["a type over a byte", "a,256,0,,4K", /unknown type/],
  ["a subtype over a byte", "a,data,0x100,,4K", /unknown type or subtype/],
  ["no subtype", "a,data,,,4K", /unknown type or subtype/],
  ["an app off its boundary", "a,app,ota_0,0x11000,64K", /0x10000 boundary/],
  ["data off its boundary", "a,data,nvs,0x9010,4K", /0x1000 boundary/],
  ["an offset that is no number", "a,data,nvs,9000h,4K", /boundary/],
  ["an offset over the table", "a,data,nvs,0x8000,4K", /overlaps/],
  ["no size", "a,data,nvs,,", /whole sectors/],
  ["a size of 0", "a,data,nvs,,0", /whole sectors/],
  ["a size that is no sectors", "a,data,nvs,,1000", /whole sectors/],
  ["a negative size", "a,data,nvs,,-4096", /whole sectors/],
  ["too few fields", "nvs", /unknown type/],
] as const) {
  test(`refuses ${what} and names the line`, () => {
    assert.throws(
      () => parsePartitionsCsv(`# one\n${line}\n`),
      (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.message, /line 2/);
        return true;
      },
    );
  });
}

test("refuses partitions that overlap", () => {
  assert.throws(() => parsePartitionsCsv("a,data,nvs,0x9000,0x2000\nb,data,ota,0xa000,0x2000"), /line 2: overlaps/);
});

test("an entry in flash is laid out as esp_partition_info_t", () => {
  const table = encodePartitionTable(parsePartitionsCsv("ota_1,app,ota_1,0x1C0000,0x1A0000"));
  assert.equal(table.byteLength, 0xc00);
  const entry = Buffer.from(table.subarray(0, 32)).toString("hex");
  const label = Buffer.from("ota_1".padEnd(16, "\0")).toString("hex");
  assert.equal(entry, ["aa50", "00", "11", "00001c00", "00001a00", label, "00000000"].join(""));
});

test("the MD5 entry follows the last one, covers all before it, and 0xFF ends the table", () => {
  const table = Buffer.from(encodePartitionTable(parsePartitionsCsv(CSV)));
  const end = 5 * 32;
  assert.equal(table.toString("hex", end, end + 16), `ebeb${"ff".repeat(14)}`);
  assert.equal(
    table.toString("hex", end + 16, end + 32),
    createHash("md5").update(table.subarray(0, end)).digest("hex"),
  );
  assert.ok(table.subarray(end + 32).every((byte) => byte === 0xff));
});

test("what was encoded is read back, up to the largest table", () => {
  const most = Array.from({ length: 94 }, (_, index) => `p${index},data,0x40,,4K`).join("\n");
  for (const csv of [CSV, most]) {
    const partitions = parsePartitionsCsv(csv);
    assert.deepEqual(readPartitionTable(flashWith(encodePartitionTable(partitions))), partitions);
  }
  assert.throws(() => encodePartitionTable(parsePartitionsCsv(`${most}\nlast,data,0x40,,4K`)), /too many/);
});

test("one flipped bit anywhere in the entries or their MD5 is noticed", () => {
  const table = encodePartitionTable(parsePartitionsCsv("nvs,data,nvs,0x9000,0x6000\nota_0,app,ota_0,0x20000,64K"));
  for (let bit = 0; bit < 2 * 32 * 8; bit++) assert.throws(() => readPartitionTable(flashWith(flipped(table, bit))));
  for (let bit = (2 * 32 + 16) * 8; bit < 3 * 32 * 8; bit++) {
    assert.throws(() => readPartitionTable(flashWith(flipped(table, bit))), /wrong MD5/);
  }
});

test("a flash without a table, or too small for one, is refused", () => {
  assert.throws(() => readPartitionTable(NorFlash.blank(FLASH_LENGTH)), /no partition table/);
  assert.throws(() => readPartitionTable(new NorFlash(new Uint8Array(FLASH_LENGTH), NO_MEDIUM)), /no partition table/);
  assert.throws(() => readPartitionTable(NorFlash.blank(0x8000)), /too small/);
});

test("a table without an MD5 is ended by a blank entry", () => {
  const table = encodePartitionTable(parsePartitionsCsv(CSV)).fill(0xff, 5 * 32);
  assert.deepEqual(describePartitionTable(flashWith(table)), { partitions: parsePartitionsCsv(CSV), hasMd5: false });
  for (const at of [0, 1, 2, 3]) {
    const unended = Uint8Array.from(table);
    unended[5 * 32 + at] = 0x7f;
    assert.throws(() => readPartitionTable(flashWith(unended)), /damaged entry 5/, `byte ${at}`);
  }
});

test("the MD5 is followed by the blank entry, as the boot loader wants it, and by no other MD5 or partition", () => {
  const table = encodePartitionTable(parsePartitionsCsv(CSV));
  assert.equal(describePartitionTable(flashWith(table)).hasMd5, true);
  for (const [from, to] of [
    [5 * 32, 6 * 32],
    [0, 32],
  ] as const) {
    const more = Buffer.from(table);
    table.slice(from, to).forEach((byte, index) => more.writeUInt8(byte, 6 * 32 + index));
    assert.throws(() => readPartitionTable(flashWith(more)), /damaged entry 6/);
  }
});

test("a table without entries, or without an end, is refused", () => {
  assert.throws(() => readPartitionTable(flashWith(encodePartitionTable([]))), /no partition table/);
  const full = Buffer.alloc(0xc00);
  const entry = encodePartitionTable(parsePartitionsCsv(CSV)).subarray(0, 32);
  for (let at = 0; at < full.byteLength; at += 32) full.set(entry, at);
  assert.throws(() => readPartitionTable(flashWith(full)), /no end/);
});

test("the table is the one that ESP-IDF's tool makes, with and without MD5, byte for byte, and is read as its CSV", () => {
  const partitions = parsePartitionsCsv(readFileSync(join(ESP_IDF, "partitions.csv"), "utf8"));
  const ours = Buffer.from(encodePartitionTable(partitions));
  for (const [file, hasMd5] of [
    ["partitions-md5.bin", true],
    ["partitions-no-md5.bin", false],
  ] as const) {
    const theirs = readFileSync(join(ESP_IDF, file));
    assert.equal(ours.toString("hex", 0, theirs.byteLength), theirs.toString("hex"));
    assert.deepEqual(describePartitionTable(flashWith(theirs)), { partitions, hasMd5 });
  }
});

test("a partition that ends outside the flash is refused", () => {
  const table = encodePartitionTable(parsePartitionsCsv("big,data,fat,0x10000,0x10000"));
  const flash = NorFlash.blank(0x1f000);
  flash.program(table, TABLE_ADDRESS);
  assert.throws(() => readPartitionTable(flash), /big ends outside/);
});

test("slots are in the order of their number, whatever their place", () => {
  const rows = ["b,app,ota_1,,64K", "f,app,factory,,64K", "a,app,ota_0,,64K", "t,app,test,,64K"];
  const partitions = parsePartitionsCsv(rows.join("\n"));
  assert.deepEqual(
    otaSlots(partitions).map(({ label }) => label),
    ["a", "b"],
  );
  assert.throws(() => dataPartition(partitions, SUBTYPE_DATA_NVS, "nvs"), /no nvs partition/);
});

function flashWith(table: Uint8Array): NorFlash {
  const flash = NorFlash.blank(FLASH_LENGTH);
  flash.program(table, TABLE_ADDRESS);
  return flash;
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}
