import assert from "node:assert/strict";
import { test } from "node:test";
import { planSeries } from "../../../../cloud/history/series.js";
import { type PlanTimeline, Refusal, type VersionHistory } from "../../../../cloud/operator/types.js";
import { ACTOR, ConsoleBed, NOW, PRODUCT } from "../../../support/console-bed.js";

const HOUR_MS = 3_600_000;

function pointsOf({ points }: VersionHistory): unknown[] {
  return points.map(({ at, online, devices }) => [(at - NOW) / 1000, online, devices]);
}

function timesOf({ points }: PlanTimeline): string[] {
  return points.map(({ at, counts }) => {
    const states = Object.entries(counts).filter(([, tasks]) => tasks > 0);
    return `${(at - NOW) / 1000} s: ${states.map(([state, tasks]) => `${state} ${tasks}`).join(", ")}`;
  });
}

async function refused(code: string, asked: Promise<unknown>): Promise<void> {
  await assert.rejects(asked, (error) => error instanceof Refusal && error.code === code);
}

test("the history of versions shows what was counted, and the present at its end, also after a restart", () =>
  ConsoleBed.run(async (bed) => {
    await bed.devices(["a", "b"]);
    await bed.seconds(100);
    await bed.version("a", "2.0.0");
    await bed.seconds(20);
    await bed.version("b", "__proto__");
    const history = await bed.operator.versionHistory({ productId: PRODUCT });
    assert.deepEqual([history.from, history.to], [bed.nowMs - 24 * HOUR_MS, bed.nowMs]);
    assert.deepEqual(history.versions, ["__proto__", "1.0.0", "2.0.0"]);
    const noted = [
      [5, 2, { "1.0.0": 2 }],
      [105, 2, { "1.0.0": 1, "2.0.0": 1 }],
    ];
    assert.deepEqual(pointsOf(history).slice(0, 2), noted);
    assert.equal(JSON.stringify(pointsOf(history).slice(2)), '[[120,2,{"2.0.0":1,"__proto__":1}]]');
    await bed.restart();
    await bed.version("b", "2.0.0");
    await bed.seconds(60);
    const after = await bed.operator.versionHistory({ productId: PRODUCT, from: NOW + 100_000 });
    assert.deepEqual(pointsOf(after), [
      [100, 2, { "1.0.0": 2 }],
      noted[1],
      // Nobody has connected again.
      [165, 0, { "2.0.0": 2 }],
      [180, 0, { "2.0.0": 2 }],
    ]);
  }));

test("the history of versions is of one component of one product, in the stretch and with the points that are asked", () =>
  ConsoleBed.run(async (bed) => {
    await bed.package("7", "motor");
    await bed.devices(["a", "b"]);
    await bed.devices(["c"], "9.0.0", "OTHER12345");
    await bed.version("a", "motor_7");
    for (let minute = 0; minute < 30; minute++) {
      await bed.version("a", `1.${minute}.0`);
      await bed.seconds(60);
    }
    const of = (query: object) => bed.operator.versionHistory({ productId: PRODUCT, ...query });
    assert.deepEqual((await of({ component: "motor" })).versions, ["7"]);
    const other = await bed.operator.versionHistory({ productId: "OTHER12345" });
    assert.deepEqual([other.versions, other.points.at(-1)?.online], [["9.0.0"], 1]);
    const all = await of({});
    assert.deepEqual(all.versions.slice(0, 3), ["1.0.0", "1.1.0", "1.2.0"]);
    assert.equal(all.versions.length, 30);
    assert.ok(all.points.length > 25);
    const few = await of({ points: 6, from: NOW + 60_000, to: NOW + 960_000 });
    assert.equal(few.points.length, 6);
    assert.deepEqual([few.points[0]?.at, few.points.at(-1)?.at], [NOW + 60_000, NOW + 960_000]);
    assert.deepEqual(await of({ component: "none" }), { from: all.from, to: all.to, versions: [], points: [] });
    assert.deepEqual(pointsOf(await of({ from: 0, to: NOW - 1000 })), []);
    assert.equal((await of({ to: bed.nowMs + HOUR_MS })).to, bed.nowMs);
    await refused("invalid", of({ from: bed.nowMs }));
    await refused("invalid", of({ from: NOW, to: NOW - 1 }));
    for (const points of [1, 1001, 2.5]) await refused("invalid", of({ points }));
    await refused("not-found", bed.operator.versionHistory({ productId: "NONE123456" }));
  }));

test("a plan's timeline goes from its activation to its end, or to now", () =>
  ConsoleBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.devices(["a", "b"]);
    const draft = await bed.operator.createPlan({ name: "d", product: PRODUCT, version: "2.0.0", all: true }, ACTOR);
    assert.deepEqual(await bed.operator.planTimeline(draft.id), { points: [] });
    await refused("not-found", bed.operator.planTimeline(999));
    const { id } = await bed.plan();
    await bed.seconds(10);
    await bed.version("a", "2.0.0");
    await bed.seconds(10);
    assert.deepEqual(timesOf(await bed.operator.planTimeline(id)), [
      "2 s: offered 2",
      "11 s: offered 1, succeeded 1",
      "20 s: offered 1, succeeded 1",
    ]);
    await bed.fail("b", "-2");
    await bed.seconds(10);
    assert.equal((await bed.operator.plan(id)).state, "finished");
    await bed.seconds(1000);
    const whole = timesOf(await bed.operator.planTimeline(id));
    assert.deepEqual(whole.slice(1), ["11 s: offered 1, succeeded 1", "21 s: succeeded 1, failed 1"]);
    assert.deepEqual(timesOf(await bed.operator.planTimeline(id, { points: 2 })), [whole[0], whole[2]]);
    await bed.restart();
    assert.deepEqual(timesOf(await bed.operator.planTimeline(id)), whole);
    // A truth that comes late.
    await bed.version("b", "2.0.0");
    assert.equal(timesOf(await bed.operator.planTimeline(id)).at(-1), "1030 s: succeeded 2");
  }));

test("a purge of events takes the history along, but not what holds at that time", () =>
  ConsoleBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.devices(["a", "b"]);
    const { id } = await bed.plan();
    await bed.seconds(100);
    await bed.version("a", "2.0.0");
    await bed.seconds(100);
    await bed.version("b", "2.0.0");
    await bed.seconds(100);
    const history = async () => pointsOf(await bed.operator.versionHistory({ productId: PRODUCT }));
    const before = await history();
    const timeline = timesOf(await bed.operator.planTimeline(id));
    assert.deepEqual([before.length, timeline.length], [4, 3]);
    assert.ok((await bed.operator.purgeEvents({ beforeMs: NOW + 150_000 }, ACTOR)) > 0);
    assert.deepEqual(await history(), before.slice(1));
    assert.deepEqual(timesOf(await bed.operator.planTimeline(id)), timeline.slice(1));
    await bed.operator.purgeEvents({ planId: id }, ACTOR);
    assert.deepEqual(timesOf(await bed.operator.planTimeline(id)), timeline.slice(2));
    assert.deepEqual(await bed.tables.samples.times(planSeries(id)), [NOW + 201_000]);
    assert.deepEqual(await history(), before.slice(1));
  }));

test("a purge of both a time and a plan is refused: it would remove more than one of them says", () =>
  ConsoleBed.run(async (bed) => {
    await bed.package("2.0.0");
    await bed.devices(["a"]);
    const { id } = await bed.plan();
    await assert.rejects(bed.operator.purgeEvents({ planId: id, beforeMs: NOW }, ACTOR), { code: "invalid" });
  }));
