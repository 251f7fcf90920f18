import { OtaError } from "../errors.js";

/**
 * A span of the day in minutes since midnight: `from` is in it, `to` is not. If `to` comes first, midnight lies
 * between.
 */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export function isWithin(minute: number, { from, to }: Window): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** @param offsetMinutes of the local time from UTC, east positive */
export function minuteOfDay(unixTime: number, offsetMinutes: number): number {
  const minutes = Math.floor(unixTime / 60) + offsetMinutes;
  return ((minutes % 1440) + 1440) % 1440;
}

export function timeOfDay(minute: number): string {
  const twoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value));
  return `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
}

/** Windows that come from a file may have any type: they are checked here. @throws OtaError `usage` */
export function parseWindows(windows: readonly { readonly from: string; readonly to: string }[]): Window[] {
  if (!Array.isArray(windows) || !windows.every((window) => typeof window === "object" && window !== null)) {
    throw new OtaError("usage", "windows is not a list of { from, to }");
  }
  return windows.map(({ from, to }) => {
    const window = { from: parseTime(from), to: parseTime(to) };
    if (window.from === window.to) throw new OtaError("usage", `window from ${from} to ${to} is empty`);
    return window;
  });
}

function parseTime(text: string): number {
  const match = typeof text === "string" ? /^([01][0-9]|2[0-3]):([0-5][0-9])$/.exec(text) : null;
  if (match === null) throw new OtaError("usage", "a window's from and to are times of day, HH:MM");
  return Number(match[1]) * 60 + Number(match[2]);
}
