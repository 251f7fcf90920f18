import assert from "node:assert/strict";
import { test } from "node:test";
import { OtaError } from "../../../src/errors.js";
import { numberIn, wholeIn } from "../../../src/update/settings.js";

/** What a configuration from a file may hold. */
const NO_NUMBERS = ["5", null, undefined, NaN, {}] as unknown[] as number[];

test("a number is taken from least to most, both included, and nothing else is", () => {
  for (const value of [0.5, 3, 7]) assert.equal(numberIn("pause", value, 0.5, 7), value);
  for (const value of [0.4, 7.1, Infinity, ...NO_NUMBERS]) {
    assert.throws(() => numberIn("pause", value, 0.5, 7), new OtaError("usage", "pause is not between 0.5 and 7"));
  }
});

test("a whole number has the same bounds, and no fraction", () => {
  for (const value of [1, 3, 7]) assert.equal(wholeIn("tries", value, 1, 7), value);
  for (const value of [0, 8]) {
    assert.throws(() => wholeIn("tries", value, 1, 7), new OtaError("usage", "tries is not between 1 and 7"));
  }
  for (const value of [1.5, Infinity, ...NO_NUMBERS]) {
    assert.throws(
      () => wholeIn("tries", value, 1, 7),
      new OtaError("usage", "tries is not a whole number between 1 and 7"),
    );
  }
});
