import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FileMedium, NorFlash, SECTOR_LENGTH } from "../../../hal/boards/sim/nor-flash.js";
import { FailingMedium, RecordingMedium } from "../../support/power-cuts.js";
import { assertSameBytes } from "../../support/same-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "nor-flash-"));
after(() => rmSync(folder, { recursive: true }));

test("a blank chip reads as 0xFF everywhere", () => {
  const flash = NorFlash.blank(2 * SECTOR_LENGTH);
  assert.ok(flash.slice(0, flash.byteLength).every((byte) => byte === 0xff));
  assert.equal(flash.isBlank(0, flash.byteLength), true);
});

test("a chip is whole sectors and at least one", () => {
  for (const length of [0, 1, SECTOR_LENGTH - 1, SECTOR_LENGTH + 1]) {
    assert.throws(() => NorFlash.blank(length), /whole sectors/);
  }
});

test("programming clears bits and keeps the rest", () => {
  const flash = NorFlash.blank(SECTOR_LENGTH);
  flash.program(Uint8Array.of(0xf0, 0x0f), 100);
  flash.program(Uint8Array.of(0x30), 100);
  assert.deepEqual([...flash.slice(99, 4)], [0xff, 0x30, 0x0f, 0xff]);
  assert.equal(flash.isBlank(0, 100), true);
  assert.equal(flash.isBlank(0, 101), false);
});

test("programming that would set a bit changes nothing, not even the bytes before it", () => {
  const medium = new RecordingMedium();
  const flash = NorFlash.blank(SECTOR_LENGTH, medium);
  flash.program(Uint8Array.of(0xff, 0xfe), 0);
  assert.throws(() => flash.program(Uint8Array.of(0x00, 0xff), 0), /not erased/);
  assert.deepEqual([...flash.slice(0, 2)], [0xff, 0xfe]);
  assert.equal(medium.operations.length, 1);
});

test("erasing is by whole sectors", () => {
  const flash = NorFlash.blank(3 * SECTOR_LENGTH);
  flash.program(new Uint8Array(3 * SECTOR_LENGTH), 0);
  const half = SECTOR_LENGTH / 2;
  for (const [address, length] of [
    [1, SECTOR_LENGTH],
    [0, 1],
    [half, SECTOR_LENGTH],
    [0, SECTOR_LENGTH + 16],
  ] as const) {
    assert.throws(() => flash.erase(address, length), /part of a sector/);
  }
  flash.erase(SECTOR_LENGTH, SECTOR_LENGTH);
  assert.equal(flash.isBlank(SECTOR_LENGTH, SECTOR_LENGTH), true);
  assert.equal(flash.slice(SECTOR_LENGTH - 1, 1)[0], 0);
  assert.equal(flash.slice(2 * SECTOR_LENGTH, 1)[0], 0);
});

test("nothing reaches outside the chip", () => {
  const flash = NorFlash.blank(SECTOR_LENGTH);
  for (const [address, length] of [
    [-1, 1],
    [SECTOR_LENGTH, 1],
    [SECTOR_LENGTH - 1, 2],
    [0, SECTOR_LENGTH + 1],
  ] as const) {
    assert.throws(() => flash.read(new Uint8Array(length), address), /outside/);
    assert.throws(() => flash.slice(address, length), /outside/);
    assert.throws(() => flash.program(new Uint8Array(length), address), /outside/);
    assert.throws(() => flash.isBlank(address, length), /outside/);
  }
  assert.throws(() => flash.slice(0, -1), /outside/);
  assert.throws(() => flash.erase(0, 2 * SECTOR_LENGTH), /outside/);
  assert.equal(flash.isBlank(0, SECTOR_LENGTH), true);
});

test("what was read is the reader's own", () => {
  const flash = NorFlash.blank(SECTOR_LENGTH);
  flash.slice(0, 16).fill(0);
  const bytes = new Uint8Array(16);
  flash.read(bytes, 0);
  bytes.fill(0);
  assert.equal(flash.isBlank(0, SECTOR_LENGTH), true);
});

test("a change that the medium does not take is not made", () => {
  const medium = new FailingMedium();
  const flash = NorFlash.blank(SECTOR_LENGTH, medium);
  flash.program(new Uint8Array(16), 0);
  medium.failAfter(0);
  assert.throws(() => flash.program(new Uint8Array(16), 16), /flash failed/);
  medium.failAfter(0);
  assert.throws(() => flash.erase(0, SECTOR_LENGTH), /flash failed/);
  assert.equal(flash.slice(0, 1)[0], 0);
  assert.equal(flash.isBlank(16, SECTOR_LENGTH - 16), true);
});

test("a file holds every change before the call returns", () => {
  const path = join(folder, "whole.bin");
  writeFileSync(path, new Uint8Array(2 * SECTOR_LENGTH).fill(0xff));
  const flash = FileMedium.open(path, "r+");
  flash.program(Uint8Array.of(1, 2, 3), 4095);
  assertSameBytes(readFileSync(path), flash.slice(0, flash.byteLength));
  flash.erase(SECTOR_LENGTH, SECTOR_LENGTH);
  assertSameBytes(readFileSync(path), flash.slice(0, flash.byteLength));
  assert.equal(readFileSync(path)[4095], 1);
  flash.close();
  const again = FileMedium.open(path, "r");
  assert.equal(again.slice(4095, 1)[0], 1);
  assert.throws(() => again.program(Uint8Array.of(0), 0), { code: "EBADF" });
  again.close();
});

test("a file that is no flash is refused and left closed", { skip: process.platform !== "linux" }, () => {
  const path = join(folder, "empty.bin");
  writeFileSync(path, "");
  const open = readdirSync("/proc/self/fd").length;
  for (let count = 0; count < 5; count++) assert.throws(() => FileMedium.open(path, "r+"), /whole sectors/);
  assert.equal(readdirSync("/proc/self/fd").length, open, "descriptors left open");
});
