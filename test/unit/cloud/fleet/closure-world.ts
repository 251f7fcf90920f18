import { conflictOf, type OtherTask } from "../../../../cloud/fleet/conflict.js";
import { paceOf } from "../../../../cloud/fleet/pace.js";
import { transition as planTransition } from "../../../../cloud/fleet/plan-machine.js";
import type { PlanEffect, PlanEvent, PlanState } from "../../../../cloud/fleet/plan-types.js";
import { tasksOfVersion } from "../../../../cloud/fleet/routing.js";
import { paceCountsOf, resultCountsOf, summaryOf } from "../../../../cloud/fleet/summary.js";
import { NEW_TASK, transition as taskTransition } from "../../../../cloud/fleet/task-machine.js";
import {
  type CancelReason,
  OPEN_STATES,
  type TaskAnswer,
  type TaskEvent,
  type TaskState,
} from "../../../../cloud/fleet/task-types.js";
import type { PlanHalt, PlanPace, RetryRule } from "../../../../cloud/fleet/types.js";
import { type WaitingReason, waitingReason } from "../../../../cloud/fleet/waiting-reason.js";

/*
 * A fleet without a store and without a broker: plans, their tasks, and a driver that keeps the contract of the
 * machines. Time stands still but for the moment at which something is due, so that the worlds are finitely many.
 */

export const NOW_MS = 1_000_000_000_000;

/** The machines under test; a planted bug stands in for one of them. */
export interface Machines {
  readonly task: typeof taskTransition;
  readonly plan: typeof planTransition;
}

export const MACHINES: Machines = { task: taskTransition, plan: planTransition };

export interface ScenePlan {
  readonly conflict: "wait" | "replace";
  readonly pace: PlanPace;
  readonly halt: PlanHalt;
  readonly retry: readonly RetryRule[];
}

export interface SceneTask {
  /** Index of the plan. A later plan was activated later. */
  readonly plan: number;
  readonly device: string;
  readonly component: string;
  /** Place of the component in its plan. */
  readonly place: number;
  readonly target: string;
  readonly judgedBy: "version" | "done";
  /** The first offer is a delta; once that was refused, the file itself. */
  readonly hasVariant: boolean;
}

export interface Scene {
  readonly name: string;
  readonly plans: readonly ScenePlan[];
  /** Of a device, in the order of its components. */
  readonly tasks: readonly SceneTask[];
}

export interface World {
  readonly plans: readonly PlanState[];
  readonly tasks: readonly TaskState[];
  /** Of each task whether the device has refused the delta. */
  readonly refused: readonly boolean[];
}

export type Command =
  | { readonly task: number; readonly event: TaskEvent }
  | { readonly plan: number; readonly event: PlanEvent }
  /** A device reports a version of a component. */
  | { readonly device: string; readonly component: string; readonly version: string; readonly previous: string };

/** What a command did besides. */
export interface Deed {
  readonly task: number;
  readonly does: "try" | "offer-again" | "deadline";
  readonly before: TaskState;
}

export interface Outcome {
  readonly world: World;
  readonly deeds: readonly Deed[];
  /** Every machine has stayed where it was. */
  readonly isSame: boolean;
}

export function startOf({ plans, tasks }: Scene): World {
  return {
    plans: plans.map((): PlanState => ({ name: "active", seen: { ended: 0, bad: 0 } })),
    tasks: tasks.map(() => NEW_TASK),
    refused: tasks.map(() => false),
  };
}

/** One command, with all that a driver does for it in the same transaction. */
export class Transaction {
  readonly #scene: Scene;
  readonly #machines: Machines;
  readonly #plans: PlanState[];
  readonly #tasks: TaskState[];
  readonly #refused: boolean[];
  readonly #deeds: Deed[] = [];
  readonly #before: World;

  constructor(scene: Scene, world: World, machines: Machines) {
    this.#scene = scene;
    this.#machines = machines;
    this.#plans = [...world.plans];
    this.#tasks = [...world.tasks];
    this.#refused = [...world.refused];
    this.#before = world;
  }

