import assert from "node:assert/strict";
import { test } from "node:test";
import { addSum, hasSum, SUM_LENGTH } from "../../../src/lib/checked-record.js";

test("the checksum is the CRC-32 of what comes before it, little-endian", () => {
  const record = new Uint8Array(9 + SUM_LENGTH);
  record.set(new TextEncoder().encode("123456789"));
  addSum(record);
  assert.deepEqual([...record.subarray(9)], [0x26, 0x39, 0xf4, 0xcb]);
  assert.equal(hasSum(record), true);
});

test("any changed bit is noticed, also in a record that is a part of a buffer", () => {
  const buffer = new Uint8Array(40).fill(0x5a);
  const record = buffer.subarray(7, 25);
  addSum(record);
  assert.ok(hasSum(record));
  assert.ok(
    buffer.every((byte, index) => byte === 0x5a || (index >= 21 && index < 25)),
    "nothing but the sum is written",
  );
  for (let bit = 0; bit < record.byteLength * 8; bit++) {
    const wrong = record.slice();
    wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(hasSum(wrong), false, `bit ${bit}`);
  }
});

test("a record that is too short for a checksum is refused", () => {
  for (let length = 0; length < SUM_LENGTH; length++) assert.equal(hasSum(new Uint8Array(length)), false);
  assert.equal(hasSum(new Uint8Array(SUM_LENGTH)), true, "the sum of nothing is 0");
});
