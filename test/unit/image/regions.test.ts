import assert from "node:assert/strict";
import { test } from "node:test";
import { eraseRegion, regionEnd } from "../../../src/image/regions.js";
import { MemoryFlash, REGION_LENGTH } from "../../support/memory-flash.js";

test("a region ends on the next 64 KiB boundary, or with the partition", () => {
  const flash = new MemoryFlash({ blocks: 40 });
  for (const offset of [0, 4096, REGION_LENGTH - 4096]) assert.equal(regionEnd(flash, offset), REGION_LENGTH);
  assert.equal(regionEnd(flash, REGION_LENGTH), 2 * REGION_LENGTH);
  assert.equal(regionEnd(flash, 2 * REGION_LENGTH), 40 * 4096);
  assert.equal(regionEnd(new MemoryFlash({ blocks: 5 }), 0), 5 * 4096);
});

test("from the middle of a region the rest of it is erased", () => {
  const flash = new MemoryFlash({ blocks: 40 });
  eraseRegion(flash, REGION_LENGTH + 3 * 4096);
  assert.deepEqual(flash.operations, ["erase 19-32"]);
});

test("erasing a region touches it and nothing else, in one operation", () => {
  const flash = new MemoryFlash({ blocks: 48 });
  flash.preset(new Uint8Array(flash.byteLength));
  eraseRegion(flash, REGION_LENGTH);
  assert.deepEqual(flash.operations, ["erase 16-32"]);
  assert.ok(flash.isErased(REGION_LENGTH, 2 * REGION_LENGTH));
  const content = flash.content(flash.byteLength);
  assert.ok(content.subarray(0, REGION_LENGTH).every((byte) => byte === 0));
  assert.ok(content.subarray(2 * REGION_LENGTH).every((byte) => byte === 0));
});

test("the last region ends with the partition", () => {
  const flash = new MemoryFlash({ blocks: 37 });
  eraseRegion(flash, 2 * REGION_LENGTH);
  assert.deepEqual(flash.operations, ["erase 32-37"]);
});

test("blocks of another length are counted in their own unit", () => {
  const flash = new MemoryFlash({ blocks: 64, blockLength: 2048 });
  eraseRegion(flash, REGION_LENGTH);
  assert.deepEqual(flash.operations, ["erase 32-64"]);
});
