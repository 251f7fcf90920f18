/** Steps of an axis of time, in milliseconds. */
const TIME_STEPS_MS = [
  1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000,
  43_200_000, 86_400_000, 172_800_000, 604_800_000,
] as const;

/**
 * @param most the largest value, 0 or more
 * @param count about so many steps
 * @returns whole numbers from 0 on in equal steps of 1, 2 or 5 times a power of ten; the last one is not below `most`
 */
export function countTicks(most: number, count: number): readonly number[] {
  const rough = Math.max(1, most) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power);
  const ticks = [0];
  while ((ticks.at(-1) ?? 0) < most) ticks.push(step * ticks.length);
  return ticks.length === 1 ? [0, step] : ticks;
}

/**
 * @param offsetMs of the reader's clock to UTC, so that days begin at the reader's midnight
 * @returns moments between both at whole steps of the clock, at most `count` of them
 */
export function timeTicks(fromMs: number, toMs: number, count: number, offsetMs = 0): readonly number[] {
  const spanMs = Math.max(1, toMs - fromMs);
  const step = TIME_STEPS_MS.find((each) => spanMs / each <= count) ?? spanMs / count;
  const ticks: number[] = [];
  for (let at = Math.ceil((fromMs + offsetMs) / step) * step - offsetMs; at <= toMs; at += step) ticks.push(at);
  return ticks;
}

/** @returns the path of a line that keeps each value until the next one; a gap where a value is missing */
export function stepPath(xs: readonly number[], ys: readonly (number | null)[]): string {
  let path = "";
  let isOpen = false;
  for (const [index, x] of xs.entries()) {
    const y = ys[index] ?? null;
    if (y === null) {
      isOpen = false;
      continue;
    }
    path += isOpen ? `H${round(x)}V${round(y)}` : `M${round(x)} ${round(y)}`;
    isOpen = true;
  }
  return path;
}

/** @returns index of the last of these rising numbers that is not above `value`; 0 if all are */
export function indexBefore(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((values[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
