import type { Clock, Timer } from "../../hal/ports/index.js";
import type { MqttSession } from "../mqtt/session.js";

/** Sends a message. @returns false if the connection does not take it now: it is tried again */
export type Sending = () => boolean;

export interface PublishQueueOptions {
  readonly session: Pick<MqttSession, "publish">;
  readonly clock: Clock;
  readonly messagesPerSecond: number;
  /** Called if no message waits: may begin the next work, which sends more. @returns whether it has begun some */
  next(): boolean;
}

/** Wait before a message that the connection did not take is tried again. */
const BUSY_MS = 100;
const SECOND_MS = 1000;

/**
 * Sends all messages for sub-devices: never more than so many in any one second. Each message has a turn of its own: to
 * put one together takes half of a chip's stack.
 */
export class PublishQueue {
  readonly #options: PublishQueueOptions;
  readonly #waiting: Sending[] = [];
  /** When the newest messages were sent, oldest first: as many as a second may have. */
  readonly #sentAt: number[] = [];
  /** The newest message without acknowledgement. A later one for the same device replaces it. */
  #spare: { readonly topic: string; readonly sending: Sending } | undefined;
  #timer: Timer | undefined;
  #open = false;

  constructor(options: PublishQueueOptions) {
    this.#options = options;
  }

  open(): void {
    this.#open = true;
    this.run();
  }

  /** The connection is over: waiting messages are dropped. */
  close(): void {
    this.#open = false;
    this.#waiting.length = 0;
    this.#spare = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Sends in turn, once it is open. */
  send(sending: Sending): void {
    this.#waiting.push(sending);
    this.run();
  }

  /**
   * Publishes as the session does, in turn. A message that asks for no acknowledgement is sent only if nothing else
   * waits, or just before another message to the same topic. If there are several, only the newest is sent.
   */
  publish(topic: string, payload: string, onAcknowledged?: () => void): boolean {
    if (!this.#open) return false;
    const sending = (): boolean => this.#options.session.publish(topic, payload, onAcknowledged);
    if (onAcknowledged === undefined) {
      this.#spare = { topic, sending };
    } else {
      // Messages of one device keep their order: a progress after the result would contradict the result.
      if (this.#spare?.topic === topic) {
        this.#waiting.push(this.#spare.sending);
        this.#spare = undefined;
      }
      this.#waiting.push(sending);
    }
    this.run();
    return true;
  }

  /** There may be something to send. */
  run(): void {
    if (this.#open && this.#timer === undefined) this.#in(0);
  }

  #in(delayMs: number): void {
    this.#timer = this.#options.clock.timer("gateway", delayMs, () => {
      this.#timer = undefined;
      this.#turn();
    });
  }

  /** One message a turn. */
  #turn(): void {
    if (this.#waiting.length === 0 && this.#options.next()) {
      this.run();
      return;
    }
    const sending = this.#waiting[0] ?? this.#spare?.sending;
    if (sending === undefined) return;
    const waitMs = this.#waitMs();
    if (waitMs > 0) {
      this.#in(waitMs);
      return;
    }
    const sent = sending();
    // The connection may have ended while it sent.
    if (!this.#open) return;
    if (sent) {
      if (sending === this.#waiting[0]) this.#waiting.shift();
      if (sending === this.#spare?.sending) this.#spare = undefined;
      this.#sentAt.push(this.#options.clock.now());
      if (this.#sentAt.length > this.#options.messagesPerSecond) this.#sentAt.shift();
    }
    this.#timer?.cancel();
    this.#in(sent ? 0 : BUSY_MS);
  }

  #waitMs(): number {
    const { clock, messagesPerSecond } = this.#options;
    const [oldest] = this.#sentAt;
    return oldest === undefined || this.#sentAt.length < messagesPerSecond ? 0 : oldest + SECOND_MS - clock.now();
  }
}
