import type { Clock, Timer } from "../../hal/ports/index.js";

export interface KeepaliveOptions {
  readonly clock: Clock;
  /** 0 is off. */
  readonly keepaliveSeconds: number;
  /** Longest wait for a PINGRESP, in milliseconds. */
  readonly answerTimeoutMs: number;
  /** To send a PINGREQ; `sent` is called by it, as by every packet. */
  ping(): void;
  onUnanswered(): void;
}

/** Pings once nothing was sent for three quarters of the keepalive ([MQTT-3.1.2-23]). */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #running = false;
  #lastSentAt = 0;
  #pingTimer: Timer | undefined;
  #answerTimer: Timer | undefined;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, keepaliveSeconds, ping } = this.#options;
    if (keepaliveSeconds === 0) return;
    this.#running = true;
    const intervalMs = keepaliveSeconds * 750;
    const waitMs = Math.max(0, this.#lastSentAt + intervalMs - clock.now());
    this.#pingTimer = clock.timer("mqtt keepalive", waitMs, () => {
      this.#pingTimer = undefined;
      if (clock.now() - this.#lastSentAt >= intervalMs) {
        this.#awaitAnswer();
        ping();
      }
      // The ping may have found the connection gone.
      if (this.#running) this.start();
    });
  }

  /** Some packet was sent. */
  sent(): void {
    this.#lastSentAt = this.#options.clock.now();
  }

  /** PINGRESP. */
  answered(): void {
    this.#answerTimer?.cancel();
    this.#answerTimer = undefined;
  }

  stop(): void {
    this.#running = false;
    this.#pingTimer?.cancel();
    this.#pingTimer = undefined;
    this.answered();
  }

  #awaitAnswer(): void {
    const { clock, answerTimeoutMs, onUnanswered } = this.#options;
    this.#answerTimer ??= clock.timer("mqtt pingresp", answerTimeoutMs, onUnanswered);
  }
}
