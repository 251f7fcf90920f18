import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProgressLimit } from "../../../src/update/progress-limit.js";

test("at most one report a second, the first at once", () => {
  const limit = new ProgressLimit();
  assert.equal(limit.admits(1, false, 0), true);
  assert.equal(limit.admits(20, false, 999), false);
  assert.equal(limit.admits(30, false, 1000), true);
  assert.equal(limit.admits(40, false, 1999), false);
  assert.equal(limit.admits(50, false, 2000), true);
});

test("the first report is told, whatever it says", () => {
  for (let percent = 0; percent <= 100; percent++) assert.equal(new ProgressLimit().admits(percent, false, 0), true);
});

test("less than 3 % more is not told, however long ago the last report was", () => {
  const limit = new ProgressLimit();
  assert.equal(limit.admits(28, false, 0), true);
  assert.equal(limit.admits(28, false, 1_000_000), false);
  assert.equal(limit.admits(30, false, 1_000_001), false);
  assert.equal(limit.admits(31, false, 1_000_002), true);
});

test("a lower percentage is told: a download may begin anew", () => {
  const limit = new ProgressLimit();
  assert.equal(limit.admits(80, false, 0), true);
  assert.equal(limit.admits(10, false, 1000), true);
});

test("0 of a fresh download and 100 are never held back, and count for the next", () => {
  const limit = new ProgressLimit();
  assert.equal(limit.admits(0, true, 0), true);
  assert.equal(limit.admits(1, false, 500), false);
  assert.equal(limit.admits(100, true, 501), true);
  assert.equal(limit.admits(100, true, 502), true);
  assert.equal(limit.admits(7, false, 1501), false);
  assert.equal(limit.admits(7, false, 1502), true);
});

test("any course of a download makes at most one report a second, and one for 3 %", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(400), fc.nat(3)), { maxLength: 200 }), (steps) => {
      const limit = new ProgressLimit();
      const told: { percent: number; at: number }[] = [];
      let now = 5;
      let percent = 0;
      for (const [pauseMs, more] of steps) {
        now += pauseMs;
        percent = Math.min(100, percent + more);
        if (limit.admits(percent, false, now)) told.push({ percent, at: now });
      }
      for (const [index, { percent: next, at }] of told.slice(1).entries()) {
        const before = told[index] as { percent: number; at: number };
        assert.ok(at - before.at >= 1000 && next >= before.percent + 3);
      }
    }),
  );
});
