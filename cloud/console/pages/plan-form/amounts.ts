import { type Amount, BYTE_UNITS, type ByteUnit, DURATION_UNITS, type DurationUnit } from "./plan-form-state.js";

/** @returns the number that a field holds; the text itself if it is none, so that a check can say so */
export function numberIn(text: string): number | string {
  const trimmed = text.trim();
  return /^[+-]?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}

/** @returns seconds; the text itself if it is no number */
export function secondsOf(duration: Amount<DurationUnit>): number | string {
  return productOf(duration.amount, DURATION_UNITS[duration.unit]);
}

/** @returns bytes; the text itself if it is no number */
export function bytesOf(size: Amount<ByteUnit>): number | string {
  return productOf(size.amount, BYTE_UNITS[size.unit]);
}

export function durationOf(seconds: number): Amount<DurationUnit> {
  return inLargestUnit(seconds, DURATION_UNITS, "seconds");
}

export function sizeOf(bytes: number): Amount<ByteUnit> {
  return inLargestUnit(bytes, BYTE_UNITS, "B");
}

function productOf(text: string, unit: number): number | string {
  const value = numberIn(text);
  if (typeof value !== "number") return value;
  // 1.1 hours are 3960 seconds, although their floating-point product is a little more.
  const whole = Math.round(value * unit);
  return Math.abs(whole - value * unit) < 1e-6 ? whole : value * unit;
}

/** In the largest unit that it is a whole number of. */
function inLargestUnit<Unit extends string>(
  value: number,
  units: { readonly [unit in Unit]: number },
  smallest: Unit,
): Amount<Unit> {
  let found: Unit = smallest;
  for (const unit of Object.keys(units) as Unit[]) {
    if (value !== 0 && value % units[unit] === 0) found = unit;
  }
  return { amount: String(value / units[found]), unit: found };
}
