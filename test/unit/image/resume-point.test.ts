import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlockWriter } from "../../../src/image/block-writer.js";
import { eraseBlockAt, eraseRegion } from "../../../src/image/regions.js";
import { findResumePoint, ResumeSearch } from "../../../src/image/resume-point.js";
import { sourceOf } from "../../support/byte-source.js";
import { assertSameBytes } from "../../support/same-bytes.js";
import { MemoryFlash, PowerCut, REGION_LENGTH } from "../../support/memory-flash.js";
import { SeededRandom } from "../../support/seed.js";

const BLOCK = 4096;
/** One whole region and one that the partition's end cuts short. */
const BLOCKS = 24;
const NOISE = new SeededRandom(11).bytes(BLOCKS * BLOCK);

/** An image with nothing but 0xFF in these blocks. */
function imageOf(size: number, blankBlocks: readonly number[] = []): Uint8Array {
  const image = NOISE.slice(0, size);
  for (const block of blankBlocks) image.fill(0xff, block * BLOCK, (block + 1) * BLOCK);
  return image;
}

/** Flash as a download leaves it that stored `blocks` blocks of the region, over what an older image left. */
function interrupted(image: Uint8Array, regionOffset: number, blocks: number): MemoryFlash {
  const flash = new MemoryFlash({ blocks: BLOCKS });
  flash.preset(new Uint8Array(flash.byteLength).fill(0x33));
  for (let at = 0; at <= regionOffset; at += REGION_LENGTH) eraseRegion(flash, at);
  program(flash, image, 0, regionOffset + blocks * BLOCK);
  return flash;
}

/**
 * Programs the blocks of the image from one offset to another; after a resume the second block programmed is erased
 * first.
 */
function program(flash: MemoryFlash, image: Uint8Array, from: number, to: number, resumed = false): void {
  let suspect = resumed;
  const writer = new BlockWriter({
    partition: flash,
    block: new Uint8Array(BLOCK),
    size: image.byteLength,
    offset: from,
  });
  while (writer.offset < to && !writer.complete) {
    writer.fill(sourceOf(image, writer.offset));
    if (suspect && writer.offset !== from && !writer.blank) {
      eraseBlockAt(flash, writer.offset);
      suspect = false;
    }
    writer.program();
  }
}

/** The part of the checkpoint from which a resume begins. It is durable, as the key-value store is. */
interface Place {
  regionOffset: number;
  erasing: boolean;
}

/** A boot that takes the download up again: the intention is stored before the erase, the erased place after it. */
function resume(flash: MemoryFlash, image: Uint8Array, place: Place): number {
  if (!place.erasing) {
    place.regionOffset = findResumePoint(flash, place.regionOffset, image.byteLength, new Uint8Array(BLOCK));
    place.erasing = true;
  }
  eraseBlockAt(flash, place.regionOffset);
  place.erasing = false;
  return place.regionOffset;
}

function placeAt(regionOffset: number): Place {
  return { regionOffset, erasing: false };
}

/**
 * Checks the result that matters: from the resume point on, the rest of the region can be programmed, and the image is
 * whole then.
 */
function assertContinues(flash: MemoryFlash, image: Uint8Array, regionOffset: number, offset: number): void {
  assert.equal(offset % BLOCK, 0);
  assert.ok(offset >= regionOffset);
  const end = Math.min(regionOffset + REGION_LENGTH, image.byteLength);
  program(flash, image, offset, end, true);
  assertSameBytes(flash.content(end), image.subarray(0, end));
}

const cases = [0, REGION_LENGTH].flatMap((regionOffset) =>
  Array.from({ length: regionOffset === 0 ? 17 : 9 }, (_, blocks) => ({ regionOffset, blocks })),
);

test("after any number of whole blocks one block at most is fetched again, and the image comes out right", () => {
  for (const { regionOffset, blocks } of cases) {
    const image = imageOf(BLOCKS * BLOCK);
    const flash = interrupted(image, regionOffset, blocks);
    const offset = resume(flash, image, placeAt(regionOffset));
    assert.equal(offset, regionOffset + Math.max(0, blocks - 1) * BLOCK);
    assertContinues(flash, image, regionOffset, offset);
  }
});

test("the same holds for an image that ends inside the region, with a block that is not full", () => {
  for (const size of [1, 100, BLOCK, BLOCK + 1, 5 * BLOCK - 1, 16 * BLOCK, 17 * BLOCK + 5, 20 * BLOCK + 4000]) {
    const image = imageOf(size);
    const regionOffset = size > REGION_LENGTH ? REGION_LENGTH : 0;
    const whole = Math.ceil((size - regionOffset) / BLOCK);
    for (let blocks = 0; blocks <= whole; blocks++) {
      const flash = interrupted(image, regionOffset, blocks);
      const offset = resume(flash, image, placeAt(regionOffset));
      assert.ok(
        offset >= regionOffset + (blocks - 1) * BLOCK && offset < size,
        `${size} bytes, ${blocks} blocks: ${offset}`,
      );
      assertContinues(flash, image, regionOffset, offset);
    }
  }
});

/** What a cut may leave of a block: anything. */
const TEARS: { readonly [name: string]: (torn: Uint8Array) => void } = {
  "as it was": () => {},
  blank: (torn) => void torn.fill(0xff),
  zeros: (torn) => void torn.fill(0),
  "its first half": (torn) => void torn.fill(0xff, torn.byteLength / 2),
  "its second half": (torn) => void torn.fill(0xff, 0, torn.byteLength / 2),
  "one bit": (torn) => void torn.fill(0xff).fill(0xfe, torn.byteLength - 1),
  "blank, then noise": (torn) => torn.fill(0xff).set(NOISE.subarray(0, BLOCK), torn.byteLength - BLOCK),
};

