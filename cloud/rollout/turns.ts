import { conflictOf, type OtherTask, type PlanRank } from "../fleet/conflict.js";
import { lostMatchOf } from "../fleet/matching.js";
import { fromRow } from "../fleet/task-row.js";
import { waitingReason, type WaitingReason } from "../fleet/waiting-reason.js";
import type { Plan, Product, Task } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
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

/** Where the plans, the open tasks of devices and the pace of plans are read. */
interface Reader {
  planOf(planId: number): Promise<Plan | undefined>;
  openOf(deviceId: number): Promise<readonly Task[]>;
  runOf(planId: number): Promise<PlanRun>;
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
    for (const [index, found] of (await work.tables.tasks.openOfDevice(device.id)).entries()) {
      if (found.state !== "waiting" || (only !== undefined && found.planId !== only.planId)) continue;
      // A turn may end other tasks of the device.
      const task = index === 0 ? found : await work.tables.tasks.byId(found.id);
      if (task?.state === "waiting" && (await this.#turn(work, task, device))) count++;
    }
    return count;
  }

  /**
   * Only reads, and asks the database for all of them together. What it counts outside of a transaction may be old when
   * it comes, and is not kept: by that a plan would give more turns than its pace allows.
   *
   * @returns why each task waits now, by its id; none for a task that may get its turn
   */
  async reasonsOf(
    work: Work,
    waiting: readonly { readonly task: Task; readonly device: NamedDevice }[],
  ): Promise<Map<number, WaitingReason>> {
    const reader = await this.#readTogether(
      work,
      waiting.map(({ device }) => device.id),
    );
    const reasons = new Map<number, WaitingReason>();
    for (const { task, device } of waiting) {
      const reason = await this.#reason(work, reader, task, device);
      if (reason !== undefined) reasons.set(task.id, reason);
    }
    return reasons;
  }

  async #reason(work: Work, reader: Reader, task: Task, device: NamedDevice): Promise<WaitingReason | undefined> {
    const terms = await this.#options.terms.of(work.tables, task.planId);
    const plan = await reader.planOf(task.planId);
    const state = fromRow(rowOf(task));
    if (plan === undefined || state.name !== "waiting") return undefined;
    const run = await reader.runOf(task.planId);
    const open = await reader.openOf(device.id);
    const conflict = this.#conflictOf(
      task,
      terms.settings.conflict,
      plan.activatedAt ?? 0,
      await this.#others(reader, task, open),
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
    if ((await this.#reason(work, this.#readerOf(work), task, device)) !== undefined) return false;
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
    const found = this.#conflictOf(
      task,
      conflict,
      plan?.activatedAt ?? 0,
      await this.#others(this.#readerOf(work), task, open),
    );
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

  async #others(reader: Reader, task: Task, open: readonly Task[]): Promise<OtherTask[]> {
    const others: OtherTask[] = [];
    for (const { id, planId, component, state } of open) {
      if (planId === task.planId || component !== task.component) continue;
      const plan = await reader.planOf(planId);
      others.push({
        taskId: String(id),
        planId: String(planId),
        planRank: rankOf(plan?.activatedAt ?? 0, planId),
        state: state as OtherTask["state"],
      });
    }
    return others;
  }

  /** Within a transaction that may give turns. */
  #readerOf({ tables, nowMs }: Work): Reader {
    return {
      planOf: (id) => tables.plans.byId(id),
      openOf: (id) => tables.tasks.openOfDevice(id),
      runOf: (id) => counted(this.run(id), tables, id, nowMs),
    };
  }

  /** Reads the open tasks of these devices at once, and what belongs to a plan once. */
  async #readTogether({ tables, nowMs }: Work, deviceIds: readonly number[]): Promise<Reader> {
    const open = new Map<number, Task[]>();
    for (const task of await tables.tasks.openOfDevices([...new Set(deviceIds)])) {
      const known = open.get(task.deviceId);
      if (known === undefined) open.set(task.deviceId, [task]);
      else known.push(task);
    }
    const runOf = (id: number): Promise<PlanRun> => {
      const kept = this.#runs.get(id);
      return counted(kept?.isCounted === true ? kept : new PlanRun(), tables, id, nowMs);
    };
    return {
      planOf: eachOnce((id) => tables.plans.byId(id)),
      openOf: async (id) => open.get(id) ?? [],
      runOf: eachOnce(runOf),
    };
  }

  async #facts({ tables }: Work, product: Product, device: NamedDevice) {
    return fleetDevice(product, device.row, await tables.components.of(device.id));
  }
}

async function counted(run: PlanRun, tables: Tables, planId: number, nowMs: number): Promise<PlanRun> {
  if (!run.isCounted) await run.count(tables, planId, nowMs);
  return run;
}

/** @returns the same, which reads nothing twice */
function eachOnce<T>(read: (id: number) => Promise<T>): (id: number) => Promise<T> {
  const known = new Map<number, Promise<T>>();
  return (id) => {
    const found = known.get(id) ?? read(id);
    known.set(id, found);
    return found;
  };
}

function rankOf(activatedAtMs: number, planId: number): PlanRank {
  return { activatedAtMs, order: planId };
}
