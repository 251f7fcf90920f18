import type { TaskEvent } from "../fleet/task-types.js";
import type { Task } from "../store/schema.js";
import type { Journal } from "./journal.js";
import type { Matchers } from "./matchers.js";
import { matchAll, newTasks } from "./matching-run.js";
import { named } from "./named-device.js";
import type { PlanDispatch } from "./plan-dispatch.js";
import type { PlanTerms, PlanTermsCache } from "./plan-records.js";
import type { NamedDevice, TaskDispatch } from "./task-dispatch.js";
import type { Turns } from "./turns.js";
import type { Transactions, Work } from "./work.js";

export interface PlanTasksOptions {
  readonly transactions: Transactions;
  readonly journal: Journal;
  readonly terms: PlanTermsCache;
  readonly matchers: Matchers;
  readonly turns: Turns;
  readonly dispatch: TaskDispatch;
  readonly plans: PlanDispatch;
  /** Tasks of the plan may go now. */
  onReady(planId: number): void;
  /** Called in the transaction in which it is known that no device matches the plan. */
  onNobody(work: Work, terms: PlanTerms): Promise<void>;
}

/** Tasks that one transaction treats, so that devices are answered in between. */
const PIECE = 200;

/** What concerns all tasks of a plan: it is done piece by piece, and begun anew after a restart. */
export class PlanTasks {
  readonly #options: PlanTasksOptions;

  constructor(options: PlanTasksOptions) {
    this.#options = options;
  }

  /**
   * Makes the tasks of a plan.
   *
   * @param again only for devices that a dynamic plan has not taken in yet
   */
  async create(planId: number, again = false): Promise<void> {
    const { transactions, journal, terms: cache, matchers, turns, plans, onReady, onNobody } = this.#options;
    const { tables } = transactions;
    const terms = await cache.of(tables, planId);
    if (again && !terms.settings.dynamic) return;
    const ready = await matchers.of(tables, terms);
    let total = 0;
    for await (const piece of matchAll(tables, terms, ready)) {
      const matched = piece.filter(({ wanted }) => wanted.length > 0);
      if (matched.length === 0) continue;
      total += await transactions.run(async (work) => {
        const rows = matched.flatMap((one) => newTasks(terms, one, work.nowMs));
        const added = await work.tables.tasks.insertMany(rows);
        turns.run(planId).added(added.length);
        return added.length;
      });
      onReady(planId);
    }
    if (again && total === 0) return;
    await transactions.run(async (work) => {
      await work.tables.plans.update(planId, { matchedAt: work.nowMs });
      await journal.record(work, "plan-matched", { planId }, { tasks: total });
      if (total === 0 && (await work.tables.tasks.ofPlan(planId, { limit: 1 })).length === 0)
        await onNobody(work, terms);
      await plans.count(work, planId);
    });
    onReady(planId);
  }

  /** Lets an event happen to each task of a plan. */
  async tell(planId: number, type: TaskEvent["type"]): Promise<void> {
    const { transactions, dispatch, plans, turns, onReady } = this.#options;
    for await (const page of this.#pages(planId)) {
      await transactions.run((work) =>
        this.each(work, page, async (task, device) => {
          await dispatch.dispatch(work, task, device, { type } as TaskEvent);
        }),
      );
    }
    await transactions.run(async (work) => {
      const plan = await work.tables.plans.byId(planId);
      // Another command may have come meanwhile: its event is told after this one.
      if (plan?.telling === type) await work.tables.plans.update(planId, { telling: null });
      await turns.run(planId).count(work.tables, planId, work.nowMs);
      await plans.count(work, planId);
    });
    onReady(planId);
  }

  /** @returns the ids of all tasks of a plan, page by page */
  async *ids(planId: number): AsyncGenerator<readonly number[]> {
    for await (const page of this.#pages(planId)) yield page.map(({ id }) => id);
  }

  /** Reads each task anew in this transaction: it may have changed since the page was read. */
  async each(
    work: Work,
    tasks: readonly Task[],
    body: (task: Task, device: NamedDevice) => Promise<void>,
  ): Promise<void> {
    const ids = tasks.map(({ deviceId }) => deviceId);
    const devices = new Map((await named(work.tables, ids)).map((device) => [device.id, device]));
    for (const { id } of tasks) {
      const task = await work.tables.tasks.byId(id);
      const device = task === undefined ? undefined : devices.get(task.deviceId);
      if (task !== undefined && device !== undefined) await body(task, device);
    }
  }

  async *#pages(planId: number): AsyncGenerator<readonly Task[]> {
    const { tables } = this.#options.transactions;
    for (let after = 0; ; ) {
      const page = await tables.tasks.ofPlan(planId, { limit: PIECE, after });
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < PIECE) return;
      after = last.id;
    }
  }
}
