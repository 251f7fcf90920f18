/** Time that a rate is measured over, in milliseconds. */
const WINDOW_MS = 3000;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** Measures how fast a download is at the moment. */
export class Rate {
  #samples: Sample[] = [];

  /**
   * @param bytes how much is there by now, with what was there before
   * @param nowMs milliseconds of any steady clock
   * @returns bytes a second over the last few seconds; `undefined` as long as there is nothing to measure
   */
  update(bytes: number, nowMs: number): number | undefined {
    const latest = this.#samples.at(-1);
    if (latest !== undefined && bytes < latest.bytes) this.#samples = [];
    this.#samples.push({ atMs: nowMs, bytes });
    // One sample older than the window stays, so that the rate is one of the whole window.
    while ((this.#samples[1]?.atMs ?? Infinity) < nowMs - WINDOW_MS) this.#samples.shift();
    const [first] = this.#samples;
    if (first === undefined || nowMs <= first.atMs) return undefined;
    return ((bytes - first.bytes) * 1000) / (nowMs - first.atMs);
  }
}

/** @returns `98 kB/s`, with k as 1000; an empty text if there is no rate */
export function describeRate(bytesPerSecond: number | undefined): string {
  if (bytesPerSecond === undefined) return "";
  if (bytesPerSecond < 1000) return `${Math.round(bytesPerSecond)} B/s`;
  if (bytesPerSecond < 999_500) return `${Math.round(bytesPerSecond / 1000)} kB/s`;
  return `${(bytesPerSecond / 1_000_000).toFixed(1)} MB/s`;
}
