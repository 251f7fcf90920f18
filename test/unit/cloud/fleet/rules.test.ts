import assert from "node:assert/strict";
import { test } from "node:test";
import { activationProblems, type ActivationInput } from "../../../../cloud/fleet/activation.js";
import { conflictOf, type OtherTask } from "../../../../cloud/fleet/conflict.js";
import { type Addressee, taskOfProgress, tasksOfVersion } from "../../../../cloud/fleet/routing.js";
import { fromRow, toRow } from "../../../../cloud/fleet/task-row.js";
import type { TaskRow, TaskState } from "../../../../cloud/fleet/task-types.js";
import { WAITING_REASONS, type WaitingInput, waitingReason } from "../../../../cloud/fleet/waiting-reason.js";
import { TASK_STATES } from "../../../machine/fleet-representatives.js";

const verified = { state: "verified", files: 1, components: 1 } as const;

test("a plan is activated with verified packages, or with an override", () => {
  const problems = (over: Partial<ActivationInput>): string =>
    activationProblems({ packages: [verified], matching: 3, dynamic: false, override: undefined, ...over }).join();
  const uploaded = { ...verified, state: "uploaded" } as const;
  assert.equal(problems({}), "");
  assert.equal(problems({ packages: [uploaded] }), "package-not-verified");
  assert.equal(problems({ packages: [{ ...verified, state: "rejected" }] }), "package-not-verified");
  assert.equal(problems({ packages: [uploaded], matching: 1 }), "");
  assert.equal(problems({ packages: [uploaded], matching: 1, dynamic: true }), "package-not-verified");
  assert.equal(problems({ packages: [uploaded], override: "urgent" }), "");
  assert.equal(problems({ packages: [{ ...verified, state: "withdrawn" }], override: "urgent" }), "package-withdrawn");
  assert.equal(problems({ packages: [{ ...verified, state: undefined }] }), "package-missing");
  assert.equal(problems({ packages: [] }), "package-missing");
  assert.equal(problems({ packages: [{ ...verified, files: 2 }] }), "more-files-than-components");
  assert.equal(problems({ matching: 0 }), "nobody-matches");
  assert.equal(problems({ matching: 0, dynamic: true }), "");
});

test("a later plan waits for an earlier one, or replaces it unless it installs; never the other way", () => {
  const rank = (activatedAtMs: number, order = 1): OtherTask["planRank"] => ({ activatedAtMs, order });
  const other = (activatedAtMs: number, state: OtherTask["state"]): OtherTask => ({
    taskId: `t${activatedAtMs}`,
    planId: `p${activatedAtMs}`,
    planRank: rank(activatedAtMs),
    state,
  });
  const verdict = (conflict: "wait" | "replace", others: readonly OtherTask[]): string => {
    const found = conflictOf({ planRank: rank(5), conflict }, others);
    if (found.do === "wait") return `wait for ${found.forPlan}`;
    return found.do === "go" ? "go" : `replace ${found.tasks.map(({ taskId }) => taskId).join()}`;
  };
  assert.equal(verdict("wait", []), "go");
  assert.equal(verdict("wait", [other(1, "waiting")]), "wait for p1");
  assert.equal(verdict("wait", [other(9, "waiting")]), "go");
  assert.equal(verdict("wait", [other(9, "downloading")]), "wait for p9");
  assert.equal(verdict("replace", [other(1, "waiting"), other(2, "downloading")]), "replace t1,t2");
  assert.equal(verdict("replace", [other(1, "burning")]), "wait for p1");
  assert.equal(verdict("replace", [other(1, "trial"), other(2, "waiting")]), "wait for p1");
  assert.equal(verdict("replace", [other(9, "downloading")]), "wait for p9");
  assert.equal(verdict("replace", [other(9, "waiting")]), "go");
});

test("of plans that were activated in the same millisecond, the one that was made first is the earlier", () => {
  const verdict = (mine: number, other: number): string => {
    const planRank = { activatedAtMs: 5, order: other };
    const others = [{ taskId: "t", planId: String(other), planRank, state: "waiting" } as const];
    return conflictOf({ planRank: { activatedAtMs: 5, order: mine }, conflict: "wait" }, others).do;
  };
  assert.equal(verdict(2, 1), "wait");
  assert.equal(verdict(1, 2), "go");
});

