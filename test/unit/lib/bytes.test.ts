import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { equalBytes, fromHex, isBlank, toHex } from "../../../src/lib/bytes.js";

describe("hexadecimal", () => {
  it("writes two lower-case digits for each byte", () => {
    assert.equal(toHex(Uint8Array.of(0x00, 0x0f, 0xf0, 0xab, 0xff)), "000ff0abff");
    assert.equal(toHex(new Uint8Array(0)), "");
  });

  it("writes the given part of a longer buffer, and no more", () => {
    assert.equal(toHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3)), "0203");
  });

  it("reads both cases", () => {
    assert.deepEqual(fromHex("00aAFf"), Uint8Array.of(0, 0xaa, 0xff));
    assert.deepEqual(fromHex(""), new Uint8Array(0));
  });

  it("refuses odd lengths and anything but digits", () => {
    for (const text of ["0", "000", "0g", "0x", "-1", "+1", " 1", "1 ", "1\n", "a\n", "0 0 ", "1.", "１１", "\0\0"]) {
      assert.equal(fromHex(text), undefined, JSON.stringify(text));
    }
  });

  it("gives back any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.deepEqual(fromHex(toHex(bytes)), Uint8Array.from(bytes));
        assert.equal(toHex(bytes), Buffer.from(bytes).toString("hex"));
      }),
    );
  });
});

describe("equalBytes", () => {
  it("compares the first bytes only", () => {
    assert.equal(equalBytes(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 9), 2), true);
    assert.equal(equalBytes(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 9), 3), false);
    assert.equal(equalBytes(Uint8Array.of(1), Uint8Array.of(2), 0), true);
  });

  it("finds a difference if one array ends before the length", () => {
    assert.equal(equalBytes(Uint8Array.of(0), Uint8Array.of(0, 0), 2), false);
    assert.equal(equalBytes(Uint8Array.of(0, 0), Uint8Array.of(0), 2), false);
  });

  it("sees a difference in any single byte", () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, index) => index);
    for (let index = 0; index < bytes.byteLength; index++) {
      const other = bytes.slice();
      other[index] = 0xff;
      assert.equal(equalBytes(bytes, other, 40), false, `byte ${index}`);
      assert.equal(equalBytes(other, bytes, 40), false, `byte ${index}`);
    }
  });
});

describe("isBlank", () => {
  it("takes bytes that are all 0xFF for blank", () => {
    assert.equal(isBlank(new Uint8Array(4096).fill(0xff)), true);
    assert.equal(isBlank(new Uint8Array(0)), true);
  });

  it("sees a single bit that is 0, at any place", () => {
    const bytes = new Uint8Array(64).fill(0xff);
    for (let index = 0; index < 64; index++) {
      for (let bit = 0; bit < 8; bit++) {
        bytes[index] = 0xff & ~(1 << bit);
        assert.equal(isBlank(bytes), false, `byte ${index}, bit ${bit}`);
      }
      bytes[index] = 0xff;
    }
  });

  it("reads the given part of a longer buffer, and no more", () => {
    const bytes = new Uint8Array(24).fill(0xff, 8, 16);
    assert.equal(isBlank(bytes.subarray(8, 16)), true);
    assert.equal(isBlank(bytes.subarray(4, 16)), false);
    assert.equal(isBlank(bytes.subarray(8, 20)), false);
  });
});
