import type { Entry, Scheduler } from "../../test/support/scheduler.js";
import { Congestion } from "./congestion.js";
import { Duplicates } from "./duplicates.js";
import { Flight, type InFlight } from "./flight.js";
import { burstOf, isDeferred } from "./pacing.js";
import { RoundTrip } from "./round-trip.js";
import { type Acknowledgement, endOf, type Segment } from "./segment.js";
import { Unsent } from "./unsent.js";

export interface LinuxSenderOptions {
  readonly scheduler: Scheduler;
  readonly mss: number;
  readonly windowBytes: number;
  /** Milliseconds of a round trip: that of the handshake, which was measured. */
  readonly roundTripMs: number;
  /** Whether the board acknowledges selectively. */
  readonly sack: boolean;
  transmit(segment: Segment): void;
}

type State = "open" | "recovery" | "loss";

/** Segments that have overtaken one that is lost: fewer may mean no more than disorder. */
const OVERTAKING = 3;
/** Least time that a probe of the last segment adds to two round trips, and time that it adds for a single segment. */
const PROBE_MS = { least: 2, single: 200 };

/**
 * How Linux sends on one connection: congestion window, losses found by selective acknowledgements and the order of
 * sending (RFC 8985) or by duplicate ones (RFC 6582), a probe of the last segment, and retransmission by the timer with
 * F-RTO (RFC 5682).
 */
export class LinuxSender {
  readonly #options: LinuxSenderOptions;
  readonly #congestion = new Congestion();
  readonly #roundTrip = new RoundTrip();
  readonly #unsent = new Unsent();
  #lastSentMs = -Infinity;
  readonly #flight: Flight;
  #state: State = "open";
  #sent = 0;
  #acknowledged = 0;
  #edge: number;
  readonly #duplicates = new Duplicates();
  /** Recovery ends once all up to this offset is acknowledged. */
  #recoverTo = 0;
  #backOff = 0;
  /** What is to show whether the timer has expired too early: the first answer to it, or that to new segments. */
  #suspicion: "none" | "timer" | "new segments" = "none";
  /** Offset up to which was sent when the last segment was probed. */
  #probed: { readonly end: number; readonly again: boolean } | undefined;
  #timer: Entry | undefined;

  constructor(options: LinuxSenderOptions) {
    this.#options = options;
    this.#edge = options.windowBytes;
    this.#roundTrip.add(options.roundTripMs);
    this.#flight = new Flight({ scheduler: options.scheduler, roundTrip: this.#roundTrip });
  }

  push(bytes: Uint8Array): void {
    this.#unsent.push(bytes, false);
    this.#pump();
  }

  end(): void {
    this.#unsent.push(new Uint8Array(0), true);
    this.#pump();
  }

  close(): void {
    this.#unsent.clear();
    this.#flight.clear();
    this.#stopTimer();
  }

  receive({ acknowledged, edge, sacks }: Acknowledgement): void {
    const flight = this.#flight;
    const inFlight = flight.segments.length;
    const duplicate = acknowledged === this.#acknowledged && edge === this.#edge && inFlight > 0;
    const advances = acknowledged > this.#acknowledged;
    this.#edge = Math.max(this.#edge, edge);
    const sackedBefore = flight.sackedCount;
    const acked = flight.take(acknowledged);
    const sackedStill = sackedBefore - acked.filter(({ sacked }) => sacked).length;
    flight.mark(sacks);
    if (duplicate && !this.#options.sack && (this.#state !== "loss" || this.#sent > this.#recoverTo)) {
      this.#duplicates.add(flight);
    }
    if (advances) {
      this.#acknowledged = acknowledged;
      this.#backOff = 0;
      if (!this.#options.sack) this.#duplicates.advance(flight, acked.length);
      this.#stopTimer();
    }
    this.#judgeProbe(acknowledged, duplicate);
    this.#judgeTimeout(acked, duplicate);
    const delivered = acked.length - (sackedBefore - sackedStill) + flight.sackedCount - sackedStill;
    this.#recover(advances, delivered === 0 && duplicate && !this.#options.sack ? 1 : delivered);
    if (this.#state !== "recovery" && acked.length > 0) {
      const { now } = this.#options.scheduler;
      this.#congestion.grow(acked.length, inFlight, now, this.#roundTrip.leastMs);
    }
    this.#pump();
  }

  get #inPipe(): number {
    return this.#flight.underWay - this.#duplicates.count;
  }

