import type { PaceCounts } from "./pace.js";
import type { ResultCounts } from "./plan-types.js";
import { OPEN_STATES, TASK_STATES, type TaskStateName } from "./task-types.js";

/** States in which a task takes one of its plan's places in flight. */
export const PLACE_STATES: readonly TaskStateName[] = Object.freeze(["offered", "downloading", "burning", "trial"]);

export type StateCounts = { readonly [Name in TaskStateName]: number };

export interface Summary {
  readonly counts: StateCounts;
  readonly total: number;
  readonly ended: number;
  /** Of all tasks, those that have ended: 100 only if every one has. 0 for a plan without tasks. */
  readonly percent: number;
}

/** @param rows one for each state that occurs, as `group by state` gives them */
export function summaryOf(rows: readonly { readonly state: TaskStateName; readonly count: number }[]): Summary {
  const counts = Object.fromEntries(TASK_STATES.map((name) => [name, 0])) as { [Name in TaskStateName]: number };
  for (const { state, count } of rows) counts[state] += count;
  const total = TASK_STATES.reduce((sum, name) => sum + counts[name], 0);
  const ended = total - openOf(counts);
  return { counts, total, ended, percent: total === 0 ? 0 : Math.floor((ended * 100) / total) };
}

/** What the plan machine counts. */
export function resultCountsOf(counts: StateCounts): ResultCounts {
  const { succeeded, failed, silent } = counts;
  return { open: openOf(counts), succeeded, failed, silent };
}

/**
 * What the pace counts.
 *
 * @param untried waiting tasks that were never offered
 * @param offeredLastMinute offers that began a try in the last 60 seconds
 */
export function paceCountsOf(
  { counts, total, ended }: Summary,
  untried: number,
  offeredLastMinute: number,
): PaceCounts {
  const inFlight = PLACE_STATES.reduce((sum, name) => sum + counts[name], 0);
  return { total, ended, untried, inFlight, asked: counts.asked, offeredLastMinute };
}

function openOf(counts: StateCounts): number {
  return OPEN_STATES.reduce((sum, name) => sum + counts[name], 0);
}
