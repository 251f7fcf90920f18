import type { MqttSession } from "../mqtt/session.js";

/** Messages that wait, or whose acknowledgement is awaited, at most: a quarter of what a session has room for. */
const COUNT_LIMIT = 4;
/** Bytes of all of them, and so of each, with topics and payloads: half of what may wait for room in the socket. */
export const BYTES_LIMIT = 4_096;

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** QoS 1. */
  readonly acknowledged: boolean;
  readonly byteLength: number;
  /** The first call counts. */
  settle(done: boolean): void;
}

/** The application's messages, in order, from the call to the end of each. What does not fit is refused. */
export class OutgoingMessages {
  readonly #messages: OutgoingMessage[] = [];
  /** How many of them are sent and not acknowledged: these come first. */
  #sent = 0;

  /** @returns false if there is no room */
  add(message: OutgoingMessage): boolean {
    let bytes = message.byteLength;
    for (const { byteLength } of this.#messages) bytes += byteLength;
    if (this.#messages.length >= COUNT_LIMIT || bytes > BYTES_LIMIT) return false;
    this.#messages.push(message);
    return true;
  }

  /** Sends the next message. @returns whether the session took it, `undefined` if there is none */
  step(session: Pick<MqttSession, "publish">): boolean | undefined {
    const message = this.#messages[this.#sent];
    if (message === undefined) return undefined;
    const { topic, payload, acknowledged } = message;
    if (!acknowledged) {
      if (!session.publish(topic, payload)) return false;
      this.#end(message);
      return true;
    }
    if (!session.publish(topic, payload, () => this.#end(message))) return false;
    // The connection may have ended while it was sent.
    if (this.#messages.includes(message)) this.#sent++;
    return true;
  }

  /** The connection is over: no message is sent again. */
  close(): void {
    this.#sent = 0;
    for (const message of this.#messages.splice(0)) message.settle(false);
  }

  #end(message: OutgoingMessage): void {
    const index = this.#messages.indexOf(message);
    if (index < 0) return;
    this.#messages.splice(index, 1);
    if (index < this.#sent) this.#sent--;
    message.settle(true);
  }
}