test("a report of progress is of the task in flight with its target, then of one that waits, then of the latest", () => {
  const task = (taskId: string, state: Addressee["state"], over: Partial<Addressee> = {}): Addressee => ({
    taskId,
    component: "firmware",
    targetVersion: "2.0",
    state,
    order: Number(taskId),
    ...over,
  });
  const all = [
    task("1", "failed"),
    task("2", "cancelled"),
    task("3", "waiting"),
    task("4", "offered"),
    task("5", "superseded"),
  ];
  const of = (tasks: readonly Addressee[]): string | undefined => taskOfProgress(tasks, "2.0")?.taskId;
  assert.equal(of(all), "4");
  assert.equal(of(all.slice(0, 3)), "3");
  assert.equal(of(all.slice(0, 2)), "2");
  assert.equal(of([task("5", "superseded")]), undefined);
  assert.equal(taskOfProgress(all, "3.0"), undefined);
  const version = (tasks: readonly Addressee[], reported: string): string =>
    tasksOfVersion(tasks, "firmware", reported)
      .map(({ taskId }) => taskId)
      .join();
  const third = task("6", "waiting", { targetVersion: "3.0" });
  assert.equal(version([...all, third], "1.0"), "4,6,3");
  assert.equal(version([task("4", "offered"), third], "3.0"), "6,4");
  assert.equal(version([task("1", "failed"), task("2", "silent"), third], "2.0"), "2,6");
  assert.equal(version([task("1", "succeeded", { component: "mcu" })], "2.0"), "");
});

test("each state survives its columns and JSON; a damaged row is refused", () => {
  for (const state of Object.values(TASK_STATES).flatMap((each): TaskState[] => Object.values(each))) {
    assert.deepEqual(fromRow(JSON.parse(JSON.stringify(toRow(state))) as TaskRow), state);
  }
  const row = toRow({ name: "offered", attempt: 1, deadlineMs: 5 });
  assert.throws(() => fromRow({ ...row, deadlineMs: null }), /a task that is offered has no deadlineMs/);
  assert.throws(() => fromRow({ ...row, state: "asleep" as "offered" }), RangeError);
});

const nowMs = Date.UTC(2026, 5, 1, 12);
const free: WaitingInput = {
  state: { name: "waiting", attempt: 0, cause: "new", notBeforeMs: 0, detail: "" },
  plan: "active",
  settings: { window: undefined, zone: "device", timeZone: "UTC" },
  deviceZone: undefined,
  isOnline: true,
  earlierComponent: undefined,
  otherPlan: undefined,
  pace: { first: 1, all: 1, heldBy: undefined, stage: 100 },
  nowMs,
};
const held = { first: 0, all: 0, stage: 5 };
const inAnHour = { ...free.state, attempt: 1, notBeforeMs: nowMs + 3_600_000 };
const window = { from: 2, to: 4 };

const WAITING: { readonly [reason: string]: readonly [Partial<WaitingInput>, object] } = {
  "plan-paused": [{ plan: "paused", isOnline: false }, {}],
  "plan-halted": [{ plan: "halted" }, {}],
  "plan-ended": [{ plan: "cancelled" }, {}],
  "earlier-component": [{ earlierComponent: "firmware", otherPlan: "7" }, { detail: "firmware" }],
  "other-plan": [{ otherPlan: "7", isOnline: false }, { detail: "7" }],
  deferred: [{ state: { ...inAnHour, cause: "deferred" } }, { untilMs: nowMs + 3_600_000 }],
  "retry-at": [{ state: { ...inAnHour, cause: "retry" }, isOnline: false }, { untilMs: nowMs + 3_600_000 }],
  offline: [{ isOnline: false, pace: { ...held, heldBy: "stage" } }, {}],
  window: [{ settings: { ...free.settings, window } }, { untilMs: Date.UTC(2026, 5, 2, 2) }],
  stage: [{ pace: { ...held, all: 5, heldBy: "stage" } }, {}],
  pace: [{ pace: { ...held, heldBy: "per-minute" } }, {}],
};

test("each reason to wait is told, with what lifts it; and none if it is the task's turn", () => {
  assert.deepEqual(Object.keys(WAITING).sort(), [...WAITING_REASONS].sort());
  for (const [reason, [over, more]] of Object.entries(WAITING)) {
    assert.deepEqual(waitingReason({ ...free, ...over }), { reason, ...more });
  }
  assert.equal(waitingReason(free), undefined);
});

test("a further try is not held back by a stage, since it belongs to one that has begun", () => {
  const state = { ...inAnHour, cause: "retry", notBeforeMs: nowMs } as const;
  assert.equal(waitingReason({ ...free, state, pace: { ...held, all: 1, heldBy: "stage" } }), undefined);
  assert.deepEqual(waitingReason({ ...free, state, pace: { ...held, heldBy: "stage" } }), { reason: "pace" });
});

test("the window is on the device's own clock if that is known and the plan wants it", () => {
  const at = (zone: "plan" | "device", deviceZone: string | undefined): string | undefined =>
    waitingReason({ ...free, settings: { window: { from: 20, to: 21 }, zone, timeZone: "UTC" }, deviceZone })?.reason;
  assert.equal(at("device", "Asia/Shanghai"), undefined);
  assert.equal(at("plan", "Asia/Shanghai"), "window");
  assert.equal(at("device", undefined), "window");
});
