import type { Flight } from "./flight.js";

/** Duplicate acknowledgements that mean a loss, at first. */
const OF_LOSS = 3;

/**
 * Linux's count of duplicate acknowledgements without selective ones. More of them than segments in flight show Linux
 * that segments overtake each other. From then on it waits for as many as were in flight, and no smaller number is ever
 * taken again: a small window is left with the timer.
 */
export class Duplicates {
  #count = 0;
  #ofLoss = OF_LOSS;

  get count(): number {
    return this.#count;
  }

  get meanLoss(): boolean {
    return this.#count >= this.#ofLoss;
  }

  add(flight: Flight): void {
    this.#count++;
    this.#limit(flight, 0);
  }

  /** So many segments were acknowledged. */
  advance(flight: Flight, acked: number): void {
    this.#count = Math.max(0, this.#count - (acked - 1));
    this.#limit(flight, acked);
  }

  reset(): void {
    this.#count = 0;
  }

  #limit({ segments }: Flight, acked: number): void {
    const lost = segments.filter((one) => one.lost).length;
    const most = segments.length - Math.min(Math.max(lost, 1), segments.length);
    if (this.#count <= most) return;
    this.#count = most;
    this.#ofLoss = segments.length + acked;
  }
}