  run(command: Command): Outcome {
    if ("plan" in command) this.#tellPlan(command.plan, command.event);
    else if ("device" in command) this.#version(command);
    else {
      const { event, task } = command;
      if (event.type === "turn-came") this.#replace(task);
      const before = [...this.#plans];
      if (event.type === "retry-commanded") this.#tellPlan(this.#of(task).plan, { type: "reopening-commanded" });
      // A task that refuses takes the whole command back.
      if (this.#tell(task, event) === "refused") this.#plans.splice(0, before.length, ...before);
    }
    const isSame =
      this.#plans.every((state, index) => state === this.#before.plans[index]) &&
      this.#tasks.every((state, index) => state === this.#before.tasks[index]);
    return { world: { plans: this.#plans, tasks: this.#tasks, refused: this.#refused }, deeds: this.#deeds, isSame };
  }

  #tell(task: number, event: TaskEvent): TaskAnswer["kind"] {
    const before = this.#state(task);
    const { plan, target, judgedBy, hasVariant } = this.#of(task);
    const settings = this.#scene.plans[plan] as ScenePlan;
    const { state, effects, answer } = this.#machines.task(before, event, {
      nowMs: dueMs(before, event),
      targetVersion: target,
      judgedBy,
      plan: this.#plan(plan).name,
      otherInFlight: others(this.#scene, this.#tasks, task).some(({ state: name }) => name !== "waiting"),
      variantOffered: hasVariant && this.#refused[task] !== true,
      earlierFailed: this.#earlier(task).some((each) => hasFailed(this.#state(each))),
      retry: settings.retry,
      silentAfterSeconds: 3600,
      answerWithinSeconds: 86_400,
    });
    if (state !== before) this.#tasks[task] = settled(state, settings);
    for (const effect of effects) {
      if (effect.do === "offer") {
        const isTry = before.name === "waiting";
        this.#deeds.push({ task, does: isTry ? "try" : "offer-again", before });
      } else if (effect.do === "give-up-variants") this.#refused[task] = true;
      else if (effect.do === "set-deadline") this.#deeds.push({ task, does: "deadline", before });
      else if (effect.do === "count-result") this.#ended(task);
    }
    return answer.kind;
  }

  #ended(task: number): void {
    const state = this.#state(task);
    if (!OPEN_STATES.includes(state.name)) {
      const type = state.name === "succeeded" ? "earlier-component-succeeded" : "earlier-component-failed";
      for (const later of this.#later(task)) this.#tell(later, { type });
    }
    this.#count(this.#of(task).plan);
  }

  #tellPlan(plan: number, event: PlanEvent): void {
    const { halt } = this.#scene.plans[plan] as ScenePlan;
    const { state, effects } = this.#machines.plan(this.#plan(plan), event, { halt, dynamic: false });
    if (state !== this.#plans[plan]) this.#plans[plan] = "detail" in state ? { ...state, detail: "" } : state;
    for (const effect of effects) this.#perform(plan, effect);
  }

  #perform(plan: number, effect: PlanEffect): void {
    if (effect.do === "count") this.#count(plan);
    if (effect.do !== "tell-tasks") return;
    for (const [task, { plan: of }] of this.#scene.tasks.entries()) {
      if (of === plan) this.#tell(task, { type: effect.event });
    }
  }

  #count(plan: number): void {
    const rows = this.#tasks
      .filter((_, task) => this.#of(task).plan === plan)
      .map(({ name }) => ({ state: name, count: 1 }));
    this.#tellPlan(plan, { type: "results-counted", counts: resultCountsOf(summaryOf(rows).counts) });
  }

  #replace(task: number): void {
    const conflict = conflictIn(this.#scene, this.#tasks, task);
    if (conflict.do !== "replace") return;
    for (const { taskId } of conflict.tasks) {
      this.#tell(Number(taskId), { type: "replaced", byPlan: String(this.#of(task).plan) });
    }
  }

  #version({ device, component, version, previous }: Extract<Command, { device: string }>): void {
    const addressees = this.#scene.tasks.flatMap((task, index) =>
      task.device === device
        ? [{ ...task, taskId: String(index), targetVersion: task.target, state: this.#state(index).name, order: index }]
        : [],
    );
    let byPlan = false;
    for (const { taskId } of tasksOfVersion(addressees, component, version)) {
      const task = Number(taskId);
      const wasEnded = this.#state(task).name === "succeeded";
      this.#tell(task, { type: "version-reported", version, previous, byPlan });
      byPlan ||= !wasEnded && this.#state(task).name === "succeeded";
    }
  }

  #state(task: number): TaskState {
    return this.#tasks[task] as TaskState;
  }

  #plan(plan: number): PlanState {
    return this.#plans[plan] as PlanState;
  }

  #of(task: number): SceneTask {
    return this.#scene.tasks[task] as SceneTask;
  }

  #earlier(task: number): number[] {
    return siblings(this.#scene, task, (place, own) => place < own);
  }

  #later(task: number): number[] {
    return siblings(this.#scene, task, (place, own) => place > own);
  }
}

