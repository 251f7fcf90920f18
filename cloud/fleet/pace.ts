import type { PlanPace } from "./types.js";

/** What is counted of a plan's tasks and offers. */
export interface PaceCounts {
  readonly total: number;
  readonly ended: number;
  /** Waiting, and never offered: attempt 0. */
  readonly untried: number;
  /** Offered, downloading, burning or on trial. */
  readonly inFlight: number;
  /** The person at the device is asked. That may take days, so that it takes none of the places in flight. */
  readonly asked: number;
  /** Offers that began a try in the last 60 seconds. */
  readonly offeredLastMinute: number;
}

export interface Pace {
  /** How many devices may get their first offer now. */
  readonly first: number;
  /** How many offers may go now in all, further tries included: those belong to a stage that has begun. */
  readonly all: number;
  /** What holds the next first offer back; `undefined` if nothing does. */
  readonly heldBy: "in-flight" | "asked" | "per-minute" | "stage" | undefined;
  /** Percent of the stage that runs. */
  readonly stage: number;
}

/**
 * How many offers may go now. A stage is complete when so many percent of all tasks have ended; which devices they are
 * is decided by who is there first, so that no device that is away holds up a stage before it began.
 */
export function paceOf(pace: PlanPace, counts: PaceCounts): Pace {
  const { total, ended, untried, inFlight, asked, offeredLastMinute } = counts;
  const limitOf = (percent: number): number => Math.ceil((total * percent) / 100);
  const stage = pace.stages.find((percent) => ended < limitOf(percent)) ?? 100;
  const roomInFlight = Math.max(0, pace.maxInFlight - inFlight);
  const roomAsked = Math.max(0, pace.maxAsked - inFlight - asked);
  const roomInMinute = Math.max(0, pace.perMinute - offeredLastMinute);
  const roomInStage = Math.max(0, limitOf(stage) - (total - untried));
  const all = Math.min(roomInFlight, roomAsked, roomInMinute);
  const first = Math.min(all, roomInStage);
  if (first > 0) return { first, all, heldBy: undefined, stage };
  return { first, all, heldBy: heldBy(), stage };

  function heldBy(): Pace["heldBy"] {
    if (roomInStage === 0) return "stage";
    if (roomInFlight === 0) return "in-flight";
    return roomAsked === 0 ? "asked" : "per-minute";
  }
}
