import assert from "node:assert/strict";
import { test } from "node:test";
import { MESSAGE_RATE_LIMIT, RateMeter } from "../../../../cloud/broker/rate-meter.js";

function overOf(timesMs: readonly number[]): number {
  const meter = new RateMeter();
  return timesMs.filter((timeMs) => meter.count(timeMs)).length;
}

test("as many messages as the platform takes within a second are not too many, one more is", () => {
  const burst = (count: number): number[] => Array.from({ length: count }, () => 5000);
  assert.equal(overOf(burst(MESSAGE_RATE_LIMIT)), 0);
  assert.equal(overOf(burst(MESSAGE_RATE_LIMIT + 1)), 1);
  assert.equal(overOf(burst(MESSAGE_RATE_LIMIT + 7)), 7);
});

test("a second is any second, not one of the clock's", () => {
  const spread = [...Array.from({ length: 20 }, () => 990), ...Array.from({ length: 20 }, () => 1010)];
  assert.equal(overOf(spread), 10);
  assert.equal(overOf(spread.map((timeMs, index) => (index < 20 ? timeMs : timeMs + 980))), 0);
});

test("a steady stream at the limit goes on for ever, a faster one does not", () => {
  assert.equal(overOf(Array.from({ length: 3000 }, (_, index) => index * (1000 / 30) + 1e-6 * index)), 0);
  assert.ok(overOf(Array.from({ length: 3000 }, (_, index) => index * 33)) > 2900);
});