/** What holds a waiting task back, if its device is online and the window is open. */
export function reasonFor(scene: Scene, { plans, tasks }: World, task: number): WaitingReason | undefined {
  const own = scene.tasks[task] as SceneTask;
  const { pace } = scene.plans[own.plan] as ScenePlan;
  const state = tasks[task] as Extract<TaskState, { name: "waiting" }>;
  const ofPlan = tasks.filter((_, index) => scene.tasks[index]?.plan === own.plan);
  const untried = ofPlan.filter(({ name, attempt }) => name === "waiting" && attempt === 0).length;
  const summary = summaryOf(ofPlan.map(({ name }) => ({ state: name, count: 1 })));
  const conflict = conflictIn(scene, tasks, task);
  const earlier = siblings(scene, task, (place, of) => place < of).find((each) => tasks[each]?.name !== "succeeded");
  return waitingReason({
    state,
    plan: (plans[own.plan] as PlanState).name,
    settings: { window: undefined, zone: "plan", timeZone: "UTC" },
    deviceZone: undefined,
    isOnline: true,
    earlierComponent: earlier === undefined ? undefined : scene.tasks[earlier]?.component,
    otherPlan: conflict.do === "wait" ? conflict.forPlan : undefined,
    pace: paceOf(pace, paceCountsOf(summary, untried, 0)),
    nowMs: Math.max(NOW_MS, state.notBeforeMs),
  });
}

function conflictIn(scene: Scene, tasks: readonly TaskState[], task: number) {
  const { plan } = scene.tasks[task] as SceneTask;
  const { conflict } = scene.plans[plan] as ScenePlan;
  return conflictOf({ planRank: rankOf(plan), conflict }, others(scene, tasks, task));
}

/** A later plan was activated later. */
function rankOf(plan: number): OtherTask["planRank"] {
  return { activatedAtMs: plan, order: plan };
}

function others(scene: Scene, tasks: readonly TaskState[], task: number): OtherTask[] {
  const own = scene.tasks[task] as SceneTask;
  return scene.tasks.flatMap(({ plan, device, component }, index) => {
    const { name } = tasks[index] as TaskState;
    const isOther = plan !== own.plan && device === own.device && component === own.component;
    return isOther && OPEN_STATES.includes(name)
      ? [{ taskId: String(index), planId: String(plan), planRank: rankOf(plan), state: name }]
      : [];
  });
}

function siblings({ tasks }: Scene, task: number, is: (place: number, own: number) => boolean): number[] {
  const own = tasks[task] as SceneTask;
  return tasks.flatMap(({ plan, device, place }, index) =>
    plan === own.plan && device === own.device && is(place, own.place) ? [index] : [],
  );
}

const TAKEN_UP: readonly CancelReason[] = ["plan-stopped", "earlier-component"];

function hasFailed({ name }: TaskState): boolean {
  return name !== "succeeded" && !OPEN_STATES.includes(name);
}

/** Time moves on to what the event is about. */
function dueMs(state: TaskState, { type }: TaskEvent): number {
  if (type === "deadline-passed" && "deadlineMs" in state) return Math.max(NOW_MS, state.deadlineMs);
  return type === "turn-came" && state.name === "waiting" ? Math.max(NOW_MS, state.notBeforeMs) : NOW_MS;
}

/**
 * The same state as far as the machine distinguishes it: tries beyond all rules are alike, so are times to come, and
 * most reasons are only read by people.
 */
function settled(state: TaskState, { retry }: ScenePlan): TaskState {
  const most = Math.max(0, ...retry.map(({ times }) => times)) + 1;
  const next = { ...state, attempt: Math.min(state.attempt, most) };
  if ("detail" in next) next.detail = "";
  if (next.name === "succeeded") return { ...next, attempt: 1, reason: "late" };
  if (next.name === "superseded") return { ...next, attempt: 1 };
  if (next.name === "failed") return { ...next, reason: "-5" };
  if (next.name === "silent") return { ...next, reason: "offered" };
  if (next.name === "cancelled" && !TAKEN_UP.includes(next.reason)) return { ...next, reason: "by-operator" };
  if (next.name === "waiting" && next.notBeforeMs > NOW_MS) return { ...next, notBeforeMs: NOW_MS + 1 };
  if ("deadlineMs" in next) return { ...next, deadlineMs: NOW_MS + 1 };
  return next;
}
