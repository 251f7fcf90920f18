import assert from "node:assert/strict";
import { test } from "node:test";
import { Rate } from "../../../src/control/rate.js";

const at = (bytes: number) => ({ version: "2.0", bytes, size: 100_000 });

test("there is no rate before a second has passed, and then the average", () => {
  const rate = new Rate();
  assert.equal(rate.progress, undefined);
  rate.note(at(0), 5_000);
  rate.note(at(10_000), 5_900);
  assert.deepEqual(rate.progress, { ...at(10_000), bytesPerSecond: undefined, secondsLeft: undefined });
  rate.note(at(20_000), 7_000);
  assert.deepEqual(rate.progress, { ...at(20_000), bytesPerSecond: 10_000, secondsLeft: 8 });
});

test("bytes of an earlier try, or boot, do not count", () => {
  const rate = new Rate();
  rate.note(at(60_000), 0);
  rate.note(at(80_000), 2_000);
  assert.equal(rate.progress?.bytesPerSecond, 10_000);
  assert.equal(rate.progress?.secondsLeft, 2);
});

test("a rest, a fresh beginning and another version are counted anew", () => {
  const rate = new Rate();
  rate.note(at(0), 0);
  rate.note(at(40_000), 2_000);
  rate.pause();
  rate.note(at(40_000), 60_000);
  rate.note(at(50_000), 62_000);
  assert.equal(rate.progress?.bytesPerSecond, 5_000);
  rate.note(at(0), 63_000);
  assert.equal(rate.progress?.bytesPerSecond, undefined);
  rate.note(at(4_000), 65_000);
  assert.equal(rate.progress?.bytesPerSecond, 2_000);
  rate.note({ ...at(8_000), version: "3.0" }, 70_000);
  assert.equal(rate.progress?.bytesPerSecond, undefined);
  rate.clear();
  assert.equal(rate.progress, undefined);
});
