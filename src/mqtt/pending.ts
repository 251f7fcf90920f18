import type { Clock, Timer } from "../../hal/ports/index.js";

export type Answer = "puback" | "suback";

export interface PendingPacketsOptions {
  readonly clock: Clock;
  /** Longest wait for the acknowledgement of each try, in milliseconds. */
  readonly answerTimeoutMs: number;
  send(bytes: Uint8Array): void;
  /** False while the socket has not taken all that was sent: to repeat it would only make more of that. */
  canRepeat(): boolean;
  /** No try of a packet was acknowledged. */
  onUnanswered(): void;
}

/** Packets at most. */
const LIMIT = 16;
/** How often each is sent at most. */
const MAX_TRIES = 3;

/** A packet that waits for its acknowledgement. */
interface Pending {
  readonly packetId: number;
  /** The packet that acknowledges it. */
  readonly answer: Answer;
  /** The bytes to send; a publish repeated on the same connection carries DUP. */
  encode(packetId: number, duplicate: boolean): Uint8Array;
  onAcknowledged(granted: boolean): void;
  tries: number;
  sentAt: number;
}

/**
 * Packets in flight on one connection, in the order they were last sent, and their repetition. Bounded: what does not
 * fit is refused, not queued.
 */
export class PendingPackets {
  readonly #options: PendingPacketsOptions;
  readonly #packets: Pending[] = [];
  #lastId = 0;
  #timer: Timer | undefined;

  constructor(options: PendingPacketsOptions) {
    this.#options = options;
  }

  /**
   * @param answer the packet that acknowledges it
   * @param onAcknowledged not called after `clear`
   * @returns false if too many are in flight: nothing was sent
   */
  send(answer: Answer, encode: Pending["encode"], onAcknowledged: Pending["onAcknowledged"]): boolean {
    const { clock, send } = this.#options;
    if (this.#packets.length >= LIMIT) return false;
    const packetId = this.nextId();
    this.#packets.push({ packetId, answer, encode, onAcknowledged, tries: 1, sentAt: clock.now() });
    send(encode(packetId, false));
    this.#arm();
    return true;
  }

  /** The broker's answer came, perhaps one that nobody waits for. */
  acknowledge(packetId: number, answer: Answer, granted: boolean): void {
    const index = this.#packets.findIndex((pending) => pending.packetId === packetId && pending.answer === answer);
    if (index < 0) return;
    const [pending] = this.#packets.splice(index, 1) as [Pending];
    this.#arm();
    pending.onAcknowledged(granted);
  }

  clear(): void {
    this.#packets.length = 0;
    this.#arm();
  }

  /** A packet id not in use ([MQTT-2.3.1-2]). */
  nextId(): number {
    do this.#lastId = (this.#lastId % 0xffff) + 1;
    while (this.#packets.some(({ packetId }) => packetId === this.#lastId));
    return this.#lastId;
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const oldest = this.#packets[0];
    if (oldest === undefined) return;
    const { clock, answerTimeoutMs, send, canRepeat, onUnanswered } = this.#options;
    const waitMs = Math.max(0, oldest.sentAt + answerTimeoutMs - clock.now());
    this.#timer = clock.timer("mqtt acknowledgement", waitMs, () => {
      if (oldest.tries >= MAX_TRIES) {
        onUnanswered();
        return;
      }
      oldest.tries++;
      oldest.sentAt = clock.now();
      // It is the last one that was sent now.
      this.#packets.push(this.#packets.shift() as Pending);
      if (canRepeat()) send(oldest.encode(oldest.packetId, true));
      this.#arm();
    });
  }
}
