import assert from "node:assert/strict";
import { test } from "node:test";
import { HalError } from "../../../hal/ports/index.js";
import { BlockWriter } from "../../../src/image/block-writer.js";
import { sourceOf } from "../../support/byte-source.js";
import { MemoryFlash } from "../../support/memory-flash.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

const BLOCK = 4096;

function writerOf(size: number, offset = 0): { flash: MemoryFlash; writer: BlockWriter; block: Uint8Array } {
  const flash = new MemoryFlash({ blocks: 8 });
  const block = new Uint8Array(BLOCK);
  return { flash, block, writer: new BlockWriter({ partition: flash, block, size, offset }) };
}

/** Writes the image in pieces of these lengths; whole blocks are programmed as they come. */
function feed(writer: BlockWriter, image: Uint8Array, from: number, lengths: () => number): void {
  const source = sourceOf(image, from, lengths);
  while (!writer.complete) {
    if (writer.fill(source)) writer.program();
  }
}

test("an image of any length arrives as it is, whatever pieces it comes in", () => {
  const random = new SeededRandom();
  for (const size of [1, 15, 16, 4095, 4096, 4097, 8192, 20_000, 8 * BLOCK]) {
    const { flash, writer } = writerOf(size);
    const image = random.bytes(size);
    // An image of 0xFF alone would not be programmed.
    image[0] = 0;
    feed(writer, image, 0, () => random.integer(1, 3000));
    assert.deepEqual(flash.content(size), image, `${size} bytes, ${REPEAT}`);
    assert.equal(flash.operations.length, Math.ceil(size / BLOCK));
  }
});

test("the last block is filled up with 0xFF, not with what the buffer held before", () => {
  const { flash, writer, block } = writerOf(BLOCK + 10);
  block.fill(0x55);
  feed(writer, new Uint8Array(BLOCK + 10), 0, () => BLOCK);
  assert.deepEqual(flash.content(2 * BLOCK).subarray(BLOCK + 10), new Uint8Array(BLOCK - 10).fill(0xff));
});

test("blocks are programmed whole, once, in order, from the offset it begins at", () => {
  const { flash, writer } = writerOf(3 * BLOCK + 1, BLOCK);
  assert.equal(writer.offset, BLOCK);
  feed(writer, new Uint8Array(3 * BLOCK + 1), BLOCK, () => 1000);
  assert.deepEqual(flash.operations, [`write ${BLOCK}`, `write ${2 * BLOCK}`, `write ${3 * BLOCK}`]);
});

test("it may begin at a last block that the image only half fills", () => {
  const { flash, writer } = writerOf(BLOCK + 10, BLOCK);
  const image = new Uint8Array(BLOCK + 10).fill(7);
  feed(writer, image, BLOCK, () => BLOCK);
  assert.deepEqual(flash.operations, [`write ${BLOCK}`]);
  assert.deepEqual(flash.content(2 * BLOCK).subarray(BLOCK), new Uint8Array(BLOCK).fill(0xff).fill(7, 0, 10));
});

test("it is full with the last byte of a block or of the image, and takes no byte beyond", () => {
  const { flash, writer, block } = writerOf(BLOCK + 3);
  const image = new Uint8Array(3 * BLOCK).map((_, index) => index % 251);
  assert.equal(writer.fill(sourceOf(image, 0, () => BLOCK - 1)), false);
  assert.equal(writer.fill(sourceOf(image, BLOCK - 1)), true);
  assert.deepEqual(block, image.subarray(0, BLOCK));
  assert.equal(writer.fill(sourceOf(image)), true, "full, it asks for no more");
  assert.equal(writer.content.byteLength, BLOCK);
  writer.program();
  assert.equal(writer.complete, false);
  assert.equal(writer.fill(sourceOf(new Uint8Array(0))), false);
  assert.equal(writer.fill(sourceOf(image, BLOCK)), true);
  assert.equal(writer.content.byteLength, 3, "never beyond the end of the image");
  writer.program();
  assert.equal(writer.complete, true);
  assert.deepEqual(flash.content(BLOCK + 3), image.subarray(0, BLOCK + 3));
});

test("a blank block is left erased, and counts as programmed", () => {
  const { flash, writer } = writerOf(3 * BLOCK);
  const image = new Uint8Array(3 * BLOCK).fill(0x11);
  image.fill(0xff, BLOCK, 2 * BLOCK);
  feed(writer, image, 0, () => 1000);
  assert.deepEqual(flash.operations, ["write 0", `write ${2 * BLOCK}`]);
  assert.deepEqual(flash.content(3 * BLOCK), image);
});

test("a block that cannot be programmed is not skipped", () => {
  const { flash, writer } = writerOf(2 * BLOCK);
  flash.onChange = () => {
    throw new HalError("io", "worn out");
  };
  writer.fill(sourceOf(new Uint8Array(BLOCK)));
  assert.throws(
    () => writer.program(),
    (error) => error instanceof HalError && error.kind === "io",
  );
  assert.equal(writer.offset, 0);
  assert.equal(writer.content.byteLength, BLOCK);
});
