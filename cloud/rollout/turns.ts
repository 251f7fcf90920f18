import { conflictOf, type OtherTask, type PlanRank } from "../fleet/conflict.js";
import { lostMatchOf } from "../fleet/matching.js";
import { fromRow } from "../fleet/task-row.js";
import { waitingReason, type WaitingReason } from "../fleet/waiting-reason.js";
import type { Product, Task } from "../store/schema.js";
import type { Reachable } from "./offers.js";
import { fleetDevice } from "./fleet-facts.js";
import type { Matchers } from "./matchers.js";
import { planState, type PlanTermsCache } from "./plan-records.js";
import { PlanRun } from "./plan-run.js";
import { type NamedDevice, rowOf, type TaskDispatch } from "./task-dispatch.js";
import { isStopping } from "./telling.js";
import type { Work } from "./work.js";

export interface TurnsOptions {
  readonly terms: PlanTermsCache;
  readonly matchers: Matchers;
  readonly dispatch: TaskDispatch;
  isOnline(device: Reachable): boolean;
}

/** Decides which waiting tasks get their turn. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #runs = new Map<number, PlanRun>();

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  run(planId: number): PlanRun {
    const known = this.#runs.get(planId) ?? new PlanRun();
    this.#runs.set(planId, known);
    return known;
  }

  /** A task of the plan takes a place in flight. @param wasAsked whether the person at its device has accepted */
  began(planId: number, wasAsked: boolean): void {
    this.#runs.get(planId)?.began(wasAsked);
  }

  /** Forgets what was counted of a plan that is not active any more. */
  forget(planId: number): void {
    this.#runs.delete(planId);
  }

  /** Gives the waiting tasks of a device their turn, the earlier plans' first. @returns how many got it */
  async ofDevice(work: Work, device: NamedDevice, only?: { readonly planId: number }): Promise<number> {
    let count = 0;
    for (const task of await work.tables.tasks.openOfDevice(device.id)) {
      if (task.state !== "waiting" || (only !== undefined && task.planId !== only.planId)) continue;
      if (await this.#turn(work, task, device)) count++;
    }
    return count;
  }

  /** @returns why a waiting task waits now; `undefined` if it may get its turn */
  async reasonOf(work: Work, task: Task, device: NamedDevice): Promise<WaitingReason | undefined> {
    const terms = await this.#options.terms.of(work.tables, task.planId);
    const plan = await work.tables.plans.byId(task.planId);
    const state = fromRow(rowOf(task));
    if (plan === undefined || state.name !== "waiting") return undefined;
    const run = this.run(task.planId);
    if (!run.isCounted) await run.count(work.tables, task.planId, work.nowMs);
    const open = await work.tables.tasks.openOfDevice(device.id);
    const conflict = this.#conflictOf(
      task,
      terms.settings.conflict,
      plan.activatedAt ?? 0,
      await this.#others(work, task, open),
    );
    const earlier = open.find(({ planId, position }) => planId === task.planId && position < task.position);
    return waitingReason({
      state,
      // A plan may be resumed before all its tasks know of the stop: they get no turn that the stop would take back.
      plan: isStopping(plan) ? "halted" : planState(plan).name,
      settings: terms.settings,
      deviceZone: device.row.timeZone ?? undefined,
      isOnline: this.#options.isOnline(device),
      earlierComponent: earlier?.component,
      otherPlan: conflict.do === "wait" ? conflict.forPlan : undefined,
      pace: run.pace(terms.settings.pace, work.nowMs),
      nowMs: work.nowMs,
    });
  }

  async #turn(work: Work, task: Task, device: NamedDevice): Promise<boolean> {
    if ((await this.reasonOf(work, task, device)) !== undefined) return false;
    const { terms: cache, matchers, dispatch } = this.#options;
    const terms = await cache.of(work.tables, task.planId);
    const { product, matcher } = await matchers.of(work.tables, terms);
    const lost = lostMatchOf(matcher, await this.#facts(work, product, device), task);
    if (lost !== undefined) {
      await dispatch.dispatch(work, task, device, { type: "match-lost", reason: lost });
      return false;
    }
    await this.#replaceOthers(work, task, device, terms.settings.conflict);
    const { step } = await dispatch.dispatch(work, task, device, { type: "turn-came" });
    if (step.answer.kind !== "taken") return false;
    // At once, so that the next turn of this transaction sees it. If the transaction fails, the next count mends it.
    this.run(task.planId).offered(work.nowMs, task.attempt === 0);
    return true;
  }

  async #replaceOthers(work: Work, task: Task, device: NamedDevice, conflict: "wait" | "replace"): Promise<void> {
    const open = await work.tables.tasks.openOfDevice(device.id);
    const plan = await work.tables.plans.byId(task.planId);
    const found = this.#conflictOf(task, conflict, plan?.activatedAt ?? 0, await this.#others(work, task, open));
    if (found.do !== "replace") return;
    for (const { taskId } of found.tasks) {
      const other = open.find(({ id }) => String(id) === taskId);
      if (other === undefined) continue;
      await this.#options.dispatch.dispatch(work, other, device, { type: "replaced", byPlan: String(task.planId) });
    }
  }

  #conflictOf({ planId }: Task, conflict: "wait" | "replace", activatedAt: number, others: readonly OtherTask[]) {
    return conflictOf({ planRank: rankOf(activatedAt, planId), conflict }, others);
  }

  async #others({ tables }: Work, task: Task, open: readonly Task[]): Promise<OtherTask[]> {
    const others: OtherTask[] = [];
    for (const { id, planId, component, state } of open) {
      if (planId === task.planId || component !== task.component) continue;
      const plan = await tables.plans.byId(planId);
      others.push({
        taskId: String(id),
        planId: String(planId),
        planRank: rankOf(plan?.activatedAt ?? 0, planId),
        state: state as OtherTask["state"],
      });
    }
    return others;
  }

  async #facts({ tables }: Work, product: Product, device: NamedDevice) {
    return fleetDevice(product, device.row, await tables.components.of(device.id));
  }
}

function rankOf(activatedAtMs: number, planId: number): PlanRank {
  return { activatedAtMs, order: planId };
}
