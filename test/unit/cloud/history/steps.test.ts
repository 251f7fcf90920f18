import assert from "node:assert/strict";
import { test } from "node:test";
import { pointsOf, superfluous } from "../../../../cloud/history/steps.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";

const START = 1_800_000_000_000;

function timesOf(random: SeededRandom, count: number): number[] {
  const times: number[] = [];
  // Dense for a while, then with long pauses, as the samples of a plan are.
  for (let at = START; times.length < count; at += 1 + random.integer(0, random.fraction() < 0.05 ? 5_000_000 : 4000)) {
    times.push(at);
  }
  return times;
}

test("a series that is not too long loses nothing", () => {
  assert.deepEqual(superfluous([], 8), []);
  assert.deepEqual(superfluous([1, 2, 3, 4, 5, 6, 7, 8], 8), []);
});

test("of a series that is too long, the last sample of each span stays, and the newest quarter", () => {
  assert.deepEqual(superfluous([0, 1, 2, 3, 4, 5, 6, 7, 8], 8), [1, 2, 4, 5]);
});

test("whatever the times are: the first and the newest stay, few enough stay, and each that went is close to one that stays", () => {
  const random = new SeededRandom();
  for (let round = 0; round < 300; round++) {
    const most = random.integer(8, 400);
    const times = timesOf(random, most + 1 + random.integer(0, 2 * most));
    const gone = new Set(superfluous(times, most));
    const kept = times.filter((time) => !gone.has(time));
    assert.equal(kept.length + gone.size, times.length, REPEAT);
    assert.ok(kept.length <= Math.ceil((3 * most) / 4), `${kept.length} of ${most} stay: ${REPEAT}`);
    assert.equal(kept[0], times[0], REPEAT);
    const recent = Math.floor(most / 4);
    assert.deepEqual(kept.slice(-recent), times.slice(-recent), REPEAT);
    assert.deepEqual(superfluous(kept, most), [], REPEAT);
    // With spans of half the length, too many would stay: so what went is close to what stays behind it.
    const old = times.slice(0, times.length - recent);
    let spanMs = 2;
    while (new Set(old.map((time) => Math.floor(time / spanMs))).size >= Math.floor(most / 2)) spanMs *= 2;
    for (const time of gone) {
      const next = kept.find((other) => other > time);
      assert.ok(next !== undefined && next - time < spanMs, `${time} in spans of ${spanMs} ms: ${REPEAT}`);
    }
  }
});

test("a series that grows for ever stays short, and keeps its first sample", () => {
  const random = new SeededRandom();
  const most = 200;
  let kept: number[] = [];
  for (const time of timesOf(random, 20_000)) {
    kept.push(time);
    const gone = new Set(superfluous(kept, most));
    kept = kept.filter((one) => !gone.has(one));
    assert.ok(kept.length <= most, REPEAT);
  }
  assert.equal(kept[0], START, REPEAT);
});

test("what holds at both ends of a stretch is shown, and what changes in between", () => {
  const samples = [10, 20, 30, 40].map((at) => ({ at, value: at }));
  assert.deepEqual(pointsOf(samples, { fromMs: 15, toMs: 35, points: 10 }), [
    { at: 15, value: 10 },
    { at: 20, value: 20 },
    { at: 30, value: 30 },
    { at: 35, value: 30 },
  ]);
  assert.deepEqual(pointsOf(samples, { fromMs: 50, toMs: 60, points: 10 }), [
    { at: 50, value: 40 },
    { at: 60, value: 40 },
  ]);
  // Nothing is known of the time before the first sample.
  assert.deepEqual(pointsOf(samples, { fromMs: 0, toMs: 20, points: 10 }), [
    { at: 10, value: 10 },
    { at: 20, value: 20 },
  ]);
  assert.deepEqual(pointsOf(samples, { fromMs: 0, toMs: 9, points: 10 }), []);
});

test("whatever is asked: no more points than that, in order, each true at its time, with both ends", () => {
  const random = new SeededRandom();
  for (let round = 0; round < 500; round++) {
    const samples = timesOf(random, random.integer(1, 300)).map((at, value) => ({ at, value }));
    const [first, last] = [samples[0]!.at, samples.at(-1)!.at];
    const fromMs = first + random.integer(-5000, last - first + 5000);
    const toMs = fromMs + random.integer(1, last - first + 10_000);
    const points = random.integer(2, 50);
    const shown = pointsOf(samples, { fromMs, toMs, points });
    assert.ok(shown.length <= points, `${shown.length} of ${points}: ${REPEAT}`);
    const heldAt = (time: number): number | undefined => samples.filter(({ at }) => at <= time).at(-1)?.value;
    for (const [index, { at, value }] of shown.entries()) {
      assert.equal(value, heldAt(at), REPEAT);
      assert.ok(at >= fromMs && at <= toMs && at > (shown[index - 1]?.at ?? 0), REPEAT);
    }
    assert.equal(shown.at(-1)?.value, heldAt(toMs), REPEAT);
    if (heldAt(fromMs) !== undefined) assert.equal(shown[0]?.at, fromMs, REPEAT);
    if (shown.length > 0) assert.equal(shown.at(-1)?.at, toMs, REPEAT);
  }
});
