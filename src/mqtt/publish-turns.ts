import type { Clock, Timer } from "../../hal/ports/index.js";
import type { MqttSession } from "./session.js";

/**
 * Publishes each message in a turn of its own, in order. To put one together and write it takes most of a chip's stack,
 * so that it must not come on top of the callback of the network that asked for it.
 */
export class PublishTurns implements Pick<MqttSession, "publish"> {
  readonly #session: Pick<MqttSession, "open" | "publish">;
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #timer: Timer | undefined;

  constructor(session: Pick<MqttSession, "open" | "publish">, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** Publishes as the session does. @returns false if there is no connection: nothing is sent */
  publish(topic: string, payload: string, onAcknowledged?: () => void): boolean {
    if (!this.#session.open) return false;
    if (this.#waiting.push(() => void this.#session.publish(topic, payload, onAcknowledged)) === 1) this.#later();
    return true;
  }

  /** What waits is dropped. */
  close(): void {
    this.#timer?.cancel();
    this.#waiting.length = 0;
  }

  #later(): void {
    this.#timer = this.#clock.timer("publish", 0, () => {
      this.#waiting[0]?.();
      this.#waiting.shift();
      if (this.#waiting.length > 0) this.#later();
    });
  }
}
