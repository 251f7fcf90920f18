import type { PlanPace } from "./types.js";

/** What is counted of a plan's tasks and offers. */
export interface PaceCounts {
  readonly total: number;
  readonly ended: number;
  /** Waiting, and never offered: attempt 0. */
  readonly untried: number;
  /** Offered, downloading, burning or on trial. A person who is asked holds nobody up. */
  readonly inFlight: number;
  /** Offers that began a try in the last 60 seconds. */
  readonly offeredLastMinute: number;
}

export interface Pace {
  /** How many devices may get their first offer now. */
  readonly first: number;
  /** How many offers may go now in all, further tries included: those belong to a stage that has begun. */
  readonly all: number;
  /** What holds the next first offer back; `undefined` if nothing does. */
  readonly heldBy: "in-flight" | "per-minute" | "stage" | undefined;
  /** Percent of the stage that runs. */
  readonly stage: number;
}

/**
 * How many offers may go now. A stage is complete when so many percent of all tasks have ended; which devices they are
 * is decided by who is there first, so that no device that is away holds up a stage before it began.
 */
export function paceOf(pace: PlanPace, counts: PaceCounts): Pace {
  const { total, ended, untried, inFlight, offeredLastMinute } = counts;
  const limitOf = (percent: number): number => Math.ceil((total * percent) / 100);
  const stage = pace.stages.find((percent) => ended < limitOf(percent)) ?? 100;
  const roomInFlight = Math.max(0, pace.maxInFlight - inFlight);
  const roomInMinute = Math.max(0, pace.perMinute - offeredLastMinute);
  const roomInStage = Math.max(0, limitOf(stage) - (total - untried));
  const all = Math.min(roomInFlight, roomInMinute);
  const first = Math.min(all, roomInStage);
  if (first > 0) return { first, all, heldBy: undefined, stage };
  const heldBy = roomInStage === 0 ? "stage" : roomInFlight === 0 ? "in-flight" : "per-minute";
  return { first, all, heldBy, stage };
}
