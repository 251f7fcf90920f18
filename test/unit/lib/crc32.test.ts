import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { crc32 } from "../../../src/lib/crc32.js";

describe("crc32", () => {
  it("gives the check value of the algorithm's catalogue", () => {
    const bytes = new Uint8Array(Buffer.from("123456789"));
    assert.equal(crc32(bytes, 9), 0xcbf43926);
  });

  it("gives 0 for nothing, and never a negative number", () => {
    assert.equal(crc32(new Uint8Array(0), 0), 0);
    assert.equal(crc32(Uint8Array.of(0xff, 0xff, 0xff, 0xff), 4), 0xffffffff);
    assert.equal(crc32(Uint8Array.of(0), 1), 0xd202ef8d);
  });

  it("is zlib's, for any bytes and any length of them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, upTo) => {
        const length = Math.min(upTo, bytes.byteLength);
        assert.equal(crc32(bytes, length), zlibCrc32(bytes.subarray(0, length)));
      }),
    );
  });

  it("changes with any single bit of a record", () => {
    const record = Uint8Array.from({ length: 64 }, (_, index) => (index * 37) & 0xff);
    const sum = crc32(record, 64);
    for (let bit = 0; bit < 64 * 8; bit++) {
      const other = record.slice();
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.notEqual(crc32(other, 64), sum, `bit ${bit}`);
    }
  });
});
