import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodePackage } from "../../../cloud/delta/package-file.js";
import { BlockDecoder } from "../../../src/package/block-decoder.js";
import { BLOCK_LENGTH, MAX_RECORD_LENGTH } from "../../../src/package/format.js";
import { isStored, recordLength, recordOffset } from "../../../src/package/header-reader.js";
import { changeProgram, createProgram, FEATURE, linkImage, MINOR } from "../../support/linked-image.js";
import { REPEAT, SEED, SeededRandom } from "../../support/seed.js";
import { readHeader, unpack } from "../../support/unpack.js";

const NOTHING = new Uint8Array(0);

function packed(base: Uint8Array | undefined, result: Uint8Array): Uint8Array {
  return encodePackage({
    base: base === undefined ? undefined : { bytes: base, version: "1.0.0" },
    result: { bytes: result, version: "1.1.0" },
    chipId: 0,
  });
}

function comesBack(base: Uint8Array | undefined, result: Uint8Array): void {
  const bytes = packed(base, result);
  assert.ok(Buffer.from(unpack(bytes, base ?? NOTHING)).equals(result));
}

const random = fc.uint8Array({ minLength: 1, maxLength: 300 });
/** Few values, so that all kinds of matches and runs come about. */
const repetitive = fc
  .array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 600 })
  .map(Uint8Array.from.bind(Uint8Array));
const bytes = fc.oneof(random, repetitive);

test(`any bytes come back from any base, and compressed; ${REPEAT}`, () => {
  fc.assert(
    fc.property(bytes, bytes, (base, result) => {
      comesBack(base, result);
      comesBack(undefined, result);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

/** Pieces of the base, moved, changed and with others between them, over the ends of blocks. */
const piece = fc.record({
  at: fc.nat(20_000),
  length: fc.integer({ min: 1, max: 6000 }),
  added: fc.oneof(fc.constant(0), fc.integer()),
  every: fc.integer({ min: 4, max: 97 }),
  between: fc.uint8Array({ maxLength: 20 }),
});

test(`pieces of the base that were moved and to which constants were added come back; ${REPEAT}`, () => {
  const base = new SeededRandom(SEED).bytes(20_000);
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
      const parts = pieces.flatMap(({ at, length, added, every, between }) => {
        const part = base.slice(at, at + length);
        const view = new DataView(part.buffer);
        for (let edit = every; edit + 4 <= part.byteLength; edit += every) {
          view.setInt32(edit, (view.getInt32(edit, true) + added) | 0, true);
        }
        return [part, between];
      });
      const result = Buffer.concat([...parts, Uint8Array.of(1)]);
      comesBack(base, result);
    }),
    { seed: SEED, numRuns: 60 },
  );
});

for (const [name, change, share] of [
  ["minor", MINOR, 0.15],
  ["feature", FEATURE, 0.5],
] as const) {
  test(`a ${name} update of a linked image comes back, and is smaller than ${share} of it; ${REPEAT}`, () => {
    const program = createProgram(SEED, 200_000);
    const [base, result] = [linkImage(program), linkImage(changeProgram(program, change, SEED))];
    const delta = packed(base, result);
    assert.ok(Buffer.from(unpack(delta, base)).equals(result));
    assert.ok(delta.byteLength < share * result.byteLength, `${delta.byteLength} of ${result.byteLength} bytes`);
  });
}

test(`compressed, a linked image is smaller than it is; ${REPEAT}`, () => {
  const image = linkImage(createProgram(SEED, 100_000));
  const bytes = packed(undefined, image);
  assert.ok(Buffer.from(unpack(bytes, NOTHING)).equals(image));
  assert.ok(bytes.byteLength < 0.9 * image.byteLength, `${bytes.byteLength} of ${image.byteLength} bytes`);
});

test("the same image again takes a few bytes a block", () => {
  const image = new SeededRandom(1).bytes(40_000);
  assert.ok(packed(image, image).byteLength < readHeader(packed(image, image)).headerLength + 5 * 10);
});

test(`each block is made alone, the last one first; ${REPEAT}`, () => {
  const program = createProgram(SEED, 60_000);
  const [base, result] = [linkImage(program), linkImage(changeProgram(program, FEATURE, SEED))];
  for (const from of [base, undefined]) {
    const bytes = packed(from, result);
    const header = readHeader(bytes);
    const block = new Uint8Array(BLOCK_LENGTH);
    const copy = (image: Uint8Array) => (byteOffset: number, into: Uint8Array) =>
      into.set(image.subarray(byteOffset, byteOffset + into.byteLength));
    const sources = { readBase: copy(base), readResult: copy(result) };
    for (let number = header.blocks - 1; number >= 0; number--) {
      if (isStored(header.index, number)) continue;
      const start = number * BLOCK_LENGTH;
      const end = Math.min(BLOCK_LENGTH, result.byteLength - start);
      const decoder = new BlockDecoder({ ...header, block, sources, baseLength: from?.byteLength ?? 0 });
      const offset = recordOffset(header, number);
      decoder.record.set(bytes.subarray(offset, offset + recordLength(header.index, number)));
      decoder.decode(recordLength(header.index, number), start, end);
      assert.ok(Buffer.from(block.subarray(0, end)).equals(result.subarray(start, start + end)), `block ${number}`);
    }
  }
});

test("the longest record comes back, and the one before it", () => {
  const random = new SeededRandom(3);
  // Blocks of more and more random bytes, with zeros behind them.
  const blocks = Array.from({ length: 60 }, (_, number) => {
    const block = new Uint8Array(BLOCK_LENGTH);
    block.set(random.bytes(MAX_RECORD_LENGTH - 60 + number));
    return block;
  });
  const image = Buffer.concat(blocks);
  const bytes = packed(undefined, image);
  const { index } = readHeader(bytes);
  for (const length of [MAX_RECORD_LENGTH - 1, MAX_RECORD_LENGTH])
    assert.ok(index.includes(length), `none of ${length}`);
  assert.ok(Buffer.from(unpack(bytes, NOTHING)).equals(image));
});

test("a block that cannot be made smaller is stored", () => {
  const image = new SeededRandom(2).bytes(4096 + 100);
  const { index } = readHeader(packed(undefined, image));
  assert.deepEqual([...index], [0x8000 + 4096, 0x8000 + 100]);
});

test("the result's largest lengths are told before anything is encoded", () => {
  const result = { bytes: Uint8Array.of(1), version: "1" };
  assert.throws(() => encodePackage({ result: { ...result, bytes: NOTHING }, chipId: 0 }), RangeError);
  assert.throws(() => encodePackage({ result: { ...result, version: "a b" }, chipId: 0 }), RangeError);
  assert.throws(() => encodePackage({ result: { ...result, version: "x".repeat(33) }, chipId: 0 }), RangeError);
  assert.throws(() => encodePackage({ result, seal: new Uint8Array(345), chipId: 0 }), RangeError);
});
