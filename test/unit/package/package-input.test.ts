import assert from "node:assert/strict";
import { test } from "node:test";
import { PackageInput, type PackageInputOptions } from "../../../src/package/package-input.js";
import type { PackageSource } from "../../../src/update/unpacker.js";

const FILE = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 7) ^ (index >> 8));
/** What the header of the file has as its sum, at 28. */
const CRC = new DataView(FILE.buffer).getUint32(28, true);

function inputOf(options: Partial<PackageInputOptions>): PackageInput {
  return new PackageInput({ etag: undefined, isSpliced: false, heedsTags: true, ...options });
}

/** Gives at most so many bytes at a time. */
class Answer implements PackageSource {
  heldUpMs = 0;
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

  heldUp(ms: number): void {
    this.heldUpMs += ms;
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
      const input = inputOf({});
      input.answered(new Answer(FILE, from, most), from, undefined);
      assert.deepEqual(readAll(input, 9000, 600), FILE.subarray(9000, 9600), `from ${from}, ${most} at once`);
      assert.equal(input.isOther, false);
    }
  }
});

test("what waits in the buffer stays while a server sends what is before it once more", () => {
  for (const most of [1, 30, 5000]) {
    const input = inputOf({});
    const piece = new Uint8Array(256);
    const fill = (from: number, to: number): void => {
      for (let filled = from, turns = 0; filled < to && turns < 1000; turns++) {
        filled += input.read(filled, piece, filled, to);
      }
    };
    input.answered(new Answer(FILE, 0, most), 0, undefined);
    fill(0, 100);
    input.answered(new Answer(FILE, 0, most), 0, undefined);
    fill(100, piece.byteLength);
    assert.deepEqual(piece, FILE.subarray(0, piece.byteLength), `${most} at once`);
  }
});

test("a file that is sent from its start once more has to have the header that was read", () => {
  for (const [crc, isOther] of [
    [CRC, false],
    [CRC ^ 0x100, true],
    [CRC ^ 0x80000000, true],
  ] as const) {
    for (const most of [1, 30, 5000]) {
      const input = inputOf({});
      input.crc = crc >>> 0;
      input.answered(new Answer(FILE, 0, most), 0, undefined);
      readAll(input, 500, 10);
      assert.equal(input.isOther, isOther);
    }
  }
});

test("another tag is another file; no tag says nothing", () => {
  const answers = (known: string | undefined, ...etags: (string | undefined)[]): boolean => {
    const input = inputOf({ etag: known });
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

test("another tag says nothing of a file that shows the sum of its header, or if tags are not heeded", () => {
  for (const [crc, offset, heedsTags, isOther] of [
    [CRC, 0, true, false],
    [CRC, 28, true, false],
    [CRC, 29, true, true],
    [undefined, 0, true, true],
    [undefined, 0, false, false],
    [undefined, 100, false, false],
  ] as const) {
    const input = inputOf({ etag: '"a"', heedsTags });
    if (crc !== undefined) input.crc = crc;
    input.answered(new Answer(FILE, offset), offset, '"b"');
    assert.equal(input.isOther, isOther, `${crc} from ${offset}`);
  }
});

test("what came in several answers says so; that all is here is no answer", () => {
  const input = inputOf({});
  input.answered(new Answer(FILE, 0), 0, undefined);
  input.answered(undefined, 100, undefined);
  assert.equal(input.isSpliced, false);
  input.answered(new Answer(FILE, 100), 100, undefined);
  assert.equal(input.isSpliced, true);
  const later = inputOf({ isSpliced: true });
  assert.equal(later.isSpliced, false);
  later.answered(new Answer(FILE, 0), 0, undefined);
  assert.equal(later.isSpliced, true);
});

test("a few bytes are skipped, many are not", () => {
  const input = inputOf({});
  input.answered(new Answer(FILE, 0), 0, undefined);
  assert.equal(input.seeks(8192), false);
  assert.equal(input.seeks(8193), true);
});

test("that nobody reads for a while is said to the source", () => {
  const [input, answer] = [inputOf({}), new Answer(FILE, 0)];
  input.heldUp(5);
  input.answered(answer, 0, undefined);
  input.heldUp(7);
  assert.equal(answer.heldUpMs, 7);
});

test("without a source nothing comes", () => {
  const input = inputOf({});
  input.answered(undefined, 0, undefined);
  assert.equal(input.read(0, new Uint8Array(8), 0, 8), 0);
  assert.equal(input.read(100, new Uint8Array(8), 0, 8), 0);
});
