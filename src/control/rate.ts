import type { DownloadProgress } from "../update/machine/progress-of.js";

/** How far a download is, and how long it takes. */
export interface TimedProgress extends DownloadProgress {
  /** Average since the present try began; `undefined` until there is one. */
  readonly bytesPerSecond: number | undefined;
  /** At that rate; `undefined` as long as there is none. */
  readonly secondsLeft: number | undefined;
}

/** Shortest time over which a rate means something, in milliseconds. */
const SHORTEST_MS = 1000;

/** Counts the rate of a download. A try that begins anew, or goes on elsewhere, is counted anew. */
export class Rate {
  #progress: DownloadProgress | undefined;
  #from: { readonly bytes: number; readonly atMs: number } | undefined;
  #atMs = 0;

  /** @param nowMs monotonic */
  note(progress: DownloadProgress, nowMs: number): void {
    if (this.#progress?.version !== progress.version || progress.bytes < this.#progress.bytes) this.#from = undefined;
    this.#from ??= { bytes: progress.bytes, atMs: nowMs };
    this.#progress = progress;
    this.#atMs = nowMs;
  }

  /** The download rests: its next try is counted by itself. */
  pause(): void {
    this.#from = undefined;
  }

  clear(): void {
    this.#progress = undefined;
    this.#from = undefined;
  }

  get progress(): TimedProgress | undefined {
    if (this.#progress === undefined) return undefined;
    const { bytes, size } = this.#progress;
    const elapsedMs = this.#atMs - (this.#from?.atMs ?? this.#atMs);
    const count = bytes - (this.#from?.bytes ?? bytes);
    const rate = elapsedMs < SHORTEST_MS || count <= 0 ? undefined : (count * 1000) / elapsedMs;
    return {
      ...this.#progress,
      bytesPerSecond: rate === undefined ? undefined : Math.round(rate),
      secondsLeft: rate === undefined ? undefined : Math.ceil((size - bytes) / rate),
    };
  }
}
