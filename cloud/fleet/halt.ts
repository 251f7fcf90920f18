import type { ResultCounts, Seen } from "./plan-types.js";
import type { PlanHalt } from "./types.js";

export interface HaltVerdict {
  /** Tasks that ended since the plan was activated, or last resumed after a halt. */
  readonly ended: number;
  /** Of these, failed or silent. */
  readonly bad: number;
  readonly isReached: boolean;
}

/**
 * Whether so many failed or fell silent that the plan must halt. A person who declined, and what was cancelled, say
 * nothing about the package: they count on neither side.
 */
export function judgeHalt(halt: PlanHalt, counts: ResultCounts, seen: Seen): HaltVerdict {
  const now = seenOf(counts);
  const ended = Math.max(0, now.ended - seen.ended);
  const bad = Math.max(0, now.bad - seen.bad);
  return { ended, bad, isReached: ended >= halt.atLeast && bad * 100 >= halt.percent * ended };
}

export function seenOf({ succeeded, failed, silent }: Omit<ResultCounts, "open">): Seen {
  return { ended: succeeded + failed + silent, bad: failed + silent };
}