test("a block whose programming was cut is programmed anew, whatever the cut left in it", () => {
  for (const { regionOffset, blocks } of cases) {
    const image = imageOf(BLOCKS * BLOCK);
    if (regionOffset + blocks * BLOCK >= Math.min(regionOffset + REGION_LENGTH, image.byteLength)) continue;
    for (const [name, tear] of Object.entries(TEARS)) {
      const flash = interrupted(image, regionOffset, blocks);
      const at = regionOffset + blocks * BLOCK;
      flash.tear = (torn) => {
        torn.set(image.subarray(at, at + BLOCK));
        tear(torn);
      };
      assert.throws(() => program(flash, image, at, at + BLOCK), PowerCut);
      const offset = resume(flash, image, placeAt(regionOffset));
      assert.ok(offset >= at - BLOCK, `${name} at ${at}: ${offset}`);
      assertContinues(flash, image, regionOffset, offset);
    }
  }
});

test("an image with blank blocks goes on rightly after any number of blocks", () => {
  const patterns = [
    [15],
    [1],
    [0],
    [0, 1],
    [3, 4, 5],
    [13, 14, 15],
    [1, 3, 5, 7],
    [...Array(16).keys()],
    [16, 17],
    [22, 23],
  ];
  for (const pattern of patterns) {
    for (const { regionOffset, blocks } of cases) {
      const image = imageOf(BLOCKS * BLOCK, pattern);
      const flash = interrupted(image, regionOffset, blocks);
      const offset = resume(flash, image, placeAt(regionOffset));
      try {
        assertContinues(flash, image, regionOffset, offset);
      } catch (error) {
        assert.fail(`blank ${pattern.join()}, ${blocks} blocks from ${regionOffset}: ${(error as Error).message}`);
      }
    }
  }
});

/** Each way in which the first resume can be cut in one of its changes. */
function* cutResumes(image: Uint8Array): Generator<{ what: string; stored: number; place: Place; flash: MemoryFlash }> {
  for (const { regionOffset, blocks } of cases) {
    for (const [name, tear] of Object.entries(TEARS)) {
      for (let change = 0; ; change++) {
        const flash = interrupted(image, regionOffset, blocks);
        const place = placeAt(regionOffset);
        flash.tear = tear;
        flash.tearAfter = change;
        try {
          resume(flash, image, place);
          break;
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
          const what = `${blocks} blocks from ${regionOffset}, change ${change} left: ${name}`;
          yield { what, stored: regionOffset + blocks * BLOCK, place, flash };
        }
      }
    }
  }
}

test("a cut inside the resume's own erase costs nothing more, and a second resume goes on rightly", () => {
  const image = imageOf(BLOCKS * BLOCK);
  for (const { what, stored, place, flash } of cutResumes(image)) {
    const region = Math.floor(place.regionOffset / REGION_LENGTH) * REGION_LENGTH;
    const offset = resume(flash, image, place);
    try {
      assert.ok(offset >= stored - BLOCK, `resumes at ${offset}`);
      assertContinues(flash, image, region, offset);
    } catch (error) {
      assert.fail(`${what}: ${(error as Error).message}`);
    }
  }
});

test("any series of cuts, in programming and in erasing, of any image, ends with the image whole", () => {
  const tears = Object.values(TEARS);
  const life = fc.record({ blocks: fc.nat(6), tear: fc.nat(tears.length - 1), inErase: fc.option(fc.nat(1)) });
  fc.assert(
    fc.property(
      fc.subarray([...Array(BLOCKS).keys()]),
      fc.array(life, { maxLength: 5 }),
      fc.boolean(),
      (blank, lives, dense) => {
        const image = imageOf(BLOCKS * BLOCK - 77, dense ? [] : blank);
        const flash = interrupted(image, 0, 0);
        const place = placeAt(0);
        for (const { blocks, tear, inErase } of lives) {
          try {
            flash.tear = inErase === null ? undefined : tears[tear];
            flash.tearAfter = inErase ?? 0;
            const offset = resume(flash, image, place);
            flash.tear = undefined;
            flash.tearAfter = 0;
            // The cut comes inside whatever change is the last of these: a block programmed, or a suspect erased.
            flash.tear = (torn) => {
              if (flash.operations.at(-1)?.startsWith("write")) {
                torn.set(image.subarray(torn.byteOffset, torn.byteOffset + BLOCK));
              }
              tears[tear]?.(torn);
            };
            flash.tearAfter = blocks;
            program(flash, image, offset, REGION_LENGTH, true);
          } catch (error) {
            if (!(error instanceof PowerCut)) throw error;
          }
          flash.tear = undefined;
        }
        assertContinues(flash, image, 0, resume(flash, image, place));
      },
    ),
    { numRuns: 300 },
  );
});

test("nothing behind the image is read", () => {
  const flash = interrupted(imageOf(5 * BLOCK), 0, 0);
  flash.reads = 0;
  assert.equal(findResumePoint(flash, 0, 5 * BLOCK - 7, new Uint8Array(BLOCK)), 0);
  assert.equal(flash.reads, 5);
});

test("a region that begins behind the image is the resume point, and nothing is read", () => {
  for (const size of [BLOCK, REGION_LENGTH]) {
    const flash = new MemoryFlash({ blocks: 40 });
    const search = new ResumeSearch({ partition: flash, regionOffset: REGION_LENGTH, size });
    assert.equal(search.found, REGION_LENGTH);
    search.step(new Uint8Array(BLOCK));
    assert.deepEqual([search.found, flash.reads], [REGION_LENGTH, 0]);
  }
});
