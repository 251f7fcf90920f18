/** @returns IANA name of the zone of whoever reads the page */
export function ownTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * @param first zones that stand at the top, in this order
 * @returns every zone that the browser knows, each once
 */
export function zoneChoices(first: readonly string[]): readonly string[] {
  return [...new Set([...first.filter((zone) => zone !== ""), "UTC", ...Intl.supportedValuesOf("timeZone")])];
}

/** @returns a whole hour of the day: `06:00` */
export function clockHour(hour: number): string {
  return `${String(hour).padStart(2, "0")}:00`;
}

/** @returns how many hours a window is open, and whether its end is on the next day */
export function windowLength(from: number, to: number): { readonly hours: number; readonly isNextDay: boolean } {
  return { hours: from < to ? to - from : to + 24 - from, isNextDay: from > to && to !== 0 };
}
