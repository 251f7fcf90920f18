import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRange } from "../../../../cloud/files/byte-range.js";

test("a range of both ends, an open one and the last bytes", () => {
  assert.deepEqual(parseRange("bytes=0-0", 1000), { first: 0, last: 0 });
  assert.deepEqual(parseRange("bytes=200-299", 1000), { first: 200, last: 299 });
  assert.deepEqual(parseRange("bytes=999-", 1000), { first: 999, last: 999 });
  assert.deepEqual(parseRange("bytes=-10", 1000), { first: 990, last: 999 });
});

test("an end beyond the file is clamped, as the object store does", () => {
  assert.deepEqual(parseRange("bytes=0-1000", 1000), { first: 0, last: 999 });
  assert.deepEqual(parseRange("bytes=500-99999999999999999999", 1000), { first: 500, last: 999 });
  assert.deepEqual(parseRange("bytes=-5000", 1000), { first: 0, last: 999 });
});

test("a range that begins at or after the end cannot be satisfied", () => {
  for (const value of ["bytes=1000-", "bytes=1000-1000", "bytes=99999999999999999999-", "bytes=-0"]) {
    assert.equal(parseRange(value, 1000), "unsatisfiable", value);
  }
});

test("no range, a malformed one, several and another unit are ignored", () => {
  const values = [
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=5-2",
    "bytes=0-1,3-4",
    "bytes=a-b",
    "bytes=1.5-2",
    "bytes=+1-2",
  ];
  for (const value of [...values, "bytes=0x0-1", "bytes= 0-1", "items=0-1", "bytes=0-1;x", "0-1"]) {
    assert.equal(parseRange(value, 1000), undefined, value);
  }
});

test("for any request the answer lies inside the file", () => {
  const number = fc.oneof(fc.nat(3000).map(String), fc.constant(""), fc.stringMatching(/^[0-9]{1,25}$/));
  fc.assert(
    fc.property(number, number, fc.integer({ min: 1, max: 2000 }), (first, last, size) => {
      const range = parseRange(`bytes=${first}-${last}`, size);
      if (typeof range !== "object") return;
      assert.ok(range.first >= 0 && range.first <= range.last && range.last < size);
    }),
  );
});
