import assert from "node:assert/strict";
import { test } from "node:test";
import type { OtaDataEntry } from "../../../hal/boards/ota-data.js";
import { CHIP_ESP32 } from "../../../hal/boards/sim/app-image.js";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { bootLoader } from "../../../hal/boards/sim/boot-loader.js";
import { NO_MEDIUM, NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import { encodePartitionTable, parsePartitionsCsv, TABLE_ADDRESS } from "../../../hal/boards/sim/partition-table.js";
import { bytesOf, cutsOf, RecordingMedium } from "../../support/power-cuts.js";
import { assertSameBytes } from "../../support/same-bytes.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";
import { otaDataOf, partition, SMALL_SLOTS, smallFlash, spoilImage } from "../../support/small-flash.js";

type State = OtaDataEntry["state"];

test("on blank otadata the first slot boots and is recorded as valid", () => {
  const flash = smallFlash("1", "2");
  assert.equal(boot(flash), 0);
  assert.deepEqual(entries(flash), [{ sequence: 1, state: "valid" }, undefined]);
});

test("on blank otadata an unsound first slot is skipped and the second recorded", () => {
  const flash = smallFlash(undefined, "2");
  assert.equal(boot(flash), 1);
  assert.deepEqual(entries(flash), [{ sequence: 2, state: "valid" }, undefined]);
});

test("a new image goes on trial; not confirmed, the next boot aborts it for good", () => {
  const flash = smallFlash("1", "2");
  boot(flash);
  otaDataOf(flash).select(1);
  assert.equal(boot(flash), 1);
  assert.deepEqual(entries(flash), [
    { sequence: 1, state: "valid" },
    { sequence: 2, state: "pending-verify" },
  ]);
  for (let count = 0; count < 3; count++) {
    assert.equal(boot(flash), 0);
    assert.deepEqual(entries(flash), [
      { sequence: 1, state: "valid" },
      { sequence: 2, state: "aborted" },
    ]);
  }
});

test("a confirmed image boots again and again", () => {
  const flash = withEntries({ sequence: 1, state: "valid" }, { sequence: 2, state: "valid" });
  for (let count = 0; count < 3; count++) assert.equal(boot(flash), 1);
  assert.deepEqual(entries(flash), [
    { sequence: 1, state: "valid" },
    { sequence: 2, state: "valid" },
  ]);
});

for (const [first, second, running] of [
  ["valid", "invalid", 0],
  ["valid", "aborted", 0],
  ["valid", "undefined", 1],
  ["undefined", "aborted", 0],
  ["invalid", "aborted", 0],
  ["aborted", "valid", 1],
  ["new", "pending-verify", 0],
] as const) {
  test(`with ${first} before ${second}, slot ${running} boots`, () => {
    const flash = withEntries({ sequence: 1, state: first }, { sequence: 2, state: second });
    assert.equal(boot(flash), running);
  });
}

test("the new image in the slot is skipped if it does not verify, and its trial is over at the next boot", () => {
  const flash = withEntries({ sequence: 1, state: "valid" }, { sequence: 2, state: "new" });
  spoilImage(flash, 1);
  assert.equal(boot(flash), 0);
  assert.deepEqual(entries(flash)[1], { sequence: 2, state: "pending-verify" });
  assert.equal(boot(flash), 0);
  assert.deepEqual(entries(flash)[1], { sequence: 2, state: "aborted" });
});

test("a valid image that was damaged is skipped, from either slot", () => {
  for (const slot of [0, 1]) {
    const flash = withEntries({ sequence: 3, state: "valid" }, { sequence: slot === 0 ? 2 : 4, state: "valid" });
    assert.equal(boot(flash), slot);
    spoilImage(flash, slot);
    assert.equal(boot(flash), 1 - slot);
  }
});

test("an image that was aborted still boots if no other is sound", () => {
  const flash = withEntries({ sequence: 1, state: "valid" }, { sequence: 2, state: "aborted" });
  spoilImage(flash, 0);
  assert.equal(boot(flash), 1);
});

test("a damaged entry does not count", () => {
  const flash = withEntries({ sequence: 1, state: "valid" }, { sequence: 2, state: "valid" });
  flash.program(Uint8Array.of(0), partition("otadata").offset + 4096 + 28);
  assert.equal(boot(flash), 0);
});

test("without a sound image, or without otadata, nothing boots and nothing is written", () => {
  for (const flash of [smallFlash(), withEntries({ sequence: 1, state: "valid" }, undefined)]) {
    for (const slot of [0, 1]) if (!flash.isBlank(SMALL_SLOTS[slot]?.offset ?? 0, 4096)) spoilImage(flash, slot);
    const before = bytesOf(flash);
    assert.throws(() => boot(flash), /no slot holds a bootable image/);
    assertSameBytes(bytesOf(flash), before);
  }
  assert.throws(() => boot(NorFlash.blank(0x40000)), /no partition table/);
  assert.throws(() => boot(flashOf("nvs,data,nvs,,0x6000\nota_0,app,ota_0,0x20000,64K")), /no otadata partition/);
});

test("a layout without slots boots nothing and is reported", () => {
  assert.throws(() => boot(flashOf("nvs,data,nvs,,0x6000\notadata,data,ota,,0x2000")), /no slot/);
});

test("refuses otadata of less than two sectors instead of writing into what follows", () => {
  const flash = flashOf("otadata,data,ota,,0x1000\nnvs,data,nvs,,0x6000\nota_0,app,ota_0,0x20000,64K");
  flash.program(buildAppImage({ version: "1", byteLength: 4096, seed: 1 }), 0x20000);
  assert.throws(() => boot(flash), /otadata/);
});

test("an image for another chip does not boot", () => {
  const flash = smallFlash("1", "2");
  const fault = "image for ESP32, this is ESP32-S3";
  assert.throws(() => bootLoader(flash, CHIP_ESP32 + 9), {
    message: `no slot holds a bootable image: ota_0: ${fault}; ota_1: ${fault}`,
  });
});

test("booting changes nothing but otadata", () => {
  const flash = withEntries({ sequence: 1, state: "valid" }, { sequence: 2, state: "new" });
  const before = bytesOf(flash);
  boot(flash);
  const { offset, size } = partition("otadata");
  const now = bytesOf(flash);
  assertSameBytes(now.subarray(0, offset), before.subarray(0, offset));
  assertSameBytes(now.subarray(offset + size), before.subarray(offset + size));
});

test("a cut inside the boot loader, at any of its operations, leaves a board that boots a sound image", () => {
  const random = new SeededRandom();
  const states: (State | undefined)[] = [
    "new",
    "pending-verify",
    "valid",
    "invalid",
    "aborted",
    "undefined",
    undefined,
  ];
  for (const first of states) {
    for (const second of states) {
      const medium = new RecordingMedium();
      const source = withEntries(
        first === undefined ? undefined : { sequence: 1, state: first },
        second === undefined ? undefined : { sequence: 2, state: second },
      );
      const before = bytesOf(source);
      const flash = new NorFlash(before.slice(), medium);
      const running = boot(flash);
      for (const { bytes, how } of cutsOf(before, medium.operations, random)) {
        const after = boot(new NorFlash(bytes, NO_MEDIUM));
        const where = `${first} ${second} ${how}; ${REPEAT}`;
        assert.ok(after === 0 || after === 1, where);
        // No cut makes a board boot an image that was on trial or judged unfit, while the other is neither.
        if (running === 0 && second !== "new" && (first === "valid" || first === "undefined")) {
          assert.equal(after, 0, where);
        }
      }
    }
  }
});

function boot(flash: NorFlash): number {
  return bootLoader(flash, CHIP_ESP32).running;
}

function entries(flash: NorFlash): (OtaDataEntry | undefined)[] {
  const otaData = otaDataOf(flash);
  return [otaData.read(0), otaData.read(1)];
}

function withEntries(first: OtaDataEntry | undefined, second: OtaDataEntry | undefined): NorFlash {
  const flash = smallFlash("1", "2");
  const otaData = otaDataOf(flash);
  if (first !== undefined) otaData.write(0, first);
  if (second !== undefined) otaData.write(1, second);
  return flash;
}

function flashOf(csv: string): NorFlash {
  const flash = NorFlash.blank(0x40000);
  flash.program(encodePartitionTable(parsePartitionsCsv(csv)), TABLE_ADDRESS);
  return flash;
}
