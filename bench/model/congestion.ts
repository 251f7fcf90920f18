/** Segments that a connection begins with (RFC 6928). */
const INITIAL_WINDOW = 10;
/** Part of the window that remains after a loss, and the growth afterwards (RFC 9438 §4.6 and §4.2). */
const BETA = 0.7;
const C = 0.4;
/** Segments in a round trip by which CUBIC grows at least, as Reno would from that part (RFC 9438 §4.3). */
const FRIENDLY = (3 * (1 - BETA)) / (1 + BETA);
const LEAST = 2;

interface Epoch {
  readonly startMs: number;
  /** Window at which the curve is flat, and seconds until then. */
  readonly origin: number;
  readonly seconds: number;
  friendly: number;
}

/** Linux's congestion window: slow start, CUBIC, and proportional reduction after a loss. Windows are in segments. */
export class Congestion {
  window = INITIAL_WINDOW;
  threshold = Infinity;
  #lastMost = 0;
  #epoch: Epoch | undefined;
  #prior: { readonly window: number; readonly threshold: number } | undefined;
  /** Segments that were delivered and sent since the loss (RFC 6937). */
  #delivered = 0;
  #sent = 0;
  #before = 0;

  /** @param inFlight segments that were in flight before; a window that was not used does not grow */
  grow(acked: number, inFlight: number, nowMs: number, roundTripMs: number): void {
    if (this.window < this.threshold) {
      if (this.window < 2 * inFlight)
        this.window = Math.min(this.window + acked, Math.max(this.threshold, this.window));
      return;
    }
    if (inFlight < Math.floor(this.window)) return;
    const epoch = (this.#epoch ??= this.#begin(nowMs));
    const t = (nowMs - epoch.startMs + roundTripMs) / 1000 - epoch.seconds;
    epoch.friendly += (FRIENDLY * acked) / this.window;
    const target = Math.max(epoch.origin + C * t ** 3, epoch.friendly);
    this.window += Math.min(acked / 2, (Math.max(0, target - this.window) * acked) / this.window);
  }

  /** A segment was lost and is sent again at once. */
  enterRecovery(): void {
    this.#reduce();
    [this.#delivered, this.#sent] = [0, 0];
  }

  /** An acknowledgement in recovery. */
  recover(delivered: number, inFlight: number): void {
    this.#delivered += delivered;
    const more =
      inFlight > this.threshold
        ? Math.ceil((this.#delivered * this.threshold) / this.#before) - this.#sent
        : Math.min(this.threshold - inFlight, Math.max(this.#delivered - this.#sent, delivered) + 1);
    this.window = inFlight + Math.max(more, this.#sent === 0 ? 1 : 0);
  }

  noteSent(): void {
    this.#sent++;
  }

  exitRecovery(): void {
    this.window = this.threshold;
  }

  /** The retransmission timer has expired: all is taken for lost. */
  collapse(): void {
    this.#reduce();
    this.window = 1;
  }

  /** The timer expired too early. */
  undo(): void {
    if (this.#prior === undefined) return;
    ({ window: this.window, threshold: this.threshold } = this.#prior);
  }

  /** A probe has repaired the loss of the last segment. */
  reduceOnce(): void {
    this.#reduce();
    this.window = this.threshold;
  }

  #begin(startMs: number): Epoch {
    const origin = Math.max(this.#lastMost, this.window);
    return { startMs, origin, seconds: Math.cbrt((origin - this.window) / C), friendly: this.window };
  }

  #reduce(): void {
    this.#prior = { window: this.window, threshold: this.threshold };
    this.#before = this.window;
    // Fast convergence (RFC 9438 §4.7).
    this.#lastMost = this.window < this.#lastMost ? (this.window * (1 + BETA)) / 2 : this.window;
    this.#epoch = undefined;
    this.threshold = Math.max(LEAST, Math.floor(this.window * BETA));
  }
}
