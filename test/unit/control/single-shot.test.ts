import assert from "node:assert/strict";
import { test } from "node:test";
import { type CheckEnd, SingleShot } from "../../../src/control/single-shot.js";
import { VirtualClock } from "../../support/virtual-clock.js";

class Scene {
  readonly clock = new VirtualClock();
  readonly ends: CheckEnd[] = [];
  readonly shot = new SingleShot({ clock: this.clock, timeoutMs: 30_000, onEnd: (end) => this.ends.push(end) });

  answered(): void {
    this.shot.answered();
    this.shot.look("idle", true);
  }
}

const JOB = { version: "2.0", result: { outcome: "done" }, endedAt: undefined } as const;

test("without a connection it ends after its time, also if one comes and goes", () => {
  const scene = new Scene();
  scene.shot.look("idle", false);
  scene.clock.advance(29_999);
  scene.shot.look("idle", true);
  assert.deepEqual(scene.ends, []);
  scene.clock.advance(1);
  assert.deepEqual(scene.ends, [{ end: "unreachable" }], "connected, and never answered");
});

test("with an answer and no offer it ends with nothing, 5 s after the last answer", () => {
  const scene = new Scene();
  scene.shot.look("idle", true);
  scene.answered();
  scene.clock.advance(4_000);
  scene.answered();
  scene.clock.advance(4_999);
  assert.deepEqual(scene.ends, []);
  scene.clock.advance(1);
  assert.deepEqual(scene.ends, [{ end: "nothing" }]);
});

test("an answer of a connection that broke says nothing about the next one", () => {
  const scene = new Scene();
  scene.answered();
  scene.shot.look("idle", false);
  scene.shot.look("idle", true);
  scene.clock.advance(29_999);
  assert.deepEqual(scene.ends, []);
  scene.clock.advance(1);
  assert.deepEqual(scene.ends, [{ end: "unreachable" }]);
});

test("work has no time limit, and its result is the end", () => {
  const scene = new Scene();
  scene.answered();
  for (const state of ["downloading", "waiting", "verifying", "applying", "confirming"] as const) {
    scene.shot.look(state, true);
    scene.clock.advance(3_600_000);
    scene.shot.look(state, false);
    scene.clock.advance(3_600_000);
  }
  assert.deepEqual(scene.ends, []);
  scene.shot.look("reporting", true);
  scene.clock.advance(3_600_000);
  scene.shot.ended(JOB);
  scene.answered();
  scene.clock.advance(5_000);
  assert.deepEqual(scene.ends, [{ end: "ended", job: JOB }]);
});

test("a result that nobody takes ends it, and so does an update that waits", () => {
  const offline = new Scene();
  offline.shot.look("reporting", false);
  offline.clock.advance(30_000);
  assert.deepEqual(offline.ends, [{ end: "unreachable" }]);
  for (const [state, afterMs] of [
    ["offered", 30_000],
    ["ready", 5_000],
  ] as const) {
    const scene = new Scene();
    scene.shot.look(state, true);
    scene.clock.advance(afterMs - 1);
    assert.deepEqual(scene.ends, []);
    scene.clock.advance(1);
    assert.deepEqual(scene.ends, [{ end: "waiting" }]);
  }
});
