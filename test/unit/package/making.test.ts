import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodePackage } from "../../../cloud/delta/package-file.js";
import type { Device, Packages } from "../../../hal/ports/index.js";
import { BLOCK_LENGTH } from "../../../src/package/format.js";
import { isStored } from "../../../src/package/header-reader.js";
import { Making } from "../../../src/package/making.js";
import { PackageInput } from "../../../src/package/package-input.js";
import type { Base, Target } from "../../../src/update/target.js";
import type { PackageSource } from "../../../src/update/unpacker.js";
import { NODE_DIGESTS } from "../../support/digests.js";
import { changeProgram, createProgram, FEATURE, linkImage, MINOR } from "../../support/linked-image.js";
import { REPEAT, SEED, SeededRandom } from "../../support/seed.js";
import { readHeader } from "../../support/unpack.js";

const WHOLE = 1 << 20;
/** Most bytes behind the header that come with it. */
const REST_LENGTH = 256;

function packed(base: Uint8Array | undefined, result: Uint8Array): Uint8Array {
  return encodePackage({
    base: base === undefined ? undefined : { bytes: base, version: "1.0.0" },
    result: { bytes: result, version: "1.1.0" },
    chipId: 0,
  });
}

/** A file from an offset on, at most so many bytes at a time. */
function sourceOf(file: Uint8Array, from: number, most: number): PackageSource {
  let at = from;
  return {
    heldUp() {},
    read(into, start, end) {
      const piece = file.subarray(at, at + Math.min(most, end - start));
      into.set(piece, start);
      at += piece.byteLength;
      return piece.byteLength;
    },
  };
}

interface BoardOptions {
  readonly file: Uint8Array;
  /** What runs; absent: nobody can read it. */
  readonly base?: Uint8Array | undefined;
  /** Holds what is in flash; blocks that are made are put there. */
  readonly flash: Uint8Array;
  /** Everything before it is in flash. */
  readonly offset?: number;
  /** Bytes behind the header that came with it. */
  readonly rest?: number;
  /** Bytes that the server sends at once. */
  readonly most?: number;
  readonly kind?: Target["kind"];
  readonly native?: Packages;
}

/** A board that makes a package's result in its flash. */
class Board {
  readonly making: Making;
  baseReads = 0;
  readonly #flash: Uint8Array;
  readonly #block = new Uint8Array(BLOCK_LENGTH);
  #offset: number;

