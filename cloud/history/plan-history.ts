import type { Transactions } from "../rollout/work.js";
import { planSeries, planText } from "./series.js";
import { SeriesWriter } from "./series-writer.js";

/** Least time between two samples. */
const STEP_MS = 2000;
/** Most samples of a plan: at full resolution this is more than an hour of steady change. */
const MOST_SAMPLES = 2000;

type StateCount = { readonly state: string; readonly tasks: number };

/** Notes how many tasks of each plan that runs are in each state. */
export class PlanHistory {
  readonly #transactions: Transactions;
  readonly #writer: SeriesWriter;
  /** Plans that ran at the last look, or whose last sample is left to write. */
  #watched = new Set<number>();

  constructor({ transactions }: { readonly transactions: Transactions }) {
    this.#transactions = transactions;
    this.#writer = new SeriesWriter({ transactions, stepMs: STEP_MS, most: MOST_SAMPLES });
  }

  /** Counts now, and writes what has changed. @returns whether something is left to write @throws StorageError */
  async look(): Promise<boolean> {
    const { tables } = this.#transactions;
    const plans = new Map<number, StateCount[]>();
    for (const { planId, ...count } of await tables.summaries.tasksOfRunningPlans()) {
      const counts = plans.get(planId);
      if (counts === undefined) plans.set(planId, [count]);
      else counts.push(count);
    }
    const running = [...plans.keys()];
    // A plan that has ended meanwhile is counted a last time.
    for (const planId of this.#watched) {
      if (plans.has(planId)) continue;
      const counts = Object.entries(await tables.tasks.countsByState(planId));
      plans.set(
        planId,
        counts.map(([state, tasks]) => ({ state, tasks })),
      );
    }
    this.#watched = new Set(plans.keys());
    const left = await this.#writer.write(
      [...plans].map(([planId, counts]) => ({ series: planSeries(planId), data: planText(counts) })),
    );
    this.#watched = new Set([...running, ...left.map(({ series }) => series.ownerId)]);
    return left.length > 0;
  }
}
