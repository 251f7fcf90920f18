import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Event } from "../../../src/update/machine/types.js";
import { Progress } from "../../../src/update/progress.js";

test("at most one report a second, the first at once", () => {
  const progress = new Progress();
  assert.equal(progress.admits(1, false, 0), true);
  assert.equal(progress.admits(20, false, 999), false);
  assert.equal(progress.admits(30, false, 1000), true);
  assert.equal(progress.admits(40, false, 1999), false);
  assert.equal(progress.admits(50, false, 2000), true);
});

test("the first report is sent, with any percentage", () => {
  for (let percent = 0; percent <= 100; percent++) assert.equal(new Progress().admits(percent, false, 0), true);
});

test("less than 3 % more is not sent, however long ago the last report was", () => {
  const progress = new Progress();
  assert.equal(progress.admits(28, false, 0), true);
  assert.equal(progress.admits(28, false, 1_000_000), false);
  assert.equal(progress.admits(30, false, 1_000_001), false);
  assert.equal(progress.admits(31, false, 1_000_002), true);
});

test("a lower percentage is sent: a download may begin anew", () => {
  const progress = new Progress();
  assert.equal(progress.admits(80, false, 0), true);
  assert.equal(progress.admits(10, false, 1000), true);
});

test("0 of a fresh download and 100 are never held back, and count for the next", () => {
  const progress = new Progress();
  assert.equal(progress.admits(0, true, 0), true);
  assert.equal(progress.admits(1, false, 500), false);
  assert.equal(progress.admits(100, true, 501), true);
  assert.equal(progress.admits(100, true, 502), true);
  assert.equal(progress.admits(7, false, 1501), false);
  assert.equal(progress.admits(7, false, 1502), true);
});

test("any course of a download makes at most one report a second, and one for 3 %", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(400), fc.nat(3)), { maxLength: 200 }), (steps) => {
      const progress = new Progress();
      const told: { percent: number; at: number }[] = [];
      let now = 5;
      let percent = 0;
      for (const [pauseMs, more] of steps) {
        now += pauseMs;
        percent = Math.min(100, percent + more);
        if (progress.admits(percent, false, now)) told.push({ percent, at: now });
      }
      for (const [index, { percent: next, at }] of told.slice(1).entries()) {
        const before = told[index] as { percent: number; at: number };
        assert.ok(at - before.at >= 1000 && next >= before.percent + 3);
      }
    }),
  );
});

describe("the event about what is written", () => {
  const written = (offset: number): Event => ({ type: "block-written", offset });

  test("is due with the first block of a try, then at each 3 % of the image, and with its last block", () => {
    const progress = new Progress();
    for (let tries = 0; tries < 2; tries++) {
      progress.begin(1000);
      const due: number[] = [];
      for (let offset = 7; offset < 1007; offset += 7) {
        const event = progress.wrote(offset);
        if (event === undefined) continue;
        due.push(offset);
        assert.deepEqual(event, written(Math.min(1000, offset)));
      }
      assert.deepEqual(due.slice(0, 4), [7, 35, 63, 91]);
      assert.equal(due.at(-1), 1001);
    }
  });

  test("comes before it is due if anything else happens, once, and delays the next one", () => {
    const progress = new Progress();
    progress.begin(1000);
    assert.equal(progress.take(), undefined);
    progress.wrote(10);
    progress.take();
    assert.equal(progress.wrote(20), undefined);
    assert.equal(progress.wrote(29), undefined);
    assert.deepEqual([progress.take(), progress.take()], [written(29), undefined]);
    assert.deepEqual(progress.wrote(31), written(31));
  });

  test("of one try does not count for the next", () => {
    const progress = new Progress();
    progress.begin(1000);
    progress.wrote(10);
    progress.begin(1000);
    assert.equal(progress.take(), undefined);
  });
});
