import assert from "node:assert/strict";
import { test } from "node:test";
import { isLower } from "../../../../src/update/machine/version-order.js";

test("numbers with dots between them are compared as numbers, and a missing one is 0", () => {
  for (const [lower, higher] of [
    ["1.9", "1.10"],
    ["0.9.9", "1"],
    ["1.2", "1.2.1"],
    ["1.2.0", "1.2.0.1"],
    ["1.02", "1.3"],
    ["2026.1.5", "2026.01.06"],
    ["999999999999998", "999999999999999"],
  ] as const) {
    assert.equal(isLower(lower, higher), true, `${lower} ${higher}`);
    assert.equal(isLower(higher, lower), false, `${higher} ${lower}`);
  }
  for (const [one, other] of [
    ["1.2", "1.2.0"],
    ["1.2.0", "1.2"],
    ["1.02", "1.2"],
  ] as const) {
    assert.equal(isLower(one, other), false, `${one} ${other}`);
  }
});

test("versions of another form are not compared", () => {
  for (const other of ["v1.0", "1.0-rc1", "1..0", ".1", "1.", "", "0".repeat(16), undefined]) {
    assert.equal(isLower("0.1", other), false, `${other}`);
    if (other !== undefined) assert.equal(isLower(other, "9.9"), false, other);
  }
});
