import type { Congestion } from "./congestion.js";
import type { RoundTrip } from "./round-trip.js";

/** Linux cuts what it sends into bursts of so many to a second, and two segments at least. */
const BURSTS_PER_SECOND = 1024;
const LEAST_BURST = 2;

/** Segments that Linux sends at once: what the pacing rate makes of the time of a burst (`tcp_tso_autosize`). */
export function burstOf({ window, threshold }: Congestion, { smoothedMs }: RoundTrip): number {
  const rate = ((window < threshold / 2 ? 2 : 1.2) * window) / smoothedMs;
  return Math.max(LEAST_BURST, Math.floor((rate * 1000) / BURSTS_PER_SECOND));
}

/** What Linux knows when it has room for a part of what is to be sent. */
export interface Room {
  /** Bytes that window and congestion window leave, and the lesser of both windows. */
  readonly available: number;
  readonly windowBytes: number;
  readonly burstBytes: number;
  /** Milliseconds since anything was sent, and since the oldest segment was that is not acknowledged. */
  readonly idleMs: number;
  readonly headMs: number;
  readonly roundTripMs: number;
}

/**
 * Whether a little room waits for more of it: something was just sent, and an acknowledgement is about to come
 * (`tcp_tso_should_defer`).
 */
export function isDeferred({ available, windowBytes, burstBytes, idleMs, headMs, roundTripMs }: Room): boolean {
  if (idleMs > 1 || available >= burstBytes || available >= windowBytes / 3) return false;
  return headMs >= roundTripMs / 2;
}
