import type { Clock, Timer } from "../../hal/ports/index.js";
import type { MqttSession } from "../mqtt/session.js";

/** Something to send. @returns false where the connection does not take it now: it is tried again */
export type Sending = () => boolean;

export interface OutletOptions {
  readonly session: Pick<MqttSession, "publish">;
  readonly clock: Clock;
  readonly messagesPerSecond: number;
  /** What to send where nothing else waits. It is asked again and again until it is sent. */
  next(): Sending | undefined;
}

/** Before what the connection did not take is tried again. */
const BUSY_MS = 100;
const SECOND_MS = 1000;

/** The one way out for all that is said for sub-devices: never more than so many messages in any one second. */
export class Outlet {
  readonly #options: OutletOptions;
  readonly #waiting: Sending[] = [];
  /** When the newest messages were sent, oldest first: as many as a second may have. */
  readonly #sentAt: number[] = [];
  #timer: Timer | undefined;
  #open = false;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  open(): void {
    this.#open = true;
    this.run();
  }

  /** The connection is over: what waits is void. */
  close(): void {
    this.#open = false;
    this.#waiting.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Sends in turn, once it is open. */
  send(sending: Sending): void {
    this.#waiting.push(sending);
    this.run();
  }

  /** As the session does, in turn; QoS 0 only where there is room at once: the next one makes up for it. */
  publish(topic: string, payload: string, onAcknowledged?: () => void): boolean {
    const { session } = this.#options;
    if (!this.#open) return false;
    if (onAcknowledged !== undefined) {
      this.send(() => session.publish(topic, payload, onAcknowledged));
      return true;
    }
    if (this.#waiting.length > 0 || this.#waitMs() > 0 || !session.publish(topic, payload)) return false;
    this.#sent();
    return true;
  }

  /** Sends what there is, as far as the second allows. */
  run(): void {
    while (this.#open && this.#timer === undefined) {
      const [first] = this.#waiting;
      const sending = first ?? this.#options.next();
      if (sending === undefined) return;
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#later(waitMs);
        return;
      }
      // Taken out first: what it sends may come back to here.
      if (first !== undefined) this.#waiting.shift();
      if (sending()) {
        this.#sent();
        continue;
      }
      if (first !== undefined && this.#open) this.#waiting.unshift(first);
      this.#later(BUSY_MS);
    }
  }

  #waitMs(): number {
    const { clock, messagesPerSecond } = this.#options;
    const [oldest] = this.#sentAt;
    return oldest === undefined || this.#sentAt.length < messagesPerSecond ? 0 : oldest + SECOND_MS - clock.now();
  }

  #sent(): void {
    this.#sentAt.push(this.#options.clock.now());
    if (this.#sentAt.length > this.#options.messagesPerSecond) this.#sentAt.shift();
  }

  #later(waitMs: number): void {
    if (!this.#open) return;
    this.#timer = this.#options.clock.timer("gateway", waitMs, () => {
      this.#timer = undefined;
      this.run();
    });
  }
}
