import assert from "node:assert/strict";
import { test } from "node:test";
import { addSum } from "../../../src/lib/checked-record.js";
import { decodeRegistrationRecord, encodeRegistrationRecord } from "../../../src/registration/record.js";

const REGISTRATION = { productId: "ABCDE12345", deviceName: "a:b-c_d", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" };

test("a registration is read as it was written", () => {
  assert.deepEqual(decodeRegistrationRecord(encodeRegistrationRecord(REGISTRATION)), REGISTRATION);
});

test("the longest one fits a record of the key-value store", () => {
  const longest = { productId: "A".repeat(10), deviceName: "b".repeat(48), deviceSecret: "c".repeat(256) };
  assert.ok(encodeRegistrationRecord(longest).byteLength <= 508);
});

test("each damaged bit is noticed, and so is another format", () => {
  const record = encodeRegistrationRecord(REGISTRATION);
  for (let bit = 0; bit < record.byteLength * 8; bit++) {
    const damaged = record.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(decodeRegistrationRecord(damaged), undefined, `bit ${bit}`);
  }
  record[0] = 0x32;
  addSum(record);
  assert.equal(decodeRegistrationRecord(record), undefined);
  assert.equal(decodeRegistrationRecord(new Uint8Array(0)), undefined);
});
