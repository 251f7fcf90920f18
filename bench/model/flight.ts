import type { Scheduler } from "../../test/support/scheduler.js";
import type { RoundTrip } from "./round-trip.js";
import { endOf, type Sack, type Segment } from "./segment.js";

export interface InFlight {
  readonly segment: Segment;
  sentAtMs: number;
  /** Its place in the order of all sendings. */
  number: number;
  /** It was sent more than once. */
  again: boolean;
  sacked: boolean;
  lost: boolean;
}

/** What was sent and is not acknowledged yet, in the order of the stream. */
export class Flight {
  readonly #scheduler: Scheduler;
  readonly #roundTrip: RoundTrip;
  #segments: InFlight[] = [];
  #numbers = 0;
  /** The latest sending that is known to have arrived, and the time until it was acknowledged. */
  #latest: { readonly number: number; readonly ms: number } | undefined;

  constructor(options: { scheduler: Scheduler; roundTrip: RoundTrip }) {
    this.#scheduler = options.scheduler;
    this.#roundTrip = options.roundTrip;
  }

  get segments(): readonly InFlight[] {
    return this.#segments;
  }

  get sackedCount(): number {
    return this.#segments.filter(({ sacked }) => sacked).length;
  }

  /** Count of those that are still on their way, as far as is known. */
  get underWay(): number {
    return this.#segments.filter(({ sacked, lost }) => !sacked && !lost).length;
  }

  add(segment: Segment): void {
    const { now: sentAtMs } = this.#scheduler;
    this.#segments.push({ segment, sentAtMs, number: this.#numbers++, again: false, sacked: false, lost: false });
  }

  noteAgain(one: InFlight): void {
    one.lost = false;
    one.again = true;
    one.sentAtMs = this.#scheduler.now;
    one.number = this.#numbers++;
  }

  /**
   * Takes out what is acknowledged, and measures the round trip if all of it was sent once (RFC 6298 §3): what arrived
   * behind a hole is acknowledged as late as what filled the hole.
   */
  take(acknowledged: number): InFlight[] {
    const taken = this.#segments.filter(({ segment }) => endOf(segment) <= acknowledged);
    this.#segments = this.#segments.filter(({ segment }) => endOf(segment) > acknowledged);
    const first = taken.find(({ sacked }) => !sacked);
    if (first !== undefined && taken.every(({ again }) => !again))
      this.#roundTrip.add(this.#scheduler.now - first.sentAtMs);
    for (const one of taken) this.#noteArrived(one);
    return taken;
  }

  mark(sacks: readonly Sack[]): void {
    for (const one of this.#segments) {
      const { sequence } = one.segment;
      if (one.sacked || !sacks.some(({ start, end }) => start <= sequence && sequence < end)) continue;
      one.sacked = true;
      one.lost = false;
      this.#noteArrived(one);
    }
  }

  /**
   * Marks as lost what was sent before something that has arrived, once so many milliseconds more have passed than
   * that took.
   *
   * @returns milliseconds until the next one is lost, `Infinity` if none is suspect
   */
  loseOvertaken(patienceMs: number): number {
    const latest = this.#latest;
    let soonestMs = Infinity;
    for (const one of this.#segments) {
      if (latest === undefined || one.sacked || one.lost || one.number > latest.number) continue;
      const leftMs = one.sentAtMs + latest.ms + patienceMs - this.#scheduler.now;
      if (leftMs <= 0) one.lost = true;
      else soonestMs = Math.min(soonestMs, leftMs);
    }
    return soonestMs;
  }

  loseAll(): void {
    for (const one of this.#segments) one.lost = !one.sacked;
  }

  loseNone(): void {
    for (const one of this.#segments) one.lost = false;
  }

  clear(): void {
    this.#segments = [];
  }

  #noteArrived({ number, sentAtMs, again }: InFlight): void {
    const ms = this.#scheduler.now - sentAtMs;
    // The acknowledgement may be that of the first sending.
    if (again && ms < this.#roundTrip.leastMs) return;
    if (number > (this.#latest?.number ?? -1)) this.#latest = { number, ms };
  }
}
