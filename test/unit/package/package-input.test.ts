import assert from "node:assert/strict";
import { test } from "node:test";
import type { ByteSource } from "../../../src/image/block-writer.js";
import { PackageInput } from "../../../src/package/package-input.js";

const FILE = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 7) ^ (index >> 8));
/** What the header of the file has as its sum, at 28. */
const CRC = new DataView(FILE.buffer).getUint32(28, true);

/** Gives at most so many bytes at a time. */
class Answer implements ByteSource {
  readonly #bytes: Uint8Array;
  readonly #most: number;
  #at: number;

  constructor(bytes: Uint8Array, from: number, most = 1000) {
    this.#bytes = bytes;
    this.#at = from;
    this.#most = most;
  }

  read(into: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#most, this.#bytes.byteLength - this.#at);
    into.set(this.#bytes.subarray(this.#at, this.#at + count), start);
    this.#at += count;
    return count;
  }
}

function readAll(input: PackageInput, from: number, length: number): Uint8Array {
  const into = new Uint8Array(length);
  let filled = 0;
  for (let turns = 0; filled < length && turns < 1000; turns++) {
    filled += input.read(from + filled, into, filled, length);
  }
  return into.subarray(0, filled);
}

test("bytes come from where they are needed on, whatever the server begins with", () => {
  for (const from of [0, 17, 300, 9000]) {
    for (const most of [1, 255, 5000]) {
      const input = new PackageInput(undefined);
      input.answered(new Answer(FILE, from, most), from, undefined);
      assert.deepEqual(readAll(input, 9000, 600), FILE.subarray(9000, 9600), `from ${from}, ${most} at once`);
      assert.equal(input.isOther, false);
    }
  }
});

test("what waits in the piece stays while a server sends what is before it once more", () => {
  for (const most of [1, 30, 5000]) {
    const input = new PackageInput(undefined);
    const fill = (from: number, to: number): void => {
      for (let filled = from, turns = 0; filled < to && turns < 1000; turns++) {
        filled += input.read(filled, input.piece, filled, to);
      }
    };
    input.answered(new Answer(FILE, 0, most), 0, undefined);
    fill(0, 100);
    input.answered(new Answer(FILE, 0, most), 0, undefined);
    fill(100, input.piece.byteLength);
    assert.deepEqual(input.piece, FILE.subarray(0, input.piece.byteLength), `${most} at once`);
  }
});

test("a file that is sent from its start once more has to have the header that was read", () => {
  for (const [crc, isOther] of [
    [CRC, false],
    [CRC ^ 0x100, true],
    [CRC ^ 0x80000000, true],
  ] as const) {
    for (const most of [1, 30, 5000]) {
      const input = new PackageInput(undefined);
      input.crc = crc >>> 0;
      input.answered(new Answer(FILE, 0, most), 0, undefined);
      readAll(input, 500, 10);
      assert.equal(input.isOther, isOther);
    }
  }
});

test("another tag is another file; no tag says nothing", () => {
  const answers = (known: string | undefined, ...etags: (string | undefined)[]): boolean => {
    const input = new PackageInput(known);
    for (const etag of etags) input.answered(undefined, 0, etag);
    return input.isOther;
  };
  assert.equal(answers('"a"', '"a"'), false);
  assert.equal(answers('"a"', undefined, '"a"'), false);
  assert.equal(answers(undefined, '"a"', undefined), false);
  assert.equal(answers('"a"', '"b"'), true);
  assert.equal(answers(undefined, '"a"', '"b"'), true);
  assert.equal(answers('"a"', undefined, '"b"'), true);
});

test("a few bytes are skipped, many are not", () => {
  const input = new PackageInput(undefined);
  input.answered(new Answer(FILE, 0), 0, undefined);
  assert.equal(input.seeks(8192), false);
  assert.equal(input.seeks(8193), true);
});

test("without a source nothing comes", () => {
  const input = new PackageInput(undefined);
  input.answered(undefined, 0, undefined);
  assert.equal(input.read(0, new Uint8Array(8), 0, 8), 0);
  assert.equal(input.read(100, new Uint8Array(8), 0, 8), 0);
});
