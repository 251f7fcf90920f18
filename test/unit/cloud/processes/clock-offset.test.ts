import assert from "node:assert/strict";
import { test } from "node:test";
import { offsetOf } from "../../../../cloud/processes/clock-offset.js";

const NOW = 1_800_000_000_000;

test("clocks that agree stay together, however slow the answers are", () => {
  for (const [untilRead, untilAnswer] of [
    [0, 0],
    [400, 0],
    [0, 400],
    [3, 900],
  ] as const) {
    const otherMs = NOW + untilRead;
    assert.equal(offsetOf(0, { beforeMs: NOW, otherMs, afterMs: otherMs + untilAnswer }), 0);
  }
});

test("a known offset is kept as long as a reading allows it, and rounding is no reason to change it", () => {
  const readings = [
    { beforeMs: NOW, otherMs: NOW + 60_000, afterMs: NOW },
    { beforeMs: NOW, otherMs: NOW + 60_001, afterMs: NOW },
    { beforeMs: NOW, otherMs: NOW + 59_999, afterMs: NOW },
    { beforeMs: NOW, otherMs: NOW + 60_500, afterMs: NOW + 500 },
  ];
  for (const reading of readings) assert.equal(offsetOf(60_000, reading), 60_000);
});

test("a reading that does not allow it gives another one: the middle of what it allows", () => {
  assert.equal(offsetOf(0, { beforeMs: NOW, otherMs: NOW + 60_050, afterMs: NOW + 100 }), 60_000);
  assert.equal(offsetOf(0, { beforeMs: NOW, otherMs: NOW - 60_000, afterMs: NOW + 100 }), -60_050);
  assert.equal(offsetOf(60_000, { beforeMs: NOW, otherMs: NOW + 4, afterMs: NOW + 8 }), 0);
});
