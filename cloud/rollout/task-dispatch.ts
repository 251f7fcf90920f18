import { PLACE_STATES } from "../fleet/summary.js";
import { transition } from "../fleet/task-machine.js";
import { fromRow, toRow } from "../fleet/task-row.js";
import {
  IN_FLIGHT_STATES,
  OPEN_STATES,
  type TaskContext,
  type TaskEffect,
  type TaskEvent,
  type TaskStateName,
  type TaskStep,
} from "../fleet/task-types.js";
import { textFor } from "../fleet/texts.js";
import { OWN_FIRMWARE } from "../fleet/types.js";
import type { Device, Task, TaskPatch } from "../store/schema.js";
import { demandsOf } from "./demands.js";
import type { Journal } from "./journal.js";
import type { Offer, Reachable } from "./offers.js";
import { fileOf, variantOf, variantText } from "./offered-file.js";
import { planState, type PlanTerms, type PlanTermsCache } from "./plan-records.js";
import type { Work } from "./work.js";

/** A device with its name on the wire. */
export interface NamedDevice extends Reachable {
  readonly id: number;
  readonly row: Device;
}

export interface TaskDispatchOptions {
  readonly journal: Journal;
  readonly terms: PlanTermsCache;
  readonly offers: {
    /** Whether an offer has to say what its file demands. */
    readonly carryDemands: boolean;
    send(offer: Offer): void;
    drop(taskId: number): void;
  };
  /** Whether nobody says if this device is connected. */
  isPresenceUnknown(device: Reachable): boolean;
  /** The URLs of a task answer 403 now: its downloads must end. */
  onRevoked(taskId: number): void;
  /** A task of the plan has ended, was taken up again, or has given its place back: its tasks are to be counted. */
  onResult(planId: number): void;
  /**
   * Called in the transaction in which a task takes one of the plan's places in flight: the next turn of this
   * transaction has to see it. @param wasAsked whether the person at the device has accepted
   */
  onBegan(planId: number, wasAsked: boolean): void;
  /** A waiting task of the plan may go from this time on. */
  onWake(planId: number, atMs: number): void;
  /** Called in the transaction in which a task has ended, or has ended otherwise than before. */
  onEnded(work: Work, task: Task, device: NamedDevice): Promise<void>;
}

/** Lets events happen to tasks: it stores the new state and the records; the other effects run after the commit. */
export class TaskDispatch {
  readonly #options: TaskDispatchOptions;

  constructor(options: TaskDispatchOptions) {
    this.#options = options;
  }

  /** @returns what the machine says, and the task as it is stored now */
  async dispatch(
    work: Work,
    task: Task,
    device: NamedDevice,
    event: TaskEvent,
  ): Promise<{ readonly step: TaskStep; readonly task: Task }> {
    const terms = await this.#options.terms.of(work.tables, task.planId);
    const before = fromRow(rowOf(task));
    const step = transition(before, event, await this.#contextOf(work, task, device, terms));
    if (step.state === before && step.effects.length === 0) return { step, task };
    const patch: TaskPatch = {
      ...columnsOf(toRow(step.state)),
      ...(event.type === "turn-came" && step.state.name === "offered" ? await this.#beginOf(work, task) : {}),
      updatedAt: work.nowMs,
    };
    await work.tables.tasks.update(task.id, patch, task);
    const stored: Task = { ...task, ...patch } as Task;
    this.#count(work, task.planId, before.name, step.state.name);
    const { productId } = terms.settings;
    work.after(() => this.#options.journal.notify({ kind: "plan", planId: task.planId, productId, tasksOnly: true }));
    for (const effect of step.effects) await this.#run(work, effect, stored, device, terms);
    if (step.effects.some((effect) => effect.do === "offer")) await this.#recordVariant(work, stored, device);
    return { step, task: stored };
  }

  /** What a try offers stays the same until it ends, also if the offer is repeated. */
  async #beginOf(work: Work, task: Task): Promise<Pick<TaskPatch, "offeredAt" | "variantId">> {
    return { offeredAt: work.nowMs, variantId: (await variantOf(work, task))?.id ?? null };
  }

  async #recordVariant(work: Work, { id: taskId, planId, variantId }: Task, device: NamedDevice): Promise<void> {
    if (variantId === null) return;
    const text = (await variantText(work, variantId)) ?? "";
    await this.#options.journal.record(work, "task-variant-offered", { device, planId, taskId }, { text });
  }

  #count(work: Work, planId: number, before: TaskStateName, now: TaskStateName): void {
    const { onBegan, onResult } = this.#options;
    const [had, has] = [PLACE_STATES.includes(before), PLACE_STATES.includes(now)];
    if (has && !had) onBegan(planId, before === "asked");
    if (before !== now && now === "waiting") work.after(() => onResult(planId));
  }

