/** A look at another clock. All times are in milliseconds since 1970. */
export interface ClockReading {
  /** By the clock of this process, before it asked. */
  readonly beforeMs: number;
  /** By the other clock, at some moment between the two. */
  readonly otherMs: number;
  /** By the clock of this process, when the answer was there. */
  readonly afterMs: number;
}

/** All of them are rounded. */
const ROUNDING_MS = 1;

/**
 * An offset that the reading allows is kept: if the middle between asking and answer counted each time, the time would
 * jump by half of what a slow answer takes, also back.
 *
 * @param knownMs by how much the other clock is thought to be ahead
 * @returns by how much it is ahead
 */
export function offsetOf(knownMs: number, { beforeMs, otherMs, afterMs }: ClockReading): number {
  const isAllowed = knownMs >= otherMs - afterMs - ROUNDING_MS && knownMs <= otherMs - beforeMs + ROUNDING_MS;
  return isAllowed ? knownMs : otherMs - (beforeMs + afterMs) / 2;
}
