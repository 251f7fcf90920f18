import assert from "node:assert/strict";
import { test } from "node:test";
import { type CheckedUpdate, CheckIn } from "../../../src/agent/version-check.js";
import type { Plan } from "../../../src/plans/plan.js";
import { OtaError } from "../../../src/errors.js";
import { constantRandom } from "../../support/session-test-bed.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const PLAN = { version: "2.0" } as Plan;

class Scene implements CheckedUpdate<Plan> {
  readonly clock = new VirtualClock();
  readonly checkIn: CheckIn<Plan>;
  isOnline = true;
  isBusy = false;
  plan: Plan | undefined;
  reports = 0;

  constructor({ everyMs = 600_000, fraction = 0 } = {}) {
    this.checkIn = new CheckIn({ clock: this.clock, random: constantRandom(fraction), everyMs, update: this });
  }

  current(): Plan | undefined {
    return this.plan;
  }

  report(): void {
    this.reports++;
  }
}

test("the version is reported again every ten minutes, spread from half to one and a half of it", () => {
  for (const [fraction, everyMs] of [
    [0, 300_000],
    [0.5, 600_000],
    [0.999, 899_400],
  ] as const) {
    const scene = new Scene({ fraction });
    scene.checkIn.start();
    scene.clock.advance(everyMs - 100);
    assert.equal(scene.reports, 0);
    scene.clock.advance(10 * everyMs);
    assert.equal(scene.reports, 10);
  }
});

test("offline, and while a job is under way, nothing is reported; afterwards it is", () => {
  const scene = new Scene();
  scene.checkIn.start();
  scene.isOnline = false;
  scene.clock.advance(600_000);
  scene.isOnline = true;
  scene.isBusy = true;
  scene.clock.advance(600_000);
  assert.equal(scene.reports, 0);
  scene.isBusy = false;
  scene.clock.advance(300_000);
  assert.equal(scene.reports, 1);
});

test("it can be switched off, and ends when stopped", () => {
  const off = new Scene({ everyMs: 0 });
  off.checkIn.start();
  assert.deepEqual(off.clock.names(), []);
  const scene = new Scene();
  scene.checkIn.start();
  scene.checkIn.stop();
  assert.deepEqual(scene.clock.names(), []);
});

test("a check reports the version at once, and returns the plan", async () => {
  const scene = new Scene();
  const [first, second] = [scene.checkIn.check(), scene.checkIn.check()];
  assert.equal(scene.reports, 2);
  scene.checkIn.found(PLAN);
  assert.deepEqual([await first, await second], [PLAN, PLAN]);
  assert.deepEqual(scene.clock.names(), []);
});

test("no offer within five seconds is none", async () => {
  const scene = new Scene();
  const answer = scene.checkIn.check();
  scene.clock.advance(5_000);
  assert.equal(await answer, undefined);
});

test("a check during a job returns the job's plan, without a report", async () => {
  const scene = new Scene();
  scene.isBusy = true;
  scene.plan = PLAN;
  assert.equal(await scene.checkIn.check(), PLAN);
  assert.equal(scene.reports, 0);
});

test("a check without a connection is an error", async () => {
  const scene = new Scene();
  scene.isOnline = false;
  await assert.rejects(scene.checkIn.check(), (error) => error instanceof OtaError && error.code === "unreachable");
});

test("a stop ends a check that waits: there is no plan", async () => {
  const scene = new Scene();
  const answer = scene.checkIn.check();
  scene.checkIn.stop();
  assert.equal(await answer, undefined);
});
