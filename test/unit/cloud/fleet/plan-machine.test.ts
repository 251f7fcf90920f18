import assert from "node:assert/strict";
import { test } from "node:test";
import { transition as packageTransition } from "../../../../cloud/fleet/package-machine.js";
import { transition } from "../../../../cloud/fleet/plan-machine.js";
import type { PlanContext, PlanEvent, PlanState, PlanStep, ResultCounts } from "../../../../cloud/fleet/plan-types.js";

const CONTEXT: PlanContext = { halt: { percent: 20, atLeast: 5 }, dynamic: false };

function go(state: PlanState, event: PlanEvent, over: Partial<PlanContext> = {}): PlanStep {
  return transition(state, event, { ...CONTEXT, ...over });
}

function does({ effects }: PlanStep): string {
  return effects
    .flatMap((effect) => (effect.do === "tell-tasks" ? effect.event : effect.do === "record" ? [] : effect.do))
    .join();
}

const counted = (over: Partial<ResultCounts>): PlanEvent => ({
  type: "results-counted",
  counts: { open: 10, succeeded: 0, failed: 0, silent: 0, ...over },
});

const active: PlanState = { name: "active", seen: { ended: 0, bad: 0 } };

test("an activation makes the tasks; a draft with problems stays a draft", () => {
  assert.equal(does(go({ name: "draft" }, { type: "activation-commanded", problems: [] })), "create-tasks,count,push");
  const step = go({ name: "draft" }, { type: "activation-commanded", problems: ["nobody-matches"] });
  assert.deepEqual(step.answer, { kind: "refused", because: "cannot-be-activated" });
});

test("a fixed plan without open tasks is finished, a dynamic one goes on", () => {
  assert.equal(go(active, counted({ open: 0, succeeded: 9 })).state.name, "finished");
  assert.equal(go(active, counted({ open: 0, succeeded: 9 }), { dynamic: true }).state.name, "active");
  assert.equal(go({ ...active, name: "paused" }, counted({ open: 0, succeeded: 9 })).state.name, "finished");
});

test("too many failures halt a plan, even if they are its last tasks, and resuming it accepts them", () => {
  const last = counted({ open: 0, succeeded: 8, failed: 1, silent: 1 });
  const { state } = go(active, last);
  assert.deepEqual(state, {
    name: "halted",
    reason: "threshold",
    detail: "2 of 10 failed or are silent",
    seen: { ended: 10, bad: 2 },
  });
  const resumed = go(state, { type: "resume-commanded" });
  assert.equal(does(resumed), "count,push");
  assert.equal(go(resumed.state, last).state.name, "finished");
});

test("what ends while a plan is halted is seen by whoever resumes it", () => {
  const { state } = go(active, counted({ succeeded: 4, failed: 1 }));
  assert.equal(state.name, "halted");
  const later = go(state, counted({ open: 2, succeeded: 4, failed: 9 })).state;
  const resumed = go(later, { type: "resume-commanded" }).state;
  assert.equal(go(resumed, counted({ open: 2, succeeded: 4, failed: 9 })).state.name, "active");
});

test("what was seen, is tried again and fails once more counts toward the next halt", () => {
  const seen = { ended: 10, bad: 10 };
  const tried = go({ ...active, seen }, counted({ open: 10 })).state;
  assert.deepEqual(tried, { name: "active", seen: { ended: 0, bad: 0 } });
  assert.equal(go(tried, counted({ failed: 10 })).state.name, "halted");
  // A late success is no failure that was seen.
  const late = go({ ...active, seen }, counted({ succeeded: 1, failed: 9 })).state;
  assert.deepEqual(late, { name: "active", seen: { ended: 10, bad: 9 } });
});

test("an emergency stop revokes the URLs before it takes back the tasks; its resume gives them back", () => {
  const stopped = go(active, { type: "stop-commanded", reason: "smoke" });
  assert.equal(does(stopped), "revoke-urls,plan-stopped,count");
  assert.equal(does(go(stopped.state, { type: "resume-commanded" })), "plan-resumed,count,push");
  const cancelled = go(active, { type: "cancel-commanded", reason: "" });
  assert.equal(does(cancelled), "plan-cancelled");
  assert.equal(does(go(cancelled.state, { type: "stop-commanded", reason: "" })), "revoke-urls,plan-stopped");
});

test("a plan whose package was withdrawn can only be cancelled", () => {
  const { state } = go(active, { type: "package-withdrawn", packageId: "9" });
  for (const type of ["resume-commanded", "retry-commanded", "reopening-commanded"] as const) {
    assert.deepEqual(go(state, { type }).answer, { kind: "refused", because: "package-withdrawn" });
  }
  assert.equal(go(state, { type: "cancel-commanded", reason: "" }).state.name, "cancelled");
});

test("a finished plan is taken up again by a retry, and what it saw does not halt it", () => {
  const end = counted({ open: 0, succeeded: 20, failed: 4 });
  const finished = go(active, end);
  assert.equal(finished.state.name, "finished");
  const again = go(finished.state, { type: "retry-commanded" });
  assert.equal(does(again), "plan-retried,count,push");
  assert.equal(go(again.state, counted({ open: 4, succeeded: 20 })).state.name, "active");
});

test("only a draft is edited and deleted", () => {
  for (const type of ["edit-commanded", "deletion-commanded"] as const) {
    assert.equal(go({ name: "draft" }, { type }).answer.kind, "taken");
    assert.deepEqual(go(active, { type }).answer, { kind: "refused", because: "not-a-draft" });
  }
});

test("a package is verified on one device; one that was rejected may be tried again, one that is withdrawn not", () => {
  const commanded = { type: "verification-commanded", deviceName: "dev_1" } as const;
  const verifying = packageTransition({ name: "uploaded" }, commanded).state;
  assert.equal(packageTransition(verifying, { type: "task-succeeded" }).state.name, "verified");
  const rejected = packageTransition(verifying, { type: "task-failed", reason: "-4", detail: "" }).state;
  assert.equal(packageTransition(rejected, commanded).state.name, "verifying");
  const withdrawn = packageTransition(verifying, { type: "withdrawal-commanded", reason: "" });
  assert.deepEqual(
    withdrawn.effects.map((effect) => effect.do),
    ["cancel-verification", "halt-plans", "record"],
  );
  assert.deepEqual(packageTransition(withdrawn.state, commanded).answer, { kind: "refused", because: "withdrawn" });
});
