import assert from "node:assert/strict";
import { test } from "node:test";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { bootLoader } from "../../../hal/boards/sim/boot-loader.js";
import { CHIPS } from "../../../hal/boards/family/chips.js";
import { chipIdOf } from "../../../hal/boards/sim/flash-chip.js";
import { bootFault, flashOf, seemsFlash } from "../../../hal/boards/sim/flash-image.js";
import { inspectFlash, inspectSlots } from "../../../hal/boards/sim/inspect.js";
import { NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import {
  encodePartitionTable,
  type Partition,
  parsePartitionsCsv,
  TABLE_ADDRESS,
} from "../../../hal/boards/sim/partition-table.js";
import { bytesOf } from "../../support/power-cuts.js";
import { resealImage } from "../../support/resealed-image.js";
import { SMALL_PARTITIONS, SMALL_SLOTS, otaDataOf, smallFlash } from "../../support/small-flash.js";
import { assertSameBytes } from "../../support/same-bytes.js";

const [C3, S3] = [5, 9];
const WITH_FACTORY = parsePartitionsCsv(`
nvs,     data, nvs,     0x9000,  0x6000
otadata, data, ota,     0xf000,  0x2000
factory, app,  factory, 0x20000, 64K
ota_0,   app,  ota_0,   0x30000, 64K
ota_1,   app,  ota_1,   0x40000, 64K
`);

test("a flash is taken as it is, whether its table has an MD5 or not, and if it is larger than the table says", () => {
  for (const table of [encodePartitionTable(SMALL_PARTITIONS), tableWithoutMd5(SMALL_PARTITIONS)]) {
    for (const byteLength of [0x40000, 0x41000, 0x800000]) {
      const bytes = new Uint8Array(byteLength).fill(0xff);
      bytes.set(table, TABLE_ADDRESS);
      assert.equal(seemsFlash(bytes), true);
      assertSameBytes(bytesOf(flashOf(bytes.slice())), bytes);
    }
  }
});

for (const [what, bytes, message] of [
  ["an empty file", new Uint8Array(0), /it is empty/],
  [
    "an application",
    imageFor(C3),
    /it is an application image for ESP32-C3, version 1\.0: ota-device flash makes a board of it/,
  ],
  [
    "an application with a table's magic where a flash has its table",
    applicationLikeFlash(),
    /it is an application image for ESP32, version/,
  ],
  ["a boot loader", bootLoaderFor(S3), /it seems to be a boot loader for ESP32-S3/],
  ["a partition table", encodePartitionTable(SMALL_PARTITIONS), /it seems to be a partition table alone/],
  ["an ELF file", new TextEncoder().encode("\x7fELF\x01\x01"), /it is an ELF file/],
  ["a text", new TextEncoder().encode("dear diary"), /no partition table at 0x8000/],
  ["a blank flash", new Uint8Array(0x40000).fill(0xff), /no partition table at 0x8000/],
  [
    "a flash that ends before a partition does",
    bytesOf(smallFlash("1.0")).slice(0, 0x30000),
    /partition ota_1 ends outside the flash \(a file of 196608 bytes\): .*--pad-to-size/,
  ],
  ["a flash that ends within its table", bytesOf(smallFlash("1.0")).slice(0, 0x8000 + 512), /not whole sectors/],
  [
    "a flash that ends within a sector",
    bytesOf(smallFlash("1.0")).slice(0, 0x3fff0),
    /262128 bytes are part of a flash, not whole sectors/,
  ],
  ["a table with a wrong MD5", spoilt(bytesOf(smallFlash("1.0")), TABLE_ADDRESS + 8), /wrong MD5/],
  ["more than any flash has", new Uint8Array(128 * 1024 * 1024 + 1), /more than any flash/],
] as const) {
  test(`${what} is refused as a flash, with the reason`, () => {
    assert.throws(
      () => flashOf(bytes),
      (error: Error) => {
        assert.equal(error.name, "StateError");
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}

test("a flash belongs to the chip whose boot loader is at its offset", () => {
  for (const { id, bootLoaderOffset } of CHIPS) {
    const flash = smallFlash("1.0");
    flash.program(bootLoaderFor(id), bootLoaderOffset);
    assert.equal(chipIdOf(flash), id);
  }
  const misplaced = smallFlash("1.0");
  misplaced.program(bootLoaderFor(C3), 0x1000);
  assert.equal(chipIdOf(misplaced), 0, "an ESP32-C3 would not find it there");
});

test("a flash without a boot loader belongs to the chip of the selected image, or of any other image, or to an ESP32", () => {
  const flash = smallFlash();
  assert.equal(chipIdOf(flash), 0);
  flash.program(imageFor(S3), SMALL_SLOTS[1]?.offset ?? 0);
  assert.equal(chipIdOf(flash), S3);
  flash.program(imageFor(C3), SMALL_SLOTS[0]?.offset ?? 0);
  assert.equal(chipIdOf(flash), C3);
  otaDataOf(flash).write(0, { sequence: 2, state: "valid" });
  assert.equal(chipIdOf(flash), S3);
  assert.equal(bootLoader(flash, S3).running, 1);
});

test("a flash is described by chip, size, table, and both entries of otadata", () => {
  const flash = smallFlash("1.0");
  assert.deepEqual(inspectFlash(flash), {
    chip: { name: "ESP32", id: 0 },
    flashBytes: 0x40000,
    partitionTable: { partitions: 4, md5: true },
    otadata: [{ state: "blank" }, { state: "blank" }],
  });
  otaDataOf(flash).write(0, { sequence: 2, state: "pending-verify" });
  flash.program(Uint8Array.of(1, 2, 3, 4), 0x10000);
  assert.deepEqual(inspectFlash(flash).otadata, [
    { sequence: 2, slot: "ota_1", state: "pending-verify" },
    { state: "damaged" },
  ]);
});

test("a factory application runs while otadata selects no slot, and again if the selected image is damaged", () => {
  const flash = flashWith(WITH_FACTORY);
  for (const [index, label] of ["factory", "ota_0"].entries()) {
    flash.program(imageFor(C3, `${index}.0`), offsetOf(label));
  }
  assert.deepEqual(inspectSlots(flash, C3).running, { slot: "factory", version: "0.0", state: "undefined" });
  assert.deepEqual(Object.keys(inspectSlots(flash, C3).slots), ["factory", "ota_0", "ota_1"]);
  const otaData = otaDataOf(flash);
  otaData.write(0, { sequence: 1, state: "new" });
  assert.equal(inspectSlots(flash, C3).running.slot, "factory", "selected, but not booted yet");
  otaData.write(0, { sequence: 1, state: "valid" });
  assert.deepEqual(inspectSlots(flash, C3).running, { slot: "ota_0", version: "1.0", state: "valid" });
  flash.program(new Uint8Array(64), offsetOf("ota_0") + 1024);
  assert.equal(inspectSlots(flash, C3).running.slot, "factory");
});

test("a flash of one application, without otadata, is read all the same", () => {
  const flash = flashWith(parsePartitionsCsv("nvs,data,nvs,,24K\nfactory,app,factory,,64K"));
  flash.program(imageFor(C3), 0x10000);
  assert.deepEqual(inspectSlots(flash, C3).running, { slot: "factory", version: "1.0", state: "undefined" });
  assert.deepEqual(inspectFlash(flash).otadata, []);
  assert.throws(() => inspectSlots(flashWith(parsePartitionsCsv("nvs,data,nvs,,24K")), C3), /no slot/);
});

test("reports what keeps the simulated board from booting a flash, and changes nothing", () => {
  const sound = smallFlash("1.0");
  const before = bytesOf(sound);
  assert.equal(bootFault(sound), undefined);
  assertSameBytes(bytesOf(sound), before);
  assert.match(bootFault(smallFlash()) ?? "", /no slot holds a bootable image/);
  assert.match(bootFault(flashWith(WITH_FACTORY)) ?? "", /factory application/);
  const rows = ["nvs,data,nvs,,24K", "otadata,data,ota,,8K", "ota_0,app,ota_0,,64K", "ota_1,app,ota_1,,64K"];
  const without = (index: number): NorFlash =>
    flashWith(parsePartitionsCsv(rows.filter((_, row) => row !== index).join("\n")));
  assert.match(bootFault(without(0)) ?? "", /no nvs partition/);
  assert.match(bootFault(without(1)) ?? "", /no otadata partition/);
  assert.match(bootFault(without(3)) ?? "", /1 slots for updates, two are needed/);
});

function imageFor(chipId: number, version = "1.0"): Uint8Array {
  return buildAppImage({ version, byteLength: 4096, seed: 1, chipId });
}

/** An image by its form, but without an application descriptor. */
function bootLoaderFor(chipId: number): Uint8Array {
  const image = Buffer.from(imageFor(chipId));
  image.writeUInt32LE(0x50, 32);
  return resealImage(image);
}

function applicationLikeFlash(): Uint8Array {
  const image = buildAppImage({ version: "1.0", byteLength: 0x10000, seed: 1 });
  image.set([0xaa, 0x50], TABLE_ADDRESS);
  return resealImage(image);
}

function tableWithoutMd5(partitions: readonly Partition[]): Uint8Array {
  return encodePartitionTable(partitions).fill(0xff, 32 * partitions.length);
}

function flashWith(partitions: readonly Partition[]): NorFlash {
  const flash = NorFlash.blank(0x50000);
  flash.program(encodePartitionTable(partitions), TABLE_ADDRESS);
  return flash;
}

function offsetOf(label: string): number {
  return WITH_FACTORY.find((partition) => partition.label === label)?.offset ?? assert.fail(label);
}

function spoilt(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at] = (bytes[at] as number) ^ 1;
  return bytes;
}