  constructor({ file, base, flash, offset = 0, rest = 0, most = WHOLE, kind = "slot", native }: BoardOptions) {
    const header = readHeader(file);
    const running: Base | undefined = base && {
      byteLength: base.byteLength,
      read: (into, byteOffset) => {
        this.baseReads++;
        assert.ok(byteOffset + into.byteLength <= base.byteLength, "a read outside of the base");
        into.set(base.subarray(byteOffset, byteOffset + into.byteLength));
      },
    };
    this.#flash = flash;
    this.#offset = offset;
    const read = (into: Uint8Array, byteOffset: number): void => {
      assert.ok(byteOffset + into.byteLength <= this.#offset, "a read of what is not made");
      into.set(flash.subarray(byteOffset, byteOffset + into.byteLength));
    };
    const input = new PackageInput({ etag: undefined, isSpliced: false, heedsTags: true });
    const target = { kind, partition: { read }, openBase: () => running };
    this.making = new Making({
      device: { boot: { openRunning: () => running }, digests: NODE_DIGESTS, packages: native } as unknown as Device,
      target: target as unknown as Target,
      input,
      block: this.#block,
      header,
      offset,
      rest: file.subarray(header.headerLength, header.headerLength + rest),
    });
    const { position } = this.making;
    input.answered(sourceOf(file, position, most), position, undefined);
  }

  checkBase(): void {
    while (!this.making.isReady) this.making.checkBase();
  }

  /** @returns the flash once all of the result is in it */
  run(): Uint8Array {
    const { making } = this;
    this.checkBase();
    for (let turns = 0; this.#offset < this.#flash.byteLength; ) {
      assert.ok(turns++ < WHOLE, "it does not end");
      if (!making.gather()) continue;
      const end = Math.min(BLOCK_LENGTH, this.#flash.byteLength - this.#offset);
      making.make(this.#block, end);
      making.next();
      this.#flash.set(this.#block.subarray(0, end), this.#offset);
      this.#offset += end;
    }
    return this.#flash;
  }
}

/** @returns what is in flash in the end, if what was made before is there */
function made(options: Omit<BoardOptions, "flash">, result: Uint8Array): Uint8Array {
  const { offset = 0 } = options;
  const flash = new Uint8Array(result.byteLength);
  flash.set(result.subarray(0, offset));
  const board = new Board({ ...options, flash });
  board.run();
  assert.equal(board.making.position, options.file.byteLength);
  return flash;
}

function assertMade(options: Omit<BoardOptions, "flash">, result: Uint8Array): void {
  assert.ok(Buffer.from(made(options, result)).equals(result), `from ${options.offset ?? 0}`);
}

const random = fc.uint8Array({ minLength: 1, maxLength: 300 });
/** Few values over more than a block, so that all kinds of operations come about. */
const repetitive = fc
  .array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 600 })
  .chain((unit) => fc.integer({ min: 1, max: 20 }).map((times) => Uint8Array.from(Array(times).fill(unit).flat())));
const bytes = fc.oneof(random, repetitive);

test(`any bytes are made from any base, and from none, whatever comes at once; ${REPEAT}`, () => {
  const piece = fc.integer({ min: 1, max: 700 });
  fc.assert(
    fc.property(bytes, bytes, piece, fc.nat(REST_LENGTH), (base, result, most, rest) => {
      assertMade({ file: packed(base, result), base, most, rest }, result);
      assertMade({ file: packed(undefined, result), most, rest }, result);
    }),
    { seed: SEED, numRuns: 100 },
  );
});

for (const [name, change] of [
  ["minor", MINOR],
  ["feature", FEATURE],
] as const) {
  test(`a ${name} update of a linked image is made, and goes on at each of its blocks; ${REPEAT}`, () => {
    const program = createProgram(SEED, 60_000);
    const [base, result] = [linkImage(program), linkImage(changeProgram(program, change, SEED))];
    for (const from of [base, undefined]) {
      const file = packed(from, result);
      assertMade({ file, base, most: 1436, rest: REST_LENGTH }, result);
      for (let offset = BLOCK_LENGTH; offset < result.byteLength; offset += BLOCK_LENGTH) {
        assertMade({ file, base, offset, rest: REST_LENGTH }, result);
        assertMade({ file, base, offset, kind: "staged" }, result);
      }
    }
  });
}

const BASE = new SeededRandom(1).bytes(5 * BLOCK_LENGTH + 7);
const RESULT = new Uint8Array(Buffer.concat([BASE.subarray(100), Buffer.alloc(2 * BLOCK_LENGTH, "again")]));
const DELTA = packed(BASE, RESULT);
const flash = (): Uint8Array => new Uint8Array(RESULT.byteLength);

test("nothing is made before the base is the right one, also if it goes on at a later block", () => {
  for (const offset of [0, BLOCK_LENGTH]) {
    const base = BASE.with(BASE.byteLength - 1, 1 ^ (BASE.at(-1) as number));
    const board = new Board({ file: DELTA, base, flash: flash(), offset });
    assert.equal(board.making.isReady, false);
    assert.throws(() => board.checkBase(), { code: "wrong-base" });
    assert.equal(board.making.isReady, false);
  }
});

test("a base that nobody can read is a wrong one; a compressed image needs none", () => {
  for (const kind of ["slot", "staged"] as const) {
    assert.throws(() => new Board({ file: DELTA, flash: flash(), kind }), { code: "wrong-base" });
    assertMade({ file: packed(undefined, RESULT), kind }, RESULT);
  }
});

test("a result that is whole needs neither base nor record", () => {
  const board = new Board({ file: DELTA, flash: RESULT.slice(), offset: RESULT.byteLength });
  assert.deepEqual([board.making.isReady, board.making.gather()], [true, true]);
  assert.equal(board.making.position, DELTA.byteLength);
});

test("the board's C makes blocks for the slot, and for nothing else", () => {
  let calls = 0;
  const native: Packages = {
    decodeBlock(_tables, _dictionary, baseLength, _record, _recordLength, block, blockLength, byteOffset) {
      calls++;
      assert.equal(baseLength, BASE.byteLength);
      block.set(RESULT.subarray(byteOffset, byteOffset + blockLength));
      return undefined;
    },
  };
  const { index } = readHeader(DELTA);
  const decoded = index.filter((_, block) => !isStored(index, block)).length;
  assertMade({ file: DELTA, base: BASE, native }, RESULT);
  assert.deepEqual([calls, decoded > 0], [decoded, true]);
  assertMade({ file: DELTA, base: BASE, native, kind: "staged" }, RESULT);
  assert.equal(calls, decoded);
});

test("what the board's C says of a record is how the package is malformed", () => {
  const native: Packages = { decodeBlock: () => "copy from outside of the base" };
  const board = new Board({ file: DELTA, base: BASE, flash: flash(), native });
  assert.throws(() => board.run(), { code: "package-malformed", message: /copy from outside of the base/ });
});
