import type { Plan, Task } from "../store/schema.js";
import type { Journal } from "./journal.js";
import type { Matchers } from "./matchers.js";
import { matchAll, type Matched, newTasks } from "./matching-run.js";
import { named } from "./named-device.js";
import type { PlanDispatch } from "./plan-dispatch.js";
import type { PlanTerms, PlanTermsCache } from "./plan-records.js";
import type { NamedDevice, TaskDispatch } from "./task-dispatch.js";
import { tellingColumn, tellingsOf } from "./telling.js";
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
        const rows = (await stillThere(work, matched)).flatMap((one) => newTasks(terms, one, work.nowMs));
        const added = await work.tables.tasks.insertMany(rows);
        turns.run(planId).added(added.length);
        const { productId } = terms.settings;
        work.after(() => journal.notify({ kind: "plan", planId, productId, tasksOnly: true }));
        return added.length;
      });
      onReady(planId);
    }
    if (again && total === 0) return;
    await transactions.run(async (work) => {
      await work.tables.plans.update(planId, { matchedAt: work.nowMs });
      await journal.record(work, "plan-matched", { planId, productId: terms.settings.productId }, { tasks: total });
      if (total === 0 && (await work.tables.taskLists.ofPlan(planId, { limit: 1 })).length === 0)
        await onNobody(work, terms);
      await plans.count(work, planId);
    });
    onReady(planId);
  }

  /** Tells the tasks of a plan what is stored that they are to be told. */
  async tell(planId: number): Promise<void> {
    const { transactions, plans, turns, onReady } = this.#options;
    while (await transactions.run((work) => this.#tellPiece(work, planId)));
    await transactions.run(async (work) => {
      await turns.run(planId).count(work.tables, planId, work.nowMs);
      await plans.count(work, planId);
    });
    onReady(planId);
  }

  /** @returns whether something may be left to tell */
  async #tellPiece(work: Work, planId: number): Promise<boolean> {
    const { plans, taskLists } = work.tables;
    const first = tellingsOf(await planOf(work, planId))[0];
    if (first === undefined) return false;
    const page = await taskLists.ofPlan(planId, { limit: PIECE, after: first.told });
    await this.each(work, page, async (task, device) => {
      await this.#options.dispatch.dispatch(work, task, device, { type: first.event });
    });
    const [, ...others] = tellingsOf(await planOf(work, planId));
    const last = page.at(-1);
    const isTold = last === undefined || page.length < PIECE;
    await plans.update(planId, tellingColumn(isTold ? others : [{ ...first, told: last.id }, ...others]));
    return true;
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
      const page = await tables.taskLists.ofPlan(planId, { limit: PIECE, after });
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < PIECE) return;
      after = last.id;
    }
  }
}

async function planOf({ tables }: Work, planId: number): Promise<Pick<Plan, "telling">> {
  return (await tables.plans.byId(planId)) ?? { telling: null };
}

/** A device that was removed since it was matched gets no task. */
async function stillThere({ tables }: Work, matched: readonly Matched[]): Promise<Matched[]> {
  const found = new Set((await tables.devices.byIds(matched.map(({ device }) => device.id))).map(({ id }) => id));
  return matched.filter(({ device }) => found.has(device.id));
}
