import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlashMedium, NorFlash } from "../../hal/boards/sim/nor-flash.js";
import type { Partition } from "../../hal/boards/sim/partition-table.js";
import { Ecma419Flash } from "../../hal/ecma419/flash.js";
import type { FlashPartition } from "../../hal/ports/index.js";
import { MemoryFlash } from "../support/memory-flash.js";
import { bytesOf, cutsOf, FailingMedium, RecordingMedium } from "../support/power-cuts.js";
import type { SeededRandom } from "../support/seed.js";
import { FlashFile, SimDevice } from "../support/sim-device.js";
import { partition, smallFlash } from "../support/small-flash.js";
import { expectKind, flashContract, type FlashFixture } from "./flash-contract.js";

/** Fails when the test asks for it, and keeps what was done. */
class TestMedium implements FlashMedium {
  readonly failing = new FailingMedium();
  readonly recording = new RecordingMedium();

  write(bytes: Uint8Array, address: number): void {
    this.failing.write();
    this.recording.write(bytes, address);
  }

  close(): void {}
}

flashContract("the target slot in memory", () => {
  const medium = new TestMedium();
  const chip = smallFlash("1", undefined, medium);
  const device = new SimDevice(chip);
  return inMemory(chip, medium, device, device.ports.boot.openTarget(), partition("ota_1"));
});

flashContract("a data partition in memory", () => {
  const medium = new TestMedium();
  const chip = smallFlash("1", undefined, medium);
  const device = new SimDevice(chip);
  const flash = new Ecma419Flash({ flash: device.modules.flash, path: "nvs", mode: "r+" });
  // The board's key-value store has put its namespace there.
  flash.eraseBlock(0, flash.byteLength / flash.blockLength);
  return inMemory(chip, medium, device, flash, partition("nvs"));
});

flashContract("the target slot in a file", () => {
  const file = new FlashFile(smallFlash("1"));
  const device = new SimDevice(file.flash);
  const { offset, size } = partition("ota_1");
  return {
    flash: device.ports.boot.openTarget(),
    durable: () => file.bytes().slice(offset, offset + size),
    around: () => without(file.bytes(), offset, size),
    stop: () => {
      device.stop();
      file.remove();
    },
  };
});

flashContract("the tests' own flash", () => {
  const flash = new MemoryFlash({ blocks: 8 });
  return { flash, durable: () => flash.content(flash.byteLength), around: () => new Uint8Array(0), stop: () => {} };
});

test("a partition that does not exist is `io`", () => {
  const device = new SimDevice(smallFlash("1"));
  expectKind("io", () => void new Ecma419Flash({ flash: device.modules.flash, path: "nothing", mode: "r" }));
  device.stop();
});

test("a partition opened to read is read, and a change is `io`", () => {
  const chip = smallFlash("1");
  const device = new SimDevice(chip);
  const running = new Ecma419Flash({ flash: device.modules.flash, path: "running", mode: "r" });
  const first = new Uint8Array(1);
  running.read(first, 0);
  assert.equal(first[0], 0xe9);
  const before = bytesOf(chip);
  expectKind("io", () => running.eraseBlock(0, 1));
  expectKind("io", () => running.write(new Uint8Array(16), 0x8000));
  assert.deepEqual(bytesOf(chip), before);
  device.stop();
});

function inMemory(
  chip: NorFlash,
  medium: TestMedium,
  device: SimDevice,
  flash: FlashPartition,
  place: Partition,
): FlashFixture {
  const { offset, size } = place;
  return {
    flash,
    durable: () => chip.slice(offset, size),
    around: () => without(bytesOf(chip), offset, size),
    failNext: () => medium.failing.failAfter(0),
    *cuts(action: () => void, random: SeededRandom) {
      const before = bytesOf(chip);
      medium.recording.operations.length = 0;
      action();
      for (const { bytes } of cutsOf(before, medium.recording.operations, random)) {
        yield bytes.slice(offset, offset + size);
      }
    },
    stop: () => device.stop(),
  };
}

function without(bytes: Uint8Array, offset: number, size: number): Uint8Array {
  return new Uint8Array(Buffer.concat([bytes.subarray(0, offset), bytes.subarray(offset + size)]));
}
