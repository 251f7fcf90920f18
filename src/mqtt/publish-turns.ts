import type { Clock, Timer } from "../../hal/ports/index.js";
import type { MqttSession } from "./session.js";

/** Messages that wait at most: as many as the session has in flight. */
const LIMIT = 16;
/** Wait before a message that the session did not take is tried again. */
const BUSY_MS = 100;

/**
 * Publishes each message in a turn of its own, in order. To put one together and write it takes most of a chip's stack,
 * so that it must not come on top of the callback of the network that asked for it.
 */
export class PublishTurns implements Pick<MqttSession, "publish"> {
  readonly #session: Pick<MqttSession, "open" | "publish">;
  readonly #clock: Clock;
  readonly #waiting: (() => boolean)[] = [];
  #timer: Timer | undefined;

  constructor(session: Pick<MqttSession, "open" | "publish">, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** Publishes as the session does. @returns false if there is no connection, or no room: nothing is sent */
  publish(topic: string, payload: string, onAcknowledged?: () => void): boolean {
    if (!this.#session.open || this.#waiting.length >= LIMIT) return false;
    // What asks for no acknowledgement is not tried again.
    const sending = (): boolean =>
      this.#session.publish(topic, payload, onAcknowledged) || onAcknowledged === undefined;
    if (this.#waiting.push(sending) === 1) this.#later(0);
    return true;
  }

  /** What waits is dropped. */
  close(): void {
    this.#timer?.cancel();
    this.#waiting.length = 0;
  }

  #later(delayMs: number): void {
    this.#timer = this.#clock.timer("publish", delayMs, () => {
      // Without a connection nothing is tried again.
      const done = this.#waiting[0]?.() !== false || !this.#session.open;
      if (done) this.#waiting.shift();
      if (this.#waiting.length > 0) this.#later(done ? 0 : BUSY_MS);
    });
  }
}
