import { type Pace, paceOf } from "../fleet/pace.js";
import { paceCountsOf, summaryOf } from "../fleet/summary.js";
import type { TaskStateName } from "../fleet/task-types.js";
import type { PlanPace } from "../fleet/types.js";
import type { Tables } from "../store/tables/tables.js";

const MINUTE_MS = 60_000;

/**
 * The pace of one active plan: counted from the store, and kept up as turns come. Between two counts ended tasks make
 * no room, so that there are never more in flight than the plan allows.
 */
export class PlanRun {
  #total = 0;
  #ended = 0;
  #untried = 0;
  #inFlight = 0;
  #asked = 0;
  /** Times of the offers of the last minute, the earliest first. */
  #offers: number[] = [];
  #counted = false;

  get isCounted(): boolean {
    return this.#counted;
  }

  async count(tables: Tables, planId: number, nowMs: number): Promise<void> {
    const rows = Object.entries(await tables.tasks.countsByState(planId));
    const untried = await tables.tasks.untried(planId);
    const summary = summaryOf(rows.map(([state, count]) => ({ state: state as TaskStateName, count })));
    const { total, ended, inFlight, asked } = paceCountsOf(summary, untried, 0);
    if (!this.#counted) this.#offers = await tables.tasks.offersSince(planId, nowMs - MINUTE_MS);
    [this.#total, this.#ended, this.#untried] = [total, ended, untried];
    [this.#inFlight, this.#asked] = [inFlight, asked];
    this.#counted = true;
  }

  pace(pace: PlanPace, nowMs: number): Pace {
    const since = nowMs - MINUTE_MS;
    let old = 0;
    while (old < this.#offers.length && (this.#offers[old] as number) <= since) old++;
    if (old > 0) this.#offers.splice(0, old);
    return paceOf(pace, {
      total: this.#total,
      ended: this.#ended,
      untried: this.#untried,
      inFlight: this.#inFlight,
      asked: this.#asked,
      offeredLastMinute: this.#offers.length,
    });
  }

  /** A task got its turn. @param first whether it is its first try */
  offered(nowMs: number, first: boolean): void {
    this.#offers.push(nowMs);
    if (first) this.#untried--;
  }

  /** A task takes a place in flight. @param wasAsked whether the person at its device has accepted */
  began(wasAsked: boolean): void {
    this.#inFlight++;
    if (wasAsked) this.#asked--;
  }

  /** Tasks were added. */
  added(count: number): void {
    this.#total += count;
    this.#untried += count;
  }
}
