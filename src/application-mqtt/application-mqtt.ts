import type { Clock, Log, Timer } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import { encodeUtf8 } from "../lib/utf8.js";
import type { MqttSession } from "../mqtt/session.js";
import { BYTES_LIMIT, OutgoingMessages } from "./outgoing.js";
import { type MessageListener, Subscriptions } from "./subscriptions.js";
import { checkTopic } from "./topics.js";

export interface ApplicationMqttOptions {
  readonly session: Pick<MqttSession, "idle" | "publish" | "send" | "subscribe">;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PublishOptions {
  /** 0: at most once; 1: acknowledged by the broker. Default 0. */
  readonly qos?: 0 | 1 | undefined;
}

/** Wait before what the session did not take is tried again. */
const BUSY_MS = 100;

/**
 * The application's own messages over the agent's session. The platform allows one connection for each device: a second
 * one of the application's would end the agent's, and the agent's next one would end that.
 *
 * The agent's topics are not the application's: a topic or a filter with a level `$ota` or `$gateway` is refused.
 */
export class ApplicationMqtt {
  readonly #options: ApplicationMqttOptions;
  readonly #subscriptions: Subscriptions;
  readonly #messages = new OutgoingMessages();
  #online = false;
  #timer: Timer | undefined;

  constructor(options: ApplicationMqttOptions) {
    this.#options = options;
    this.#subscriptions = new Subscriptions(options.log);
  }

  /**
   * Sends one message. At most 4 messages, of 4,096 bytes together, wait or are not acknowledged yet: one more is not
   * sent. Nothing is kept for the next connection.
   *
   * @param topic of at most 255 bytes, without wildcards
   * @param payload text is sent as UTF-8; bytes are copied. With the topic it has at most 4,096 bytes
   * @returns a promise that never rejects. True: the broker has acknowledged it (QoS 1), or the connection has taken it
   *   (QoS 0). False: there is no connection, or no room, or the connection ended first; with QoS 1 the message may
   *   have arrived all the same
   * @throws OtaError `usage` for a wrong topic, payload or QoS
   */
  publish(topic: string, payload: string | Uint8Array, { qos = 0 }: PublishOptions = {}): Promise<boolean> {
    const topicLength = checkTopic(topic);
    if (qos !== 0 && qos !== 1) throw new OtaError("usage", "qos is neither 0 nor 1");
    if (typeof payload !== "string" && !(payload instanceof Uint8Array)) {
      throw new OtaError("usage", "payload is neither text nor a Uint8Array");
    }
    const bytes = typeof payload === "string" ? encodeUtf8(payload) : payload.slice();
    const byteLength = topicLength + bytes.byteLength;
    if (byteLength > BYTES_LIMIT) {
      throw new OtaError("usage", `topic and payload have ${byteLength} bytes, and ${BYTES_LIMIT} are allowed`);
    }
    return new Promise((settle) => {
      const message = { topic, payload: bytes, acknowledged: qos === 1, byteLength, settle };
      if (this.#online && this.#messages.add(message)) this.#run();
      else settle(false);
    });
  }

  /**
   * Has the messages of matching topics handed to a listener, also after each reconnect. The broker is asked for QoS 1.
   * It may be called before the agent starts. For a filter that is known already, the listener is replaced.
   *
   * @param filter of at most 255 bytes, with the wildcards + and # (MQTT 3.1.1 §4.7)
   * @param listener what it throws is logged
   * @throws OtaError `usage` for a wrong filter or listener, and for more than 8
   */
  subscribe(filter: string, listener: MessageListener): void {
    this.#subscriptions.add(filter, listener);
    this.#run();
  }

  /** The listener gets nothing more. @returns whether this filter was subscribed */
  unsubscribe(filter: string): boolean {
    const was = this.#subscriptions.remove(filter);
    this.#run();
    return was;
  }

  /** The agent is connected, and has subscribed to its own topic. */
  connected(): void {
    this.#online = true;
    this.#run();
  }

  disconnected(): void {
    this.#online = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#subscriptions.close();
    this.#messages.close();
  }

  /** @returns whether somebody has subscribed to the topic */
  onMessage(topic: string, payload: Uint8Array): boolean {
    return this.#subscriptions.deliver(topic, payload);
  }

  /** There may be something to send. It has a turn of its own: a listener that publishes is deep in the stack. */
  #run(delayMs = 0): void {
    if (!this.#online || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.timer("application mqtt", delayMs, () => {
      this.#timer = undefined;
      this.#turn();
    });
  }

  /** One packet, and only after the socket has taken all others: the agent's own have the room that is left. */
  #turn(): void {
    const { session } = this.#options;
    const sent = session.idle
      ? (this.#subscriptions.step(session, () => this.#run()) ?? this.#messages.step(session))
      : false;
    if (sent !== undefined) this.#run(sent ? 0 : BUSY_MS);
  }
}
