import assert from "node:assert/strict";
import fc from "fast-check";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { FlashPartition, HalErrorKind } from "../../hal/ports/index.js";
import { HalError } from "../../hal/ports/index.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { REPEAT, SeededRandom } from "../support/seed.js";

export interface FlashFixture {
  /** Erased, at least four blocks. */
  readonly flash: FlashPartition;
  /** What the partition would hold if the power went now. */
  durable(): Uint8Array;
  /** What lies around the partition. */
  around(): Uint8Array;
  /** The next change fails. Absent if this medium cannot. */
  failNext?(): void;
  /** What the partition may hold after a power cut inside `action`. Absent if this medium cannot be cut. */
  cuts?(action: () => void, random: SeededRandom): Iterable<Uint8Array>;
  stop(): void;
}

/** hal/ports/flash.ts, sentence by sentence. */
export function flashContract(name: string, start: () => FlashFixture): void {
  const can = capabilitiesOf(start);
  describe(`flash: ${name}`, () => {
    let fixture: FlashFixture;
    let flash: FlashPartition;
    beforeEach(() => {
      fixture = start();
      flash = fixture.flash;
    });
    afterEach(() => fixture.stop());

    test("its length is a multiple of its block", () => {
      assert.ok(flash.blockLength > 0 && flash.blockLength % 16 === 0);
      assert.equal(flash.byteLength % flash.blockLength, 0);
      assert.ok(flash.byteLength >= 4 * flash.blockLength);
    });

    test("programs bytes at the offset that it is given and leaves all others, also those around the partition", () => {
      const around = fixture.around();
      const end = flash.byteLength - 16;
      flash.write(pattern(32, 1), 16);
      flash.write(pattern(16, 2), end);
      const expected = new Uint8Array(flash.byteLength).fill(0xff);
      expected.set(pattern(32, 1), 16);
      expected.set(pattern(16, 2), end);
      assertSameBytes(contentOf(flash), expected);
      assertSameBytes(fixture.around(), around);
    });

    test("fills exactly the view it is handed, at any offset and of any length", () => {
      flash.write(pattern(64, 3), 0);
      const buffer = new Uint8Array(20).fill(0xaa);
      flash.read(buffer.subarray(5, 12), 13);
      assert.deepEqual(buffer.subarray(5, 12), pattern(64, 3).subarray(13, 20));
      assert.deepEqual([...buffer.subarray(0, 5), ...buffer.subarray(12)], Array(13).fill(0xaa));
      flash.read(new Uint8Array(0), flash.byteLength);
    });

    test("programs the bytes of a view and none of what surrounds it; the view may be reused", () => {
      const buffer = pattern(64, 4);
      flash.write(buffer.subarray(16, 32), 0);
      const expected = pattern(64, 4).subarray(16, 32);
      buffer.fill(0);
      assert.deepEqual(read(flash, 0, 16), expected);
      assert.deepEqual(read(flash, 16, 16), new Uint8Array(16).fill(0xff));
    });

    test("erases blocks up to and without the end, and leaves their neighbours", () => {
      const { blockLength } = flash;
      for (let block = 0; block < 4; block++) flash.write(pattern(blockLength, block), block * blockLength);
      flash.eraseBlock(1, 3);
      const content = contentOf(flash);
      assertSameBytes(content.subarray(0, blockLength), pattern(blockLength, 0));
      assert.ok(content.subarray(blockLength, 3 * blockLength).every((byte) => byte === 0xff));
      assertSameBytes(content.subarray(3 * blockLength, 4 * blockLength), pattern(blockLength, 3));
      flash.write(pattern(blockLength, 9), blockLength);
      assertSameBytes(read(flash, blockLength, blockLength), pattern(blockLength, 9));
    });

    test("erases all of it in one call", () => {
      flash.write(pattern(16, 1), 0);
      flash.write(pattern(16, 1), flash.byteLength - 16);
      flash.eraseBlock(0, flash.byteLength / flash.blockLength);
      assert.ok(contentOf(flash).every((byte) => byte === 0xff));
    });

    test("refuses what is not aligned, and changes nothing", () => {
      const before = fixture.durable();
      for (const [offset, length] of [
        [8, 16],
        [0, 8],
        [1, 16],
        [0, 17],
        [15, 1],
        [16, 4095],
      ] as const) {
        expectKind("not-aligned", () => flash.write(new Uint8Array(length), offset));
      }
      assertSameBytes(fixture.durable(), before);
    });

    test("refuses what is out of bounds, and changes nothing", () => {
      const before = fixture.durable();
      const blocks = flash.byteLength / flash.blockLength;
      const { byteLength } = flash;
      const places = [
        [-16, 16],
        [byteLength, 16],
        [byteLength - 16, 32],
        [-1, 1],
        [byteLength + 16, 0],
      ] as const;
      for (const [offset, length] of places) {
        expectKind("out-of-bounds", () => flash.read(new Uint8Array(length), offset));
        if (length % 16 === 0) expectKind("out-of-bounds", () => flash.write(new Uint8Array(length), offset));
      }
      for (const [from, to] of [
        [-1, 1],
        [blocks, blocks + 1],
        [0, blocks + 1],
        [2, 1],
        [blocks + 1, blocks + 2],
      ] as const) {
        expectKind("out-of-bounds", () => flash.eraseBlock(from, to));
      }
      assertSameBytes(fixture.durable(), before);
    });

    test("refuses offsets and blocks that are no whole numbers", () => {
      const before = fixture.durable();
      for (const offset of [NaN, 0.5, Infinity, -Infinity]) {
        assert.throws(() => flash.read(new Uint8Array(16), offset), HalError, `read at ${offset}`);
        assert.throws(() => flash.write(new Uint8Array(16), offset), HalError, `write at ${offset}`);
        assert.throws(() => flash.eraseBlock(offset, 1), HalError, `erase from ${offset}`);
        assert.throws(() => flash.eraseBlock(0, offset), HalError, `erase to ${offset}`);
      }
      assertSameBytes(fixture.durable(), before);
    });

    test("a call that returned is durable", () => {
      flash.write(pattern(4096, 5), 4096);
      assertSameBytes(fixture.durable(), contentOf(flash));
      flash.write(pattern(16, 5), 0);
      assertSameBytes(fixture.durable(), contentOf(flash));
      flash.eraseBlock(1, 2);
      assertSameBytes(fixture.durable(), contentOf(flash));
    });

    test("does what a model does, in any order of calls", () => {
      const blocks = 4;
      const lines = (blocks * flash.blockLength) / 16;
      const call = fc.oneof(
        fc.record({
          kind: fc.constant("write" as const),
          line: fc.nat(lines - 1),
          count: fc.integer({ min: 1, max: 40 }),
          seed: fc.nat(255),
        }),
        fc.record({
          kind: fc.constant("erase" as const),
          start: fc.nat(blocks - 1),
          count: fc.integer({ min: 1, max: blocks }),
        }),
      );
      fc.assert(
        fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
          flash.eraseBlock(0, blocks);
          const model = new Uint8Array(blocks * flash.blockLength).fill(0xff);
          const used = new Uint8Array(lines);
          for (const step of calls) {
            if (step.kind === "erase") {
              const end = Math.min(blocks, step.start + step.count);
              flash.eraseBlock(step.start, end);
              model.fill(0xff, step.start * flash.blockLength, end * flash.blockLength);
              used.fill(0, (step.start * flash.blockLength) / 16, (end * flash.blockLength) / 16);
            } else {
              const end = Math.min(lines, step.line + step.count);
              if (used.subarray(step.line, end).some((line) => line !== 0)) continue;
              const bytes = pattern((end - step.line) * 16, step.seed);
              flash.write(bytes, step.line * 16);
              model.set(bytes, step.line * 16);
              used.fill(1, step.line, end);
            }
          }
          assertSameBytes(read(flash, 0, model.byteLength), model);
        }),
        { numRuns: 40 },
      );
    });

    if (can.failNext !== undefined) {
      test("a medium that fails is `io`", () => {
        const failNext = fixture.failNext as () => void;
        failNext();
        expectKind("io", () => flash.write(pattern(16, 1), 0));
        failNext();
        expectKind("io", () => flash.eraseBlock(0, 1));
        flash.eraseBlock(0, 1);
        flash.write(pattern(16, 1), 0);
        assert.deepEqual(read(flash, 0, 16), pattern(16, 1));
      });
    }

    if (can.cuts !== undefined) {
      test("a cut inside a write or an erase leaves all other bytes as they were", () => {
        const cuts = fixture.cuts as NonNullable<FlashFixture["cuts"]>;
        const random = new SeededRandom();
        const { blockLength } = flash;
        for (let block = 0; block < 4; block++) flash.write(pattern(blockLength - 256, block), block * blockLength);
        const before = fixture.durable();
        for (const [action, from, to] of [
          [() => flash.write(pattern(128, 9), 2 * blockLength - 256), 2 * blockLength - 256, 2 * blockLength - 128],
          [() => flash.eraseBlock(1, 3), blockLength, 3 * blockLength],
        ] as const) {
          const kept = fixture.durable();
          let count = 0;
          for (const content of cuts(action, random)) {
            assertSameBytes(content.subarray(0, from), kept.subarray(0, from));
            assertSameBytes(content.subarray(to), kept.subarray(to));
            count++;
          }
          assert.ok(count >= 3, REPEAT);
        }
        assert.notDeepEqual(fixture.durable(), before);
      });
    }
  });
}

/** What a fixture can do besides; tests that need more are not registered. */
export function capabilitiesOf<Fixture extends { stop(): void }>(start: () => Fixture): Fixture {
  const fixture = start();
  fixture.stop();
  return fixture;
}

export function expectKind(kind: HalErrorKind, action: () => void): void {
  assert.throws(action, (error: unknown) => {
    assert.ok(error instanceof HalError, `${String(error)} is no HalError`);
    assert.equal(error.kind, kind, error.message);
    return true;
  });
}

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed * 31) & 0xff);
}

function read(flash: FlashPartition, byteOffset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  flash.read(bytes, byteOffset);
  return bytes;
}

function contentOf(flash: FlashPartition): Uint8Array {
  return read(flash, 0, flash.byteLength);
}
