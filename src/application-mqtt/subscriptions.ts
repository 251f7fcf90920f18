import type { Log } from "../../hal/ports/index.js";
import { describeError, OtaError } from "../errors.js";
import { printable } from "../lib/text.js";
import { decodeUtf8 } from "../lib/utf8.js";
import { encodeUnsubscribe } from "../mqtt/codec.js";
import type { MqttSession } from "../mqtt/session.js";
import { levelsOfFilter, matchesTopic } from "./topics.js";

/** What came on a topic of the application's. */
export interface ApplicationMessage {
  readonly topic: string;
  /** At most 16 KiB. It is the listener's own: nobody writes into it. */
  readonly payload: Uint8Array;
  /** @returns the payload as text, `undefined` if it is not UTF-8 */
  text(): string | undefined;
}

export type MessageListener = (message: ApplicationMessage) => void;

interface Subscription {
  readonly filter: string;
  readonly levels: readonly string[];
  /** Absent: it is to be unsubscribed. */
  listener: MessageListener | undefined;
  /** A SUBSCRIBE was sent on this connection. */
  sent: boolean;
}

/** Filters at most. */
const LIMIT = 8;

/** What the application has subscribed to. Each connection is told anew, one filter after the other. */
export class Subscriptions {
  readonly #log: Log;
  readonly #subscriptions: Subscription[] = [];
  /** A SUBACK is awaited. */
  #asking = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @throws OtaError `usage` for a wrong filter or listener, and for one too many */
  add(filter: string, listener: MessageListener): void {
    const levels = levelsOfFilter(filter);
    if (typeof listener !== "function") throw new OtaError("usage", "listener is not a function");
    const known = this.#find(filter);
    if (known !== undefined) {
      known.listener = listener;
      return;
    }
    if (this.#subscriptions.length >= LIMIT) throw new OtaError("usage", `more than ${LIMIT} filters`);
    this.#subscriptions.push({ filter, levels, listener, sent: false });
  }

  /** @returns whether it was subscribed */
  remove(filter: string): boolean {
    const known = this.#find(filter);
    if (known?.listener === undefined) return false;
    known.listener = undefined;
    if (!known.sent) this.#drop(known);
    return true;
  }

  /**
   * Sends the next UNSUBSCRIBE or SUBSCRIBE.
   *
   * @param onAnswered called with the answer to SUBSCRIBE: there may be a next step
   * @returns whether the session took it, `undefined` if there is none
   */
  step(session: Pick<MqttSession, "send" | "subscribe">, onAnswered: () => void): boolean | undefined {
    const left = this.#subscriptions.find(({ listener }) => listener === undefined);
    if (left !== undefined) {
      if (!session.send((packetId) => encodeUnsubscribe(packetId, left.filter))) return false;
      this.#drop(left);
      return true;
    }
    const next = this.#asking ? undefined : this.#subscriptions.find(({ sent }) => !sent);
    if (next === undefined) return undefined;
    const asked = session.subscribe(next.filter, (granted) => {
      this.#asking = false;
      if (!granted) this.#log("warn", "mqtt", () => `broker refuses the subscription to ${printable(next.filter)}`);
      onAnswered();
    });
    if (!asked) return false;
    next.sent = true;
    this.#asking = true;
    return true;
  }

  /** The connection is over, and with it all that it was told. */
  close(): void {
    this.#asking = false;
    for (let index = this.#subscriptions.length - 1; index >= 0; index--) {
      const subscription = this.#subscriptions[index] as Subscription;
      if (subscription.listener === undefined) this.#subscriptions.splice(index, 1);
      else subscription.sent = false;
    }
  }

  /** Hands a message to every listener whose filter it matches. @returns whether there is one */
  deliver(topic: string, payload: Uint8Array): boolean {
    // A listener may subscribe and unsubscribe.
    const matching = this.#subscriptions.filter(
      ({ levels, listener }) => listener !== undefined && matchesTopic(levels, topic),
    );
    for (const { listener } of matching) {
      if (listener !== undefined) this.#tell(listener, { topic, payload, text: () => decodeUtf8(payload) });
    }
    return matching.length > 0;
  }

  /** A listener that throws, or whose promise is broken, harms nobody else. */
  #tell(listener: MessageListener, message: ApplicationMessage): void {
    const failed = (error: unknown): void =>
      this.#log("error", "mqtt", () => `listener of ${printable(message.topic)} failed: ${describeError(error)}`);
    try {
      const ended: unknown = listener(message);
      if (ended instanceof Promise) ended.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #find(filter: string): Subscription | undefined {
    return this.#subscriptions.find((subscription) => subscription.filter === filter);
  }

  #drop(subscription: Subscription): void {
    this.#subscriptions.splice(this.#subscriptions.indexOf(subscription), 1);
  }
}
