import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodePackage } from "../../../cloud/delta/package-file.js";
import { OtaError } from "../../../src/errors.js";
import { crc32 } from "../../../src/lib/crc32.js";
import { buildCodeTables } from "../../../src/package/code-tables.js";
import { CODE_LENGTHS_LENGTH, CRC_OFFSET, FIXED_LENGTH } from "../../../src/package/format.js";
import { fixedSum, isPackage } from "../../../src/package/header.js";
import { HeaderReader, recordLength, recordOffset } from "../../../src/package/header-reader.js";
import { REPEAT, SEED, SeededRandom } from "../../support/seed.js";
import { readHeader, unpack } from "../../support/unpack.js";

const base = new SeededRandom(1).bytes(9000);
const result = Buffer.concat([base.subarray(100, 7000), Buffer.from("new"), base.subarray(0, 3000)]);
const seal = new SeededRandom(2).bytes(200);
const delta = encodePackage({
  base: { bytes: base, version: "1.0.0" },
  result: { bytes: result, version: "1.1.0" },
  chipId: 5,
  seal,
});
const compressed = encodePackage({ result: { bytes: result, version: "1.1.0" }, chipId: 5 });

const isMalformed = (error: unknown): boolean => error instanceof OtaError && error.code === "package-malformed";

/** @returns the package with bytes changed, and the sum of its header made right again */
function changed(bytes: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  change(view, copy);
  const rest = copy.subarray(FIXED_LENGTH, Math.max(FIXED_LENGTH, Math.min(view.getUint32(8, true), copy.byteLength)));
  view.setUint32(CRC_OFFSET, crc32(rest, rest.byteLength, fixedSum(copy)), true);
  return copy;
}

test("a header says what the package was made from", () => {
  const header = readHeader(delta);
  assert.equal(header.base?.version, "1.0.0");
  assert.equal(header.base?.length, 9000);
  assert.deepEqual([header.resultVersion, header.chipId, header.blocks], ["1.1.0", 5, 3]);
  assert.equal(header.packageLength, delta.byteLength);
  assert.deepEqual(header.seal, seal);
  assert.equal(recordOffset(header, 3 - 1) + recordLength(header.index, 2), delta.byteLength);
  assert.equal(readHeader(compressed).base, undefined);
  assert.ok(isPackage(delta));
  assert.ok(!isPackage(base) && !isPackage(delta.subarray(0, 3)));
});

test(`a header comes in any pieces, and what follows it is left; ${REPEAT}`, () => {
  const whole = readHeader(delta);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 }), (lengths) => {
      const reader = new HeaderReader({ maxResultLength: 1 << 20 });
      let [at, turn] = [0, 0];
      while (reader.header === undefined) {
        const length = lengths[turn++ % lengths.length] ?? 1;
        at += reader.push(delta.subarray(at, at + length));
      }
      assert.equal(at, whole.headerLength);
      assert.deepEqual(reader.header, whole);
      assert.equal(reader.push(delta), 0);
    }),
    { seed: SEED, numRuns: 50 },
  );
});

const REFUSED: readonly [string, (view: DataView, bytes: Uint8Array) => void][] = [
  ["other first bytes", (view) => view.setUint32(0, 0x5341544f, true)],
  ["another format", (view) => view.setUint8(4, 2)],
  ["another coding", (view) => view.setUint8(5, 2)],
  ["another length of blocks", (view) => view.setUint8(6, 13)],
  ["a flag that is not known", (view) => view.setUint8(7, 3)],
  ["no flag of a base that it has", (view) => view.setUint8(7, 0)],
  ["a header that is longer", (view) => view.setUint32(8, view.getUint32(8, true) + 2, true)],
  ["a header that is shorter", (view) => view.setUint32(8, view.getUint32(8, true) - 2, true)],
  ["no result", (view) => view.setUint32(12, 0, true)],
  ["a result with one block more", (view) => view.setUint32(12, view.getUint32(12, true) + 4096, true)],
  ["a result of 4 GiB", (view) => view.setUint32(12, 0xffffffff, true)],
  ["a base of no bytes", (view) => view.setUint32(16, 0, true)],
  ["a base of 4 GiB", (view) => view.setUint32(16, 0xffffffff, true)],
  ["a package that is longer", (view) => view.setUint32(20, view.getUint32(20, true) + 1, true)],
  ["a package that is shorter than its header", (view) => view.setUint32(20, 100, true)],
  ["a seal of 64 KiB", (view) => view.setUint16(26, 0xffff, true)],
  ["a version that goes on after its end", (_, bytes) => void (bytes[96 + 20] = 0x31)],
  ["a version with a line feed", (_, bytes) => void (bytes[128 + 1] = 10)],
  ["too many codes", (_, bytes) => void bytes.fill(0x11, FIXED_LENGTH + 200, FIXED_LENGTH + 210)],
  ["a code of 15 bits", (_, bytes) => void (bytes[FIXED_LENGTH + 200 + 117] = 0xff)],
  ["a record of no bytes", (view) => view.setUint16(view.getUint32(8, true) - 2, 0, true)],
  ["a record longer than any", (view) => view.setUint16(view.getUint32(8, true) - 6, 4095, true)],
  ["an index that does not add up", (view) => view.setUint16(view.getUint32(8, true) - 2, 7, true)],
  ["a stored block of another length", (view) => view.setUint16(view.getUint32(8, true) - 2, 0x8007, true)],
];

for (const [what, change] of REFUSED) {
  test(`refused, with a right sum: ${what}`, () => {
    assert.throws(() => readHeader(changed(delta, change)), isMalformed);
  });
}

test("refused: a base's hash in a package without one", () => {
  assert.throws(() => readHeader(changed(compressed, (_, bytes) => void (bytes[40] = 1))), isMalformed);
});

test("refused: each changed byte of a header, but for none", () => {
  const { headerLength } = readHeader(delta);
  for (let at = 0; at < headerLength; at++) {
    const copy = delta.slice();
    copy[at] = (copy[at] as number) ^ 1;
    assert.throws(() => readHeader(copy), isMalformed, `byte ${at}`);
  }
});

test("refused: a result above the limit, and another length than the file has", () => {
  assert.throws(() => readHeader(delta, result.byteLength - 1), isMalformed);
  assert.equal(readHeader(delta, result.byteLength).resultLength, result.byteLength);
  const reader = new HeaderReader({ maxResultLength: 1 << 20, packageLength: delta.byteLength + 1 });
  assert.throws(() => reader.push(delta), isMalformed);
});

test("an operation without what it goes on with is refused with the codes", () => {
  const lengths = new Uint8Array(CODE_LENGTHS_LENGTH);
  // One code for literals of one byte, after anything; no literal has a code.
  lengths[0] = 1;
  assert.throws(() => buildCodeTables(lengths), isMalformed);
  // A literal's code: 234 symbols of operations are before them.
  lengths[117] = 1;
  buildCodeTables(lengths);
});

test("codes that do not fill their table are refused, but for one alone", () => {
  const lengths = new Uint8Array(CODE_LENGTHS_LENGTH);
  lengths[117] = 0x22;
  assert.throws(() => buildCodeTables(lengths), isMalformed);
  lengths[118] = 0x22;
  buildCodeTables(lengths);
  assert.ok(Buffer.from(unpack(delta, base)).equals(result));
});
