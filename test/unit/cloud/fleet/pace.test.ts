import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeHalt, seenOf } from "../../../../cloud/fleet/halt.js";
import { type PaceCounts, paceOf } from "../../../../cloud/fleet/pace.js";
import { nextTryMs } from "../../../../cloud/fleet/retry.js";
import { paceCountsOf, resultCountsOf, summaryOf } from "../../../../cloud/fleet/summary.js";
import { TASK_STATES } from "../../../../cloud/fleet/task-types.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";

const PACE = { maxInFlight: 10, maxAsked: 15, perMinute: 20, stages: [1, 5, 25, 100] };
const fresh: PaceCounts = { total: 1000, ended: 0, untried: 1000, inFlight: 0, asked: 0, offeredLastMinute: 0 };

test("the first stage offers so many percent of all, rounded up, and no more until they have ended", () => {
  assert.deepEqual(paceOf(PACE, fresh), { first: 10, all: 10, heldBy: undefined, stage: 1 });
  assert.equal(paceOf(PACE, { ...fresh, total: 3, untried: 3 }).first, 1);
  const begun = { ...fresh, untried: 990, inFlight: 4, ended: 6 };
  assert.deepEqual(paceOf(PACE, begun), { first: 0, all: 6, heldBy: "stage", stage: 1 });
  assert.deepEqual(paceOf(PACE, { ...begun, inFlight: 0, ended: 10 }), {
    first: 10,
    all: 10,
    heldBy: undefined,
    stage: 5,
  });
});

test("a stage ends only if the tasks that wait for a further try have ended too", () => {
  const { heldBy, stage } = paceOf(PACE, { ...fresh, untried: 990, ended: 9 });
  assert.deepEqual([heldBy, stage], ["stage", 1]);
});

test("no more are in flight, and no more are offered in a minute, than the plan says", () => {
  const last = { ...fresh, ended: 300, untried: 600 };
  assert.deepEqual(paceOf(PACE, { ...last, inFlight: 10 }).heldBy, "in-flight");
  assert.deepEqual(paceOf(PACE, { ...last, inFlight: 7 }).first, 3);
  assert.deepEqual(paceOf(PACE, { ...last, offeredLastMinute: 20 }).heldBy, "per-minute");
  assert.deepEqual(paceOf(PACE, { ...last, offeredLastMinute: 18 }).first, 2);
});

test("a person who is asked takes no place in flight, but no more are asked than may accept at once", () => {
  const last = { ...fresh, ended: 300, untried: 600 };
  assert.deepEqual(paceOf(PACE, { ...last, asked: 8 }), { first: 7, all: 7, heldBy: undefined, stage: 100 });
  assert.deepEqual(paceOf(PACE, { ...last, inFlight: 5, asked: 8 }).all, 2);
  assert.deepEqual(paceOf(PACE, { ...last, inFlight: 5, asked: 10 }), {
    first: 0,
    all: 0,
    heldBy: "asked",
    stage: 100,
  });
  assert.deepEqual(paceOf(PACE, { ...last, inFlight: 10, asked: 5 }).heldBy, "in-flight");
});

test("whatever the counts are, a plan that is paced by turns reaches its end within its limits", () => {
  const random = new SeededRandom();
  for (let round = 0; round < 200; round++) {
    const total = random.integer(1, 400);
    const stages = [random.integer(1, 20), random.integer(20, 99), 100];
    const maxInFlight = random.integer(1, 30);
    const maxAsked = maxInFlight + random.integer(0, 30);
    const pace = { maxInFlight, maxAsked, perMinute: random.integer(1, 30), stages };
    let [untried, inFlight, asked, ended] = [total, 0, 0, 0];
    for (let minute = 0; ended < total; minute++) {
      // With one place in flight each device takes some minutes, as people are asked and accept in between.
      assert.ok(minute < 50 * total + 100, REPEAT);
      const { first, stage } = paceOf(pace, { total, ended, untried, inFlight, asked, offeredLastMinute: 0 });
      [untried, inFlight] = [untried - first, inFlight + first];
      assert.ok(untried >= 0 && inFlight + asked <= maxAsked && first <= pace.perMinute, REPEAT);
      assert.ok(first === 0 || inFlight <= maxInFlight, REPEAT);
      assert.ok(total - untried <= Math.max(Math.ceil((total * stage) / 100), ended), REPEAT);
      // Some devices ask, and some people accept: now and then all of them at once.
      const asks = random.integer(0, inFlight + 1);
      const accepted = random.integer(0, asked + 1);
      [inFlight, asked] = [inFlight - asks + accepted, asked + asks - accepted];
      const done = random.integer(0, inFlight + 1);
      [inFlight, ended] = [inFlight - done, ended + done];
    }
  }
});

