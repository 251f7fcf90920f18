/*
 * A series of samples is a step function: each sample holds until the next one. These functions choose which samples
 * are kept and which are shown, so that a series stays short however long it runs.
 */

/**
 * Chooses the samples that a series which has grown too long can do without. The newest quarter stays as it is. Behind
 * it, time is cut into equal spans, and of each span the last sample stays, which holds at the span's end. The first
 * sample of all stays too.
 *
 * @param times those of all samples in milliseconds, the earliest first
 * @param most samples that the series may have
 * @returns the times of those that go: none, or so many that at most three quarters of `most` stay
 */
export function superfluous(times: readonly number[], most: number): number[] {
  if (times.length <= most) return [];
  const old = times.slice(0, times.length - Math.floor(most / 4));
  const wanted = Math.max(2, Math.floor(most / 2));
  // Spans of a power of two, counted from 0: those of a later, coarser choice fit together out of these.
  let spanMs = 2;
  let kept = keptOf(old, spanMs);
  while (kept.size > wanted) {
    spanMs *= 2;
    kept = keptOf(old, spanMs);
  }
  return old.filter((time) => !kept.has(time));
}

function keptOf(times: readonly number[], spanMs: number): Set<number> {
  return new Set([...times.slice(0, 1), ...lastOfEach(times, (time) => Math.floor(time / spanMs))]);
}

/** A part of a series, to be shown. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  /** Most points, at least 2. */
  readonly points: number;
}

/**
 * Chooses what is shown of a series. The first point is what held at `fromMs`, if that is known, and the last one what
 * holds at `toMs`. If there are too many in between, the last one of each of equal spans is shown.
 *
 * @param samples in the order of their times; those outside of the stretch may be among them
 */
export function pointsOf<Value extends { readonly at: number }>(
  samples: readonly Value[],
  { fromMs, toMs, points }: Stretch,
): Value[] {
  const before = samples.filter(({ at }) => at <= fromMs).at(-1);
  const within = samples.filter(({ at }) => at > fromMs && at <= toMs);
  const first = before === undefined ? [] : [{ ...before, at: fromMs }];
  const end = within.at(-1) ?? first[0];
  const last = end === undefined || end.at === toMs ? [] : [{ ...end, at: toMs }];
  const room = points - first.length - last.length;
  if (within.length <= room) return [...first, ...within, ...last];
  const spanMs = Math.ceil((toMs - fromMs) / Math.max(room, 1));
  const shown = room < 1 ? [] : lastOfEach(within, ({ at }) => Math.floor((at - fromMs - 1) / spanMs));
  return [...first, ...shown, ...last];
}

/** @returns the last one of each run of items that have the same key */
function lastOfEach<Item>(items: readonly Item[], keyOf: (item: Item) => number): Item[] {
  return items.filter((item, index) => {
    const next = items[index + 1];
    return next === undefined || keyOf(next) !== keyOf(item);
  });
}