  #recover(advances: boolean, delivered: number): void {
    if (this.#state !== "open" && this.#acknowledged >= this.#recoverTo) {
      if (this.#state === "recovery") this.#congestion.exitRecovery();
      this.#state = "open";
      this.#duplicates.reset();
    }
    this.#findLosses(advances);
    if (this.#state === "open" && this.#flight.segments.some(({ lost }) => lost)) {
      this.#state = "recovery";
      this.#recoverTo = this.#sent;
      this.#congestion.enterRecovery();
    }
    if (this.#state === "recovery") this.#congestion.recover(delivered, this.#inPipe);
  }

  #findLosses(advances: boolean): void {
    if (this.#options.sack) {
      this.#findOvertaken();
      return;
    }
    const [head] = this.#flight.segments;
    if (head === undefined || this.#state === "loss") return;
    if (this.#state === "open" ? this.#duplicates.meanLoss : advances && !head.again) head.lost = true;
  }

  /** What was sent before a segment that has arrived is lost, at once or after a quarter of a round trip. */
  #findOvertaken(): void {
    const patient = this.#state === "open" && this.#flight.sackedCount < OVERTAKING;
    const soonestMs = this.#flight.loseOvertaken(patient ? this.#roundTrip.leastMs / 4 : 0);
    if (soonestMs === Infinity) return;
    this.#setTimer(soonestMs, () => {
      this.#recover(false, 0);
      this.#pump();
    });
  }

  /** A probe that was the only one to arrive has shown a loss. */
  #judgeProbe(acknowledged: number, duplicate: boolean): void {
    const probed = this.#probed;
    if (probed === undefined || acknowledged < probed.end) return;
    if (acknowledged > probed.end && probed.again && this.#state === "open") this.#congestion.reduceOnce();
    if (acknowledged > probed.end || duplicate || !probed.again) this.#probed = undefined;
  }

  /**
   * The timer has expired too early if what was sent once is acknowledged first. Without selective acknowledgements it
   * cannot be told who arrived if a part was sent again. Then new segments are sent, and the next answer is awaited
   * (RFC 5682 §2.1, step 2b).
   */
  #judgeTimeout(acked: readonly InFlight[], duplicate: boolean): void {
    const { sack } = this.#options;
    if (acked.length === 0) {
      if (duplicate && this.#suspicion === "new segments") this.#suspicion = "none";
      return;
    }
    if (this.#suspicion === "none") return;
    const early = sack ? acked.some(({ again }) => !again) : acked.every(({ again }) => !again);
    const awaits = this.#suspicion === "timer" && !sack && this.#mayProceed;
    this.#suspicion = !early && awaits ? "new segments" : "none";
    if (this.#state !== "loss" || !early) return;
    this.#congestion.undo();
    this.#state = "open";
    this.#flight.loseNone();
  }

  /** Whether there is a new segment, and room for it. */
  get #mayProceed(): boolean {
    const { first } = this.#unsent;
    return first !== undefined && Math.min(this.#options.mss, first.bytes.byteLength) <= this.#edge - this.#sent;
  }

  #pump(): void {
    for (const one of this.#flight.segments) {
      if (this.#suspicion === "new segments" || this.#inPipe >= Math.floor(this.#congestion.window)) break;
      if (one.lost) this.#sendAgain(one);
    }
    while (this.#inPipe < Math.floor(this.#congestion.window) && this.#sendNext()) continue;
    if (this.#flight.segments.length === 0) this.#stopTimer();
    else if (this.#timer === undefined) this.#arm();
  }

  /**
   * Sends the next bytes that window and congestion window allow: whole segments, and with them a part of one that the
   * window leaves room for.
   *
   * @returns whether there were any
   */
  #sendNext(most = Infinity): boolean {
    const { mss } = this.#options;
    const { first } = this.#unsent;
    if (first === undefined) return false;
    const { byteLength } = first.bytes;
    const available = this.#edge - this.#sent;
    if (Math.min(mss, byteLength) > available) return false;
    if (byteLength > mss && this.#defers(available)) return false;
    const burst = burstOf(this.#congestion, this.#roundTrip);
    const quota = Math.max(1, Math.min(most, Math.floor(this.#congestion.window) - this.#inPipe, burst));
    for (const segment of this.#unsent.take(Math.min(byteLength, available, quota * mss), mss))
      this.#sendFirst(segment);
    // A probe is due after the last segment that was sent.
    this.#stopTimer();
    return true;
  }

  #sendFirst(segment: Segment): void {
    this.#sent = endOf(segment);
    this.#flight.add(segment);
    this.#transmit(segment);
  }

  #defers(available: number): boolean {
    const { mss, windowBytes, scheduler } = this.#options;
    const [head] = this.#flight.segments;
    if (head === undefined || this.#state === "recovery" || this.#state === "loss") return false;
    const { window } = this.#congestion;
    return isDeferred({
      available: Math.min(available, (Math.floor(window) - this.#inPipe) * mss),
      windowBytes: Math.min(windowBytes, window * mss),
      burstBytes: burstOf(this.#congestion, this.#roundTrip) * mss,
      idleMs: scheduler.now - this.#lastSentMs,
      headMs: scheduler.now - head.sentAtMs,
      roundTripMs: this.#roundTrip.smoothedMs,
    });
  }

  #sendAgain(one: InFlight): void {
    this.#flight.noteAgain(one);
    this.#transmit(one.segment);
  }

  #transmit(segment: Segment): void {
    this.#congestion.noteSent();
    this.#lastSentMs = this.#options.scheduler.now;
    this.#options.transmit(segment);
  }

  #arm(): void {
    const timeoutMs = this.#roundTrip.timeoutMs(this.#backOff);
    const mayProbe =
      this.#options.sack && this.#state === "open" && this.#probed === undefined && this.#flight.sackedCount === 0;
    const extraMs = this.#flight.segments.length === 1 ? PROBE_MS.single : PROBE_MS.least;
    const probeMs = 2 * this.#roundTrip.smoothedMs + extraMs;
    if (mayProbe && probeMs < timeoutMs) this.#setTimer(probeMs, () => this.#probe());
    else this.#setTimer(timeoutMs, () => this.#onTimeout());
  }

  /** Sends a new segment if there is one, otherwise the last one again. */
  #probe(): void {
    const last = this.#flight.segments.at(-1) as InFlight;
    const again = !this.#sendNext(1);
    if (again) this.#sendAgain(last);
    this.#probed = { end: this.#sent, again };
    this.#setTimer(this.#roundTrip.timeoutMs(this.#backOff), () => this.#onTimeout());
  }

  #onTimeout(): void {
    if (this.#state !== "loss") this.#congestion.collapse();
    else this.#congestion.window = 1;
    this.#suspicion = this.#state === "open" ? "timer" : "none";
    this.#state = "loss";
    this.#recoverTo = this.#sent;
    this.#backOff++;
    this.#duplicates.reset();
    this.#probed = undefined;
    this.#flight.loseAll();
    this.#pump();
  }

  #setTimer(delayMs: number, action: () => void): void {
    this.#stopTimer();
    this.#timer = this.#options.scheduler.setOutside(() => {
      this.#timer = undefined;
      action();
    }, delayMs);
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#options.scheduler.clear(this.#timer);
    this.#timer = undefined;
  }
}
