export type Answer = "puback" | "suback";

/** A packet that waits for its acknowledgement. */
export interface Pending {
  readonly packetId: number;
  /** The packet that acknowledges it. */
  readonly answer: Answer;
  /** The bytes to send; a publish repeated on the same connection carries DUP. */
  encode(duplicate: boolean): Uint8Array;
  onAcknowledged(granted: boolean): void;
  tries: number;
  sentAt: number;
}

/** Packets in flight on one connection, oldest first. Bounded: what does not fit is refused, not queued. */
export class PendingPackets {
  readonly #limit: number;
  readonly #packets: Pending[] = [];
  #lastId = 0;

  /** @param limit packets at most */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.#packets.length >= this.#limit;
  }

  get oldest(): Pending | undefined {
    return this.#packets[0];
  }

  /** A packet id not in use ([MQTT-2.3.1-2]). */
  nextId(): number {
    do this.#lastId = (this.#lastId % 0xffff) + 1;
    while (this.#packets.some(({ packetId }) => packetId === this.#lastId));
    return this.#lastId;
  }

  add(pending: Pending): void {
    this.#packets.push(pending);
  }

  /** @returns the packet, or `undefined` where nobody waits for this answer */
  take(packetId: number, answer: Answer): Pending | undefined {
    const index = this.#packets.findIndex((pending) => pending.packetId === packetId && pending.answer === answer);
    return index < 0 ? undefined : this.#packets.splice(index, 1)[0];
  }

  /** After a repetition the packet is the youngest. */
  requeue(pending: Pending): void {
    const taken = this.take(pending.packetId, pending.answer);
    if (taken !== undefined) this.#packets.push(taken);
  }

  clear(): void {
    this.#packets.length = 0;
  }
}
