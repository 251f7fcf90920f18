import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { FlashInstance, FlashModule } from "../../../hal/ecma419/modules.js";
import { createFlashModule } from "../../../hal/boards/sim/flash-module.js";
import type { NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import type { Partition } from "../../../hal/boards/sim/partition-table.js";
import { Power, PowerLost } from "../../../hal/boards/sim/power.js";
import { bytesOf, FailingMedium } from "../../support/power-cuts.js";
import { assertSameBytes } from "../../support/same-bytes.js";
import { SMALL_PARTITIONS, SMALL_SLOTS, smallFlash } from "../../support/small-flash.js";

const [RUNNING, TARGET] = SMALL_SLOTS as [Partition, Partition];
const medium = new FailingMedium();
let chip: NorFlash;
let power: Power;
let flash: FlashModule;
let target: FlashInstance;

beforeEach(() => {
  chip = smallFlash("1", undefined, medium);
  power = new Power();
  flash = moduleOf(chip);
  target = flash.open({ path: "nextota" });
});

test("opens the running slot, the next one and data partitions by label; no slot by label", () => {
  for (const path of ["running", "nextota", "nvs", "otadata"]) {
    assert.equal(flash.open({ path }).status().blockLength, 4096);
  }
  for (const path of ["ota_0", "ota_1", "", "NVS", "nothing", "constructor"]) {
    assert.throws(() => flash.open({ path }), /can't find partition/);
  }
  assert.throws(() => flash.open({ path: "nvs", mode: "w" as "r" }), /invalid mode/);
});

test("reports size, block length and blocks, and no more", () => {
  assert.deepEqual(target.status(), { size: 0x10000, blockLength: 4096, blocks: 16 });
  assert.deepEqual(flash.open({ path: "nvs", mode: "r" }).status(), { size: 0x6000, blockLength: 4096, blocks: 6 });
});

test("reads and writes bytes of its own partition alone", () => {
  const before = bytesOf(chip);
  target.write(line(1), 0);
  target.write(line(2), TARGET.size - 16);
  const read = new Uint8Array(16);
  target.read(read, TARGET.size - 16);
  assert.deepEqual(read, line(2));
  const now = bytesOf(chip);
  now
    .fill(0xff, TARGET.offset, TARGET.offset + 16)
    .fill(0xff, TARGET.offset + TARGET.size - 16, TARGET.offset + TARGET.size);
  assertSameBytes(now, before);
});

test("reads at any offset and of any length", () => {
  target.write(
    Uint8Array.from({ length: 32 }, (_, index) => index),
    16,
  );
  const read = new Uint8Array(5);
  target.read(read, 30);
  assert.deepEqual([...read], [14, 15, 16, 17, 18]);
  target.read(new Uint8Array(0), TARGET.size);
});

test("what reaches outside the partition fails, in the SDK's words", () => {
  for (const [offset, length] of [
    [-16, 16],
    [TARGET.size, 16],
    [TARGET.size - 16, 32],
    [0, TARGET.size + 16],
  ] as const) {
    assert.throws(() => target.read(new Uint8Array(length), offset), { message: "read failed" });
    assert.throws(() => target.write(new Uint8Array(length), offset), { message: "write failed" });
  }
  for (const [start, end] of [
    [-1, 1],
    [15, 17],
    [16, 17],
    [0, 17],
    [2, 1],
  ] as const) {
    assert.throws(() => target.eraseBlock(start, end), { message: "erase failed" });
  }
  for (const [start, end] of [
    [0.5, 1],
    [0, 0.5],
  ] as const) {
    assert.throws(() => target.eraseBlock(start, end));
  }
  assert.equal(chip.isBlank(TARGET.offset, TARGET.size), true);
});

test("refuses to write off a line of 16 bytes", () => {
  for (const [offset, length] of [
    [8, 16],
    [0, 8],
    [1, 15],
    [0, 17],
    [4080, 24],
  ] as const) {
    assert.throws(() => target.write(new Uint8Array(length), offset), /not aligned/);
  }
  assert.equal(chip.isBlank(TARGET.offset, TARGET.size), true);
});

test("refuses to program a line twice, even with the same bytes or with 0xFF", () => {
  target.write(new Uint8Array(32).fill(0xff), 0);
  target.write(line(7), 32);
  for (const bytes of [new Uint8Array(16).fill(0xff), line(7), line(0)]) {
    for (const offset of [0, 16, 32]) assert.throws(() => target.write(bytes, offset), /programmed twice/);
  }
  assert.throws(() => target.write(new Uint8Array(4096), 0), /programmed twice/);
  target.write(line(8), 48);
});

test("a second opening finds the first one's writes", () => {
  target.write(new Uint8Array(16).fill(0xff), 0);
  assert.throws(() => flash.open({ path: "nextota" }).write(line(1), 0), /programmed twice/);
});

test("after a restart the bytes alone decide what counts as programmed", () => {
  target.write(line(1), 0);
  target.write(new Uint8Array(16).fill(0xff), 16);
  const next = moduleOf(chip).open({ path: "nextota" });
  assert.throws(() => next.write(line(1), 0), /programmed twice/);
  next.write(line(1), 16);
});

test("erasing makes just those blocks writable again; without an end it is one block", () => {
  for (let block = 0; block < 4; block++) target.write(line(block), block * 4096);
  target.eraseBlock(1, 3);
  (target.eraseBlock as (start: number) => void)(0);
  for (const block of [0, 1, 2]) target.write(line(9), block * 4096);
  assert.throws(() => target.write(line(9), 3 * 4096), /programmed twice/);
  target.eraseBlock(3, 3);
  assert.throws(() => target.write(line(9), 3 * 4096), /programmed twice/);
});

test("the running slot is read-only, whatever the mode", () => {
  const running = flash.open({ path: "running", mode: "r+" });
  const byte = new Uint8Array(1);
  running.read(byte, 0);
  assert.equal(byte[0], 0xe9);
  assert.throws(() => running.write(line(0), 0x8000), /running slot/);
  assert.throws(() => running.eraseBlock(0, 1), /running slot/);
});

test("a partition opened to read is neither written nor erased", () => {
  const readOnly = flash.open({ path: "nextota", mode: "r" });
  assert.throws(() => readOnly.write(line(0), 0), /read-only/);
  assert.throws(() => readOnly.eraseBlock(0, 1), /read-only/);
  readOnly.read(new Uint8Array(16), 0);
});

test("nothing works after close, another opening does", () => {
  const other = flash.open({ path: "nextota" });
  target.close();
  target.close();
  assert.throws(() => target.read(new Uint8Array(1), 0), /closed/);
  assert.throws(() => target.write(line(0), 0), /closed/);
  assert.throws(() => target.eraseBlock(0, 1), /closed/);
  other.write(line(0), 0);
});

test("nothing works without power", () => {
  power.cut();
  assert.throws(() => flash.open({ path: "nextota" }), PowerLost);
  assert.throws(() => target.read(new Uint8Array(1), 0), PowerLost);
  assert.throws(() => target.write(line(0), 0), PowerLost);
  assert.throws(() => target.eraseBlock(0, 1), PowerLost);
  assert.equal(chip.isBlank(TARGET.offset, TARGET.size), true);
});

test("a failed erase does not make a line writable", () => {
  target.write(new Uint8Array(16).fill(0xff), 0);
  medium.failAfter(0);
  assert.throws(() => target.eraseBlock(0, 1), /flash failed/);
  assert.throws(() => target.write(line(1), 0), /programmed twice/);
});

test("blocks whose erase failed must be erased before anything is programmed there", () => {
  medium.failAfter(0);
  assert.throws(() => target.eraseBlock(0, 1), /flash failed/);
  assert.throws(() => target.write(line(1), 4080), /programmed twice/);
  target.eraseBlock(0, 1);
  target.write(line(1), 4080);
});

test("a line whose programming failed must be erased before it is programmed again", () => {
  medium.failAfter(0);
  assert.throws(() => target.write(line(1), 0), /flash failed/);
  assert.throws(() => target.write(line(1), 0), /programmed twice/);
  target.eraseBlock(0, 1);
  target.write(line(1), 0);
});

function moduleOf(flash: NorFlash): FlashModule {
  return createFlashModule({ flash, power, partitions: SMALL_PARTITIONS, running: RUNNING, target: TARGET });
}

function line(value: number): Uint8Array {
  return new Uint8Array(16).fill(value);
}
