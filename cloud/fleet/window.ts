import type { PushWindow } from "./types.js";

const QUARTER_MS = 900_000;

/** A day may be skipped on a zone's calendar, and an hour when its summer begins: an opening lies within four days. */
const LONGEST_SEARCH_MS = 4 * 86_400_000;

/** Whether ECMAScript's own calendar knows a zone by this name. */
export function isTimeZone(zone: string): boolean {
  try {
    clockOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** `to` is not in the window. 0 and 24 are the same end; over midnight if `to` is the earlier one. */
export function isHourIn({ from, to }: PushWindow, hour: number): boolean {
  return from < to ? hour >= from && hour < to : hour >= from || hour < to;
}

/**
 * Whether the hour on the clock of a zone is in a window. An hour that the clock shows twice is open twice; one that
 * it leaves out does not come that day.
 *
 * @param zone IANA name
 * @param nowMs epoch milliseconds
 * @throws RangeError for an unknown zone
 */
export function isOpen(window: PushWindow, zone: string, nowMs: number): boolean {
  return isHourIn(window, hourOf(clockOf(zone), nowMs));
}

/**
 * The earliest time from now on at which a window is open, in epoch milliseconds: now, if it is open. The hours of
 * every zone of today begin at a quarter of an hour of UTC.
 *
 * @throws RangeError for an unknown zone
 */
export function nextOpening(window: PushWindow, zone: string, nowMs: number): number {
  const clock = clockOf(zone);
  if (isHourIn(window, hourOf(clock, nowMs))) return nowMs;
  const first = (Math.floor(nowMs / QUARTER_MS) + 1) * QUARTER_MS;
  for (let atMs = first; atMs < nowMs + LONGEST_SEARCH_MS; atMs += QUARTER_MS) {
    if (isHourIn(window, hourOf(clock, atMs))) return atMs;
  }
  throw new RangeError(`the window from ${window.from} to ${window.to} never opens in ${zone}`);
}

function clockOf(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", hourCycle: "h23" });
}

function hourOf(clock: Intl.DateTimeFormat, atMs: number): number {
  return Number(clock.format(atMs));
}