  async #contextOf(work: Work, task: Task, device: NamedDevice, terms: PlanTerms): Promise<TaskContext> {
    const plan = await work.tables.plans.byId(task.planId);
    const { settings } = terms;
    return {
      nowMs: work.nowMs,
      targetVersion: versionOf(terms, task),
      judgedBy: await this.#judgedBy(work, task, device),
      plan: plan === undefined ? "cancelled" : planState(plan).name,
      earlierFailed: await this.#earlierFailed(work, task, terms),
      otherInFlight: await this.#otherInFlight(work, task),
      variantOffered: task.variantId !== null,
      variantRefusal: task.variantRefusal ?? undefined,
      retry: settings.retry,
      silentAfterSeconds: settings.silentAfterSeconds,
      answerWithinSeconds: settings.answerWithinSeconds,
      isPresenceUnknown: this.#options.isPresenceUnknown(device),
    };
  }

  /**
   * A board reports the version of its own firmware at each connection. The vendor's gateways report `done` for a
   * sub-device and no version after it; and not every component has a version that is reported.
   */
  async #judgedBy({ tables }: Work, { component, deviceId }: Task, { row }: NamedDevice): Promise<"version" | "done"> {
    if (component === OWN_FIRMWARE) return row.gatewayId === null ? "version" : "done";
    const known = await tables.components.of(deviceId);
    return known.some((entry) => entry.component === component) ? "version" : "done";
  }

  async #otherInFlight({ tables }: Work, { id, deviceId, component }: Task): Promise<boolean> {
    const open = await tables.tasks.openOfDevice(deviceId);
    return open.some((other) => other.id !== id && other.component === component && other.inFlight === 1);
  }

  async #earlierFailed({ tables }: Work, task: Task, { packages }: PlanTerms): Promise<boolean> {
    if (packages.length < 2 || task.position === 0) return false;
    const tasks = await tables.taskLists.ofPlanAndDevices(task.planId, [task.deviceId]);
    return tasks.some(({ position, open, state }) => position < task.position && open === 0 && state !== "succeeded");
  }

  async #run(work: Work, effect: TaskEffect, task: Task, device: NamedDevice, terms: PlanTerms): Promise<void> {
    const { journal, offers, onRevoked, onResult, onEnded, onWake } = this.#options;
    const { id: taskId, planId } = task;
    switch (effect.do) {
      case "offer": {
        const offer = await offerOf(work, task, device, terms, offers.carryDemands);
        if (offer !== undefined) work.after(() => offers.send(offer));
        return;
      }
      case "wake":
        work.after(() => onWake(planId, effect.atMs));
        return;
      case "set-deadline":
      case "clear-deadline":
        // The column holds it: a tick looks for those whose time has come.
        if (effect.do === "clear-deadline") work.after(() => offers.drop(taskId));
        return;
      case "give-up-variants":
        await work.tables.tasks.update(taskId, { variantId: null, variantRefusal: effect.code });
        return;
      case "revoke-urls":
        work.after(() => onRevoked(taskId));
        return;
      case "count-result":
        work.after(() => onResult(planId));
        await onEnded(work, task, device);
        return;
      case "store-version":
        await work.tables.components.set(device.id, task.component, effect.version, work.nowMs);
        return;
      case "record":
        await journal.record(work, `task-${effect.what}`, { device, planId, taskId }, { text: effect.detail });
        return;
    }
  }
}

/** @returns the version that a task brings */
export function versionOf({ packages }: PlanTerms, { position }: Task): string {
  return packages.find((entry) => entry.position === position)?.version ?? "";
}

async function offerOf(
  work: Work,
  task: Task,
  device: NamedDevice,
  terms: PlanTerms,
  carriesDemands: boolean,
): Promise<Offer | undefined> {
  const file = await fileOf(work, task);
  if (file === undefined) return undefined;
  const found = carriesDemands ? await work.tables.packages.byId(task.packageId) : undefined;
  const { mode, texts } = terms.settings;
  const text = textFor(texts, device.row.language ?? undefined);
  return {
    taskId: task.id,
    device: { productId: device.productId, deviceName: device.deviceName, gatewayId: device.gatewayId },
    component: task.component,
    version: versionOf(terms, task),
    file,
    demands: found === undefined ? undefined : demandsOf(found, terms),
    consent: mode === "confirm" ? (text ?? "without-text") : undefined,
  };
}

/** @returns the columns of a task as the machine's module reads them */
export function rowOf(task: Task): Parameters<typeof fromRow>[0] {
  const { state, reason, attempt, percent, deadlineAt, nextTryAt, detail } = task;
  return { state, reason, attempt, percent, deadlineMs: deadlineAt, nextTryMs: nextTryAt, detail } as ReturnType<
    typeof toRow
  >;
}

/** @returns the columns of a state */
export function columnsOf(row: ReturnType<typeof toRow>): TaskPatch {
  const { state, reason, attempt, percent, deadlineMs, nextTryMs, detail } = row;
  return {
    state,
    reason,
    attempt,
    percent,
    detail,
    deadlineAt: deadlineMs,
    nextTryAt: nextTryMs,
    open: (OPEN_STATES as readonly string[]).includes(state) ? 1 : 0,
    inFlight: (IN_FLIGHT_STATES as readonly string[]).includes(state) ? 1 : 0,
  };
}