test("a plan halts at a percentage over a least number, silent devices included", () => {
  const halt = { percent: 10, atLeast: 10 };
  const none = { ended: 0, bad: 0 };
  const reached = (succeeded: number, failed: number, silent: number, seen = none): boolean =>
    judgeHalt(halt, { open: 5, succeeded, failed, silent }, seen).isReached;
  assert.ok(!reached(4, 5, 0));
  assert.ok(reached(9, 1, 0));
  assert.ok(reached(9, 0, 1));
  assert.ok(!reached(10, 1, 0));
  assert.ok(!reached(100, 0, 0));
});

test("what an operator has seen and resumed does not halt the plan again", () => {
  const counts = { open: 50, succeeded: 5, failed: 5, silent: 0 };
  const seen = seenOf(counts);
  assert.ok(!judgeHalt({ percent: 10, atLeast: 2 }, counts, seen).isReached);
  assert.ok(judgeHalt({ percent: 10, atLeast: 2 }, { ...counts, succeeded: 6, silent: 1 }, seen).isReached);
  // A late success takes a failure back.
  assert.deepEqual(judgeHalt({ percent: 10, atLeast: 2 }, { ...counts, failed: 4, succeeded: 6 }, seen), {
    ended: 0,
    bad: 0,
    isReached: false,
  });
});

test("a further try comes by the first rule that fits, after a pause that doubles up to a day", () => {
  const rules = [
    { code: "-1", times: 20, afterSeconds: 60 },
    { code: "*", times: 1, afterSeconds: 5 },
  ];
  const after = (code: string, attempt: number): number | undefined => nextTryMs({ rules, code, attempt, nowMs: 0 });
  assert.deepEqual(
    [1, 2, 3, 4].map((attempt) => after("-1", attempt)),
    [60_000, 120_000, 240_000, 480_000],
  );
  assert.equal(after("-1", 20), 86_400_000);
  assert.equal(after("-1", 21), undefined);
  assert.equal(after("silent", 1), 5000);
  assert.equal(after("silent", 2), undefined);
  assert.equal(nextTryMs({ rules: [], code: "-1", attempt: 1, nowMs: 0 }), undefined);
});

test("a summary counts every state, and says 100 percent only if every task has ended", () => {
  const rows = TASK_STATES.map((state, index) => ({ state, count: index + 1 }));
  const summary = summaryOf(rows);
  assert.equal(summary.total, 78);
  assert.deepEqual(Object.keys(summary.counts), [...TASK_STATES]);
  assert.equal(summary.ended, 7 + 8 + 9 + 10 + 11 + 12);
  assert.deepEqual(resultCountsOf(summary.counts), { open: 21, succeeded: 7, failed: 8, silent: 10 });
  const { inFlight, asked } = paceCountsOf(summary, 1, 0);
  assert.deepEqual([inFlight, asked], [2 + 4 + 5 + 6, 3]);
  assert.equal(
    summaryOf([
      { state: "succeeded", count: 999 },
      { state: "waiting", count: 1 },
    ]).percent,
    99,
  );
  assert.equal(summaryOf([{ state: "cancelled", count: 3 }]).percent, 100);
  assert.equal(summaryOf([]).percent, 0);
});
